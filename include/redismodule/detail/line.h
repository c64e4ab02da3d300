// One line of text that can be sent as an error or a status: no byte in it can end the line early.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

namespace redismodule::detail {

// A literal that reaches this does not compile, since it is no constexpr function, and the compiler prints the name.
// (Defined all the same: without optimisation clang 14 emits what is consteval.)
[[noreturn]] inline void a_reply_line_may_not_contain_control_characters() { __builtin_trap(); }

constexpr bool is_control(char byte) noexcept {
  return static_cast<unsigned char>(byte) < 0x20 || static_cast<unsigned char>(byte) == 0x7f;
}

// A string literal without control characters, checked when compiled.
class literal {
 public:
  template <std::size_t N>
  consteval literal(const char (&text)[N]) : text_{text} {
    for (std::size_t i = 0; i + 1 < N; ++i) {
      if (is_control(text[i])) a_reply_line_may_not_contain_control_characters();
    }
  }
  constexpr const char* c_str() const noexcept { return text_; }

 private:
  const char* text_;
};

// Owns: a cleaned copy, or nothing where it was made from a literal.
class line {
 public:
  constexpr line() noexcept = default;
  constexpr line(literal text) noexcept : text_{text.c_str()} {}
  // Line breaks become spaces, as the servers that look for them make of them; other control characters \xNN. Fails: throws std::bad_alloc.
  explicit line(std::string_view text) : text_{clean_copy(text)}, owned_{true} {}
  line(const line& other) : text_{other.owned_ ? clean_copy(other.text_) : other.text_}, owned_{other.owned_} {}
  constexpr line(line&& other) noexcept
      : text_{std::exchange(other.text_, "")}, owned_{std::exchange(other.owned_, false)} {}
  constexpr line& operator=(line other) noexcept {
    std::swap(text_, other.text_);
    std::swap(owned_, other.owned_);
    return *this;
  }
  constexpr ~line() {
    if (owned_) free_copy(text_);
  }

  constexpr const char* c_str() const noexcept { return text_; }

 private:
  static const char* clean_copy(std::string_view text);
  static void free_copy(const char* text) noexcept;

  const char* text_ = "";
  bool owned_ = false;
};

}  // namespace redismodule::detail
