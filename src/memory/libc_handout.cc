// strdup, asprintf, getline, open_memstream and their kin, made anew on the module's own malloc.
#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <cwchar>
#include <new>

#include <sys/types.h>

#include "libc_wrap.h"

#ifdef __GLIBC__
extern "C" int __vsnprintf_chk(char* at, std::size_t room, int flag, std::size_t size, const char* format,
                               va_list args);
#endif

namespace {

using redismodule::memory::detail::copy_text;
using redismodule::memory::detail::free_keeping_errno;
using redismodule::memory::detail::growing_array;

constexpr int unchecked = -1;

// `flag` is that of the fortified functions, which watch over %n, or `unchecked`.
int print(char* at, std::size_t room, int flag, const char* format, va_list args) {
  va_list again;
  va_copy(again, args);
#ifdef __GLIBC__
  const int length = flag == unchecked ? std::vsnprintf(at, room, format, again)
                                       : __vsnprintf_chk(at, room, flag, room, format, again);
#else
  static_cast<void>(flag);
  const int length = std::vsnprintf(at, room, format, again);
#endif
  va_end(again);
  return length;
}

// Most results fit on the stack first; the others are printed twice.
int print_new(char** result, int flag, const char* format, va_list args) {
  *result = nullptr;
  char first[256];
  int length = print(first, sizeof first, flag, format, args);
  if (length < 0) return -1;
  if (static_cast<std::size_t>(length) < sizeof first) {
    *result = copy_text(first, static_cast<std::size_t>(length));
    return *result ? length : -1;
  }
  // An argument may grow in between, under another thread's hands.
  growing_array<char> text;
  for (;;) {
    const std::size_t room = static_cast<std::size_t>(length) + 1;
    if (!text.reserve(room)) return -1;
    length = print(text.data(), room, flag, format, args);
    if (length < 0) return -1;
    if (static_cast<std::size_t>(length) < room) break;
  }
  *result = text.release();
  return length;
}

struct stream_lock {
  explicit stream_lock(FILE* locked) : stream{locked} { flockfile(stream); }
  stream_lock(const stream_lock&) = delete;
  stream_lock& operator=(const stream_lock&) = delete;
  ~stream_lock() { funlockfile(stream); }
  FILE* stream;
};

bool make_room(char** line, std::size_t* capacity, std::size_t wanted) {
  if (wanted <= *capacity) return true;
  if (wanted > SSIZE_MAX) {
    errno = EOVERFLOW;
    return false;
  }
  const std::size_t grown = std::max(wanted, std::min<std::size_t>(*capacity * 2, SSIZE_MAX));
  auto* moved = static_cast<char*>(__wrap_realloc(*line, grown));
  if (!moved) return false;
  *line = moved;
  *capacity = grown;
  return true;
}

ssize_t read_until(char** line, std::size_t* capacity, int delimiter, FILE* stream) {
  if (!line || !capacity || !stream) {
    errno = EINVAL;
    return -1;
  }
  const stream_lock lock{stream};
  if (ferror_unlocked(stream)) return -1;
  // As in glibc either says that there is no block yet, whatever the other says.
  if (!*line || *capacity == 0) {
    *line = nullptr;
    *capacity = 0;
    if (!make_room(line, capacity, 120)) return -1;
  }
  std::size_t length = 0;
  for (int next; (next = getc_unlocked(stream)) != EOF;) {
    if (!make_room(line, capacity, length + 2)) return -1;
    (*line)[length++] = static_cast<char>(next);
    if (next == delimiter) break;
  }
  if (length == 0) return -1;
  (*line)[length] = '\0';
  return static_cast<ssize_t>(length);
}

// A stream into memory, by the callbacks of fopencookie: the FILE is libc's from first to last, the text the module's.
// As glibc has it, the reported length is the position, a seek beyond the text lengthens it with zeros, and closing
// cuts the text off at the position, with a NUL that is not counted.
class memory_stream {
 public:
  memory_stream(char** text, std::size_t* length) : text_{text}, length_{length} {}

  bool start() { return grow_to(0) && (publish(), true); }
  void abandon() { free_keeping_errno(data_); }

  ssize_t write(const char* bytes, std::size_t count) {
    if (count > PTRDIFF_MAX - 1 - position_) {
      errno = ENOMEM;
      return 0;
    }
    if (!grow_to(position_ + count)) return 0;
    std::memcpy(data_ + position_, bytes, count);
    position_ += count;
    publish();
    return static_cast<ssize_t>(count);
  }

  int seek(off64_t* offset, int whence) {
    const std::size_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? position_ : size_;
    off64_t target = 0;
    if (__builtin_add_overflow(static_cast<off64_t>(base), *offset, &target) || target < 0) {
      errno = EINVAL;
      return -1;
    }
    if (!grow_to(static_cast<std::size_t>(target))) return -1;
    position_ = static_cast<std::size_t>(target);
    *offset = target;
    publish();
    return 0;
  }

  void finish() {
    data_[position_] = '\0';
    auto* cut = static_cast<char*>(__wrap_realloc(data_, position_ + 1));
    if (cut) data_ = cut;
    publish();
  }

 private:
  bool grow_to(std::size_t size) {
    if (size + 1 > capacity_) {
      const std::size_t wanted = std::max<std::size_t>({size + 1, capacity_ * 2, 64});
      auto* moved = static_cast<char*>(__wrap_realloc(data_, wanted));
      if (!moved) return false;
      data_ = moved;
      capacity_ = wanted;
    }
    if (size < size_) return true;
    std::memset(data_ + size_, 0, size + 1 - size_);
    size_ = size;
    return true;
  }

  void publish() {
    *text_ = data_;
    *length_ = position_;
  }

  char** text_;
  std::size_t* length_;
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::size_t position_ = 0;
};

ssize_t write_cookie(void* cookie, const char* bytes, std::size_t count) {
  return static_cast<memory_stream*>(cookie)->write(bytes, count);
}

int seek_cookie(void* cookie, off64_t* offset, int whence) {
  return static_cast<memory_stream*>(cookie)->seek(offset, whence);
}

int close_cookie(void* cookie) {
  static_cast<memory_stream*>(cookie)->finish();
  __wrap_free(cookie);
  return 0;
}

FILE* open_stream(char** text, std::size_t* length) {
  if (!text || !length) {
    errno = EINVAL;
    return nullptr;
  }
  void* place = __wrap_malloc(sizeof(memory_stream));
  if (!place) return nullptr;
  auto* stream = new (place) memory_stream{text, length};
  FILE* file = nullptr;
  if (stream->start()) {
    cookie_io_functions_t callbacks{};
    callbacks.write = write_cookie;
    callbacks.seek = seek_cookie;
    callbacks.close = close_cookie;
    file = fopencookie(stream, "w", callbacks);
  }
  if (file) return file;
  stream->abandon();
  free_keeping_errno(place);
  *text = nullptr;
  return nullptr;
}

}  // namespace

extern "C" {

[[gnu::used]] char* __wrap_strdup(const char* text) { return copy_text(text, std::strlen(text)); }
[[gnu::used]] char* __wrap___strdup(const char* text) { return __wrap_strdup(text); }

[[gnu::used]] char* __wrap_strndup(const char* text, std::size_t most) { return copy_text(text, strnlen(text, most)); }
[[gnu::used]] char* __wrap___strndup(const char* text, std::size_t most) { return __wrap_strndup(text, most); }

[[gnu::used]] wchar_t* __wrap_wcsdup(const wchar_t* text) { return copy_text(text, std::wcslen(text)); }

[[gnu::used]] int __wrap_vasprintf(char** result, const char* format, va_list args) {
  return print_new(result, unchecked, format, args);
}

[[gnu::used]] int __wrap___vasprintf_chk(char** result, int flag, const char* format, va_list args) {
  return print_new(result, flag, format, args);
}

[[gnu::used]] int __wrap_asprintf(char** result, const char* format, ...) {
  va_list args;
  va_start(args, format);
  const int length = print_new(result, unchecked, format, args);
  va_end(args);
  return length;
}

[[gnu::used]] int __wrap___asprintf(char** result, const char* format, ...) {
  va_list args;
  va_start(args, format);
  const int length = print_new(result, unchecked, format, args);
  va_end(args);
  return length;
}

[[gnu::used]] int __wrap___asprintf_chk(char** result, int flag, const char* format, ...) {
  va_list args;
  va_start(args, format);
  const int length = print_new(result, flag, format, args);
  va_end(args);
  return length;
}

[[gnu::used]] ssize_t __wrap_getdelim(char** line, std::size_t* capacity, int delimiter, FILE* stream) {
  return read_until(line, capacity, delimiter, stream);
}

[[gnu::used]] ssize_t __wrap___getdelim(char** line, std::size_t* capacity, int delimiter, FILE* stream) {
  return read_until(line, capacity, delimiter, stream);
}

[[gnu::used]] ssize_t __wrap_getline(char** line, std::size_t* capacity, FILE* stream) {
  return read_until(line, capacity, '\n', stream);
}

[[gnu::used]] FILE* __wrap_open_memstream(char** text, std::size_t* length) { return open_stream(text, length); }

}  // extern "C"
