// All replaceable forms of operator new and delete. They are hidden, so that a module never lends its operators to the
// server or to another module, and `used`, so that link-time optimisation cannot drop them.
#include <cstddef>
#include <new>

#include "core.h"

namespace {

using redismodule::memory::detail::allocate_aligned;
using redismodule::memory::detail::allocate_some;
using redismodule::memory::detail::release;

// Zero bytes, which are a block too; or out of memory, as the standard has it: the new-handler may make room, and if
// there is none, bad_alloc.
[[gnu::cold, gnu::noinline]] void* after_failure(std::size_t size, std::size_t alignment) {
  if (size == 0) {
    size = 1;
    if (void* block = allocate_aligned(size, alignment)) return block;
  }
  for (;;) {
    auto handler = std::get_new_handler();
    if (!handler) throw std::bad_alloc{};
    handler();
    if (void* block = allocate_aligned(size, alignment)) return block;
  }
}

[[gnu::cold, gnu::noinline]] void* after_failure_nothrow(std::size_t size, std::size_t alignment) noexcept {
  try {
    return after_failure(size, alignment);
  } catch (...) {
    return nullptr;
  }
}

constexpr std::size_t plain = redismodule::memory::detail::default_alignment;

std::size_t to_size(std::align_val_t alignment) noexcept { return static_cast<std::size_t>(alignment); }

}  // namespace

[[gnu::used]] void* operator new(std::size_t size) {
  void* block = allocate_some(size);
  if (!block) [[unlikely]] {
    return after_failure(size, plain);
  }
  return block;
}

[[gnu::used]] void* operator new[](std::size_t size) {
  void* block = allocate_some(size);
  if (!block) [[unlikely]] {
    return after_failure(size, plain);
  }
  return block;
}

[[gnu::used]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  void* block = allocate_some(size);
  return block ? block : after_failure_nothrow(size, plain);
}

[[gnu::used]] void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  void* block = allocate_some(size);
  return block ? block : after_failure_nothrow(size, plain);
}

[[gnu::used]] void* operator new(std::size_t size, std::align_val_t alignment) {
  void* block = allocate_aligned(size, to_size(alignment));
  return block ? block : after_failure(size, to_size(alignment));
}

[[gnu::used]] void* operator new[](std::size_t size, std::align_val_t alignment) {
  void* block = allocate_aligned(size, to_size(alignment));
  return block ? block : after_failure(size, to_size(alignment));
}

[[gnu::used]] void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  void* block = allocate_aligned(size, to_size(alignment));
  return block ? block : after_failure_nothrow(size, to_size(alignment));
}

[[gnu::used]] void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  void* block = allocate_aligned(size, to_size(alignment));
  return block ? block : after_failure_nothrow(size, to_size(alignment));
}

[[gnu::used]] void operator delete(void* block) noexcept { release(block); }
[[gnu::used]] void operator delete[](void* block) noexcept { release(block); }
[[gnu::used]] void operator delete(void* block, std::size_t) noexcept { release(block); }
[[gnu::used]] void operator delete[](void* block, std::size_t) noexcept { release(block); }
[[gnu::used]] void operator delete(void* block, const std::nothrow_t&) noexcept { release(block); }
[[gnu::used]] void operator delete[](void* block, const std::nothrow_t&) noexcept { release(block); }
[[gnu::used]] void operator delete(void* block, std::align_val_t) noexcept { release(block); }
[[gnu::used]] void operator delete[](void* block, std::align_val_t) noexcept { release(block); }
[[gnu::used]] void operator delete(void* block, std::size_t, std::align_val_t) noexcept { release(block); }
[[gnu::used]] void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { release(block); }
[[gnu::used]] void operator delete(void* block, std::align_val_t, const std::nothrow_t&) noexcept { release(block); }
[[gnu::used]] void operator delete[](void* block, std::align_val_t, const std::nothrow_t&) noexcept { release(block); }
