// A keyword of a command as a template argument: option<"EX", std::chrono::seconds>.
#pragma once

#include <cstddef>
#include <string_view>

#include "redismodule/describe.h"

namespace redismodule::detail {

// Never defined: a keyword that reaches one of these does not compile, and the compiler prints the name.
void a_keyword_is_written_in_upper_case();
void a_keyword_is_one_word();

template <std::size_t N>
struct keyword : fixed_text<N> {
  consteval keyword(const char (&from)[N]) : fixed_text<N>{from} {
    if (N < 2) a_keyword_is_one_word();
    for (std::size_t i = 0; i + 1 < N; ++i) {
      if (from[i] >= 'a' && from[i] <= 'z') a_keyword_is_written_in_upper_case();
      if (from[i] <= ' ' || from[i] == 0x7f) a_keyword_is_one_word();
    }
  }
};

template <std::size_t N>
keyword(const char (&)[N]) -> keyword<N>;

}  // namespace redismodule::detail
