// Text from values, by a format that is checked when compiled: no C varargs, no streams.
//
//   rm::format("{} of {}", 3, name)               a std::string
//   rm::string::format("user:{}", id)             a string of the server's
//   rm::format_error("ERR no such member {}", m)  an error for the client, whose bytes are escaped and cut
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "redismodule/detail/integer.h"
#include "redismodule/result.h"

namespace redismodule {

namespace detail {

// Never defined: a format that reaches one of these does not compile, and the compiler prints the name.
void a_format_has_one_pair_of_braces_for_each_value();
void a_brace_that_is_not_a_place_is_doubled();

template <class T>
concept text_like = std::is_convertible_v<const T&, std::string_view>;

}  // namespace detail

// What a place in a format can be filled with: text, integers, floats, bool, and one char.
template <class T>
concept formattable = detail::text_like<T> || detail::integer<T> || std::floating_point<T> || std::same_as<T, bool> ||
    std::same_as<T, char>;

// A format literal for values of these types: "{}" stands for the next value, "{{" and "}}" for a brace.
template <class... Args>
class basic_format {
 public:
  template <std::size_t N>
  consteval basic_format(const char (&text)[N]) : text_{text}, size_{N - 1} {
    std::size_t places = 0;
    for (std::size_t i = 0; i + 1 < N; ++i) {
      if (text[i] != '{' && text[i] != '}') continue;
      if (text[i] == '{' && text[i + 1] == '}') {
        ++places;
      } else if (text[i] != text[i + 1]) {
        detail::a_brace_that_is_not_a_place_is_doubled();
      }
      ++i;
    }
    if (places != sizeof...(Args)) detail::a_format_has_one_pair_of_braces_for_each_value();
  }
  constexpr std::string_view view() const noexcept { return {text_, size_}; }

 private:
  const char* text_;
  std::size_t size_;
};

template <class... Args>
using format_for = basic_format<std::type_identity_t<Args>...>;

// Text under way: in the object while it is short, on the heap when it grows.
template <std::size_t Room = 256>
class text_buffer {
 public:
  text_buffer() noexcept = default;
  text_buffer(const text_buffer&) = delete;
  text_buffer& operator=(const text_buffer&) = delete;
  ~text_buffer() {
    if (text_ != room_) delete[] text_;
  }

  // Fails: throws std::bad_alloc.
  void append(std::string_view bytes) {
    if (capacity_ - size_ < bytes.size()) grow(bytes.size());
    if (!bytes.empty()) std::memcpy(text_ + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  std::string_view view() const noexcept { return {text_, size_}; }

 private:
  void grow(std::size_t more) {
    const std::size_t wanted = size_ + more;
    const std::size_t capacity = wanted > 2 * capacity_ ? wanted : 2 * capacity_;
    char* text = new char[capacity];
    std::memcpy(text, text_, size_);
    if (text_ != room_) delete[] text_;
    text_ = text;
    capacity_ = capacity;
  }

  char room_[Room];
  char* text_ = room_;
  std::size_t size_ = 0;
  std::size_t capacity_ = Room;
};

namespace detail {

// A number as text, in the object.
class number_text {
 public:
  template <integer T>
  explicit number_text(T value) noexcept
      : size_{static_cast<std::size_t>(std::to_chars(text_, text_ + sizeof text_, value).ptr - text_)} {}
  // The shortest text that reads back as the same number; "inf", "-inf", "nan".
  explicit number_text(float value) noexcept;
  explicit number_text(double value) noexcept;
  explicit number_text(long double value) noexcept;

  std::string_view view() const noexcept { return {text_, size_}; }

 private:
  char text_[64];
  std::size_t size_;
};

template <class Buffer>
void append_text(Buffer& out, std::string_view text) {
  out.append(text);
}
template <class Buffer>
void append_text(Buffer& out, char byte) {
  out.append(std::string_view{&byte, 1});
}
template <class Buffer>
void append_text(Buffer& out, bool value) {
  out.append(value ? std::string_view{"true"} : std::string_view{"false"});
}
template <class Buffer, class T>
requires(integer<T> || std::floating_point<T>) void append_text(Buffer& out, T value) {
  out.append(number_text{value}.view());
}

// Appends the text up to the next place and moves past it.
template <class Buffer>
void append_literal(Buffer& out, std::string_view& format) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '{' && format[i] != '}') continue;
    const bool is_place = format[i] == '{' && format[i + 1] == '}';
    out.append(format.substr(begin, i - begin + (is_place ? 0 : 1)));  // of a doubled brace, the first
    begin = ++i + 1;
    if (!is_place) continue;
    format.remove_prefix(begin);
    return;
  }
  out.append(format.substr(begin));
  format = {};
}

template <class Buffer, class T>
void append_place(Buffer& out, std::string_view& format, const T& value) {
  append_literal(out, format);
  if constexpr (text_like<T>) {
    append_text(out, std::string_view{value});
  } else {
    append_text(out, value);
  }
}

template <class Buffer, class... Args>
void format_into(Buffer& out, const basic_format<Args...>& text, const Args&... args) {
  std::string_view left = text.view();
  (append_place(out, left, args), ...);
  append_literal(out, left);
}

// Text of a client's bytes in an error; numbers as they are.
template <class T>
auto escape_text(const T& value) {
  if constexpr (text_like<T>) {
    return escaped(value);
  } else {
    return value;
  }
}

}  // namespace detail

// Fails: throws std::bad_alloc.
template <formattable... Args>
std::string format(format_for<Args...> text, const Args&... args) {
  std::string out;
  detail::format_into(out, text, args...);
  return out;
}

// An error whose text values are escaped and cut, as escaped() does: what a client sent may be put into it.
// Fails: throws std::bad_alloc.
template <formattable... Args>
error_reply format_error(format_for<Args...> text, const Args&... args) {
  text_buffer<> buffer;
  std::string_view left = text.view();
  (detail::append_place(buffer, left, detail::escape_text(args)), ...);
  detail::append_literal(buffer, left);
  return error_reply{buffer.view()};
}

}  // namespace redismodule
