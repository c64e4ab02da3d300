// Keys as arguments of a command beyond the single one: names, lists, pairs, options.
//
//   rm::key_name<rm::access::read>                 a name that the handler hands on, to another command say
//   rm::rest<rm::read<rm::list>>                   all that is left; rm::at_least_one and rm::count_then as well
//   rm::rest<std::pair<rm::key_name<…>, T>>        key and value in turn
//   rm::half_and_half<rm::read<rm::stream>, T>     first all keys, then a value for each, as in XREAD
//   rm::option<"STORE", rm::write<rm::list>>       behind a keyword
#pragma once

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include "redismodule/key.h"
#include "redismodule/options.h"
#include "redismodule/sorted_set.h"

namespace redismodule {

// A key that the handler names and does not open.
// Owns: nothing; good until the handler returns.
template <access Access = access::read>
class key_name : public string_ref {
 public:
  constexpr key_name() noexcept = default;
  constexpr explicit key_name(abi::ModuleString** at) noexcept : string_ref{*at}, at_{at} {}

  // Where it stands among the arguments.
  constexpr abi::ModuleString** at() const noexcept { return at_; }

 private:
  abi::ModuleString** at_ = nullptr;
};

// The ends of ranges as the servers' own commands take them: `-inf`, `5`, `(5`; `-`, `[from`, `(to`, `+`.
template <>
struct arg_traits<score_bound> {
  static decode_status decode(string_ref text, score_bound& value) noexcept {
    const auto bound = score_bound::parse(text);
    if (!bound) return detail::literal{"ERR min or max is not a float"};
    value = *bound;
    return decoded;
  }
};
template <>
struct arg_traits<lex_bound> {
  static decode_status decode(string_ref text, lex_bound& value) noexcept {
    const auto bound = lex_bound::parse(text);
    if (!bound) return detail::literal{"ERR min or max not valid string range item"};
    value = *bound;
    return decoded;
  }
};

// As string_ref::stream_id(): `5-7`, `5`, `-`, `+`. Since: Redis 6.2. Fails: throws unsupported.
template <>
struct arg_traits<stream_id> {
  static decode_status decode(string_ref text, stream_id& value) {
    const auto id = text.stream_id();
    if (!id) return detail::literal{"ERR Invalid stream ID specified as stream command argument"};
    value = *id;
    return decoded;
  }
};

// A key of a list and the value that belongs to it.
template <class Key, class T>
struct key_and_value {
  Key key;
  T value;
};

namespace detail {

template <class T>
inline constexpr bool is_view = false;
template <key_kind K, access Access, flag_set<open_mode> Modes>
inline constexpr bool is_view<read<K, Access, Modes>> = true;
template <key_kind K, access Access, flag_set<open_mode> Modes>
inline constexpr bool is_view<write<K, Access, Modes>> = true;

template <class T>
concept key_view = is_view<T>;

template <key_view View>
inline constexpr bool is_key_argument<View> = true;
template <access Access>
inline constexpr bool is_key_argument<key_name<Access>> = true;

template <key_view View>
inline constexpr bool is_repeatable<View> = false;
template <class Key>
requires(is_key_argument<Key>) inline constexpr bool is_repeatable<count_then<Key>> = false;

// Whether the key has a value of another type than the view is for: opens it and closes it again.
template <key_view View>
bool is_of_wrong_type(abi::ModuleCtx* ctx, abi::ModuleString* name) noexcept {
  held_key<typename View::key> key{{ctx, name, mode_of<View>(), name_owner::argument}};
  open_key& entry = key_internals::entry(key);
  entry.open();
  return !entry.has_type(View::key::wanted);
}

// Fails: throws wrong_type.
template <key_view View>
opened<View> open_argument(abi::ModuleCtx* ctx, abi::ModuleString* name) {
  opened<View> key{{ctx, name, mode_of<View>(), name_owner::argument}};
  open_key& entry = key_internals::entry(*key);
  entry.open();
  if (!entry.has_type(View::key::wanted)) [[unlikely]]
    throw wrong_type{};
  return key;
}

// Keys, or keys with values, `step` arguments apart, made as they are asked for by Of::make(ctx, at).
template <class Of>
class key_argument_list {
 public:
  using value_type = typename Of::value;

  class iterator {
   public:
    using value_type = typename Of::value;
    using difference_type = std::ptrdiff_t;
    using reference = value_type;
    using pointer = void;
    using iterator_category = std::input_iterator_tag;

    iterator() noexcept = default;
    iterator(const key_argument_list& list, std::size_t index) noexcept : list_{&list}, index_{index} {}

    value_type operator*() const { return (*list_)[index_]; }
    iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    iterator operator++(int) noexcept { return {*list_, index_++}; }
    friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.index_ == b.index_; }

   private:
    const key_argument_list* list_ = nullptr;
    std::size_t index_ = 0;
  };

  key_argument_list() noexcept = default;
  key_argument_list(abi::ModuleCtx* ctx, abi::ModuleString** first, std::size_t size, std::size_t step) noexcept
      : ctx_{ctx}, first_{first}, size_{size}, step_{step} {}

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  iterator begin() const noexcept { return {*this, 0}; }
  iterator end() const noexcept { return {*this, size_}; }
  // Only where i < size(). Of a key: opens it; it closes with what is returned. Fails: throws wrong_type.
  value_type operator[](std::size_t i) const { return Of::make(ctx_, first_ + i * step_, *this); }
  value_type front() const { return (*this)[0]; }

  // Where the first one stands among the arguments.
  abi::ModuleString** first() const noexcept { return first_; }
  // The name of the i-th key.
  string_ref name(std::size_t i) const noexcept { return string_ref{first_[i * step_]}; }

 private:
  abi::ModuleCtx* ctx_ = nullptr;
  abi::ModuleString** first_ = nullptr;
  std::size_t size_ = 0;
  std::size_t step_ = 1;
};

template <key_view View>
struct list_of_keys {
  using value = opened<View>;
  static value make(abi::ModuleCtx* ctx, abi::ModuleString** at, const key_argument_list<list_of_keys>&) {
    return open_argument<View>(ctx, *at);
  }
};

template <key_view View, class T>
struct list_of_pairs {
  using value = key_and_value<opened<View>, T>;
  static value make(abi::ModuleCtx* ctx, abi::ModuleString** at, const key_argument_list<list_of_pairs>&) {
    return {open_argument<View>(ctx, *at), element<T>::make(at + 1)};
  }
};

template <class Key>
struct key_of_half;
template <key_view View>
struct key_of_half<View> {
  using type = opened<View>;
  static type make(abi::ModuleCtx* ctx, abi::ModuleString** at) { return open_argument<View>(ctx, *at); }
};
template <access Access>
struct key_of_half<key_name<Access>> {
  using type = key_name<Access>;
  static type make(abi::ModuleCtx*, abi::ModuleString** at) noexcept { return type{at}; }
};

template <class Key, class T>
struct list_of_halves {
  using value = key_and_value<typename key_of_half<Key>::type, T>;
  static value make(abi::ModuleCtx* ctx, abi::ModuleString** at, const key_argument_list<list_of_halves>& list) {
    return {key_of_half<Key>::make(ctx, at), element<T>::make(at + list.size())};
  }
};

}  // namespace detail

// Lists of keys: each is opened when it is asked for, and closed with what is returned, so that a long list costs no
// memory. Of keys to write, all types are checked before the handler runs; of keys to read, each as it is opened.
template <detail::key_view View>
class rest<View> : public detail::key_argument_list<detail::list_of_keys<View>> {
  using detail::key_argument_list<detail::list_of_keys<View>>::key_argument_list;
};
template <detail::key_view View>
class at_least_one<View> : public rest<View> {
  using rest<View>::rest;
};
template <detail::key_view View>
class count_then<View> : public rest<View> {
  using rest<View>::rest;
};
template <detail::key_view View, class T>
class rest<std::pair<View, T>> : public detail::key_argument_list<detail::list_of_pairs<View, T>> {
  using detail::key_argument_list<detail::list_of_pairs<View, T>>::key_argument_list;
};
template <detail::key_view View, class T>
class at_least_one<std::pair<View, T>> : public rest<std::pair<View, T>> {
  using rest<std::pair<View, T>>::rest;
};

// All that is left: keys, then as many values. Elements are key_and_value: for (auto [key, id] : streams) ….
template <class Key, class T>
class half_and_half : public detail::key_argument_list<detail::list_of_halves<Key, T>> {
  using detail::key_argument_list<detail::list_of_halves<Key, T>>::key_argument_list;
};

namespace detail {

// The storage of an option that is a key: the key is opened when all arguments are decoded.
template <key_view View>
class option_value<View> {
 public:
  using value_type = View;
  using pointee = typename View::pointee;

  constexpr option_value() noexcept {}

  bool has_value() const noexcept { return key_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }
  // Only where has_value().
  pointee& operator*() const noexcept { return *key_; }
  pointee* operator->() const noexcept { return &*key_; }

  static decode_status take(arg_cursor& from, void* into) {
    auto& self = *static_cast<option_value*>(into);
    self.at_ = from.at;
    self.key_.emplace(key_seed{from.ctx, *from.at++, mode_of<View>(), name_owner::argument});
    return decoded;
  }

  // For the frame: opens the key, checks its type, tells where it stands.
  void open() noexcept {
    if (key_) key_internals::entry(*key_).open();
  }
  bool check() noexcept { return !key_ || key_internals::entry(*key_).check(View::key::wanted); }
  abi::ModuleString** at() const noexcept { return at_; }

 private:
  mutable std::optional<held_key<typename View::key>> key_;
  abi::ModuleString** at_ = nullptr;
};

// What options with a view of a key take: one argument.
template <key_view View>
struct taker<View> {
  static constexpr int words = 1;
};
template <access Access>
struct taker<key_name<Access>> {
  static constexpr int words = 1;
  static decode_status take(arg_cursor& from, key_name<Access>& into) noexcept {
    into = key_name<Access>{from.at++};
    return decoded;
  }
};

template <key_view View>
struct taker<count_then<View>> {
  static constexpr int words = 2;
  static decode_status take(arg_cursor& from, count_then<View>& into) noexcept {
    std::size_t count = 0;
    const decode_status status = take_count(from, 1, count);
    if (!status.good()) return status;
    into = count_then<View>{from.ctx, from.at, count, std::size_t{1}};
    from.at += count;
    return decoded;
  }
};

template <access Access>
struct element<key_name<Access>> {
  static constexpr int width = 1;
  static constexpr bool infallible = true;
  static key_name<Access> make(abi::ModuleString** at) noexcept { return key_name<Access>{at}; }
  static decode_status check(abi::ModuleString**& at) noexcept {
    ++at;
    return decoded;
  }
};

}  // namespace detail
}  // namespace redismodule
