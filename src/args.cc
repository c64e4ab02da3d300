#include "redismodule/args.h"

#include <limits>

#include "redismodule/detail/letters.h"

namespace redismodule {
namespace detail {
namespace {

// What is above the range of long long: digits alone, no leading zero.
bool decode_large(std::string_view digits, unsigned long long& value) noexcept {
  constexpr unsigned long long most = std::numeric_limits<unsigned long long>::max();
  if (digits.empty() || digits.front() == '0') return false;
  unsigned long long number = 0;
  for (char byte : digits) {
    if (byte < '0' || byte > '9') return false;
    const auto digit = static_cast<unsigned long long>(byte - '0');
    if (number > (most - digit) / 10) return false;
    number = number * 10 + digit;
  }
  value = number;
  return true;
}

}  // namespace

bool decode_unsigned(string_ref text, unsigned long long& value) noexcept {
  long long number = 0;
  if (api.StringToLongLong(text.raw(), &number) != abi::MODULE_OK) return decode_large(text.view(), value);
  if (number < 0) return false;
  value = static_cast<unsigned long long>(number);
  return true;
}

bool decode_bool(string_ref text, bool& value) noexcept {
  const std::string_view bytes = text.view();
  value = equal_in_any_case(bytes, "yes") || equal_in_any_case(bytes, "true") || bytes == "1";
  return value || equal_in_any_case(bytes, "no") || equal_in_any_case(bytes, "false") || bytes == "0";
}

bool decode_float(string_ref text, float& value) noexcept {
  constexpr double most = std::numeric_limits<float>::max();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  double number = 0;
  if (api.StringToDouble(text.raw(), &number) != abi::MODULE_OK) return false;
  const bool is_infinite = number == infinity || number == -infinity;
  if (!is_infinite && (number > most || number < -most)) return false;
  value = static_cast<float>(number);
  return true;
}

}  // namespace detail

error_reply args::missing(std::size_t i) { return error_reply{"ERR missing argument " + std::to_string(i + 1)}; }

error_reply args::wrong(std::size_t i, decode_status status) {
  return error_reply{std::string{status.error()} + " (argument " + std::to_string(i + 1) + ")"};
}

}  // namespace redismodule
