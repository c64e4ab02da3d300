// How a type is described by its author: describe(rm::of<T>), found by ADL beside T; and names in descriptions.
#pragma once

#include <cstddef>
#include <string_view>

namespace redismodule {

// The argument of describe(), so that it is found beside T and takes no T.
template <class T>
struct of {};

namespace detail {

// A string literal as a template argument.
template <std::size_t N>
struct fixed_text {
  char text[N]{};

  consteval fixed_text(const char (&literal)[N]) {
    for (std::size_t i = 0; i < N; ++i) text[i] = literal[i];
  }
  constexpr std::string_view view() const noexcept { return {text, N - 1}; }
};

}  // namespace detail

// Another name than what is described would have: rm::field<&point::x, rm::named<"left">>,
// rm::option<"EX", seconds, rm::named<"seconds">>.
template <detail::fixed_text Name>
struct named {
  static constexpr std::string_view name = Name.view();
};

}  // namespace redismodule
