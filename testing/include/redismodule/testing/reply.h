// What a server answers: one value, a tree where the answer is one, in RESP2 and RESP3.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace redismodule::testing {

// What this kit throws, always: it never asserts, and ends the process in one case only, at its exit, where a sanitizer
// has reported in a server and no test took the report.
class error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// How a reply becomes a T, for `reply::as<T>()`: `static T from(const reply&)`, which throws `testing::error` where it
// does not. Specialise it for types of your own.
template <class T>
struct reply_as;

// An answer as it came over the wire. A value: copied, compared and kept freely, long after its server is gone.
class reply {
 public:
  enum class kind : std::uint8_t {
    null,        // RESP2 `$-1` and `*-1`, RESP3 `_`
    integer,     // `:`
    string,      // `$`
    simple,      // `+`
    error,       // `-`, and RESP3 `!`
    array,       // `*`
    real,        // `,`
    boolean,     // `#`
    big_number,  // `(`
    verbatim,    // `=`
    set,         // `~`
    map,         // `%`
    push,        // `>`
  };

  // A null reply.
  reply() = default;

  static reply of_integer(std::int64_t value);
  static reply of_real(double value);
  static reply of_boolean(bool value);
  // `as` is any of the kinds that hold text: string, simple, error, big_number, verbatim.
  static reply of_text(kind as, std::string text, std::string format = {});
  // `as` is any of the kinds that hold elements. A map's are key, value, key, value, …
  static reply of_elements(kind as, std::vector<reply> elements);

  kind type() const noexcept { return kind_; }
  bool is_null() const noexcept { return kind_ == kind::null; }
  bool is_error() const noexcept { return kind_ == kind::error; }
  bool is_integer() const noexcept { return kind_ == kind::integer; }
  // string, simple or verbatim.
  bool is_string() const noexcept;
  // array, set or push.
  bool is_array() const noexcept;
  bool is_map() const noexcept { return kind_ == kind::map; }

  // Each of these throws `testing::error`, naming the reply, where the reply is of another kind.
  std::int64_t integer() const;
  // A real; or an integer or a string that reads as a number, which is what RESP2 makes of one.
  double real() const;
  bool boolean() const;
  // What these give belongs to the reply; of a reply that is about to go, as in `s.call(…).array()`, it is a value.
  //
  // The text of a string, simple, verbatim or big_number reply.
  const std::string& str() const&;
  std::string str() && { return std::string{str()}; }
  // The text of an error reply, its code included: `ERR no such key`.
  const std::string& error() const&;
  std::string error() && { return std::string{error()}; }
  // The elements of an array, set or push.
  const std::vector<reply>& array() const&;
  std::vector<reply> array() && { return std::vector<reply>{array()}; }
  // An element of `array()`.
  const reply& operator[](std::size_t index) const&;
  reply operator[](std::size_t index) && { return reply{(*this)[index]}; }
  // The pairs of a map, or of an array with an even number of elements, which is what RESP2 makes of one.
  std::vector<std::pair<reply, reply>> map() const;
  // The value of a key in `map()`.
  const reply& at(std::string_view key) const&;
  reply at(std::string_view key) && { return reply{at(key)}; }

  // The reply as a value of this type, in whichever of its forms RESP2 and RESP3 give it:
  //   integers       an integer in range, or a string that reads as one
  //   double         as real()
  //   bool           a boolean, or the integers 0 and 1
  //   std::string    as str()
  //   optional<T>    nothing for a null, else a T
  //   vector<T>      an array, set or push; set<T> likewise
  //   map<K, V>      as map(); unordered_map<K, V> likewise
  //   pair, tuple    an array of just so many elements
  //   reply          itself
  // and whatever `reply_as` is specialised for. Fails: `testing::error`, naming the reply, and where in it.
  template <class T>
  T as() const {
    return reply_as<T>::from(*this);
  }

  // The number of elements; of a map, of its pairs.
  std::size_t size() const;

  // The three letters (`txt`, `mkd`) of a verbatim reply.
  const std::string& verbatim_format() const;
  // RESP3 attributes that came before this reply: a map, or null when there were none.
  reply attributes() const;
  void set_attributes(reply attributes);

  // Kind and content, elements included; attributes are not compared.
  friend bool operator==(const reply& a, const reply& b);
  // Text equals a string, simple, verbatim or big_number reply; never an error: `.error()` is there for that.
  friend bool operator==(const reply& a, std::string_view b) noexcept;
  friend bool operator==(const reply& a, const char* b) noexcept { return a == std::string_view{b}; }
  friend bool operator==(const reply& a, const std::string& b) noexcept { return a == std::string_view{b}; }
  friend bool operator==(const reply& a, std::nullptr_t) noexcept { return a.is_null(); }
  template <std::integral T>
  friend bool operator==(const reply& a, T b) noexcept {
    if constexpr (std::same_as<T, bool>) {
      return a.kind_ == kind::boolean && (a.integer_ != 0) == b;
    } else {
      return a.kind_ == kind::integer && std::cmp_equal(a.integer_, b);
    }
  }
  template <std::floating_point T>
  friend bool operator==(const reply& a, T b) noexcept {
    return a.kind_ == kind::real && a.real_ == static_cast<double>(b);
  }
  // An array, set or push whose elements equal those of `b`, in order.
  template <class T>
  friend bool operator==(const reply& a, const std::vector<T>& b) {
    if (!a.is_array() || a.elements_.size() != b.size()) return false;
    for (std::size_t i = 0; i < b.size(); ++i) {
      if (!(a.elements_[i] == b[i])) return false;
    }
    return true;
  }

  // As redis-cli shows it, on one line: `(integer) 42`, `"text"`, `(error) ERR …`, `["a", (nil)]`, `{"k" => 1}`.
  friend std::ostream& operator<<(std::ostream& out, const reply& r);

 private:
  [[noreturn]] void not_a(const char* wanted) const;

  kind kind_ = kind::null;
  std::int64_t integer_ = 0;
  double real_ = 0;
  std::string text_;
  std::string format_;
  std::vector<reply> elements_;
  std::shared_ptr<const reply> attributes_;
};

std::string to_string(const reply& r);
const char* name_of(reply::kind kind) noexcept;

namespace detail {

// The integer in a reply. Fails: `testing::error`, when it is none, or not within these bounds.
std::int64_t integer_within(const reply& r, std::int64_t least, std::int64_t most);
std::uint64_t unsigned_within(const reply& r, std::uint64_t most);
bool truth_of(const reply& r);
// The elements of an array of exactly this many.
const std::vector<reply>& exactly(const reply& r, std::size_t count);
[[noreturn]] void failed_within(const reply& whole, const std::string& where, const error& failure);

template <class T>
T element_as(const reply& whole, std::size_t index) {
  try {
    return whole.array()[index].as<T>();
  } catch (const error& failure) {
    failed_within(whole, "element " + std::to_string(index), failure);
  }
}

template <class Container>
Container list_as(const reply& r) {
  Container result;
  for (std::size_t i = 0; i < r.array().size(); ++i) {
    result.insert(result.end(), element_as<typename Container::value_type>(r, i));
  }
  return result;
}

template <class Map>
Map map_as(const reply& r) {
  Map result;
  for (const std::pair<reply, reply>& pair : r.map()) {
    try {
      result.emplace(pair.first.as<typename Map::key_type>(), pair.second.as<typename Map::mapped_type>());
    } catch (const error& failure) {
      failed_within(r, "the pair of " + to_string(pair.first), failure);
    }
  }
  return result;
}

template <class Tuple, std::size_t... Index>
Tuple tuple_as(const reply& r, std::index_sequence<Index...>) {
  exactly(r, sizeof...(Index));
  return Tuple{element_as<std::tuple_element_t<Index, Tuple>>(r, Index)...};
}

}  // namespace detail

template <std::signed_integral T>
struct reply_as<T> {
  static T from(const reply& r) {
    using limits = std::numeric_limits<T>;
    return static_cast<T>(detail::integer_within(r, limits::min(), limits::max()));
  }
};

template <std::unsigned_integral T>
struct reply_as<T> {
  static T from(const reply& r) { return static_cast<T>(detail::unsigned_within(r, std::numeric_limits<T>::max())); }
};

template <>
struct reply_as<bool> {
  static bool from(const reply& r) { return detail::truth_of(r); }
};

template <std::floating_point T>
struct reply_as<T> {
  static T from(const reply& r) { return static_cast<T>(r.real()); }
};

template <>
struct reply_as<std::string> {
  static std::string from(const reply& r) { return r.str(); }
};

template <>
struct reply_as<reply> {
  static reply from(const reply& r) { return r; }
};

template <class T>
struct reply_as<std::optional<T>> {
  static std::optional<T> from(const reply& r) {
    if (r.is_null()) return std::nullopt;
    return r.as<T>();
  }
};

template <class T>
struct reply_as<std::vector<T>> {
  static std::vector<T> from(const reply& r) { return detail::list_as<std::vector<T>>(r); }
};

template <class T>
struct reply_as<std::set<T>> {
  static std::set<T> from(const reply& r) { return detail::list_as<std::set<T>>(r); }
};

template <class Key, class Value>
struct reply_as<std::map<Key, Value>> {
  static std::map<Key, Value> from(const reply& r) { return detail::map_as<std::map<Key, Value>>(r); }
};

template <class Key, class Value>
struct reply_as<std::unordered_map<Key, Value>> {
  static std::unordered_map<Key, Value> from(const reply& r) {
    return detail::map_as<std::unordered_map<Key, Value>>(r);
  }
};

template <class First, class Second>
struct reply_as<std::pair<First, Second>> {
  static std::pair<First, Second> from(const reply& r) {
    return detail::tuple_as<std::pair<First, Second>>(r, std::make_index_sequence<2>{});
  }
};

template <class... Elements>
struct reply_as<std::tuple<Elements...>> {
  static std::tuple<Elements...> from(const reply& r) {
    return detail::tuple_as<std::tuple<Elements...>>(r, std::index_sequence_for<Elements...>{});
  }
};

}  // namespace redismodule::testing
