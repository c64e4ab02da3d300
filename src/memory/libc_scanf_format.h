// The grammar of scanf formats: directives, one by one, and the sets of %[…].
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#pragma GCC visibility push(hidden)

namespace redismodule::memory::detail {

enum class kind {
  plain,      // no pointer: text, %%, a suppressed conversion
  assigning,  // one pointer, which libc fills
  counting,   // %n
  handing,    // %m: one pointer to a pointer
  broken,     // not a directive: nothing can match it
};

template <class Char>
struct directive {
  kind what = kind::plain;
  const Char* begin = nullptr;
  const Char* end = nullptr;
  const Char* after_position = nullptr;  // past the n$ of %n$…, or past the '%'
  const Char* set = nullptr;             // the '[' of a set
  std::size_t position = 0;              // 0: none
  std::size_t width = 0;                 // 0: none
  std::size_t count_bytes = sizeof(int);
  Char conversion = 0;
  bool wide = false;
};

template <class Char>
bool is_digit(Char c) {
  return c >= '0' && c <= '9';
}

template <class Char>
std::size_t read_number(const Char*& at) {
  std::size_t number = 0;
  for (; is_digit(*at); ++at)
    number = std::min<std::size_t>(number * 10 + static_cast<std::size_t>(*at - '0'), INT32_MAX);
  return number;
}

// Reads one directive. `at` stands at its first character, which is not the end of the format.
template <class Char>
class directive_reader {
 public:
  directive_reader(const Char* at, bool old_allocation_modifier) : at_{at}, old_{old_allocation_modifier} {
    read_.begin = at;
  }

  directive<Char> read() {
    if (*at_ != '%') return read_text();
    ++at_;
    read_position();
    read_flags_and_width();
    read_modifiers();
    read_conversion();
    read_.end = at_;
    return read_;
  }

 private:
  directive<Char> read_text() {
    while (*at_ && *at_ != '%') ++at_;
    read_.end = at_;
    return read_;
  }

  void read_position() {
    const Char* ahead = at_;
    const std::size_t number = read_number(ahead);
    if (number != 0 && *ahead == '$') {
      read_.position = number;
      at_ = ahead + 1;
    }
    read_.after_position = at_;
  }

  void read_flags_and_width() {
    for (; *at_ == '*' || *at_ == '\'' || *at_ == 'I'; ++at_) suppressed_ |= *at_ == '*';
    read_.width = read_number(at_);
  }

  void read_modifiers() {
    for (;; ++at_) {
      switch (*at_) {
        case 'h': read_.count_bytes = read_.count_bytes == sizeof(short) ? sizeof(char) : sizeof(short); break;
        case 'l':
          read_.wide = true;
          read_.count_bytes = sizeof(long);
          break;
        case 'q':
        case 'L':
        case 'j':
        case 'z':
        case 'Z':
        case 't': read_.count_bytes = sizeof(std::intmax_t); break;
        case 'm': handing_ = true; break;
        case 'a':
          if (!old_ || (at_[1] != 's' && at_[1] != 'S' && at_[1] != '[')) return;
          handing_ = true;
          break;
        case 'w':
          read_width_of_type();
          --at_;
          break;
        default: return;
      }
    }
  }

  // C23's w8 to w64, and wf8 to wf64 for the fast types.
  void read_width_of_type() {
    ++at_;
    const bool fast = *at_ == 'f';
    if (fast) ++at_;
    const std::size_t bytes = read_number(at_) / 8;
    read_.count_bytes = fast && bytes > 1 ? sizeof(std::int_fast16_t) : bytes;
  }

  void read_conversion() {
    read_.conversion = *at_;
    if (!*at_) {
      read_.what = kind::broken;
      return;
    }
    if (*at_ == '[' && !read_set()) return;
    ++at_;
    read_.wide |= read_.conversion == 'S' || read_.conversion == 'C';
    read_.what = classify();
  }

  // A ']' that comes first belongs to the set.
  bool read_set() {
    read_.set = at_;
    ++at_;
    if (*at_ == '^') ++at_;
    if (*at_ == ']') ++at_;
    while (*at_ && *at_ != ']') ++at_;
    if (!*at_) read_.what = kind::broken;
    return *at_ != 0;
  }

  kind classify() const {
    const Char c = read_.conversion;
    if (c == '%') return kind::plain;
    if (c > 0x7f || !std::strchr("bdiouxXaAeEfFgGsScCpn[", static_cast<char>(c))) return kind::broken;
    if (suppressed_) return kind::plain;
    if (c == 'n') return kind::counting;
    return handing_ && std::strchr("sScC[", static_cast<char>(c)) ? kind::handing : kind::assigning;
  }

  const Char* at_;
  bool old_;
  bool suppressed_ = false;
  bool handing_ = false;
  directive<Char> read_;
};

template <class Char>
directive<Char> read_directive(const Char* at, bool old_allocation_modifier) {
  return directive_reader<Char>{at, old_allocation_modifier}.read();
}

template <class Char>
bool hands_out(const Char* format, bool old_allocation_modifier) {
  while (*format) {
    const auto next = read_directive(format, old_allocation_modifier);
    if (next.what == kind::handing) return true;
    format = next.end;
  }
  return false;
}

// The set of a %[…]: a list of characters and, between the two ends of a rising range, a '-'.
template <class Char>
class character_set {
  using unit = std::make_unsigned_t<Char>;

 public:
  // `begin` at the '[', `end` past the ']'.
  character_set(const Char* begin, const Char* end)
      : inverted_{begin[1] == '^'}, first_{begin + (inverted_ ? 2 : 1)}, end_{end - 1} {}

  bool has(Char c) const { return lists(static_cast<unit>(c)) != inverted_; }

 private:
  bool lists(unit c) const {
    for (const Char* at = first_; at < end_; ++at) {
      if (!is_range(at)) {
        if (static_cast<unit>(*at) == c) return true;
        continue;
      }
      if (static_cast<unit>(at[-1]) <= c && c <= static_cast<unit>(at[1])) return true;
      // The upper end may open the next range, if it is a '-' itself: so libc reads it in narrow formats only.
      if (sizeof(Char) != 1) ++at;
    }
    return false;
  }

  bool is_range(const Char* at) const {
    return *at == '-' && at != first_ && at + 1 != end_ && static_cast<unit>(at[-1]) <= static_cast<unit>(at[1]);
  }

  bool inverted_;
  const Char* first_;
  const Char* end_;
};

}  // namespace redismodule::memory::detail
#pragma GCC visibility pop
