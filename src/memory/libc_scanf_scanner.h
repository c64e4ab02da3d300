// Scanning by a format with %m conversions, which hand out memory.
//
// The format is cut up at its directives: runs of ordinary directives are scanned by libc's function, a %m conversion
// character by character, here. Scanning piecewise is the same as scanning at once, since scanf never looks more than
// one character ahead, and %n, which ends each piece, says both whether it was matched to its end and how much it took.
#pragma once

#include <array>
#include <cctype>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cwchar>
#include <cwctype>
#include <type_traits>
#include <utility>

#include "libc_scanf_format.h"
#include "libc_wrap.h"

#pragma GCC visibility push(hidden)

namespace redismodule::memory::detail {

// Which of libc's functions does the scanning, and whether %as means %ms.
template <class Char>
struct dialect {
  int (*text)(const Char* text, const Char* format, va_list args);
  int (*stream)(FILE* stream, const Char* format, va_list args);
  bool old_allocation_modifier;
};

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

// What is scanned: text, which moves on with each piece, or a stream, which does so by itself and is locked.
template <class Char>
class source {
 public:
  using unit = std::conditional_t<sizeof(Char) == 1, int, std::wint_t>;
  static constexpr unit end = sizeof(Char) == 1 ? static_cast<unit>(EOF) : static_cast<unit>(WEOF);

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

  unit get() {
    const unit next = stream_ ? from_stream() : from_text();
    if (next != end) ++taken_;
    return next;
  }

  // Gives back what get() gave last, unless that was the end.
  void unget(unit last) {
    if (last == end) return;
    --taken_;
    if (text_) {
      --text_;
    } else if constexpr (sizeof(Char) == 1) {
      std::ungetc(last, stream_);
    } else {
      std::ungetwc(last, stream_);
    }
  }

  const dialect<Char>& how() const { return how_; }
  std::intmax_t taken() const { return taken_; }

 private:
  unit from_stream() {
    if constexpr (sizeof(Char) == 1)
      return getc_unlocked(stream_);
    else
      return std::getwc(stream_);
  }

  unit from_text() {
    if (!*text_) return end;
    return static_cast<unit>(static_cast<std::make_unsigned_t<Char>>(*text_++));
  }

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
      const auto next = read_directive(format, from_.how().old_allocation_modifier);
      format = next.end;
      if (next.position > pointers::most_numbered) return give_up(EINVAL);
      if (!take(next)) return result_;
    }
    return flush() ? assigned_ : result_;
  }

 private:
  static constexpr std::size_t most_in_piece = 16;

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
    const int errno_before = errno;
    errno = 0;
    const int matched = from_.scan(format, pointers_[I]...);
    // The error that libc answers with EOF whatever was assigned before.
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
    *target = nullptr;
    growing_array<Out> found;
    switch (read_all(how, found)) {
      case ending::matched: break;
      case ending::no_match:
      case ending::malformed: return stop(assigned_);
      case ending::out_of_input: return stop(assigned_ == 0 ? EOF : assigned_);
      case ending::out_of_memory: return out_of_memory();
    }
    if (!is_characters(how) && !found.append(Out{})) return out_of_memory();
    if (!handed_.append(target)) return out_of_memory();
    *target = found.release();
    ++assigned_;
    return true;
  }

  using unit = typename source<Char>::unit;
  static constexpr unit end = source<Char>::end;
  enum class ending { matched, no_match, out_of_input, malformed, out_of_memory };

  struct conversion_state {
    std::mbstate_t shift{};
    bool inside = false;  // a character was begun
  };

  static bool is_word(const directive<Char>& how) { return how.conversion == 's' || how.conversion == 'S'; }
  static bool is_characters(const directive<Char>& how) { return how.conversion == 'c' || how.conversion == 'C'; }

  static bool is_space(unit c) {
    if constexpr (sizeof(Char) == 1)
      return std::isspace(c);
    else
      return std::iswspace(c);
  }

  // Reads what the conversion matches. The width counts the input's characters, or the block's if those are wide.
  template <class Out>
  ending read_all(const directive<Char>& how, growing_array<Out>& found) {
    unit next = from_.get();
    while (is_word(how) && is_space(next)) next = from_.get();
    if (next == end) return ending::out_of_input;
    conversion_state at;
    std::size_t left = how.width ? how.width : is_characters(how) ? 1 : SIZE_MAX;
    for (; next != end; next = from_.get()) {
      if (!belongs(how, next)) {
        from_.unget(next);
        if (found.size() == 0 && !at.inside) return ending::no_match;
        break;
      }
      const ending one = read_one(how, next, found, at);
      if (one != ending::matched) return one;
      if (!at.inside && --left == 0) break;
    }
    return at.inside ? report_malformed() : ending::matched;
  }

  static bool belongs(const directive<Char>& how, unit next) {
    if (how.set) return character_set<Char>{how.set, how.end}.has(static_cast<Char>(next));
    return is_characters(how) || !is_space(next);
  }

  static ending report_malformed() {
    errno = EILSEQ;
    return ending::malformed;
  }

  template <class Out>
  ending read_one(const directive<Char>& how, unit first, growing_array<Out>& found, conversion_state& at) {
    if constexpr (std::is_same_v<Out, Char>)
      return append(found, static_cast<Char>(first));
    else if constexpr (sizeof(Out) == 1)
      return read_narrowed(how, first, found, at);
    else
      return how.set ? read_byte(first, found, at) : read_multibyte(first, found, at);
  }

  template <class Out>
  static ending append(growing_array<Out>& found, Out c) {
    return found.append(c) ? ending::matched : ending::out_of_memory;
  }

  static ending read_narrowed(const directive<Char>& how, unit c, growing_array<char>& found, conversion_state& at) {
    char bytes[MB_LEN_MAX];
    const std::size_t length = std::wcrtomb(bytes, static_cast<wchar_t>(c), &at.shift);
    if (length == static_cast<std::size_t>(-1)) return is_characters(how) ? ending::out_of_input : report_malformed();
    return found.append(bytes, length) ? ending::matched : ending::out_of_memory;
  }

  // A character to its last byte, or to the byte that cannot belong to it. As in libc, a NUL is not one.
  ending read_multibyte(unit next, growing_array<wchar_t>& found, conversion_state& at) {
    for (; next != end; next = from_.get()) {
      const char byte = static_cast<char>(next);
      wchar_t character = 0;
      const std::size_t length = std::mbrtowc(&character, &byte, 1, &at.shift);
      if (length == 1) return append(found, character);
      if (length != static_cast<std::size_t>(-2)) break;
    }
    return report_malformed();
  }

  // In a set each byte must belong by itself, and one that cannot be decoded does not end it: libc leaves the place of
  // its character unwritten, here it becomes U+FFFD.
  static ending read_byte(unit next, growing_array<wchar_t>& found, conversion_state& at) {
    const char byte = static_cast<char>(next);
    wchar_t character = 0xfffd;
    at.inside = std::mbrtowc(&character, &byte, 1, &at.shift) == static_cast<std::size_t>(-2);
    return at.inside ? ending::matched : append(found, character);
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

}  // namespace redismodule::memory::detail
#pragma GCC visibility pop
