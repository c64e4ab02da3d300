// The language of faults: words, of a command or of a load argument.
#pragma once

#include <span>

#include "redismodule/api.h"

namespace redismodule::faults {

inline constexpr std::size_t most_words = 5;
using words = std::span<const std::string_view>;

// Arms, hides, watches or resets as the words say: "fail TryAlloc 3".
// Fails: false, with `why` in words for a client.
bool obey(words order, message& why) noexcept;

// The same for a load argument: "fault:fail=TryAlloc,3".
bool obey_argument(std::string_view argument, message& why) noexcept;
bool is_argument(std::string_view argument) noexcept;

bool parse_number(std::string_view text, std::uint64_t& number) noexcept;

}  // namespace redismodule::faults
