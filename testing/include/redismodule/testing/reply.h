// What a server answers: one value, a tree where the answer is one, in RESP2 and RESP3.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redismodule::testing {

// What this kit throws, always: it never asserts and never ends the process.
class error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

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
  // The text of a string, simple, verbatim or big_number reply.
  const std::string& str() const;
  // The text of an error reply, its code included: `ERR no such key`.
  const std::string& error() const;
  // The elements of an array, set or push.
  const std::vector<reply>& array() const;
  // The pairs of a map, or of an array with an even number of elements, which is what RESP2 makes of one.
  std::vector<std::pair<reply, reply>> map() const;
  // An element of `array()`.
  const reply& operator[](std::size_t index) const;
  // The value of a key in `map()`. Not a copy: belongs to this reply.
  const reply& at(std::string_view key) const;

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

}  // namespace redismodule::testing
