// The scanf family, for its %m conversions, which hand out memory: %ms, %mc, %m[…], their wide forms, and glibc's older
// spelling %as. A format without them goes to libc as it is.
#include <cstdarg>
#include <cstdio>
#include <cwchar>
#include <type_traits>

#include "libc_scanf_scanner.h"

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

using redismodule::memory::detail::dialect;
using redismodule::memory::detail::hands_out;
using redismodule::memory::detail::scanner;
using redismodule::memory::detail::source;

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

template <class Char>
int scan_text(const dialect<Char>& how, const Char* text, const Char* format, va_list args) {
  if (!hands_out(format, how.old_allocation_modifier)) return how.text(text, format, args);
  return scanner<Char>{source<Char>{how, text}, args}.scan(format);
}

template <class Char>
int scan_stream(const dialect<Char>& how, FILE* stream, const Char* format, va_list args) {
  if (!hands_out(format, how.old_allocation_modifier)) return how.stream(stream, format, args);
  // Bytes cannot be read from a wide stream, nor wide characters from another.
  const bool wide = sizeof(Char) != 1;
  if ((std::fwide(stream, wide ? 1 : -1) > 0) != wide) return EOF;
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
