#include "redismodule/args.h"

#include <limits>

namespace redismodule {
namespace detail {
namespace {

// The bytes in lower case equal `word`, which is in lower case.
bool equals_word(std::string_view bytes, std::string_view word) noexcept {
  if (bytes.size() != word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char byte = bytes[i];
    const char lower = byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
    if (lower != word[i]) return false;
  }
  return true;
}

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
  value = equals_word(bytes, "yes") || equals_word(bytes, "true") || bytes == "1";
  return value || equals_word(bytes, "no") || equals_word(bytes, "false") || bytes == "0";
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
