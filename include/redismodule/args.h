// Arguments to values: one trait to extend.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "redismodule/abi/constants.h"
#include "redismodule/describe.h"
#include "redismodule/detail/integer.h"
#include "redismodule/detail/letters.h"
#include "redismodule/detail/names.h"
#include "redismodule/result.h"
#include "redismodule/string.h"

namespace redismodule {

// Whether an argument could be decoded; if not, the error's words, its code first. What it is made of is a literal:
// the name of the argument is added when the error is sent.
class decode_status {
 public:
  constexpr decode_status() noexcept = default;
  constexpr decode_status(detail::literal error) noexcept : error_{error.c_str()} {}

  // Words that were put together when compiled; they are one line, as a literal is.
  static constexpr decode_status from_text(const char* error) noexcept {
    decode_status status;
    status.error_ = error;
    return status;
  }

  constexpr bool good() const noexcept { return error_ == nullptr; }
  // Only where not good().
  constexpr const char* error() const noexcept { return error_; }

 private:
  const char* error_ = nullptr;
};

inline constexpr decode_status decoded{};

// How one argument becomes a T. To take a type of your own as a parameter, specialise it:
//
//   template <>
//   struct redismodule::arg_traits<colour> {
//     static decode_status decode(string_ref argument, colour& value);   // `return decoded;` or {"ERR no such colour"}
//   };
//
// T is default constructible. Two members are optional: `static constexpr abi::ModuleCommandArgType type`, what COMMAND
// DOCS says the argument is (a string, if it is not said), and `static constexpr bool infallible = true`, if decode
// always succeeds.
template <class T>
struct arg_traits;

// A type that one argument can become.
template <class T>
concept argument = std::default_initializable<T> && requires(string_ref text, T& value) {
  { arg_traits<T>::decode(text, value) } -> std::same_as<decode_status>;
};

namespace detail {

inline constexpr literal not_an_integer{"ERR value is not an integer or out of range"};
inline constexpr literal not_a_float{"ERR value is not a valid float"};

bool decode_unsigned(string_ref text, unsigned long long& value) noexcept;
bool decode_bool(string_ref text, bool& value) noexcept;
bool decode_float(string_ref text, float& value) noexcept;

// The server hands over no null pointer: said to the compiler, so that what checks a string_ref costs nothing here.
inline string_ref argument_at(abi::ModuleString** at) noexcept {
  abi::ModuleString* raw = *at;
  if (raw == nullptr) __builtin_unreachable();
  return string_ref{raw};
}

template <class T>
constexpr abi::ModuleCommandArgType arg_type() noexcept {
  if constexpr (requires { arg_traits<T>::type; }) {
    return arg_traits<T>::type;
  } else {
    return abi::MODULE_ARG_TYPE_STRING;
  }
}

template <class T>
constexpr bool decodes_always() noexcept {
  if constexpr (requires { arg_traits<T>::infallible; }) {
    return arg_traits<T>::infallible;
  } else {
    return false;
  }
}

}  // namespace detail

// As the server decodes integers: an optional '-', digits, no leading zero, no '+', no spaces; then the type's range.
// Unsigned 64-bit numbers follow the same rules on every server (StringToULongLong, where there is one, lets "+5" and
// "-18446744073709551615" through).
template <detail::integer T>
struct arg_traits<T> {
  static constexpr abi::ModuleCommandArgType type = abi::MODULE_ARG_TYPE_INTEGER;

  static decode_status decode(string_ref text, T& value) noexcept {
    if constexpr (std::is_same_v<T, long long>) {
      if (detail::nothrow(api.StringToLongLong)(text.raw(), &value) != abi::MODULE_OK) return detail::not_an_integer;
    } else if constexpr (std::is_unsigned_v<T> && sizeof(T) == sizeof(long long)) {
      unsigned long long number;
      if (!detail::decode_unsigned(text, number)) return detail::not_an_integer;
      value = number;
    } else {
      long long number;
      if (detail::nothrow(api.StringToLongLong)(text.raw(), &number) != abi::MODULE_OK) return detail::not_an_integer;
      value = static_cast<T>(number);
      if (value != number) return detail::not_an_integer;
    }
    return decoded;
  }
};

// As the server decodes floats: what strtod takes, all of it, "inf" included; no NaN, no spaces before it.
template <>
struct arg_traits<double> {
  static constexpr abi::ModuleCommandArgType type = abi::MODULE_ARG_TYPE_DOUBLE;
  static decode_status decode(string_ref text, double& value) noexcept {
    if (detail::nothrow(api.StringToDouble)(text.raw(), &value) != abi::MODULE_OK) return detail::not_a_float;
    return decoded;
  }
};

// A double that a float can hold: rounded, but not to infinity.
template <>
struct arg_traits<float> {
  static constexpr abi::ModuleCommandArgType type = abi::MODULE_ARG_TYPE_DOUBLE;
  static decode_status decode(string_ref text, float& value) noexcept {
    if (!detail::decode_float(text, value)) return detail::not_a_float;
    return decoded;
  }
};

// Likewise, with the precision of a long double.
template <>
struct arg_traits<long double> {
  static constexpr abi::ModuleCommandArgType type = abi::MODULE_ARG_TYPE_DOUBLE;
  static decode_status decode(string_ref text, long double& value) noexcept {
    if (detail::nothrow(api.StringToLongDouble)(text.raw(), &value) != abi::MODULE_OK) return detail::not_a_float;
    return decoded;
  }
};

// yes, no, true, false, 1 and 0, in any case.
template <>
struct arg_traits<bool> {
  static decode_status decode(string_ref text, bool& value) noexcept {
    if (!detail::decode_bool(text, value)) return detail::literal{"ERR value is not a boolean: use yes or no"};
    return decoded;
  }
};

// The bytes, until the handler returns.
template <>
struct arg_traits<std::string_view> {
  static constexpr bool infallible = true;
  static decode_status decode(string_ref text, std::string_view& value) noexcept {
    value = text.view();
    return decoded;
  }
};

// The server's own string, until the handler returns: to hand on to the server without a copy.
template <>
struct arg_traits<string_ref> {
  static constexpr bool infallible = true;
  static decode_status decode(string_ref text, string_ref& value) noexcept {
    value = text;
    return decoded;
  }
};

// A reference to the server's string, to keep.
template <>
struct arg_traits<string> {
  static constexpr bool infallible = true;
  static decode_status decode(string_ref text, string& value) noexcept {
    value = string::retain(text);
    return decoded;
  }
};

// A copy of the bytes, to keep and to change.
template <>
struct arg_traits<std::string> {
  static constexpr bool infallible = true;
  static decode_status decode(string_ref text, std::string& value) {
    value = text.view();
    return decoded;
  }
};

// A count of this unit, as `EX seconds`: an integer, within what the duration can hold. Of floating point: a float.
template <class Rep, class Period>
requires(detail::integer<Rep> || std::is_same_v<Rep, double>) struct arg_traits<std::chrono::duration<Rep, Period>> {
  static constexpr abi::ModuleCommandArgType type = arg_traits<Rep>::type;
  static decode_status decode(string_ref text, std::chrono::duration<Rep, Period>& value) noexcept {
    Rep count{};
    const decode_status status = arg_traits<Rep>::decode(text, count);
    value = std::chrono::duration<Rep, Period>{count};
    return status;
  }
};

// A Unix time in this unit: std::chrono::sys_seconds, sys_time<std::chrono::milliseconds>.
template <class Duration>
requires(argument<Duration>) struct arg_traits<std::chrono::sys_time<Duration>> {
  static constexpr abi::ModuleCommandArgType type = abi::MODULE_ARG_TYPE_UNIX_TIME;
  static decode_status decode(string_ref text, std::chrono::sys_time<Duration>& value) noexcept {
    Duration since_epoch{};
    const decode_status status = arg_traits<Duration>::decode(text, since_epoch);
    value = std::chrono::sys_time<Duration>{since_epoch};
    return status;
  }
};

// A duration with its unit written behind the number: 250ms, 10s, 5m, 2h, 1d; a bare number counts Duration's own unit.
// Fails to decode what is not a whole number of that unit.
template <class Duration>
struct with_unit {
  Duration value{};
  constexpr operator Duration() const noexcept { return value; }
};

// A number of bytes, written as in the server's configuration: 512, 64kb, 1gb (powers of 1,024), 1k, 1m, 1g (of 1,000).
struct byte_count {
  unsigned long long value = 0;
  constexpr operator unsigned long long() const noexcept { return value; }
};

namespace detail {

// In nanoseconds a unit; a bare number has the unit `bare`. Fails: false, also where it is no multiple of `bare`.
bool decode_duration(string_ref text, long long bare, long long& count) noexcept;
bool decode_bytes(string_ref text, unsigned long long& value) noexcept;

}  // namespace detail

template <detail::integer Rep, class Period>
struct arg_traits<with_unit<std::chrono::duration<Rep, Period>>> {
  using duration = std::chrono::duration<Rep, Period>;
  static_assert(std::ratio_greater_equal_v<Period, std::nano>, "redismodule: no unit is shorter than a nanosecond");

  static decode_status decode(string_ref text, with_unit<duration>& value) noexcept {
    constexpr long long bare = std::chrono::nanoseconds{std::chrono::duration<long long, Period>{1}}.count();
    long long count = 0;
    const bool good = detail::decode_duration(text, bare, count) && std::in_range<Rep>(count);
    if (!good) return detail::literal{"ERR value is not a duration: use ms, s, m, h or d"};
    value.value = duration{static_cast<Rep>(count)};
    return decoded;
  }
};

template <>
struct arg_traits<byte_count> {
  static decode_status decode(string_ref text, byte_count& value) noexcept {
    if (!detail::decode_bytes(text, value.value))
      return detail::literal{"ERR argument must be a memory value: use b, kb, mb or gb"};
    return decoded;
  }
};

// An integer from Least to Most.
template <detail::integer T, T Least, T Most>
struct bounded {
  static_assert(Least <= Most);
  T value = Least;
  constexpr operator T() const noexcept { return value; }
};

template <detail::integer T, T Least, T Most>
struct arg_traits<bounded<T, Least, Most>> {
  static constexpr abi::ModuleCommandArgType type = abi::MODULE_ARG_TYPE_INTEGER;
  static decode_status decode(string_ref text, bounded<T, Least, Most>& value) noexcept {
    const decode_status status = arg_traits<T>::decode(text, value.value);
    if (!status.good()) return status;
    if (value.value < Least || value.value > Most)
      return decode_status::from_text(detail::error_of_range<Least, Most>.text);
    return decoded;
  }
};

// An enum that its author has named: constexpr auto describe(rm::of<colour>) { return rm::names<colour>({{"red",
// colour::red}, …}); } A name is found in any case.
template <named_enum T>
struct arg_traits<T> {
  static decode_status decode(string_ref text, T& value) noexcept {
    const std::string_view written = text.view();
    for (const auto& each : names_of<T>.all) {
      if (!detail::equal_in_any_case(written, each.name)) continue;
      value = each.value;
      return decoded;
    }
    return decode_status::from_text(detail::error_of_names<T>.text);
  }
};

namespace detail {

// How an element of a rest is made from consecutive arguments.
template <class T>
struct element {
  static_assert(argument<T>,
                "redismodule: the elements of this rest are of no argument type: specialise redismodule::arg_traits");
  static constexpr int width = 1;
  static constexpr bool infallible = decodes_always<T>();
  static T make(abi::ModuleString** at) {
    T value{};
    static_cast<void>(arg_traits<T>::decode(argument_at(at), value));
    return value;
  }
  // `at` moves to what could not be decoded.
  static decode_status check(abi::ModuleString**& at) {
    T value{};
    decode_status status = arg_traits<T>::decode(argument_at(at), value);
    if (status.good()) ++at;
    return status;
  }
};

// One argument that is a key, which is not decoded: rm::key_name, rm::read and rm::write.
template <class T>
inline constexpr bool is_key_argument = false;

template <class First, class Second>
struct element<std::pair<First, Second>> {
  static_assert(is_key_argument<First> || argument<First>, "redismodule: the parts of a pair are one argument each");
  static_assert(argument<Second>,
                "redismodule: the parts of a pair are one argument each, and only the first is a key");
  static constexpr int width = 2;
  static constexpr bool infallible = decodes_always<First>() && decodes_always<Second>();
  static std::pair<First, Second> make(abi::ModuleString** at) {
    return {element<First>::make(at), element<Second>::make(at + 1)};
  }
  static decode_status check(abi::ModuleString**& at) {
    decode_status status = element<First>::check(at);
    return status.good() ? element<Second>::check(at) : status;
  }
};

template <class... Parts>
struct element<std::tuple<Parts...>> {
  static_assert((argument<Parts> && ...), "redismodule: the parts of a tuple are one argument each, and no keys");
  static constexpr int width = sizeof...(Parts);
  static constexpr bool infallible = (decodes_always<Parts>() && ...);
  static std::tuple<Parts...> make(abi::ModuleString** at) {
    return make_each(at, std::make_index_sequence<sizeof...(Parts)>{});
  }
  static decode_status check(abi::ModuleString**& at) {
    decode_status status = decoded;
    static_cast<void>((true && ... && (status = element<Parts>::check(at)).good()));
    return status;
  }

 private:
  template <std::size_t... Index>
  static std::tuple<Parts...> make_each(abi::ModuleString** at, std::index_sequence<Index...>) {
    return {element<Parts>::make(at + Index)...};
  }
};

// Walks over arguments and makes the values as they are asked for.
template <class Element, class Value>
class arg_iterator {
 public:
  using value_type = Value;
  using difference_type = std::ptrdiff_t;
  using reference = Value;
  using pointer = void;
  using iterator_category = std::input_iterator_tag;
  using iterator_concept = std::forward_iterator_tag;

  constexpr arg_iterator() noexcept = default;
  constexpr explicit arg_iterator(abi::ModuleString** at) noexcept : at_{at} {}

  Value operator*() const { return Element::make(at_); }
  constexpr arg_iterator& operator++() noexcept {
    at_ += Element::width;
    return *this;
  }
  constexpr arg_iterator operator++(int) noexcept {
    arg_iterator before = *this;
    ++*this;
    return before;
  }
  friend constexpr bool operator==(arg_iterator, arg_iterator) noexcept = default;

 private:
  abi::ModuleString** at_ = nullptr;
};

}  // namespace detail

// As a handler's last parameter: all arguments that are left, maybe none. They were all decoded once before the handler
// runs, and each is decoded again when it is asked for: nothing is allocated. T may be a std::pair or a std::tuple:
// then arguments come in twos, or so many at a time. Owns: nothing; good until the handler returns.
template <class T>
class rest {
  using element = detail::element<T>;

 public:
  using value_type = T;
  using iterator = detail::arg_iterator<element, T>;

  constexpr rest() noexcept = default;
  constexpr rest(abi::ModuleString** first, std::size_t size) noexcept : first_{first}, size_{size} {}

  constexpr std::size_t size() const noexcept { return size_; }
  constexpr bool empty() const noexcept { return size_ == 0; }
  constexpr iterator begin() const noexcept { return iterator{first_}; }
  constexpr iterator end() const noexcept { return iterator{first_ + size_ * element::width}; }
  // Only where i < size().
  T operator[](std::size_t i) const { return element::make(first_ + i * element::width); }
  // The arguments as the server has them, size() of them, or as many times more where T is a pair or tuple.
  constexpr abi::ModuleString** raw() const noexcept { return first_; }

 private:
  abi::ModuleString** first_ = nullptr;
  std::size_t size_ = 0;
};

// A rest that is not empty.
template <class T>
class at_least_one : public rest<T> {
 public:
  using rest<T>::rest;
  T front() const { return (*this)[0]; }
};

// A number, and that many arguments: `numkeys key...`. Stands anywhere, also before other arguments.
template <class T>
class count_then : public rest<T> {
 public:
  using rest<T>::rest;
  T front() const { return (*this)[0]; }
};

// The raw arguments: without the command's name as a handler's parameter, all of them in module_builder::args().
// Owns: nothing; good until the handler returns.
class args : public rest<string_ref> {
 public:
  using rest<string_ref>::rest;

  // The i-th as a T. Fails: an error that names the position, where there is none or it is not a T.
  template <argument T>
  result<T> at(std::size_t i) const {
    if (i >= size()) return missing(i);
    T value{};
    decode_status status = arg_traits<T>::decode((*this)[i], value);
    if (!status.good()) return wrong(i, status);
    return value;
  }

 private:
  static error_reply missing(std::size_t i);
  static error_reply wrong(std::size_t i, decode_status status);
};

}  // namespace redismodule
