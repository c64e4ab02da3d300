// Values to replies: one trait to extend.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "redismodule/abi/constants.h"
#include "redismodule/call_reply.h"
#include "redismodule/detail/fields.h"
#include "redismodule/detail/integer.h"
#include "redismodule/detail/names.h"
#include "redismodule/result.h"
#include "redismodule/string.h"

namespace redismodule {

// A simple string: simple{"PONG"}. A literal costs nothing; in other text, line breaks become spaces and other
// control characters \xNN.
class simple {
 public:
  constexpr explicit simple(detail::literal text) noexcept : line_{text} {}
  template <class Text>
  requires(!std::is_array_v<Text> && !std::is_same_v<Text, simple> &&
           std::is_convertible_v<const Text&, std::string_view>) explicit simple(const Text& text)
      : line_{std::string_view{text}} {}

  constexpr const char* c_str() const noexcept { return line_.c_str(); }

 private:
  detail::line line_;
};

// The reply OK.
struct ok_t {
  operator simple() const noexcept { return simple{"OK"}; }
};
inline constexpr ok_t ok{};

// A null array: to RESP2 clients another null than that of std::nullopt; to RESP3 clients, which have one null, that.
struct null_array_t {};
inline constexpr null_array_t null_array{};

namespace detail {

// Never defined: a format that reaches this does not compile, and the compiler prints the name.
void a_verbatim_format_is_three_printable_characters();

// Three printable characters: checked when compiled.
class verbatim_format {
 public:
  consteval verbatim_format(const char (&text)[4]) : text_{text} {
    for (int i = 0; i < 3; ++i) {
      if (is_control(text[i]) || text[i] == ' ') a_verbatim_format_is_three_printable_characters();
    }
  }
  constexpr const char* c_str() const noexcept { return text_; }
  constexpr bool is_text() const noexcept { return std::string_view{text_} == "txt"; }

 private:
  const char* text_;
};

}  // namespace detail

// Text for people, with its format: verbatim{"# Title", "mkd"}. RESP2 clients get a string. Views the text.
struct verbatim {
  std::string_view text;
  detail::verbatim_format format{"txt"};
};

// An integer of any size, as its digits, with a '-' in front or not. RESP2 clients get a string. Views the digits.
struct big_number {
  std::string_view digits;
};

// How a T is written. To return a type of your own from a handler, specialise it:
//
//   template <>
//   struct redismodule::reply_traits<point> {
//     static void write(reply& out, const point& p) { out.push(std::pair{p.x, p.y}); }
//   };
//
// write() writes one value: by one call of out's members, or by one array, set or map. Where it writes none, the client
// gets an error; of more than one, the first.
template <class T>
struct reply_traits;

class reply;

// A type that a handler may return.
template <class T>
concept replyable = requires(reply& out, T& value) {
  reply_traits<std::remove_cvref_t<T>>::write(out, value);
};

namespace detail {

enum class aggregate_kind : unsigned char { array, set, map, attribute };

int reply_bool(abi::ModuleCtx* ctx, bool value) noexcept;
int reply_large_integer(abi::ModuleCtx* ctx, unsigned long long value) noexcept;
int reply_big_number(abi::ModuleCtx* ctx, std::string_view digits) noexcept;
int reply_verbatim(abi::ModuleCtx* ctx, std::string_view text, const verbatim_format& format) noexcept;
int reply_uncounted_error(abi::ModuleCtx* ctx, const char* text) noexcept;
// What is not passed on byte by byte: refused calls, dry runs, RESP3 for a client that may speak RESP2.
[[gnu::cold]] int pass_other(abi::ModuleCtx* ctx, const call_reply& from);
// False where the client cannot have attributes. `size`: MODULE_POSTPONED_LEN, or in pairs.
bool begin_attribute(abi::ModuleCtx* ctx, long size) noexcept;
void begin_aggregate(abi::ModuleCtx* ctx, aggregate_kind kind, std::size_t size) noexcept;
void begin_postponed(abi::ModuleCtx* ctx, aggregate_kind kind) noexcept;
void end_postponed(abi::ModuleCtx* ctx, aggregate_kind kind, std::size_t values) noexcept;
// Values that were announced and never written: errors in their place keep the reply well formed.
void fill_aggregate(abi::ModuleCtx* ctx, std::size_t values) noexcept;

}  // namespace detail

class aggregate;

// Writes one reply straight to the client. What is written cannot be taken back: a handler that may still fail returns
// its reply instead. A second reply, as a value past the announced size of an array, set or map, is dropped: the client
// would take it for the answer to its next command. The log then names the command.
// Lock: held.
class reply {
 public:
  explicit reply(abi::ModuleCtx* ctx) noexcept : ctx_{ctx} {}
  reply(const reply&) = delete;
  reply& operator=(const reply&) = delete;

  void integer(long long value) noexcept {
    if (has_room()) wrote(detail::nothrow(api.ReplyWithLongLong)(ctx_, value));
  }
  // RESP3: a big number above the range of integers, where the server can; otherwise its digits.
  void unsigned_integer(unsigned long long value) noexcept {
    if (value <= static_cast<unsigned long long>(-1) / 2) return integer(static_cast<long long>(value));
    if (has_room()) wrote(detail::reply_large_integer(ctx_, value));
  }
  // RESP3: a big number, where the server can; otherwise its digits. Where they are no number, an error.
  void big_integer(std::string_view digits) noexcept {
    if (has_room()) wrote(detail::reply_big_number(ctx_, digits));
  }
  // A NaN loses its sign, which servers before 7.2 would show.
  void number(double value) noexcept {
    if (value != value) [[unlikely]]
      value = std::numeric_limits<double>::quiet_NaN();
    if (has_room()) wrote(detail::nothrow(api.ReplyWithDouble)(ctx_, value));
  }
  // With up to 17 digits after the point, without an exponent.
  void long_number(long double value) noexcept {
    if (value != value) [[unlikely]]
      value = std::numeric_limits<long double>::quiet_NaN();
    if (has_room()) wrote(detail::nothrow(api.ReplyWithLongDouble)(ctx_, value));
  }
  // RESP3: a boolean where the server can; otherwise 1 or 0.
  void boolean(bool value) noexcept {
    if (has_room()) wrote(detail::reply_bool(ctx_, value));
  }
  void text(std::string_view bytes) noexcept {
    // A view of nothing has no address, and servers copy from it by memcpy, which must have one even for no byte.
    const char* first = bytes.data() ? bytes.data() : "";
    if (has_room()) wrote(detail::nothrow(api.ReplyWithStringBuffer)(ctx_, first, bytes.size()));
  }
  // Where there is no string, an empty one.
  void text(string_ref string) noexcept {
    if (!has_room()) return;
    wrote(string ? detail::nothrow(api.ReplyWithString)(ctx_, string.raw())
                 : detail::nothrow(api.ReplyWithEmptyString)(ctx_));
  }
  // Up to the first zero byte.
  void text(const char* string) noexcept {
    if (has_room()) wrote(detail::nothrow(api.ReplyWithCString)(ctx_, string));
  }
  // RESP3: text with its format; where the server has no other formats than "txt", a string.
  void verbatim(std::string_view text, detail::verbatim_format format = {"txt"}) noexcept {
    if (has_room()) wrote(detail::reply_verbatim(ctx_, text, format));
  }
  void status(const simple& line) noexcept {
    if (has_room()) wrote(detail::nothrow(api.ReplyWithSimpleString)(ctx_, line.c_str()));
  }
  void error(const error_reply& line) noexcept {
    if (has_room()) wrote(detail::nothrow(api.ReplyWithError)(ctx_, line.c_str()));
  }
  // An error that INFO errorstats does not count, for one that is no news. Before Valkey 9.1 it is counted.
  void uncounted_error(const error_reply& line) noexcept {
    if (has_room()) wrote(detail::reply_uncounted_error(ctx_, line.c_str()));
  }
  void null() noexcept {
    if (has_room()) wrote(detail::nothrow(api.ReplyWithNull)(ctx_));
  }
  void null_array() noexcept {
    if (has_room()) wrote(detail::nothrow(api.ReplyWithNullArray)(ctx_));
  }
  void empty_array() noexcept {
    if (has_room()) wrote(detail::nothrow(api.ReplyWithEmptyArray)(ctx_));
  }
  void empty_text() noexcept {
    if (has_room()) wrote(detail::nothrow(api.ReplyWithEmptyString)(ctx_));
  }

  // What a call answered, as it is. Where it has what only RESP3 has and the client speaks RESP2, in the forms of that.
  // Where the command was not run, the error; after a dry run that would have succeeded, OK.
  void pass(const call_reply& from) {
    if (!has_room()) return;
    const bool as_it_is = from.raw() != nullptr && !from.may_be_resp3();
    wrote(as_it_is ? detail::nothrow(api.ReplyWithCallReply)(ctx_, from.raw()) : detail::pass_other(ctx_, from));
  }
  void pass(call_reply_ref from);

  // Any value that has reply_traits.
  template <class T>
  void push(T&& value) {
    if constexpr (replyable<T>) {
      reply_traits<std::remove_cvref_t<T>>::write(*this, value);
    } else {
      static_assert(!sizeof(std::remove_reference_t<T>*),
                    "redismodule: no reply can be made of this type: specialise redismodule::reply_traits");
    }
  }

  // An aggregate of `size` values (a map: of `size` pairs), or one that counts while it is written. Sets and maps are
  // arrays for RESP2 clients, and on servers before 7.0.
  aggregate array(std::size_t size) noexcept;
  aggregate set(std::size_t size) noexcept;
  aggregate map(std::size_t size) noexcept;
  aggregate array() noexcept;
  aggregate set() noexcept;
  aggregate map() noexcept;

  // RESP3: pairs about the value that is written next; not counted as a value. RESP2 clients and servers before 7.0
  // have none: there what is pushed is dropped.
  aggregate attribute(std::size_t size) noexcept;
  aggregate attribute() noexcept;

  // Whether nothing was written yet.
  bool empty() const noexcept { return values_ == 0; }

  // Whether something was dropped because it was too much.
  bool overflowed() const noexcept { return overflowed_; }

  // What the server answered last: for the callback to hand on.
  int code() const noexcept { return code_; }

 private:
  friend class aggregate;

  bool has_room() noexcept {
    if (values_ != limit_) [[likely]]
      return true;
    overflowed_ = true;
    return false;
  }
  void wrote(int code) noexcept {
    code_ = code;
    ++values_;
  }

  abi::ModuleCtx* ctx_;
  std::size_t values_ = 0;  // written so far in the innermost aggregate, or in all
  std::size_t limit_ = 1;   // how many there may be
  int code_ = abi::MODULE_OK;
  bool overflowed_ = false;
};

// An array, set or map while it is written; it ends with this object. Whatever happens in between, an exception
// included, the client gets as many values as were announced.
class [[nodiscard]] aggregate {
 public:
  aggregate(const aggregate&) = delete;
  aggregate& operator=(const aggregate&) = delete;
  ~aggregate() {
    if (size_ == postponed) {
      detail::end_postponed(out_.ctx_, kind_, out_.values_);
    } else if (out_.values_ < size_) [[unlikely]] {
      detail::fill_aggregate(out_.ctx_, size_ - out_.values_);
    }
    out_.values_ = values_after_;
    out_.limit_ = limit_after_;
    if (kind_ == detail::aggregate_kind::attribute) out_.overflowed_ = overflowed_before_;
  }

  // One value more; past the announced size it is dropped.
  template <class T>
  void push(T&& value) {
    out_.push(value);
  }
  // One pair more of a map.
  template <class Key, class Value>
  void push(Key&& key, Value&& value) {
    push(key);
    push(value);
  }

 private:
  friend class reply;

  static constexpr std::size_t postponed = static_cast<std::size_t>(-1);

  aggregate(reply& out, detail::aggregate_kind kind, std::size_t size) noexcept
      : out_{out},
        values_after_{std::exchange(out.values_, 0) + 1},
        limit_after_{std::exchange(out.limit_, size)},
        size_{size},
        kind_{kind} {}
  // An attribute: no value of its own. What is too much of one is dropped without a word.
  aggregate(reply& out, std::size_t size, std::size_t limit) noexcept
      : out_{out},
        values_after_{std::exchange(out.values_, 0)},
        limit_after_{std::exchange(out.limit_, limit)},
        size_{size},
        kind_{detail::aggregate_kind::attribute},
        overflowed_before_{out.overflowed_} {}
  // One that is dropped, with all that is pushed into it.
  explicit aggregate(reply& out) noexcept
      : out_{out},
        values_after_{std::exchange(out.values_, 0)},
        limit_after_{std::exchange(out.limit_, 0)},
        size_{0},
        kind_{detail::aggregate_kind::array} {}

  reply& out_;
  std::size_t values_after_;  // what out_ goes on with
  std::size_t limit_after_;
  std::size_t size_;  // in values: two for a map's pair
  detail::aggregate_kind kind_;
  bool overflowed_before_ = false;
};

inline aggregate reply::array(std::size_t size) noexcept {
  if (!has_room()) return aggregate{*this};
  detail::nothrow(api.ReplyWithArray)(ctx_, static_cast<long>(size));
  return {*this, detail::aggregate_kind::array, size};
}
inline aggregate reply::set(std::size_t size) noexcept {
  if (!has_room()) return aggregate{*this};
  detail::begin_aggregate(ctx_, detail::aggregate_kind::set, size);
  return {*this, detail::aggregate_kind::set, size};
}
inline aggregate reply::map(std::size_t size) noexcept {
  if (!has_room()) return aggregate{*this};
  detail::begin_aggregate(ctx_, detail::aggregate_kind::map, size);
  return {*this, detail::aggregate_kind::map, 2 * size};
}
inline aggregate reply::array() noexcept {
  if (!has_room()) return aggregate{*this};
  detail::begin_postponed(ctx_, detail::aggregate_kind::array);
  return {*this, detail::aggregate_kind::array, aggregate::postponed};
}
inline aggregate reply::set() noexcept {
  if (!has_room()) return aggregate{*this};
  detail::begin_postponed(ctx_, detail::aggregate_kind::set);
  return {*this, detail::aggregate_kind::set, aggregate::postponed};
}
inline aggregate reply::map() noexcept {
  if (!has_room()) return aggregate{*this};
  detail::begin_postponed(ctx_, detail::aggregate_kind::map);
  return {*this, detail::aggregate_kind::map, aggregate::postponed};
}

inline aggregate reply::attribute(std::size_t size) noexcept {
  const bool is_written = values_ != limit_ && detail::begin_attribute(ctx_, static_cast<long>(size));
  return is_written ? aggregate{*this, 2 * size, 2 * size} : aggregate{*this, 0, 0};
}
inline aggregate reply::attribute() noexcept {
  const bool is_written = values_ != limit_ && detail::begin_attribute(ctx_, abi::MODULE_POSTPONED_LEN);
  return is_written ? aggregate{*this, aggregate::postponed, aggregate::postponed} : aggregate{*this, 0, 0};
}

namespace detail {

template <class T>
concept sized_range = !textual<T> && requires(T & range) {
  { range.size() } -> std::convertible_to<std::size_t>;
  { range.begin() != range.end() } -> std::convertible_to<bool>;
  *range.begin();
};

template <class T>
concept variant_like = requires(const T& value) {
  value.valueless_by_exception();
  value.index();
};

template <class T>
concept set_like = sized_range<T> && requires {
  typename T::key_type;
} && !requires {
  typename T::mapped_type;
};
template <class T>
concept map_like = sized_range<T> && requires {
  typename T::key_type;
  typename T::mapped_type;
};

template <class Range>
void push_all(aggregate out, Range& values) {
  using reference = decltype(*values.begin());
  for (auto&& value : values) {
    if constexpr (!std::is_reference_v<reference> && requires { typename Range::value_type; }) {
      out.push(static_cast<typename Range::value_type>(value));  // the reference may be a proxy, as of vector<bool>
    } else {
      out.push(value);
    }
  }
}

}  // namespace detail

// A count of their own unit, as arguments of these types are; a time, since 1970.
template <class Rep, class Period>
struct reply_traits<std::chrono::duration<Rep, Period>> {
  static void write(reply& out, std::chrono::duration<Rep, Period> value) noexcept { out.push(value.count()); }
};
template <class Duration>
struct reply_traits<std::chrono::sys_time<Duration>> {
  static void write(reply& out, std::chrono::sys_time<Duration> value) noexcept { out.push(value.time_since_epoch()); }
};

template <detail::integer T>
struct reply_traits<T> {
  static void write(reply& out, T value) noexcept {
    if constexpr (std::is_unsigned_v<T> && sizeof(T) >= sizeof(long long)) {
      out.unsigned_integer(value);
    } else {
      out.integer(value);
    }
  }
};

template <std::floating_point T>
struct reply_traits<T> {
  static void write(reply& out, T value) noexcept {
    if constexpr (std::is_same_v<T, long double>) {
      out.long_number(value);
    } else {
      out.number(static_cast<double>(value));
    }
  }
};

template <>
struct reply_traits<bool> {
  static void write(reply& out, bool value) noexcept { out.boolean(value); }
};

// An enum with names: the first one of the value, as a bulk string; null where it has none.
template <named_enum T>
struct reply_traits<T> {
  static void write(reply& out, T value) noexcept {
    for (const auto& each : names_of<T>.all) {
      if (each.value == value) return out.text(std::string_view{each.name});
    }
    out.null();
  }
};

// std::string, std::string_view, const char*: bulk strings.
template <class T>
requires(std::is_same_v<T, const char*> || std::is_same_v<T, char*>) struct reply_traits<T> {
  static void write(reply& out, const char* value) noexcept { out.text(value); }
};
template <detail::textual T>
requires(!std::is_pointer_v<T>) struct reply_traits<T> {
  static void write(reply& out, std::string_view value) noexcept { out.text(value); }
};

template <>
struct reply_traits<string_ref> {
  static void write(reply& out, string_ref value) noexcept { out.text(value); }
};

template <>
struct reply_traits<string> {
  static void write(reply& out, const string& value) noexcept { out.text(value.borrow()); }
};

template <>
struct reply_traits<simple> {
  static void write(reply& out, const simple& value) noexcept { out.status(value); }
};

template <>
struct reply_traits<ok_t> {
  static void write(reply& out, ok_t value) noexcept { out.status(value); }
};

template <>
struct reply_traits<error_reply> {
  static void write(reply& out, const error_reply& value) noexcept { out.error(value); }
};

template <>
struct reply_traits<null_array_t> {
  static void write(reply& out, null_array_t) noexcept { out.null_array(); }
};

template <>
struct reply_traits<verbatim> {
  static void write(reply& out, const verbatim& value) noexcept { out.verbatim(value.text, value.format); }
};

template <>
struct reply_traits<big_number> {
  static void write(reply& out, big_number value) noexcept { out.big_integer(value.digits); }
};

template <>
struct reply_traits<stream_id> {
  static void write(reply& out, const stream_id& id) noexcept;
};

// What a call answered.
template <>
struct reply_traits<call_reply> {
  static void write(reply& out, const call_reply& from) { out.pass(from); }
};
template <>
struct reply_traits<call_reply_ref> {
  static void write(reply& out, call_reply_ref from) { out.pass(from); }
};
template <>
struct reply_traits<call_value> {
  static void write(reply& out, const call_value& value);
};

template <>
struct reply_traits<std::nullopt_t> {
  static void write(reply& out, std::nullopt_t) noexcept { out.null(); }
};

template <>
struct reply_traits<std::nullptr_t> {
  static void write(reply& out, std::nullptr_t) noexcept { out.null(); }
};

template <replyable T>
struct reply_traits<std::optional<T>> {
  static void write(reply& out, const std::optional<T>& value) { value ? out.push(*value) : out.null(); }
};

template <class T>
requires(std::is_void_v<T> || replyable<T>) struct reply_traits<result<T>> {
  static void write(reply& out, const result<T>& value) {
    if (!value) return out.error(value.error());
    if constexpr (std::is_void_v<T>) {
      out.status(ok);
    } else {
      out.push(*value);
    }
  }
};

template <replyable... Values>
struct reply_traits<std::tuple<Values...>> {
  static void write(reply& out, const std::tuple<Values...>& values) {
    aggregate array = out.array(sizeof...(Values));
    std::apply([&](const Values&... each) { (array.push(each), ...); }, values);
  }
};

template <replyable First, replyable Second>
struct reply_traits<std::pair<First, Second>> {
  static void write(reply& out, const std::pair<First, Second>& values) {
    aggregate array = out.array(2);
    array.push(values.first);
    array.push(values.second);
  }
};

// One of its alternatives, whichever it is; where it is none, because an exception came between, null.
template <template <class...> class Variant, replyable... Values>
requires detail::variant_like<Variant<Values...>>
struct reply_traits<Variant<Values...>> {
  static void write(reply& out, const Variant<Values...>& value) {
    if (value.valueless_by_exception()) return out.null();
    visit([&](const auto& held) { out.push(held); }, value);
  }
};

// A struct with described fields: a map of their names.
template <detail::described T>
struct reply_traits<T> {
  static void write(reply& out, const T& value) {
    aggregate map = out.map(detail::field_count<T>);
    detail::for_each_field(value, [&](std::string_view name, const auto& field) { map.push(name, field); });
  }
};

// Whatever has size(), begin() and end(): a set if it has keys, a map if it maps them, an array otherwise.
template <detail::sized_range T>
requires(!detail::set_like<T> && !detail::map_like<T>) struct reply_traits<T> {
  template <class Range>
  static void write(reply& out, Range& values) {
    detail::push_all(out.array(values.size()), values);
  }
};

template <detail::set_like T>
struct reply_traits<T> {
  static void write(reply& out, const T& values) { detail::push_all(out.set(values.size()), values); }
};

template <detail::map_like T>
struct reply_traits<T> {
  static void write(reply& out, const T& values) {
    aggregate map = out.map(values.size());
    for (const auto& [key, value] : values) map.push(key, value);
  }
};

}  // namespace redismodule
