#include "redismodule/detail/number.h"

#include <cstdlib>
#include <cstring>
#include <limits>

namespace redismodule::detail {

std::optional<unsigned long long> parse_unsigned(std::string_view text) noexcept {
  constexpr unsigned long long most = std::numeric_limits<unsigned long long>::max();
  if (text.empty() || (text.front() == '0' && text.size() > 1)) return std::nullopt;
  unsigned long long number = 0;
  for (char byte : text) {
    if (byte < '0' || byte > '9') return std::nullopt;
    const auto digit = static_cast<unsigned long long>(byte - '0');
    if (number > (most - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  return number;
}

std::optional<long long> parse_integer(std::string_view text) noexcept {
  constexpr auto most = static_cast<unsigned long long>(std::numeric_limits<long long>::max());
  const bool is_negative = !text.empty() && text.front() == '-';
  if (is_negative) text.remove_prefix(1);
  const std::optional<unsigned long long> size = parse_unsigned(text);
  if (!size || *size > most + (is_negative ? 1 : 0)) return std::nullopt;
  if (!is_negative) return static_cast<long long>(*size);
  if (*size == 0) return std::nullopt;
  return static_cast<long long>(-*size);
}

std::optional<double> parse_number(std::string_view text) noexcept {
  char copy[320];  // more digits than a double can need
  if (text.empty() || text.size() >= sizeof copy || text.front() == ' ' ||
      (text.front() >= '\t' && text.front() <= '\r')) {
    return std::nullopt;
  }
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  char* end = nullptr;
  const double value = std::strtod(copy, &end);
  if (end != copy + text.size()) return std::nullopt;
  return value;
}

}  // namespace redismodule::detail
