// Keyword options of a command, in any order: the members of an aggregate that a handler takes.
//
//   struct set_options {
//     rm::one_of<rm::flag<"NX">, rm::flag<"XX">> condition;
//     rm::option<"EX", std::chrono::seconds> ex;
//     rm::option<"LIMIT", std::pair<long long, long long>> limit;
//     rm::repeated<"TAG", std::string_view> tags;
//   };
//   void set(std::string_view name, set_options options);          // "example.set name"
//
// Keywords are found in any case. One that is not there, is given twice, or stands beside one that it excludes is an
// error that begins with the servers' own words, "ERR syntax error", and names it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "redismodule/args.h"
#include "redismodule/detail/aggregate.h"
#include "redismodule/detail/keyword.h"

namespace redismodule {

// Further template arguments of an option or flag.
//   needs<"MATCH">       only beside MATCH
//   excludes<"ALL">      not beside ALL
//   named<"seconds">     (describe.h) what COMMAND DOCS calls the value; the keyword in lower case, if it is not said
template <detail::keyword Token>
struct needs {};
template <detail::keyword Token>
struct excludes {};

namespace detail {

// Never defined: options that reach one of these do not compile, and the compiler prints the name.
void a_keyword_is_there_twice();
void a_rule_names_a_keyword_that_is_not_there();

// What is left of the arguments.
struct arg_cursor {
  abi::ModuleString** at;
  abi::ModuleString** end;
  abi::ModuleCtx* ctx;
};

// How a value is made from the arguments at the cursor. `words`: how many it takes at least; the caller has seen that
// they are there. A status that is not good leaves the cursor at what could not be decoded, or past it.
template <class T>
struct taker {
  static_assert(argument<T>,
                "redismodule: the value of this option is of no argument type: specialise redismodule::arg_traits");
  static constexpr int words = 1;
  static decode_status take(arg_cursor& from, T& into) { return arg_traits<T>::decode(argument_at(from.at++), into); }
};

template <class... Parts>
struct taker_of_parts {
  static_assert((argument<Parts> && ...),
                "redismodule: the parts of a pair or tuple behind a keyword are one argument each, and no keys");
  static constexpr int words = (0 + ... + taker<Parts>::words);
  static decode_status take(arg_cursor& from, Parts&... into) {
    decode_status status;
    static_cast<void>((true && ... && (status = taker<Parts>::take(from, into)).good()));
    return status;
  }
};
template <class First, class Second>
struct taker<std::pair<First, Second>> : taker_of_parts<First, Second> {
  static decode_status take(arg_cursor& from, std::pair<First, Second>& into) {
    return taker_of_parts<First, Second>::take(from, into.first, into.second);
  }
};
template <class... Parts>
struct taker<std::tuple<Parts...>> : taker_of_parts<Parts...> {
  static decode_status take(arg_cursor& from, std::tuple<Parts...>& into) {
    return std::apply([&](Parts&... each) { return taker_of_parts<Parts...>::take(from, each...); }, into);
  }
};

decode_status take_count(arg_cursor& from, int width, std::size_t& count) noexcept;

template <class T>
struct taker<count_then<T>> {
  static constexpr int words = 1 + element<T>::width;
  static decode_status take(arg_cursor& from, count_then<T>& into) {
    std::size_t count = 0;
    decode_status status = take_count(from, element<T>::width, count);
    if (!status.good()) return status;
    into = count_then<T>{from.at, count};
    if constexpr (element<T>::infallible) {
      from.at += count * element<T>::width;
      return decoded;
    } else {
      while (count-- != 0 && status.good()) status = element<T>::check(from.at);
      return status;
    }
  }
};

// --- What the parser, which is no template, knows of a keyword ---

enum class option_kind : std::uint8_t { flag, value, repeated };

struct option_entry {
  const char* token = nullptr;
  std::uint8_t size = 0;
  option_kind kind = option_kind::flag;
  std::uint16_t words = 0;     // arguments behind the keyword, at least
  std::uint32_t offset = 0;    // of its storage in the aggregate
  std::uint64_t excludes = 0;  // bits of other entries, by their place in the table
  std::uint64_t needs = 0;
  decode_status (*take)(arg_cursor& from, void* into) = nullptr;
};

struct option_table {
  const option_entry* entries;
  const std::uint64_t* marks;  // keyword_mark() of each, and what is none, so that four may be read from any on
  std::size_t size;
  const std::uint64_t* required;  // of the bits of each of these, one has to be given
  std::size_t required_size;
  std::uint64_t needing;  // the bits of those that need others
};

// What keywords are looked for by: the first seven bytes, and the size, up to 255, in the highest.
constexpr std::uint64_t keyword_mark(std::string_view token) noexcept {
  std::uint64_t mark = std::uint64_t{std::min<std::size_t>(token.size(), 255)} << 56;
  for (std::size_t i = 0; i < token.size() && i < 7; ++i)
    mark |= std::uint64_t{static_cast<unsigned char>(token[i])} << (8 * i);
  return mark;
}

enum class option_fault : std::uint8_t { none, unknown, twice, excluded, needed, required, no_value, bad_value };

struct option_error {
  option_fault fault;
  decode_status status;
  const char* token;
  const char* other;
  abi::ModuleString* word;
};

// Takes keywords with their values until something else, or the end, comes. `into`: the aggregate.
// Fails: false, and the error says why.
bool parse_options(const option_table& table, void* into, arg_cursor& from, option_error& error);

// The error reply for it.
message describe(const option_error& error) noexcept;

// --- Members ---

// The storage of an option, shared by all keywords with a value of this type.
template <class T>
class option_value {
 public:
  using value_type = T;

  // By hand: what a compiler makes would have all of it zeroed first.
  constexpr option_value() noexcept {}

  constexpr bool has_value() const noexcept { return value_.has_value(); }
  constexpr explicit operator bool() const noexcept { return has_value(); }
  // Only where has_value().
  constexpr const T& operator*() const noexcept { return *value_; }
  constexpr const T* operator->() const noexcept { return &*value_; }
  template <class U>
  constexpr T value_or(U&& otherwise) const {
    return value_.value_or(std::forward<U>(otherwise));
  }

  static decode_status take(arg_cursor& from, void* into) {
    return taker<T>::take(from, static_cast<option_value*>(into)->value_.emplace());
  }

 private:
  std::optional<T> value_;
};

// Opened keys are not.
template <class T>
inline constexpr bool is_repeatable = true;

template <class T>
class repeated_value {
  static_assert(is_repeatable<T>, "redismodule: behind a keyword that is repeated stands one key, as a rm::key_name");

 public:
  using value_type = T;

  bool empty() const noexcept { return values_.empty(); }
  std::size_t size() const noexcept { return values_.size(); }
  auto begin() const noexcept { return values_.begin(); }
  auto end() const noexcept { return values_.end(); }
  typename std::vector<T>::const_reference operator[](std::size_t i) const noexcept { return values_[i]; }

  static decode_status take(arg_cursor& from, void* into) {
    std::vector<T>& values = static_cast<repeated_value*>(into)->values_;
    if constexpr (std::is_same_v<T, bool>) {  // whose elements have no address
      bool value = false;
      const decode_status status = taker<bool>::take(from, value);
      values.push_back(value);
      return status;
    } else {
      return taker<T>::take(from, values.emplace_back());
    }
  }

 private:
  std::vector<T> values_;
};

class flag_value {
 public:
  constexpr bool given() const noexcept { return given_; }
  constexpr explicit operator bool() const noexcept { return given_; }

  // (The parser calls set() by itself.)
  static decode_status take(arg_cursor&, void* into) noexcept {
    static_cast<flag_value*>(into)->set();
    return decoded;
  }
  constexpr void set() noexcept { given_ = true; }

 private:
  bool given_ = false;
};

}  // namespace detail

// A keyword without a value: rm::flag<"NX">.
template <detail::keyword Token, class... Rules>
class flag : public detail::flag_value {};

// A keyword and its value, which is one argument of any argument type, several as a std::pair or std::tuple, or a
// rm::count_then. Like a std::optional.
template <detail::keyword Token, class T, class... Rules>
class option : public detail::option_value<T> {
 public:
  constexpr option() noexcept {}
};

// A keyword that may be given any number of times. A range of the values, in their order.
template <detail::keyword Token, class T, class... Rules>
class repeated : public detail::repeated_value<T> {};

// Options of which one at most may be given: options.condition.get<"NX">().
template <class... Alternatives>
class one_of;

// An option, or one_of, that has to be given.
template <class Member>
class required : public Member {
 public:
  constexpr required() noexcept {}
};

namespace detail {

template <class Storage>
constexpr option_entry make_entry(std::string_view token, option_kind kind, std::uint16_t words) {
  option_entry entry;
  entry.token = token.data();
  entry.size = static_cast<std::uint8_t>(token.size());
  entry.kind = kind;
  entry.words = words;
  entry.take = &Storage::take;
  return entry;
}

struct option_range {
  option_entry* entries;
  std::size_t size;

  constexpr std::uint64_t bit_of(std::string_view token) const {
    for (std::size_t i = 0; i < size; ++i) {
      if (std::string_view{entries[i].token, entries[i].size} == token) return std::uint64_t{1} << i;
    }
    a_rule_names_a_keyword_that_is_not_there();
    return 0;
  }
};

template <class Rule>
struct option_rule;
template <keyword Token>
struct option_rule<needs<Token>> {
  static constexpr void apply(option_range all, option_entry& entry) { entry.needs |= all.bit_of(Token.view()); }
};
template <keyword Token>
struct option_rule<excludes<Token>> {
  static constexpr void apply(option_range all, option_entry& entry) { entry.excludes |= all.bit_of(Token.view()); }
};
template <fixed_text Name>
struct option_rule<named<Name>> {
  static constexpr void apply(option_range, option_entry&) {}
};

// Where the next member of an aggregate is, behind one that ends there.
constexpr std::size_t aligned(std::size_t end, std::size_t alignment) {
  return (end + alignment - 1) / alignment * alignment;
}

// What a one_of holds: members in a row, as an aggregate's are.
template <class First, class... Others>
struct option_row {
  First first;
  option_row<Others...> others;
};
template <class Last>
struct option_row<Last> {
  Last first;
};

template <std::size_t Index, class Row>
constexpr const auto& at_index(const Row& row) noexcept {
  if constexpr (Index == 0) {
    return row.first;
  } else {
    return at_index<Index - 1>(row.others);
  }
}
template <class Row, class F>
constexpr void each_of(Row& row, F&& f) {
  f(row.first);
  if constexpr (requires { row.others; }) each_of(row.others, f);
}

// `size`: keywords. fill() writes their entries, whose storage begins at that offset; link() their rules, when all
// entries are there.
template <class Member>
struct option_member {
  static constexpr bool is_option = false;
};

template <const auto& Token, class Member, option_kind Kind, int Words, class... Rules>
struct single_option {
  static constexpr bool is_option = true;
  static constexpr bool is_required = false;
  static constexpr std::size_t size = 1;
  static constexpr std::string_view token = Token.view();

  static constexpr void fill(option_entry* to, std::size_t offset) {
    *to = make_entry<Member>(Token.view(), Kind, Words);
    to->offset = static_cast<std::uint32_t>(offset);
  }
  static constexpr void link(option_range all, std::size_t at) {
    (option_rule<Rules>::apply(all, all.entries[at]), ...);
  }
};

// A template argument has no address that is its own; this has.
template <keyword Token>
inline constexpr auto stored_keyword = Token;

template <keyword Token, class... Rules>
struct option_member<flag<Token, Rules...>>
    : single_option<stored_keyword<Token>, flag<Token, Rules...>, option_kind::flag, 0, Rules...> {};
template <keyword Token, class T, class... Rules>
struct option_member<option<Token, T, Rules...>>
    : single_option<stored_keyword<Token>, option<Token, T, Rules...>, option_kind::value, taker<T>::words, Rules...> {
};
template <keyword Token, class T, class... Rules>
struct option_member<repeated<Token, T, Rules...>> : single_option<stored_keyword<Token>, repeated<Token, T, Rules...>,
                                                                   option_kind::repeated, taker<T>::words, Rules...> {};

template <class Member>
struct option_member<required<Member>> : option_member<Member> {
  static constexpr bool is_required = true;
};

template <class... Alternatives>
struct option_member<one_of<Alternatives...>> {
  static_assert((option_member<Alternatives>::is_option && ...),
                "redismodule: what rm::one_of chooses from are rm::flag and rm::option");
  static constexpr bool is_option = true;
  static constexpr bool is_required = false;
  static constexpr std::size_t size = (std::size_t{0} + ... + option_member<Alternatives>::size);

  static constexpr void fill(option_entry* to, std::size_t offset) { fill_row<Alternatives...>(to, offset); }
  static constexpr void link(option_range all, std::size_t at) {
    const std::uint64_t mine = ((std::uint64_t{1} << size) - 1) << at;
    std::size_t next = at;
    ((option_member<Alternatives>::link(all, next), next += option_member<Alternatives>::size), ...);
    for (std::size_t i = at; i < next; ++i) all.entries[i].excludes |= mine & ~(std::uint64_t{1} << i);
  }

 private:
  template <class First, class... Others>
  static constexpr void fill_row(option_entry* to, std::size_t offset) {
    option_member<First>::fill(to, offset);
    if constexpr (sizeof...(Others) != 0)
      fill_row<Others...>(to + option_member<First>::size,
                          offset + aligned(sizeof(First), alignof(option_row<Others...>)));
  }
};

template <class Member>
inline constexpr bool is_option = option_member<Member>::is_option;

template <class... Members>
struct option_set {
  static constexpr bool all_options = sizeof...(Members) != 0 && (is_option<Members> && ...);
  static constexpr bool any_option = (is_option<Members> || ...);
};

template <class... Members>
struct option_layout {
  static constexpr std::size_t size = (std::size_t{0} + ... + option_member<Members>::size);
  static_assert(size <= 64, "redismodule: a command has at most 64 keywords");
  static constexpr std::size_t required_size = (std::size_t{0} + ... + option_member<Members>::is_required);

  // Of the members of an aggregate that says nothing of its own about where they are.
  static constexpr std::array<std::size_t, sizeof...(Members)> offsets = [] {
    std::array<std::size_t, sizeof...(Members)> all{};
    std::size_t next = 0, end = 0;
    ((all[next] = aligned(end, alignof(Members)), end = all[next++] + sizeof(Members)), ...);
    return all;
  }();

  static constexpr std::array<option_entry, size> entries = [] {
    std::array<option_entry, size> all{};
    option_entry* to = all.data();
    std::size_t next = 0;
    ((option_member<Members>::fill(to, offsets[next++]), to += option_member<Members>::size), ...);
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (std::string_view{all[i].token, all[i].size} == std::string_view{all[j].token, all[j].size})
          a_keyword_is_there_twice();
      }
    }
    std::size_t at = 0;
    ((option_member<Members>::link({all.data(), size}, at), at += option_member<Members>::size), ...);
    // What excludes is excluded, in whatever order they come.
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = 0; j < size; ++j) {
        if ((all[i].excludes >> j & 1) != 0) all[j].excludes |= std::uint64_t{1} << i;
      }
    }
    return all;
  }();

  static constexpr std::array<std::uint64_t, required_size + 1> required = [] {
    std::array<std::uint64_t, required_size + 1> all{};
    std::size_t next = 0, at = 0;
    auto add = [&](bool is_required, std::size_t width) {
      if (is_required) all[next++] = ((std::uint64_t{1} << width) - 1) << at;
      at += width;
    };
    (add(option_member<Members>::is_required, option_member<Members>::size), ...);
    return all;
  }();

  // The arguments that the required ones take at least.
  static constexpr int least = [] {
    int sum = 0;
    std::size_t at = 0;
    const auto add = [&](bool is_required, std::size_t width) {
      int fewest = entries[at].words + 1;
      for (std::size_t i = 1; i < width; ++i) fewest = std::min(fewest, entries[at + i].words + 1);
      if (is_required) sum += fewest;
      at += width;
    };
    (add(option_member<Members>::is_required, option_member<Members>::size), ...);
    return sum;
  }();

  static constexpr std::array<std::uint64_t, size + 3> marks = [] {
    std::array<std::uint64_t, size + 3> all{};
    all.fill(~std::uint64_t{0});
    for (std::size_t i = 0; i < size; ++i) all[i] = keyword_mark({entries[i].token, entries[i].size});
    return all;
  }();

  static constexpr std::uint64_t needing = [] {
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < size; ++i) all |= std::uint64_t{entries[i].needs != 0} << i;
    return all;
  }();

  static constexpr option_table table{entries.data(), marks.data(), size, required.data(), required_size, needing};
};

struct option_internals {
  template <class OneOf, class F>
  static void each(OneOf& member, F&& f) {
    each_of(member.alternatives_, f);
  }
};

// Whether T is an aggregate of options. A type that is one argument by arg_traits is not.
template <class T>
constexpr bool find_options() {
  if constexpr (std::is_class_v<T> && std::is_aggregate_v<T> && !argument<T>) {
    if constexpr (count_members<T>() <= most_members) return members_of<T>::template apply<option_set>::all_options;
  }
  return false;
}
template <class T>
concept option_aggregate = find_options<T>();

template <option_aggregate T>
using option_layout_of = typename members_of<T>::template apply<option_layout>;

template <option_aggregate T>
bool take_options(T& into, arg_cursor& from, option_error& error) {
  using layout = option_layout_of<T>;
  static_assert(
      has_members_at<T>(layout::offsets),
      "redismodule: the members of keyword options are where the compiler puts them by itself: no alignas, no "
      "[[no_unique_address]], no packed aggregate");
  if (layout::required_size == 0 && from.at == from.end) return true;
  return parse_options(layout::table, &into, from, error);
}

}  // namespace detail

template <class... Alternatives>
class one_of {
 public:
  constexpr one_of() noexcept {}

  // Whether one of them was given.
  constexpr explicit operator bool() const noexcept {
    bool given = false;
    detail::each_of(alternatives_, [&](const auto& each) { given = given || static_cast<bool>(each); });
    return given;
  }
  // The one with this keyword.
  template <detail::keyword Token>
  constexpr const auto& get() const noexcept {
    constexpr std::size_t place = place_of(Token.view());
    static_assert(place < sizeof...(Alternatives), "redismodule: this rm::one_of has no such keyword");
    return detail::at_index<place>(alternatives_);
  }

 private:
  friend struct detail::option_member<one_of>;
  friend struct detail::option_internals;

  static constexpr std::size_t place_of(std::string_view token) {
    const std::string_view tokens[] = {detail::option_member<Alternatives>::token...};
    std::size_t place = 0;
    while (place < sizeof...(Alternatives) && tokens[place] != token) ++place;
    return place;
  }

  detail::option_row<Alternatives...> alternatives_;
};

}  // namespace redismodule
