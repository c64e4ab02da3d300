// Enums with names, and the texts that are made of them when compiled.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include "redismodule/describe.h"
#include "redismodule/detail/keyword.h"
#include "redismodule/detail/letters.h"

namespace redismodule {

// One name of an enum.
template <class T>
struct enum_name {
  const char* name;
  T value;
};

template <class T, std::size_t N>
struct enum_names {
  enum_name<T> all[N];
};

// The names of an enum, for describe(rm::of<T>): as an argument a name in any case, as a reply the first name of the
// value.
template <class T, std::size_t N>
requires(std::is_enum_v<T>) constexpr enum_names<T, N> names(const enum_name<T> (&all)[N]) {
  enum_names<T, N> result{};
  for (std::size_t i = 0; i < N; ++i) result.all[i] = all[i];
  return result;
}

// An enum with such a description.
template <class T>
concept named_enum = std::is_enum_v<T> && requires {
  describe(of<T>{}).all[0].name;
};

template <named_enum T>
inline constexpr auto names_of = describe(of<T>{});

namespace detail {

// Text put together when compiled.
template <std::size_t N>
struct built_text {
  char text[N + 1]{};
  std::size_t size = 0;

  constexpr void append(std::string_view more) {
    for (char byte : more) text[size++] = byte;
  }
  constexpr std::string_view view() const noexcept { return {text, size}; }
};

constexpr std::size_t length_of_names(const auto& list, std::string_view separator) {
  std::size_t length = 0;
  for (const auto& each : list.all) length += std::string_view{each.name}.size() + separator.size();
  return length;
}

inline constexpr std::string_view before_names = "ERR value is not one of ";

// "ERR value is not one of red, green".
template <named_enum T>
inline constexpr auto error_of_names = [] {
  built_text<before_names.size() + length_of_names(names_of<T>, ", ")> built;
  built.append(before_names);
  for (const auto& each : names_of<T>.all) {
    if (built.size != before_names.size()) built.append(", ");
    built.append(each.name);
  }
  return built;
}();

// "ERR value is out of range, must be from 1 to 100".
template <auto Least, auto Most>
inline constexpr auto error_of_range = [] {
  built_text<96> built;
  const auto append_number = [&](auto number) {
    char digits[20];
    std::size_t size = 0;
    if (number < 0) built.append("-");
    do {
      const int digit = static_cast<int>(number % 10);
      digits[size++] = static_cast<char>('0' + (digit < 0 ? -digit : digit));
      number = static_cast<decltype(number)>(number / 10);
    } while (number != 0);
    while (size != 0) built.append({&digits[--size], 1});
  };
  built.append("ERR value is out of range, must be from ");
  append_number(Least);
  built.append(" to ");
  append_number(Most);
  return built;
}();

}  // namespace detail
}  // namespace redismodule
