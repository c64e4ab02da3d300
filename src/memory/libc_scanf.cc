// The scanf family, for its %m conversions, which hand out memory: %ms, %mc, %m[…], their wide forms, and glibc's older
// spelling %as.
//
// A format without them goes to libc as it is. One with them is cut up at its directives: runs of ordinary directives
// are scanned by libc's function, a %m conversion by repeated conversions of bounded width into a buffer on the stack.
// Scanning piecewise is the same as scanning at once, since scanf never looks more than one character ahead, and %n,
// which ends each piece, says both whether it was matched to its end and how much it took.
#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <cwchar>
#include <type_traits>
#include <utility>

#include "libc_wrap.h"

extern "C" {
int __real_vsscanf(const char* text, const char* format, va_list args);
int __real_vfscanf(FILE* stream, const char* format, va_list args);
int __real_vswscanf(const wchar_t* text, const wchar_t* format, va_list args);
int __real_vfwscanf(FILE* stream, const wchar_t* format, va_list args);
#ifdef __GLIBC__
int __real___isoc99_vsscanf(const char* text, const char* format, va_list args);
int __real___isoc99_vfscanf(FILE* stream, const char* format, va_list args);
int __real___isoc99_vswscanf(const wchar_t* text, const wchar_t* format, va_list args);
int __real___isoc99_vfwscanf(FILE* stream, const wchar_t* format, va_list args);
// From glibc 2.38 on, and referred to only by objects compiled there.
[[gnu::weak]] int __real___isoc23_vsscanf(const char* text, const char* format, va_list args);
[[gnu::weak]] int __real___isoc23_vfscanf(FILE* stream, const char* format, va_list args);
[[gnu::weak]] int __real___isoc23_vswscanf(const wchar_t* text, const wchar_t* format, va_list args);
[[gnu::weak]] int __real___isoc23_vfwscanf(FILE* stream, const wchar_t* format, va_list args);
#endif
}

namespace {

using redismodule::memory::detail::growing_array;

// Which of libc's functions does the scanning, and whether %as means %ms.
template <class Char>
struct dialect {
  int (*text)(const Char* text, const Char* format, va_list args);
  int (*stream)(FILE* stream, const Char* format, va_list args);
  bool old_allocation_modifier;
};

template <class Char>
dialect<Char> gnu() {
  if constexpr (std::is_same_v<Char, char>)
    return {__real_vsscanf, __real_vfscanf, true};
  else
    return {__real_vswscanf, __real_vfwscanf, true};
}

#ifdef __GLIBC__
template <class Char>
dialect<Char> c99() {
  if constexpr (std::is_same_v<Char, char>)
    return {__real___isoc99_vsscanf, __real___isoc99_vfscanf, false};
  else
    return {__real___isoc99_vswscanf, __real___isoc99_vfwscanf, false};
}

template <class Char>
dialect<Char> c23() {
  if constexpr (std::is_same_v<Char, char>) {
    if (!__real___isoc23_vsscanf || !__real___isoc23_vfscanf) return c99<Char>();
    return {__real___isoc23_vsscanf, __real___isoc23_vfscanf, false};
  } else {
    if (!__real___isoc23_vswscanf || !__real___isoc23_vfwscanf) return c99<Char>();
    return {__real___isoc23_vswscanf, __real___isoc23_vfwscanf, false};
  }
}
#endif

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
directive<Char> read_directive(const Char* at, const dialect<Char>& how) {
  return directive_reader<Char>{at, how.old_allocation_modifier}.read();
}

template <class Char>
bool hands_out(const Char* format, const dialect<Char>& how) {
  while (*format) {
    const auto next = read_directive(format, how);
    if (next.what == kind::handing) return true;
    format = next.end;
  }
  return false;
}

// The caller's pointers, in order or, for formats with %n$, by number. The list is a copy: the caller's stays where it
// was.
class pointers {
 public:
  static constexpr std::size_t most_numbered = 64;

  explicit pointers(va_list args) { va_copy(rest_, args); }
  pointers(const pointers&) = delete;
  pointers& operator=(const pointers&) = delete;
  ~pointers() { va_end(rest_); }

  void* next() { return va_arg(rest_, void*); }

  void* numbered(std::size_t number) {
    for (; known_ < number; ++known_) numbered_[known_] = next();
    return numbered_[number - 1];
  }

  template <class Char>
  void* of(const directive<Char>& read) {
    return read.position ? numbered(read.position) : next();
  }

 private:
  va_list rest_;
  std::array<void*, most_numbered> numbered_{};
  std::size_t known_ = 0;
};

// What is scanned: text, which moves on with each piece, or a stream, which does so by itself.
template <class Char>
class source {
 public:
  source(const dialect<Char>& how, const Char* text) : how_{how}, text_{text} {}
  source(const dialect<Char>& how, FILE* stream) : how_{how}, stream_{stream} {}

  int scan(const Char* format, ...) const {
    va_list args;
    va_start(args, format);
    const int result = stream_ ? how_.stream(stream_, format, args) : how_.text(text_, format, args);
    va_end(args);
    return result;
  }

  void advance(int characters) {
    taken_ += characters;
    if (text_) text_ += characters;
  }

  const dialect<Char>& how() const { return how_; }
  std::intmax_t taken() const { return taken_; }

 private:
  dialect<Char> how_;
  const Char* text_ = nullptr;
  FILE* stream_ = nullptr;
  std::intmax_t taken_ = 0;
};

// A format in the making. Short ones stay on the stack.
template <class Char>
class format_text {
 public:
  bool add(const Char* begin, const Char* end) {
    for (; begin != end; ++begin) {
      if (!add(*begin)) return false;
    }
    return true;
  }

  bool add_ascii(const char* text) {
    for (; *text; ++text) {
      if (!add(static_cast<Char>(*text))) return false;
    }
    return true;
  }

  bool add_number(std::size_t number) {
    char digits[24];
    std::snprintf(digits, sizeof digits, "%zu", number);
    return add_ascii(digits);
  }

  // Ends the text and starts it anew with the next addition.
  const Char* finish() {
    const bool inside = !spilt_;
    if (inside) {
      near_[size_] = Char{};
    } else if (!far_.append(Char{})) {
      return nullptr;
    }
    return inside ? near_.data() : far_.data();
  }

  void clear() {
    size_ = 0;
    spilt_ = false;
    far_.clear();
  }

 private:
  bool add(Char c) {
    if (!spilt_ && size_ + 1 < near_.size()) {
      near_[size_++] = c;
      return true;
    }
    if (!spilt_) {
      if (!far_.append(near_.data(), size_)) return false;
      spilt_ = true;
    }
    return far_.append(c);
  }

  std::array<Char, 128> near_;
  std::size_t size_ = 0;
  bool spilt_ = false;
  growing_array<Char> far_;
};

template <class Char>
class scanner {
 public:
  scanner(source<Char> from, va_list args) : from_{from}, args_{args} {}

  int scan(const Char* format) {
    while (*format) {
      const auto next = read_directive(format, from_.how());
      format = next.end;
      if (next.position > pointers::most_numbered) return give_up(EINVAL);
      if (!take(next)) return result_;
    }
    return flush() ? assigned_ : result_;
  }

 private:
  static constexpr std::size_t most_in_piece = 16;
  static constexpr std::size_t most_at_once = 128;

  // False: scanning is over, result_ is the answer.
  bool take(const directive<Char>& next) {
    switch (next.what) {
      case kind::plain: return add_to_piece(next, nullptr);
      case kind::assigning:
        if (piece_pointers_ == most_in_piece && !flush()) return false;
        return add_to_piece(next, args_.of(next));
      case kind::counting: return flush() && count(next, args_.of(next));
      case kind::handing: return flush() && hand_out(next, static_cast<void**>(args_.of(next)));
      case kind::broken: break;
    }
    return flush() && stop(assigned_);
  }

  bool add_to_piece(const directive<Char>& next, void* pointer) {
    piece_empty_ = false;
    if (pointer) pointers_[piece_pointers_++] = pointer;
    const bool numbered = next.position != 0;
    const bool added = numbered ? piece_.add_ascii("%") && piece_.add(next.after_position, next.end)
                                : piece_.add(next.begin, next.end);
    return added || out_of_memory();
  }

  bool flush() {
    if (piece_empty_) return true;
    int reached = -1;
    pointers_[piece_pointers_] = &reached;
    const Char* format = piece_.add_ascii("%n") ? piece_.finish() : nullptr;
    if (!format) return out_of_memory();
    const int matched = scan_piece(format, std::make_index_sequence<most_in_piece + 1>{});
    piece_.clear();
    piece_pointers_ = 0;
    piece_empty_ = true;
    if (failed_hard_) return fail();
    if (matched > 0) assigned_ += matched;
    if (reached < 0) return stop(matched == EOF && assigned_ == 0 ? EOF : assigned_);
    from_.advance(reached);
    return true;
  }

  template <std::size_t... I>
  int scan_piece(const Char* format, std::index_sequence<I...>) {
    return guarded([&](const Char* text) { return from_.scan(text, pointers_[I]...); }, format);
  }

  // Tells the error that libc answers with EOF whatever was assigned before.
  template <class Scan>
  int guarded(const Scan& scan_once, const Char* format) {
    const int errno_before = errno;
    errno = 0;
    const int matched = scan_once(format);
    failed_hard_ = matched == EOF && errno == ENOMEM;
    if (errno == 0) errno = errno_before;
    return matched;
  }

  bool count(const directive<Char>& how, void* target) {
    const std::intmax_t taken = from_.taken();
    if (how.count_bytes == 1) *static_cast<std::int8_t*>(target) = static_cast<std::int8_t>(taken);
    if (how.count_bytes == 2) *static_cast<std::int16_t*>(target) = static_cast<std::int16_t>(taken);
    if (how.count_bytes == 4) *static_cast<std::int32_t*>(target) = static_cast<std::int32_t>(taken);
    if (how.count_bytes == 8) *static_cast<std::int64_t*>(target) = taken;
    return true;
  }

  bool hand_out(const directive<Char>& how, void** target) {
    return how.wide ? hand_out_as<wchar_t>(how, target) : hand_out_as<char>(how, target);
  }

  template <class Out>
  bool hand_out_as(const directive<Char>& how, void** target) {
    const bool one_word = how.conversion == 's' || how.conversion == 'S';
    if (one_word && !skip_spaces()) return false;
    const bool characters = how.conversion == 'c' || how.conversion == 'C';
    std::size_t left = how.width ? how.width : characters ? 1 : SIZE_MAX;
    growing_array<Out> found;
    std::mbstate_t state{};
    *target = nullptr;
    while (left != 0) {
      const int taken = take_some(how, std::min(left, most_at_once), found, state);
      if (taken == failed) return fail();
      if (taken == malformed) return stop(assigned_);
      if (taken < 0 && found.size() != 0) break;
      if (taken < 0) return stop(taken == out_of_input && assigned_ == 0 ? EOF : assigned_);
      left -= static_cast<std::size_t>(taken);
    }
    if (!std::mbsinit(&state)) return stop_malformed();
    if (!characters && !found.append(Out{})) return out_of_memory();
    if (!handed_.append(target)) return out_of_memory();
    *target = found.release();
    ++assigned_;
    return true;
  }

  static constexpr int malformed = -4;
  static constexpr int failed = -3;
  static constexpr int no_match = -2;
  static constexpr int out_of_input = -1;

  // Scans up to `most` characters of the conversion, in the input's own kind, and appends them in the block's.
  // Returns how much of the width they make up: it counts the input's characters, or the block's if those are wide.
  template <class Out>
  int take_some(const directive<Char>& how, std::size_t most, growing_array<Out>& found, std::mbstate_t& state) {
    format_text<Char> format;
    const bool made = format.add_ascii("%") && format.add_number(most) &&
                      (sizeof(Char) == 1 || format.add_ascii("l")) && add_conversion(how, format) &&
                      format.add_ascii("%n");
    const Char* text = made ? format.finish() : nullptr;
    if (!text) return failed;
    std::array<Char, most_at_once + 1> some;
    int reached = -1;
    const int matched = guarded([&](const Char* once) { return from_.scan(once, some.data(), &reached); }, text);
    if (failed_hard_) return failed;
    if (matched == EOF) return out_of_input;
    if (matched == 0 || reached < 0) return no_match;
    from_.advance(reached);
    return append_to(found, some.data(), static_cast<std::size_t>(reached), state);
  }

  // A character that the end of the input cut short. As in libc this is not an end of input.
  bool stop_malformed() {
    report_malformed();
    return stop(assigned_);
  }

  static int report_malformed() {
    errno = EILSEQ;
    return malformed;
  }

  template <class T>
  static int append_to(growing_array<T>& found, const T* units, std::size_t count, std::mbstate_t&) {
    return found.append(units, count) ? static_cast<int>(count) : failed;
  }

  static int append_to(growing_array<char>& found, const wchar_t* units, std::size_t count, std::mbstate_t& state) {
    for (std::size_t i = 0; i < count; ++i) {
      char bytes[MB_LEN_MAX];
      const std::size_t length = std::wcrtomb(bytes, units[i], &state);
      if (length == static_cast<std::size_t>(-1)) return report_malformed();
      if (!found.append(bytes, length)) return failed;
    }
    return static_cast<int>(count);
  }

  // A character may be cut by the end of the piece: the state keeps its first part.
  static int append_to(growing_array<wchar_t>& found, const char* units, std::size_t count, std::mbstate_t& state) {
    int appended = 0;
    for (const char* end = units + count; units != end;) {
      wchar_t character = 0;
      const std::size_t length = std::mbrtowc(&character, units, static_cast<std::size_t>(end - units), &state);
      if (length == static_cast<std::size_t>(-1)) return report_malformed();
      if (length == static_cast<std::size_t>(-2)) break;
      if (!found.append(character)) return failed;
      units += length ? length : 1;
      ++appended;
    }
    return appended;
  }

  static bool add_conversion(const directive<Char>& how, format_text<Char>& format) {
    if (how.set) return format.add(how.set, how.end);
    const bool one_word = how.conversion == 's' || how.conversion == 'S';
    return format.add_ascii(one_word ? "[^ \t\n\v\f\r]" : "c");
  }

  bool skip_spaces() {
    piece_empty_ = false;
    return (piece_.add_ascii(" ") || out_of_memory()) && flush();
  }

  bool stop(int result) {
    result_ = result;
    return false;
  }

  // As libc does, everything handed out so far is taken back.
  bool fail() {
    for (void** target : handed_) drop(target);
    return stop(EOF);
  }

  bool out_of_memory() {
    errno = ENOMEM;
    return fail();
  }

  int give_up(int why) {
    fail();
    errno = why;
    return EOF;
  }

  static void drop(void** target) {
    redismodule::memory::detail::free_keeping_errno(*target);
    *target = nullptr;
  }

  source<Char> from_;
  pointers args_;
  int assigned_ = 0;
  int result_ = EOF;
  bool failed_hard_ = false;
  bool piece_empty_ = true;
  std::size_t piece_pointers_ = 0;
  std::array<void*, most_in_piece + 1> pointers_{};
  format_text<Char> piece_;
  growing_array<void**> handed_;
};

template <class Char>
int scan_text(const dialect<Char>& how, const Char* text, const Char* format, va_list args) {
  if (!hands_out(format, how)) return how.text(text, format, args);
  return scanner<Char>{source<Char>{how, text}, args}.scan(format);
}

template <class Char>
int scan_stream(const dialect<Char>& how, FILE* stream, const Char* format, va_list args) {
  if (!hands_out(format, how)) return how.stream(stream, format, args);
  flockfile(stream);
  const int result = scanner<Char>{source<Char>{how, stream}, args}.scan(format);
  funlockfile(stream);
  return result;
}

}  // namespace

extern "C" {

[[gnu::used]] int __wrap_vsscanf(const char* text, const char* format, va_list args) {
  return scan_text(gnu<char>(), text, format, args);
}

[[gnu::used]] int __wrap_sscanf(const char* text, const char* format, ...) {
  va_list args;
  va_start(args, format);
  const int result = scan_text(gnu<char>(), text, format, args);
  va_end(args);
  return result;
}

[[gnu::used]] int __wrap_vfscanf(FILE* stream, const char* format, va_list args) {
  return scan_stream(gnu<char>(), stream, format, args);
}

[[gnu::used]] int __wrap_fscanf(FILE* stream, const char* format, ...) {
  va_list args;
  va_start(args, format);
  const int result = scan_stream(gnu<char>(), stream, format, args);
  va_end(args);
  return result;
}

[[gnu::used]] int __wrap_vscanf(const char* format, va_list args) {
  return scan_stream(gnu<char>(), stdin, format, args);
}

[[gnu::used]] int __wrap_scanf(const char* format, ...) {
  va_list args;
  va_start(args, format);
  const int result = scan_stream(gnu<char>(), stdin, format, args);
  va_end(args);
  return result;
}

[[gnu::used]] int __wrap_vswscanf(const wchar_t* text, const wchar_t* format, va_list args) {
  return scan_text(gnu<wchar_t>(), text, format, args);
}

[[gnu::used]] int __wrap_swscanf(const wchar_t* text, const wchar_t* format, ...) {
  va_list args;
  va_start(args, format);
  const int result = scan_text(gnu<wchar_t>(), text, format, args);
  va_end(args);
  return result;
}

[[gnu::used]] int __wrap_vfwscanf(FILE* stream, const wchar_t* format, va_list args) {
  return scan_stream(gnu<wchar_t>(), stream, format, args);
}

[[gnu::used]] int __wrap_fwscanf(FILE* stream, const wchar_t* format, ...) {
  va_list args;
  va_start(args, format);
  const int result = scan_stream(gnu<wchar_t>(), stream, format, args);
  va_end(args);
  return result;
}

[[gnu::used]] int __wrap_vwscanf(const wchar_t* format, va_list args) {
  return scan_stream(gnu<wchar_t>(), stdin, format, args);
}

[[gnu::used]] int __wrap_wscanf(const wchar_t* format, ...) {
  va_list args;
  va_start(args, format);
  const int result = scan_stream(gnu<wchar_t>(), stdin, format, args);
  va_end(args);
  return result;
}

[[gnu::used]] int __wrap___vsscanf(const char* text, const char* format, va_list args) {
  return scan_text(gnu<char>(), text, format, args);
}

[[gnu::used]] int __wrap___vfscanf(FILE* stream, const char* format, va_list args) {
  return scan_stream(gnu<char>(), stream, format, args);
}

#ifdef __GLIBC__

[[gnu::used]] int __wrap___isoc99_vsscanf(const char* text, const char* format, va_list args) {
  return scan_text(c99<char>(), text, format, args);
}

[[gnu::used]] int __wrap___isoc99_sscanf(const char* text, const char* format, ...) {
  va_list args;
  va_start(args, format);
  const int result = scan_text(c99<char>(), text, format, args);
  va_end(args);
  return result;
}

[[gnu::used]] int __wrap___isoc99_vfscanf(FILE* stream, const char* format, va_list args) {
  return scan_stream(c99<char>(), stream, format, args);
}

[[gnu::used]] int __wrap___isoc99_fscanf(FILE* stream, const char* format, ...) {
  va_list args;
  va_start(args, format);
  const int result = scan_stream(c99<char>(), stream, format, args);
  va_end(args);
  return result;
}

[[gnu::used]] int __wrap___isoc99_vscanf(const char* format, va_list args) {
  return scan_stream(c99<char>(), stdin, format, args);
}

[[gnu::used]] int __wrap___isoc99_scanf(const char* format, ...) {
  va_list args;
  va_start(args, format);
  const int result = scan_stream(c99<char>(), stdin, format, args);
  va_end(args);
  return result;
}

[[gnu::used]] int __wrap___isoc99_vswscanf(const wchar_t* text, const wchar_t* format, va_list args) {
  return scan_text(c99<wchar_t>(), text, format, args);
}

[[gnu::used]] int __wrap___isoc99_swscanf(const wchar_t* text, const wchar_t* format, ...) {
  va_list args;
  va_start(args, format);
  const int result = scan_text(c99<wchar_t>(), text, format, args);
  va_end(args);
  return result;
}

[[gnu::used]] int __wrap___isoc99_vfwscanf(FILE* stream, const wchar_t* format, va_list args) {
  return scan_stream(c99<wchar_t>(), stream, format, args);
}

[[gnu::used]] int __wrap___isoc99_fwscanf(FILE* stream, const wchar_t* format, ...) {
  va_list args;
  va_start(args, format);
  const int result = scan_stream(c99<wchar_t>(), stream, format, args);
  va_end(args);
  return result;
}

[[gnu::used]] int __wrap___isoc99_vwscanf(const wchar_t* format, va_list args) {
  return scan_stream(c99<wchar_t>(), stdin, format, args);
}

[[gnu::used]] int __wrap___isoc99_wscanf(const wchar_t* format, ...) {
  va_list args;
  va_start(args, format);
  const int result = scan_stream(c99<wchar_t>(), stdin, format, args);
  va_end(args);
  return result;
}

[[gnu::used]] int __wrap___isoc23_vsscanf(const char* text, const char* format, va_list args) {
  return scan_text(c23<char>(), text, format, args);
}

[[gnu::used]] int __wrap___isoc23_sscanf(const char* text, const char* format, ...) {
  va_list args;
  va_start(args, format);
  const int result = scan_text(c23<char>(), text, format, args);
  va_end(args);
  return result;
}

[[gnu::used]] int __wrap___isoc23_vfscanf(FILE* stream, const char* format, va_list args) {
  return scan_stream(c23<char>(), stream, format, args);
}

[[gnu::used]] int __wrap___isoc23_fscanf(FILE* stream, const char* format, ...) {
  va_list args;
  va_start(args, format);
  const int result = scan_stream(c23<char>(), stream, format, args);
  va_end(args);
  return result;
}

[[gnu::used]] int __wrap___isoc23_vscanf(const char* format, va_list args) {
  return scan_stream(c23<char>(), stdin, format, args);
}

[[gnu::used]] int __wrap___isoc23_scanf(const char* format, ...) {
  va_list args;
  va_start(args, format);
  const int result = scan_stream(c23<char>(), stdin, format, args);
  va_end(args);
  return result;
}

[[gnu::used]] int __wrap___isoc23_vswscanf(const wchar_t* text, const wchar_t* format, va_list args) {
  return scan_text(c23<wchar_t>(), text, format, args);
}

[[gnu::used]] int __wrap___isoc23_swscanf(const wchar_t* text, const wchar_t* format, ...) {
  va_list args;
  va_start(args, format);
  const int result = scan_text(c23<wchar_t>(), text, format, args);
  va_end(args);
  return result;
}

[[gnu::used]] int __wrap___isoc23_vfwscanf(FILE* stream, const wchar_t* format, va_list args) {
  return scan_stream(c23<wchar_t>(), stream, format, args);
}

[[gnu::used]] int __wrap___isoc23_fwscanf(FILE* stream, const wchar_t* format, ...) {
  va_list args;
  va_start(args, format);
  const int result = scan_stream(c23<wchar_t>(), stream, format, args);
  va_end(args);
  return result;
}

[[gnu::used]] int __wrap___isoc23_vwscanf(const wchar_t* format, va_list args) {
  return scan_stream(c23<wchar_t>(), stdin, format, args);
}

[[gnu::used]] int __wrap___isoc23_wscanf(const wchar_t* format, ...) {
  va_list args;
  va_start(args, format);
  const int result = scan_stream(c23<wchar_t>(), stdin, format, args);
  va_end(args);
  return result;
}

#endif

}  // extern "C"
