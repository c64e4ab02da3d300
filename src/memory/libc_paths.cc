// realpath, getcwd, scandir, tempnam, backtrace_symbols and their kin: made anew on the module's own malloc, or the
// real function is given a buffer of ours.
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <link.h>
#endif

#include "libc_wrap.h"

extern "C" {
char* __real_realpath(const char* path, char* resolved);
char* __real_getcwd(char* buffer, std::size_t size);
#ifdef __GLIBC__
char* __real___realpath_chk(const char* path, char* resolved, std::size_t size);
#endif
}

namespace {

using redismodule::memory::detail::copy_text;
using redismodule::memory::detail::free_keeping_errno;
using redismodule::memory::detail::growing_array;

// Fails: as realpath, and ENAMETOOLONG for a result past PATH_MAX, which libc's own allocation would have let through.
char* resolve_path(const char* path) {
  char resolved[PATH_MAX];
  if (!__real_realpath(path, resolved)) return nullptr;
  return copy_text(resolved, std::strlen(resolved));
}

char* current_directory() {
  char first[PATH_MAX];
  if (__real_getcwd(first, sizeof first)) return copy_text(first, std::strlen(first));
  growing_array<char> longer;
  for (std::size_t room = 2 * PATH_MAX; errno == ERANGE; room *= 2) {
    if (!longer.reserve(room)) return nullptr;
    if (!__real_getcwd(longer.data(), room)) continue;
    return copy_text(longer.data(), std::strlen(longer.data()));
  }
  return nullptr;
}

// As glibc extends it: with no buffer one is allocated, of the size given or, if that is 0, as large as needed.
char* current_directory(char* buffer, std::size_t size) {
  if (buffer) return __real_getcwd(buffer, size);
  if (size == 0) return current_directory();
  auto* block = static_cast<char*>(__wrap_malloc(size));
  if (!block) return nullptr;
  if (__real_getcwd(block, size)) return block;
  free_keeping_errno(block);
  return nullptr;
}

bool is_current_directory(const char* path) {
  struct stat here {};
  struct stat there {};
  return stat(".", &here) == 0 && stat(path, &there) == 0 && here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

using selector = int (*)(const dirent*);
using comparer = int (*)(const dirent**, const dirent**);

class directory {
 public:
  explicit directory(DIR* stream) : stream_{stream} {}
  directory(const directory&) = delete;
  directory& operator=(const directory&) = delete;
  ~directory() {
    const int why = errno;
    if (stream_) closedir(stream_);
    errno = why;
  }
  explicit operator bool() const { return stream_ != nullptr; }
  DIR* get() const { return stream_; }

 private:
  DIR* stream_;
};

// Frees the entries unless they are handed out, also when a caller's function throws.
struct entry_list {
  entry_list() = default;
  entry_list(const entry_list&) = delete;
  entry_list& operator=(const entry_list&) = delete;
  ~entry_list() {
    for (dirent* entry : entries) free_keeping_errno(entry);
  }

  bool add(const dirent* entry) {
    if (!entries.reserve(entries.size() + 1)) return false;
    void* copy = __wrap_malloc(entry->d_reclen);
    if (!copy) return false;
    return entries.append(static_cast<dirent*>(std::memcpy(copy, entry, entry->d_reclen)));
  }

  growing_array<dirent*> entries;
};

int scan(const directory& from, dirent*** result, selector select, comparer compare) {
  if (!from) return -1;
  const int errno_before = errno;
  entry_list found;
  errno = 0;
  while (const dirent* entry = readdir(from.get())) {
    const bool wanted = !select || select(entry) != 0;
    if (wanted && !found.add(entry)) return -1;
    errno = 0;
  }
  if (errno != 0) return -1;
  const std::size_t count = found.entries.size();
  if (count > INT_MAX) {
    errno = EOVERFLOW;
    return -1;
  }
  if (compare && count > 1) {
    std::qsort(found.entries.data(), count, sizeof(dirent*),
               reinterpret_cast<int (*)(const void*, const void*)>(compare));
  }
  *result = found.entries.release();
  errno = errno_before;
  return static_cast<int>(count);
}

int scan_at(int base, const char* path, dirent*** result, selector select, comparer compare) {
  const int descriptor = openat(base, path, O_RDONLY | O_NONBLOCK | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return -1;
  const directory opened{fdopendir(descriptor)};
  if (!opened) {
    const int why = errno;
    close(descriptor);
    errno = why;
  }
  return scan(opened, result, select, compare);
}

bool is_directory(const char* path) {
  struct stat found {};
  return path && *path && stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

// TMPDIR first (not in a process with raised rights), then the caller's wish, then the system's.
const char* directory_for_temporary(const char* wish) {
#ifdef __GLIBC__
  const char* from_environment = secure_getenv("TMPDIR");
#else
  const char* from_environment = getuid() == geteuid() && getgid() == getegid() ? std::getenv("TMPDIR") : nullptr;
#endif
  if (is_directory(from_environment)) return from_environment;
  if (is_directory(wish)) return wish;
  return is_directory(P_tmpdir) ? P_tmpdir : "/tmp";
}

bool fill_randomly(char* at, std::size_t count) {
  static constexpr char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  unsigned char random[16];
  if (getrandom(random, count, 0) != static_cast<ssize_t>(count)) return false;
  for (std::size_t i = 0; i < count; ++i) at[i] = letters[random[i] % (sizeof letters - 1)];
  return true;
}

char* temporary_name(const char* wish, const char* prefix) {
  constexpr int longest_prefix = 5;
  constexpr std::size_t random_letters = 6;
  const char* where = directory_for_temporary(wish);
  std::size_t length = std::strlen(where);
  while (length > 1 && where[length - 1] == '/') --length;
  char name[PATH_MAX];
  const int written = std::snprintf(name, sizeof name, "%.*s/%.*sXXXXXX", static_cast<int>(length), where,
                                    longest_prefix, prefix && *prefix ? prefix : "file");
  if (written < 0 || static_cast<std::size_t>(written) >= sizeof name) {
    errno = ENAMETOOLONG;
    return nullptr;
  }
  const int errno_before = errno;
  for (int attempt = 0; attempt < TMP_MAX; ++attempt) {
    if (!fill_randomly(name + written - random_letters, random_letters)) return nullptr;
    struct stat found {};
    if (lstat(name, &found) == 0) continue;
    if (errno != ENOENT) return nullptr;
    errno = errno_before;
    return copy_text(name, static_cast<std::size_t>(written));
  }
  errno = EEXIST;
  return nullptr;
}

// One line as glibc writes it: file(name+offset) [address], the offset being from the start of the file where no name
// is known.
int print_frame(char* at, std::size_t room, void* address) {
  Dl_info info{};
#ifdef __GLIBC__
  link_map* object = nullptr;
  const bool known = dladdr1(address, &info, reinterpret_cast<void**>(&object), RTLD_DL_LINKMAP) != 0;
  void* const object_base = known && object ? reinterpret_cast<void*>(object->l_addr) : nullptr;
#else
  const bool known = dladdr(address, &info) != 0;
  void* const object_base = info.dli_fbase;
#endif
  if (!known || !info.dli_fname || !*info.dli_fname) return std::snprintf(at, room, "[%p]", address);
  void* const base = info.dli_sname ? info.dli_saddr : object_base;
  if (!base) return std::snprintf(at, room, "%s() [%p]", info.dli_fname, address);
  const auto from = reinterpret_cast<std::uintptr_t>(base);
  const auto to = reinterpret_cast<std::uintptr_t>(address);
  const bool forward = to >= from;
  const unsigned long offset = forward ? to - from : from - to;
  return std::snprintf(at, room, "%s(%s%c%#lx) [%p]", info.dli_fname, info.dli_sname ? info.dli_sname : "",
                       forward ? '+' : '-', offset, address);
}

std::size_t frame_length(void* address) {
  const int length = print_frame(nullptr, 0, address);
  return length < 0 ? 0 : static_cast<std::size_t>(length);
}

// One block: the pointers first, the lines after them.
char** describe_frames(void* const* addresses, int count) {
  const std::size_t lines = count > 0 ? static_cast<std::size_t>(count) : 0;
  std::size_t size = lines * sizeof(char*);
  for (std::size_t i = 0; i < lines; ++i) size += frame_length(addresses[i]) + 1;
  auto* block = static_cast<char**>(__wrap_malloc(size));
  if (!block) return nullptr;
  char* at = reinterpret_cast<char*>(block + lines);
  char* const end = reinterpret_cast<char*>(block) + size;
  for (std::size_t i = 0; i < lines; ++i) {
    block[i] = at;
    const std::size_t room = static_cast<std::size_t>(end - at) - (lines - i - 1);
    // A symbol's name may change in between, when its object is unloaded: the line is then cut, never overrun.
    const int written = print_frame(at, room, addresses[i]);
    if (written < 0) *at = '\0';
    at += std::strlen(at) + 1;
  }
  return block;
}

}  // namespace

extern "C" {

[[gnu::used]] char* __wrap_realpath(const char* path, char* resolved) {
  return resolved ? __real_realpath(path, resolved) : resolve_path(path);
}

#ifdef __GLIBC__
[[gnu::used]] char* __wrap___realpath_chk(const char* path, char* resolved, std::size_t size) {
  return resolved ? __real___realpath_chk(path, resolved, size) : resolve_path(path);
}
#endif

[[gnu::used]] char* __wrap_canonicalize_file_name(const char* path) { return resolve_path(path); }

[[gnu::used]] char* __wrap_getcwd(char* buffer, std::size_t size) { return current_directory(buffer, size); }

// The compiler knows the buffer's size, and libc's fortified form ends the process when `size` goes past it. So does
// this.
[[gnu::used]] char* __wrap___getcwd_chk(char* buffer, std::size_t size, std::size_t buffer_size) {
  if (size > buffer_size) std::abort();
  return current_directory(buffer, size);
}

[[gnu::used]] char* __wrap_get_current_dir_name() {
  const char* logical = std::getenv("PWD");
  if (logical && *logical && is_current_directory(logical)) return copy_text(logical, std::strlen(logical));
  return current_directory();
}

[[gnu::used]] int __wrap_scandir(const char* path, dirent*** result, selector select, comparer compare) {
  return scan(directory{opendir(path)}, result, select, compare);
}

[[gnu::used]] int __wrap_scandirat(int base, const char* path, dirent*** result, selector select, comparer compare) {
  return scan_at(base, path, result, select, compare);
}

// On 64-bit platforms dirent64 is dirent under another name.
static_assert(sizeof(off_t) == sizeof(off64_t));

[[gnu::used]] int __wrap_scandir64(const char* path, dirent*** result, selector select, comparer compare) {
  return __wrap_scandir(path, result, select, compare);
}

[[gnu::used]] int __wrap_scandirat64(int base, const char* path, dirent*** result, selector select, comparer compare) {
  return __wrap_scandirat(base, path, result, select, compare);
}

[[gnu::used]] char* __wrap_tempnam(const char* wish, const char* prefix) { return temporary_name(wish, prefix); }

[[gnu::used]] char** __wrap_backtrace_symbols(void* const* addresses, int count) {
  return describe_frames(addresses, count);
}

[[gnu::used]] char** __wrap___backtrace_symbols(void* const* addresses, int count) {
  return describe_frames(addresses, count);
}

}  // extern "C"
