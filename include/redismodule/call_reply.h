// What another command answered: a tree of all kinds of replies, read where it is or made into values.
#pragma once

#include <concepts>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "redismodule/api.h"
#include "redismodule/detail/integer.h"
#include "redismodule/result.h"
#include "redismodule/string.h"
#include "redismodule/translate.h"

namespace redismodule {

class call_reply_ref;

// A reply to keep: plain values, good for as long as one likes.
struct call_value {
  reply_type type = reply_type::null;
  long long integer = 0;               // integer; boolean: 0 or 1
  double real = 0;                     // real
  std::string text;                    // string, simple_string, error, big_number, verbatim_string
  std::string format;                  // verbatim_string: its three letters
  std::vector<call_value> elements;    // array, set; map: a key and its value in turn
  std::vector<call_value> attributes;  // RESP3: what came before this reply, a key and its value in turn

  bool is_error() const noexcept { return type == reply_type::error; }
  bool is_null() const noexcept { return type == reply_type::null || type == reply_type::null_array; }

  friend bool operator==(const call_value&, const call_value&) = default;
};

// How a T is read from the reply of a call. To have ctx.call<T>() return a type of your own, specialise it:
//
//   template <>
//   struct redismodule::call_traits<point> {
//     static result<point> read(call_reply_ref reply);
//   };
template <class T>
struct call_traits;

template <class T>
concept callable_as = std::is_void_v<T> || requires(call_reply_ref reply) {
  { call_traits<T>::read(reply) } -> std::same_as<result<T>>;
};

namespace detail {

class reply_elements;
class reply_pairs;

inline reply_type type_of(abi::ModuleCallReply* reply) noexcept {
  const int number = nothrow(api.CallReplyType)(reply);
  if (number >= 0 && number < divergences_of<reply_type>::common) return static_cast<reply_type>(number);
  return from_server<reply_type>(server().family, number);
}

}  // namespace detail

// A reply, or one inside of it, that someone else keeps alive: the call_reply that it came from.
// Copying it copies a pointer.
class call_reply_ref {
 public:
  constexpr call_reply_ref() noexcept = default;
  constexpr explicit call_reply_ref(abi::ModuleCallReply* borrowed) noexcept : raw_{borrowed} {}

  // unknown where there is no reply.
  reply_type type() const noexcept { return raw_ != nullptr ? detail::type_of(raw_) : reply_type::unknown; }
  bool is_error() const noexcept { return type() == reply_type::error; }
  // Both the null and, to callers who ask for exact replies, the null array.
  bool is_null() const noexcept {
    const reply_type kind = type();
    return kind == reply_type::null || kind == reply_type::null_array;
  }

  // Each of these is for its kind of reply; of another, it is 0, false or empty.
  long long integer() const noexcept {
    return type() == reply_type::integer ? detail::nothrow(api.CallReplyInteger)(raw_) : 0;
  }
  double real() const noexcept;
  bool boolean() const noexcept;
  // The bytes of a string, simple string, verbatim string, big number or error.
  std::string_view text() const noexcept {
    const reply_type kind = type();
    if (kind != reply_type::string && kind != reply_type::error) [[unlikely]]
      return other_text(kind);
    std::size_t size = 0;
    const char* bytes = detail::nothrow(api.CallReplyStringPtr)(raw_, &size);
    return {bytes, size};
  }
  // The three letters of a verbatim string.
  std::string_view verbatim_format() const noexcept;

  // How many elements an array or set has, how many pairs a map or attribute; of other kinds, 0.
  std::size_t size() const noexcept;
  // An element of an array or set; of other kinds, and past the end, nothing.
  call_reply_ref operator[](std::size_t i) const noexcept;
  // A pair of a map or attribute; of other kinds, and past the end, nothing twice.
  std::pair<call_reply_ref, call_reply_ref> pair(std::size_t i) const noexcept;
  // All elements, of an array or set; all pairs, of a map or attribute: none of other kinds.
  detail::reply_elements elements() const noexcept;
  detail::reply_pairs pairs() const noexcept;
  // The attribute that came before this reply, or nothing. It is one of pairs. Servers up to Redis 8.0 and Valkey 9.1
  // say how many, but give none of them out; to_value() has them all the same. Since: Redis 7.0; before, there are
  // none.
  call_reply_ref attribute() const noexcept;

  // The error's text, its code included. Only where is_error(). Fails: throws std::bad_alloc.
  error_reply error() const;

  // The reply as a T: see call_traits. An error reply is the result's error, and so is a reply that is no T.
  template <class T>
  result<T> as() const;

  // All of it, to keep. Fails: throws std::bad_alloc.
  call_value to_value() const;
  // A server string of a string, simple string, error or integer; of other kinds, none. Its bytes are a copy.
  string to_string() const noexcept;
  // The bytes as the command wrote them.
  std::string_view protocol() const noexcept;

  constexpr abi::ModuleCallReply* raw() const noexcept { return raw_; }
  constexpr explicit operator bool() const noexcept { return raw_ != nullptr; }

 private:
  std::string_view other_text(reply_type kind) const noexcept;

  abi::ModuleCallReply* raw_ = nullptr;
};

namespace detail {

// What is read at a position of a reply when it is asked for.
template <class Value, Value (call_reply_ref::*At)(std::size_t) const noexcept>
class reply_iterator {
 public:
  using value_type = Value;
  using difference_type = std::ptrdiff_t;
  using reference = Value;
  using pointer = void;
  using iterator_category = std::input_iterator_tag;
  using iterator_concept = std::forward_iterator_tag;

  constexpr reply_iterator() noexcept = default;
  constexpr reply_iterator(call_reply_ref of, std::size_t at) noexcept : of_{of}, at_{at} {}

  Value operator*() const noexcept { return (of_.*At)(at_); }
  constexpr reply_iterator& operator++() noexcept {
    ++at_;
    return *this;
  }
  constexpr reply_iterator operator++(int) noexcept {
    reply_iterator before = *this;
    ++at_;
    return before;
  }
  friend constexpr bool operator==(const reply_iterator& a, const reply_iterator& b) noexcept { return a.at_ == b.at_; }

 private:
  call_reply_ref of_;
  std::size_t at_ = 0;
};

template <class Iterator>
class reply_range {
 public:
  reply_range(call_reply_ref of, std::size_t size) noexcept : of_{of}, size_{size} {}
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  Iterator begin() const noexcept { return {of_, 0}; }
  Iterator end() const noexcept { return {of_, size_}; }

 private:
  call_reply_ref of_;
  std::size_t size_;
};

class reply_elements : public reply_range < reply_iterator < call_reply_ref, &call_reply_ref::operator[]>> {
 public:
  using reply_range::reply_range;
};
class reply_pairs
    : public reply_range<reply_iterator<std::pair<call_reply_ref, call_reply_ref>, &call_reply_ref::pair>> {
 public:
  using reply_range::reply_range;
};

// The live replies of one frame: freeing a reply reads the context that it was made with, so none may outlive it.
class reply_owner;

struct reply_link {
  reply_link* next = nullptr;
  reply_link** at = nullptr;  // what points here
  abi::ModuleCallReply* raw = nullptr;
};

class reply_list {
 public:
  reply_list() noexcept = default;
  reply_list(const reply_list&) = delete;
  reply_list& operator=(const reply_list&) = delete;
  ~reply_list() {
    if (first_ != nullptr) [[unlikely]]
      abandon();
  }

 private:
  friend class reply_owner;

  // Frees the replies that were carried out of the frame; what holds them is empty from then on.
  [[gnu::cold]] void abandon() noexcept;

  reply_link* first_ = nullptr;
};

// Owns: a reply, as long as its frame.
class reply_owner : private reply_link {
 public:
  reply_owner(reply_list& frame, abi::ModuleCallReply* owned) noexcept {
    raw = owned;
    if (raw != nullptr) link(&frame.first_);
  }
  reply_owner(reply_owner&& other) noexcept {
    if (other.raw == nullptr) return;
    raw = std::exchange(other.raw, nullptr);
    next = other.next;
    at = other.at;
    *at = this;
    if (next != nullptr) next->at = &next;
  }
  reply_owner& operator=(reply_owner&&) = delete;
  ~reply_owner() {
    if (raw == nullptr) return;
    unlink();
    nothrow(api.FreeCallReply)(raw);
  }

  abi::ModuleCallReply* get() const noexcept { return raw; }
  abi::ModuleCallReply* release() noexcept {
    if (raw != nullptr) unlink();
    return std::exchange(raw, nullptr);
  }

 private:
  void link(reply_link** head) noexcept {
    at = head;
    next = *head;
    reply_link* self = this;
    asm("" : "+r"(self));  // g++ cannot see that the destructor unlinks, and would warn of replies on the stack
    *head = self;
    if (next != nullptr) next->at = &next;
  }
  void unlink() noexcept {
    *at = next;
    if (next != nullptr) next->at = at;
  }

  reply_owner(const reply_owner&) = delete;
  reply_owner& operator=(const reply_owner&) = delete;
};

}  // namespace detail

// The reply of a call that was just made, or why there is none.
// Owns: the reply. It lives in the frame of the callback that made the call: it can be returned and moved within it,
// but not assigned, and not made on the heap; one that is carried out all the same is emptied when the frame ends, and
// the log says so. to_value() makes what can be kept.
// Lock: held.
class call_reply {
 public:
  call_reply(detail::reply_list& frame, abi::ModuleCallReply* owned, bool may_be_resp3) noexcept
      : owner_{frame, owned}, may_be_resp3_{may_be_resp3} {}
  // No reply: the command was not run.
  call_reply(detail::reply_list& frame, error_reply why) noexcept : owner_{frame, nullptr}, why_{std::move(why)} {}
  call_reply(call_reply&&) noexcept = default;
  call_reply& operator=(call_reply&&) = delete;
  static void* operator new(std::size_t) = delete;
  static void* operator new[](std::size_t) = delete;

  // To read it. It lives as long as this object.
  call_reply_ref get() const& noexcept { return call_reply_ref{owner_.get()}; }
  call_reply_ref get() const&& = delete;
  operator call_reply_ref() const& noexcept { return get(); }
  operator call_reply_ref() const&& = delete;

  // An error also where the command was not run at all.
  reply_type type() const noexcept { return owner_.get() != nullptr ? detail::type_of(owner_.get()) : failed_type(); }
  bool is_error() const noexcept { return type() == reply_type::error; }
  bool is_null() const noexcept { return ref().is_null(); }
  // Whether the server answered: not where it refused the command, and not after a dry run of one that would have run.
  bool has_reply() const noexcept { return owner_.get() != nullptr; }
  // Whether the command was refused before it ran, and has no reply. A dry run that would succeed has none either.
  bool was_refused() const noexcept { return why_.c_str()[0] != '\0'; }
  // Only where is_error(). Fails: throws std::bad_alloc.
  error_reply error() const { return was_refused() ? why_ : ref().error(); }

  long long integer() const noexcept { return ref().integer(); }
  double real() const noexcept { return ref().real(); }
  bool boolean() const noexcept { return ref().boolean(); }
  std::string_view text() const& noexcept { return ref().text(); }
  std::string_view verbatim_format() const& noexcept { return ref().verbatim_format(); }
  std::size_t size() const noexcept { return ref().size(); }
  call_reply_ref operator[](std::size_t i) const& noexcept { return ref()[i]; }
  call_reply_ref operator[](std::size_t i) const&& = delete;
  std::pair<call_reply_ref, call_reply_ref> pair(std::size_t i) const& noexcept { return ref().pair(i); }
  detail::reply_elements elements() const& noexcept { return ref().elements(); }
  detail::reply_elements elements() const&& = delete;
  detail::reply_pairs pairs() const& noexcept { return ref().pairs(); }
  detail::reply_pairs pairs() const&& = delete;
  call_reply_ref attribute() const& noexcept { return ref().attribute(); }
  std::string_view protocol() const& noexcept { return ref().protocol(); }
  string to_string() const noexcept { return ref().to_string(); }

  // As call_reply_ref's. Where the command was refused, the reason is the error.
  template <class T>
  result<T> as() const {
    if (was_refused()) return why_;
    return ref().template as<T>();
  }
  call_value to_value() const;

  // Whether there may be something in it that a RESP2 client would not understand.
  bool may_be_resp3() const noexcept { return may_be_resp3_; }
  abi::ModuleCallReply* raw() const noexcept { return owner_.get(); }
  // The caller frees it, before the callback returns.
  [[nodiscard]] abi::ModuleCallReply* release() noexcept { return owner_.release(); }

 private:
  call_reply_ref ref() const noexcept { return call_reply_ref{owner_.get()}; }
  reply_type failed_type() const noexcept { return was_refused() ? reply_type::error : reply_type::unknown; }

  detail::reply_owner owner_;
  error_reply why_{""};
  bool may_be_resp3_ = false;
};

namespace detail {

// Why a reply is no T.
[[gnu::cold]] error_reply unexpected_reply(reply_type got, const char* wanted);
[[gnu::cold]] error_reply out_of_range();

result<long long> read_integer(call_reply_ref reply);
result<unsigned long long> read_unsigned(call_reply_ref reply);
result<double> read_number(call_reply_ref reply);
result<bool> read_bool(call_reply_ref reply);
result<std::string> read_text(call_reply_ref reply);
result<string> read_string(call_reply_ref reply);
result<void> read_done(call_reply_ref reply);

template <class T>
concept sequence = requires(T& all, typename T::value_type value) {
  all.push_back(std::move(value));
}
&&!std::is_convertible_v<T, std::string_view>;
template <class T>
concept associative = requires {
  typename T::key_type;
}
&&requires(T& all, typename T::value_type value) { all.insert(std::move(value)); };
template <class T>
concept mapping = associative<T> && requires {
  typename T::mapped_type;
};

template <class T>
inline constexpr bool is_pair = false;
template <class A, class B>
inline constexpr bool is_pair<std::pair<A, B>> = true;

// Calls add(key, value) for what can be read as pairs: a map; an array of pairs; an array of keys and values in turn.
template <class Add>
result<void> read_pairs(call_reply_ref reply, Add&& add) {
  const reply_type kind = reply.type();
  if (kind == reply_type::map || kind == reply_type::attribute) {
    for (auto [key, value] : reply.pairs()) {
      if (auto added = add(key, value); !added) return added;
    }
    return {};
  }
  if (kind == reply_type::error) return reply.error();
  if (kind != reply_type::array) return unexpected_reply(kind, "a map");
  const std::size_t size = reply.size();
  if (size != 0 && reply[0].type() == reply_type::array) {
    for (call_reply_ref each : reply.elements()) {
      if (each.size() != 2) return unexpected_reply(each.type(), "a pair");
      if (auto added = add(each[0], each[1]); !added) return added;
    }
    return {};
  }
  if (size % 2 != 0) return unexpected_reply(kind, "a map");
  for (std::size_t i = 0; i < size; i += 2) {
    if (auto added = add(reply[i], reply[i + 1]); !added) return added;
  }
  return {};
}

template <class T>
constexpr void check_call_type() {
  static_assert(!std::is_same_v<T, std::string_view> && !std::is_same_v<T, const char*>,
                "redismodule: the reply is gone when the call returns: take a std::string, or ctx.call() without a "
                "type, whose text() can be viewed");
  static_assert(callable_as<T>,
                "redismodule: the reply of a call is not read as this type: specialise redismodule::call_traits");
}

}  // namespace detail

// From an integer reply, or from a string that is one.
template <detail::integer T>
struct call_traits<T> {
  static result<T> read(call_reply_ref reply) {
    if constexpr (std::is_unsigned_v<T> && sizeof(T) == sizeof(long long)) {
      result<unsigned long long> value = detail::read_unsigned(reply);
      if (!value) return std::move(value).error();
      return static_cast<T>(*value);
    } else {
      const reply_type kind = reply.type();
      if (kind == reply_type::integer && std::is_same_v<T, long long>) [[likely]]
        return static_cast<T>(detail::nothrow(api.CallReplyInteger)(reply.raw()));
      result<long long> value = detail::read_integer(reply);
      if (!value) return std::move(value).error();
      if (static_cast<long long>(static_cast<T>(*value)) != *value) return detail::out_of_range();
      return static_cast<T>(*value);
    }
  }
};

// From a double or integer, or from a string that is one.
template <>
struct call_traits<double> {
  static result<double> read(call_reply_ref reply) { return detail::read_number(reply); }
};

// From a boolean or an integer, which is true unless it is 0; OK is true.
template <>
struct call_traits<bool> {
  static result<bool> read(call_reply_ref reply) { return detail::read_bool(reply); }
};

// From any text, and from an integer.
template <>
struct call_traits<std::string> {
  static result<std::string> read(call_reply_ref reply) { return detail::read_text(reply); }
};
template <>
struct call_traits<string> {
  static result<string> read(call_reply_ref reply) { return detail::read_string(reply); }
};

// All of it, errors too.
template <>
struct call_traits<call_value> {
  static result<call_value> read(call_reply_ref reply) { return reply.to_value(); }
};

// Nothing where the reply is null.
template <class T>
struct call_traits<std::optional<T>> {
  static result<std::optional<T>> read(call_reply_ref reply) {
    if (reply.is_null()) return std::optional<T>{};
    result<T> value = reply.as<T>();
    if (!value) return std::move(value).error();
    return std::optional<T>{*std::move(value)};
  }
};

// std::vector and its like: from an array or set. Of pairs: from a map as well.
template <detail::sequence T>
struct call_traits<T> {
  using element = typename T::value_type;

  static result<T> read(call_reply_ref reply) {
    T all;
    if constexpr (detail::is_pair<element>) {
      result<void> done = detail::read_pairs(reply, [&](call_reply_ref key, call_reply_ref value) -> result<void> {
        auto first = key.as<typename element::first_type>();
        if (!first) return std::move(first).error();
        auto second = value.as<typename element::second_type>();
        if (!second) return std::move(second).error();
        all.push_back(element{*std::move(first), *std::move(second)});
        return {};
      });
      if (!done) return std::move(done).error();
    } else {
      const reply_type kind = reply.type();
      if (kind == reply_type::error) return reply.error();
      if (kind != reply_type::array && kind != reply_type::set) return detail::unexpected_reply(kind, "an array");
      if constexpr (requires { all.reserve(reply.size()); }) all.reserve(reply.size());
      for (call_reply_ref each : reply.elements()) {
        result<element> value = each.as<element>();
        if (!value) return std::move(value).error();
        all.push_back(*std::move(value));
      }
    }
    return all;
  }
};

// std::set and its like: from a set or array.
template <detail::associative T>
requires(!detail::mapping<T>) struct call_traits<T> {
  static result<T> read(call_reply_ref reply) {
    const reply_type kind = reply.type();
    if (kind == reply_type::error) return reply.error();
    if (kind != reply_type::array && kind != reply_type::set) return detail::unexpected_reply(kind, "a set");
    T all;
    for (call_reply_ref each : reply.elements()) {
      result<typename T::value_type> value = each.as<typename T::value_type>();
      if (!value) return std::move(value).error();
      all.insert(*std::move(value));
    }
    return all;
  }
};

// std::map and its like: from a map, from an array of pairs, or from keys and values in turn, as RESP2 has them.
template <detail::mapping T>
struct call_traits<T> {
  static result<T> read(call_reply_ref reply) {
    T all;
    result<void> done = detail::read_pairs(reply, [&](call_reply_ref key, call_reply_ref value) -> result<void> {
      auto first = key.as<typename T::key_type>();
      if (!first) return std::move(first).error();
      auto second = value.as<typename T::mapped_type>();
      if (!second) return std::move(second).error();
      all.emplace(*std::move(first), *std::move(second));
      return {};
    });
    if (!done) return std::move(done).error();
    return all;
  }
};

// From an array of as many elements.
template <class... Values>
struct call_traits<std::tuple<Values...>> {
  static result<std::tuple<Values...>> read(call_reply_ref reply) {
    return read_at(reply, std::index_sequence_for<Values...>{});
  }

 private:
  template <std::size_t... Index>
  static result<std::tuple<Values...>> read_at(call_reply_ref reply, std::index_sequence<Index...>) {
    const reply_type kind = reply.type();
    if (kind == reply_type::error) return reply.error();
    if (kind != reply_type::array || reply.size() != sizeof...(Values)) {
      return detail::unexpected_reply(kind, "an array of another size");
    }
    std::tuple<result<Values>...> parts{reply[Index].template as<Values>()...};
    const error_reply* error = nullptr;
    ((error == nullptr && !std::get<Index>(parts) ? error = &std::get<Index>(parts).error() : nullptr), ...);
    if (error != nullptr) return *error;
    return std::tuple<Values...>{*std::move(std::get<Index>(parts))...};
  }
};

template <class First, class Second>
struct call_traits<std::pair<First, Second>> {
  static result<std::pair<First, Second>> read(call_reply_ref reply) {
    auto both = call_traits<std::tuple<First, Second>>::read(reply);
    if (!both) return std::move(both).error();
    return std::pair<First, Second>{std::move(std::get<0>(*both)), std::move(std::get<1>(*both))};
  }
};

template <class T>
result<T> call_reply_ref::as() const {
  if constexpr (std::is_void_v<T>) {
    return detail::read_done(*this);
  } else {
    detail::check_call_type<T>();
    return call_traits<T>::read(*this);
  }
}

inline detail::reply_elements call_reply_ref::elements() const noexcept {
  const reply_type kind = type();
  return {*this, kind == reply_type::array || kind == reply_type::set ? size() : 0};
}
inline detail::reply_pairs call_reply_ref::pairs() const noexcept {
  const reply_type kind = type();
  return {*this, kind == reply_type::map || kind == reply_type::attribute ? size() : 0};
}

}  // namespace redismodule
