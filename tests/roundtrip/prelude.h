// What the generated commands share: each answers with the text of what its handler was given. The grammar writes the
// same text from the words alone.
#pragma once

#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

// A type with its own way from text: two small hexadecimal digits.
struct hex_byte {
  int value = 0;
};

template <>
struct redismodule::arg_traits<hex_byte> {
  static decode_status decode(string_ref argument, hex_byte& into) noexcept {
    constexpr std::string_view digits = "0123456789abcdef";
    const std::string_view text = argument.view();
    if (text.size() != 2) return literal;
    const std::size_t high = digits.find(text[0]), low = digits.find(text[1]);
    if (high == digits.npos || low == digits.npos) return literal;
    into.value = static_cast<int>(high * 16 + low);
    return decoded;
  }

 private:
  static constexpr detail::literal literal{"ERR value is not a byte of two digits"};
};

inline void show_integer(std::string& out, char kind, auto number) {
  out += kind;
  out += std::to_string(number);
  out += ';';
}

inline void show_bytes(std::string& out, std::string_view bytes) {
  out += 's' + std::to_string(bytes.size()) + ':';
  out += bytes;
}

inline void show_bits(std::string& out, char kind, int width, unsigned long long bits) {
  char text[24];
  std::snprintf(text, sizeof text, "%c%0*llx;", kind, width, bits);
  out += text;
}

inline void show_key(std::string& out, const rm::basic_key& key) {
  out += 'k';
  show_bytes(out, key.name().view());
  out += '=' + std::to_string(key.size()) + ';';
}

template <class T>
void show(std::string& out, const T& value);

template <class T>
void show_all(std::string& out, const T& list) {
  show_integer(out, 'r', list.size());
  std::size_t count = 0;
  for (auto&& each : list) {
    show(out, each);
    ++count;
  }
  if (count != list.size()) out += "(another size)";
}

template <class T>
void show_optional(std::string& out, const T& value) {
  show_integer(out, 'o', value.has_value() ? 1 : 0);
  if (value.has_value()) show(out, *value);
}

template <class T>
void show(std::string& out, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    show_integer(out, 'b', value ? 1 : 0);
  } else if constexpr (std::is_integral_v<T>) {
    show_integer(out, 'i', value);
  } else if constexpr (std::is_enum_v<T>) {
    show_integer(out, 'e', static_cast<int>(value));
  } else if constexpr (std::is_same_v<T, double>) {
    show_bits(out, 'd', 16, std::bit_cast<std::uint64_t>(value));
  } else if constexpr (std::is_same_v<T, float>) {
    show_bits(out, 'f', 8, std::bit_cast<std::uint32_t>(value));
  } else if constexpr (std::is_same_v<T, rm::stream_id>) {
    show_integer(out, 'i', value.milliseconds);
    show_integer(out, 'i', value.sequence);
  } else if constexpr (std::is_same_v<T, rm::score_bound>) {
    show(out, value.score);
    show(out, value.excluded);
  } else if constexpr (std::is_same_v<T, rm::lex_bound>) {
    out += "l;";
  } else if constexpr (std::is_base_of_v<rm::basic_key, T>) {
    show_key(out, value);
  } else if constexpr (requires {
                         value.at();
                         value.view();
                       }) {
    out += 'n';
    show_bytes(out, value.view());
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    show_bytes(out, value);
  } else if constexpr (requires { value.given(); }) {
    show_integer(out, 'f', value.given() ? 1 : 0);
  } else if constexpr (requires { value.has_value(); }) {
    show_optional(out, value);
  } else if constexpr (requires { value->name(); }) {
    show_key(out, *value);
  } else if constexpr (requires { value.view(); }) {
    show_bytes(out, value.view());
  } else if constexpr (requires { value.time_since_epoch(); }) {
    show(out, value.time_since_epoch().count());
  } else if constexpr (requires { value.count(); }) {
    show(out, value.count());
  } else if constexpr (requires { value.key; }) {
    show(out, value.key);
    show(out, value.value);
  } else if constexpr (requires { value.value; }) {
    show(out, value.value);
  } else if constexpr (requires { value.begin(); }) {
    show_all(out, value);
  } else {
    std::apply([&](const auto&... each) { (show(out, each), ...); }, value);
  }
}
