// What COMMAND DOCS says of the types of arguments and options, as tables.
#pragma once

#include <array>
#include <cstddef>
#include <tuple>
#include <utility>

#include "redismodule/detail/shape.h"
#include "redismodule/options.h"

namespace redismodule::detail {

template <class T>
struct parts_of_value {
  static constexpr std::size_t size = 1;
};
template <class First, class Second>
struct parts_of_value<std::pair<First, Second>> {
  static constexpr std::size_t size = 2;
  using types = std::tuple<First, Second>;
};
template <class... Parts>
struct parts_of_value<std::tuple<Parts...>> {
  static constexpr std::size_t size = sizeof...(Parts);
  using types = std::tuple<Parts...>;
};

template <class T>
inline constexpr bool is_counted = false;
template <class T>
inline constexpr bool is_counted<count_then<T>> = true;

// --- Enums: one of their names ---

template <named_enum T>
inline constexpr auto docs_of_names = [] {
  constexpr std::size_t count = std::size(names_of<T>.all);
  std::array<doc_shape, count> docs{};
  for (std::size_t i = 0; i < count; ++i) {
    docs[i].name = docs[i].token = names_of<T>.all[i].name;
    docs[i].type = abi::MODULE_ARG_TYPE_PURE_TOKEN;
  }
  return docs;
}();

// One argument.
template <class T>
constexpr doc_shape doc_of_argument(const char* name = nullptr) {
  doc_shape doc;
  doc.name = name;
  if constexpr (named_enum<T>) {
    doc.type = abi::MODULE_ARG_TYPE_ONEOF;
    doc.parts = docs_of_names<T>.data();
    doc.size = static_cast<std::uint8_t>(docs_of_names<T>.size());
  } else if constexpr (is_key_argument<T>) {
    doc.type = abi::MODULE_ARG_TYPE_KEY;
  } else {
    doc.type = arg_type<T>();
  }
  return doc;
}

constexpr doc_shape block_of(const char* name, const doc_shape* parts, std::size_t size) {
  doc_shape doc;
  doc.name = name;
  doc.type = abi::MODULE_ARG_TYPE_BLOCK;
  doc.parts = parts;
  doc.size = static_cast<std::uint8_t>(size);
  return doc;
}

// Several arguments, each named by its word of the synopsis.
template <class T>
inline constexpr auto docs_of_parts = [] {
  using types = typename parts_of_value<T>::types;
  return []<std::size_t... Index>(std::index_sequence<Index...>) {
    return std::array{doc_of_argument<std::tuple_element_t<Index, types>>()...};
  }
  (std::make_index_sequence<parts_of_value<T>::size>{});
}();

template <class T>
constexpr doc_shape doc_of_value() {
  if constexpr (parts_of_value<T>::size == 1) {
    return doc_of_argument<T>();
  } else {
    return block_of("pair", docs_of_parts<T>.data(), docs_of_parts<T>.size());
  }
}

// --- Options ---

// By hand: std::string_view::find compares a pointer with null, which g++ refuses when compiling with
// -fsanitize=undefined, where the text is a template's argument.
constexpr std::size_t length_of_first(std::string_view names) {
  std::size_t length = 0;
  while (length < names.size() && names[length] != ' ') ++length;
  return length;
}

// The `index`-th of names separated by spaces; the last one where there are fewer.
constexpr std::string_view name_at(std::string_view names, std::size_t index) {
  for (; index != 0; --index) {
    const std::size_t length = length_of_first(names);
    if (length == names.size()) break;
    names.remove_prefix(length + 1);
  }
  return names.substr(0, length_of_first(names));
}

template <class... Rules>
struct name_rule {
  static constexpr std::string_view of(std::string_view token) { return token; }
};
template <fixed_text Name, class... Rules>
struct name_rule<named<Name>, Rules...> {
  static constexpr std::string_view of(std::string_view) { return Name.view(); }
};
template <class Rule, class... Rules>
struct name_rule<Rule, Rules...> : name_rule<Rules...> {};

template <std::size_t N>
constexpr void append_lower(built_text<N>& built, std::string_view text) {
  for (char byte : text) {
    const char small = to_lower(byte);
    built.append({&small, 1});
  }
}

// A zero-terminated name of its own, in lower case.
template <const auto& Token, std::size_t Index, class... Rules>
inline constexpr auto stored_name = [] {
  constexpr std::string_view name = name_at(name_rule<Rules...>::of(Token.view()), Index);
  built_text<name.size()> built;
  append_lower(built, name);
  return built;
}();

template <class T, const auto& Token, class... Rules>
struct option_docs {
  static constexpr doc_shape of() { return doc_of_argument<T>(stored_name<Token, 0, Rules...>.text); }
};

template <class T, const auto& Token, class... Rules>
requires(parts_of_value<T>::size > 1) struct option_docs<T, Token, Rules...> {
  static constexpr auto parts = []<std::size_t... Index>(std::index_sequence<Index...>) {
    using types = typename parts_of_value<T>::types;
    return std::array{doc_of_argument<std::tuple_element_t<Index, types>>(stored_name<Token, Index, Rules...>.text)...};
  }
  (std::make_index_sequence<parts_of_value<T>::size>{});

  static constexpr doc_shape of() { return block_of(stored_name<Token, 0>.text, parts.data(), parts.size()); }
};

template <class T, const auto& Token, class... Rules>
struct option_docs<count_then<T>, Token, Rules...> {
  static constexpr auto parts = [] {
    doc_shape count = doc_of_argument<long long>("count");
    doc_shape values = option_docs<T, Token, Rules...>::of();
    values.flags = abi::MODULE_CMD_ARG_MULTIPLE;
    return std::array{count, values};
  }();

  static constexpr doc_shape of() { return block_of(stored_name<Token, 0>.text, parts.data(), parts.size()); }
};

constexpr doc_shape with_token(doc_shape doc, const char* token, int flags) {
  doc.token = token;
  doc.flags = static_cast<std::uint8_t>(flags);
  return doc;
}

template <class Member>
struct member_doc;

template <keyword Token, class... Rules>
struct member_doc<flag<Token, Rules...>> {
  static constexpr doc_shape of(int flags) {
    doc_shape doc;
    doc.name = stored_name<stored_keyword<Token>, 0, Rules...>.text;
    doc.type = abi::MODULE_ARG_TYPE_PURE_TOKEN;
    return with_token(doc, stored_keyword<Token>.text, flags);
  }
};
template <keyword Token, class T, class... Rules>
struct member_doc<option<Token, T, Rules...>> {
  static constexpr doc_shape of(int flags) {
    return with_token(option_docs<T, stored_keyword<Token>, Rules...>::of(), stored_keyword<Token>.text, flags);
  }
};
template <keyword Token, class T, class... Rules>
struct member_doc<repeated<Token, T, Rules...>> {
  static constexpr doc_shape of(int flags) {
    return with_token(option_docs<T, stored_keyword<Token>, Rules...>::of(), stored_keyword<Token>.text,
                      flags | abi::MODULE_CMD_ARG_MULTIPLE | abi::MODULE_CMD_ARG_MULTIPLE_TOKEN);
  }
};
template <class... Alternatives>
struct member_doc<one_of<Alternatives...>> {
  static constexpr std::array parts{member_doc<Alternatives>::of(abi::MODULE_CMD_ARG_NONE)...};
  // "nx-or-xx"
  static constexpr auto name = [] {
    built_text<(std::size_t{0} + ... + (option_member<Alternatives>::token.size() + 4))> built;
    const std::string_view tokens[] = {option_member<Alternatives>::token...};
    for (std::string_view token : tokens) {
      if (built.size != 0) built.append("-or-");
      append_lower(built, token);
    }
    return built;
  }();

  static constexpr doc_shape of(int flags) {
    doc_shape doc = block_of(name.text, parts.data(), parts.size());
    doc.type = abi::MODULE_ARG_TYPE_ONEOF;
    doc.flags = static_cast<std::uint8_t>(flags);
    return doc;
  }
};
template <class Member>
struct member_doc<required<Member>> {
  static constexpr doc_shape of(int flags) { return member_doc<Member>::of(flags & ~abi::MODULE_CMD_ARG_OPTIONAL); }
};

template <class... Members>
struct docs_of_options {
  static constexpr std::array all{member_doc<Members>::of(abi::MODULE_CMD_ARG_OPTIONAL)...};
};

}  // namespace redismodule::detail
