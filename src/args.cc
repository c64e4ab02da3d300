#include "redismodule/args.h"

#include <limits>
#include <numeric>
#include <optional>

#include "redismodule/detail/letters.h"
#include "redismodule/detail/number.h"

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

struct unit {
  std::string_view name;
  long long factor;
};

// In nanoseconds.
constexpr unit units_of_time[] = {{"ns", 1},
                                  {"us", 1'000},
                                  {"ms", 1'000'000},
                                  {"s", 1'000'000'000},
                                  {"m", 60'000'000'000},
                                  {"h", 3'600'000'000'000},
                                  {"d", 86'400'000'000'000}};

// As the server's memtoull() knows them.
constexpr unit units_of_memory[] = {{"b", 1},        {"k", 1'000},         {"kb", 1 << 10}, {"m", 1'000'000},
                                    {"mb", 1 << 20}, {"g", 1'000'000'000}, {"gb", 1 << 30}};

// The number in front of a unit, as integers are written; the unit itself is what is left of `text`.
bool take_number(std::string_view& text, long long& number) noexcept {
  std::size_t size = text.starts_with('-') ? 1 : 0;
  while (size < text.size() && text[size] >= '0' && text[size] <= '9') ++size;
  const std::optional<long long> found = parse_integer(text.substr(0, size));
  if (!found) return false;
  number = *found;
  text.remove_prefix(size);
  return true;
}

template <std::size_t N>
const unit* find_unit(const unit (&units)[N], std::string_view name) noexcept {
  for (const unit& each : units) {
    if (equal_in_any_case(each.name, name)) return &each;
  }
  return nullptr;
}

}  // namespace

bool decode_duration(string_ref text, long long bare, long long& count) noexcept {
  std::string_view written = text.view();
  long long number = 0;
  if (!take_number(written, number)) return false;
  if (written.empty()) {
    count = number;
    return true;
  }
  const unit* found = find_unit(units_of_time, written);
  if (found == nullptr) return false;
  // `number * factor / bare`, whose product may be past the range where the result is not.
  const long long common = std::gcd(found->factor, bare);
  const long long per_count = bare / common;
  return number % per_count == 0 && !__builtin_mul_overflow(number / per_count, found->factor / common, &count);
}

bool decode_bytes(string_ref text, unsigned long long& value) noexcept {
  std::string_view written = text.view();
  long long number = 0;
  if (!take_number(written, number) || number < 0) return false;
  const unit* found = written.empty() ? &units_of_memory[0] : find_unit(units_of_memory, written);
  if (found == nullptr) return false;
  return !__builtin_mul_overflow(static_cast<unsigned long long>(number),
                                 static_cast<unsigned long long>(found->factor), &value);
}

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
