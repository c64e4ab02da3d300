// Numbers from text, by the server's rules, where there is no server string to ask the server about.
#pragma once

#include <optional>
#include <string_view>

namespace redismodule::detail {

// An optional '-', digits, no leading zero, no "-0".
std::optional<long long> parse_integer(std::string_view text) noexcept;
// Digits, no leading zero.
std::optional<unsigned long long> parse_unsigned(std::string_view text) noexcept;
// What strtod takes, all of it, "inf" and "nan" included; no spaces before it.
std::optional<double> parse_number(std::string_view text) noexcept;

}  // namespace redismodule::detail
