// The malloc family of C code linked into the module: the linker's --wrap turns each reference to `name`, calls and
// addresses alike, into one to `__wrap_name`.
#include <bit>
#include <cerrno>
#include <cstddef>

#include <unistd.h>

#include "core.h"

namespace {

namespace detail = redismodule::memory::detail;

void* or_enomem(void* block) noexcept {
  if (!block) [[unlikely]] {
    errno = ENOMEM;
  }
  return block;
}

void* aligned_or_error(std::size_t alignment, std::size_t size) noexcept {
  if (!std::has_single_bit(alignment)) {
    errno = EINVAL;
    return nullptr;
  }
  return or_enomem(detail::allocate_aligned(size, alignment));
}

std::size_t page_size() noexcept { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

}  // namespace

extern "C" {

[[gnu::used]] void* __wrap_malloc(std::size_t size) { return or_enomem(detail::allocate(size)); }

[[gnu::used]] void __wrap_free(void* block) { detail::release(block); }

[[gnu::used]] void* __wrap_calloc(std::size_t count, std::size_t size) {
  return or_enomem(detail::allocate_zeroed(count, size));
}

[[gnu::used]] void* __wrap_realloc(void* block, std::size_t size) {
  void* fresh = detail::reallocate(block, size);
  return size == 0 && block ? nullptr : or_enomem(fresh);
}

[[gnu::used]] void* __wrap_reallocarray(void* block, std::size_t count, std::size_t size) {
  std::size_t total = 0;
  if (__builtin_mul_overflow(count, size, &total)) return or_enomem(nullptr);
  return __wrap_realloc(block, total);
}

[[gnu::used]] void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {
  return aligned_or_error(alignment, size);
}

// As in glibc, an alignment between powers of two means the next one.
[[gnu::used]] void* __wrap_memalign(std::size_t alignment, std::size_t size) {
  if (alignment > PTRDIFF_MAX) return aligned_or_error(0, size);
  return aligned_or_error(std::bit_ceil(alignment), size);
}

[[gnu::used]] int __wrap_posix_memalign(void** result, std::size_t alignment, std::size_t size) {
  if (!std::has_single_bit(alignment) || alignment % sizeof(void*) != 0) return EINVAL;
  void* block = detail::allocate_aligned(size, alignment);
  if (!block) return ENOMEM;
  *result = block;
  return 0;
}

[[gnu::used]] void* __wrap_valloc(std::size_t size) { return aligned_or_error(page_size(), size); }

[[gnu::used]] void* __wrap_pvalloc(std::size_t size) {
  const auto page = page_size();
  if (size > PTRDIFF_MAX - page) return or_enomem(nullptr);
  return aligned_or_error(page, detail::round_up(size, page));
}

[[gnu::used]] std::size_t __wrap_malloc_usable_size(void* block) { return detail::usable_size(block); }

}  // extern "C"
