// The integers that are numbers to the server, as arguments and as replies.
#pragma once

#include <type_traits>

namespace redismodule::detail {

// Not the characters, and nothing wider than the server's own integers: __int128 is an integral type with GNU
// extensions.
template <class T>
concept integer = std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char> &&
                  !std::is_same_v<T, wchar_t> && !std::is_same_v<T, char8_t> && !std::is_same_v<T, char16_t> &&
                  !std::is_same_v<T, char32_t> && sizeof(T) <= sizeof(long long);

}  // namespace redismodule::detail
