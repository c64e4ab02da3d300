// The one way in: every operator, malloc-family function and libc replacement of the module comes through here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arena.h"

#pragma GCC visibility push(hidden)
namespace redismodule::memory::detail {

inline constexpr std::size_t default_alignment = 16;

constexpr std::size_t round_up(std::size_t value, std::size_t to) noexcept { return (value + to - 1) & ~(to - 1); }

// A set of functions that blocks come from and go to. Exchanged whole as the module starts; the set in force decides
// at no cost to the others what a call does. None of them throws.
// Fails: a null pointer, always for sizes above PTRDIFF_MAX.
struct backend {
  void* (*allocate)(std::size_t last) noexcept;  // `last` + 1 bytes, aligned to 16, for what last_byte() gave
  void (*release)(void* block) noexcept;         // null is allowed; never an arena block
  void* (*reallocate)(void* block, std::size_t size) noexcept;
  void* (*allocate_zeroed)(std::size_t one, std::size_t size) noexcept;
  void* (*allocate_aligned)(std::size_t size, std::size_t alignment) noexcept;  // a power of two above 16
  std::size_t (*usable_size)(void* block) noexcept;
};

// The backend in force, one cache line that is written when the module starts and when its first displaced block is
// made.
struct alignas(64) published_backend : backend {
  // Blocks end at a multiple of this and one: 16 (15 here) for allocators that align multiples of 16 bytes to 16 and
  // others to 8, 8 (7) for those that align everything to 16, 1 (0) for those that check every byte.
  std::size_t rounding;
};
static_assert(sizeof(published_backend) == 64);
extern constinit published_backend in_force;

// Each pointer is exchanged by itself while other threads call through it. A load acquires: whoever gets a block of
// a backend also sees the release function that goes with it. On x86-64 every load of a pointer does that, and a plain
// one can be an operand of the call, which saves the instruction.
template <class Function>
[[gnu::always_inline]] inline Function load(const Function& published) noexcept {
#ifdef __x86_64__
  return sanitizer::peek(published);
#else
  return __atomic_load_n(&published, __ATOMIC_ACQUIRE);
#endif
}

template <class Function>
void store(Function& published, Function function) noexcept {
  __atomic_store_n(&published, function, __ATOMIC_RELEASE);
}

// For those that another thread may exchange meanwhile. Fails: false, and `expected` is what is there instead.
template <class Function>
bool replace(Function& published, Function& expected, Function by) noexcept {
  return __atomic_compare_exchange_n(&published, &expected, by, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

// The server's functions, with what its version lacks made up from what it has. They fail softly where the server
// has TryAlloc; on Redis 6, which has not, the server ends itself when memory runs out.
struct server_function_set {
  void* (*allocate)(std::size_t size) noexcept;
  void (*release)(void* block) noexcept;
  void* (*reallocate)(void* block, std::size_t size) noexcept;
  void* (*allocate_zeroed_pair)(std::size_t one, std::size_t size) noexcept;
  std::size_t (*usable_size)(void* block) noexcept;
  std::size_t (*counted_size)(void* block) noexcept;  // what the block adds to used_memory
  std::size_t not_usable;                             // what usable_size counts too much

  void* allocate_zeroed(std::size_t size) const noexcept { return allocate_zeroed_pair(1, size); }
  std::size_t usable(void* block) const noexcept { return usable_size(block) - not_usable; }
};
extern constinit server_function_set server_functions;

// Cold parts of the functions below.
[[gnu::cold]] void* allocate_nothing(std::size_t size) noexcept;
[[gnu::cold]] void release_in_hull(void* block) noexcept;

// The last byte of the block to ask for, counted from 0, so that an allocator which aligns multiples of 16 bytes to 16
// does so. It never wraps, and for 0 bytes it is more than can be had, so that no size needs a test before the
// allocation: those that would have failed it come out as a null pointer. The allocators of servers have size classes
// with room for the one byte that they are not asked for; start() makes sure of that.
[[gnu::always_inline]] inline std::size_t last_byte(std::size_t size) noexcept {
  return (size - 1) | sanitizer::peek(in_force.rounding);
}

// Fails: a null pointer, for 0 bytes too.
[[gnu::always_inline]] inline void* allocate_some(std::size_t size) noexcept {
  return load(in_force.allocate)(last_byte(size));
}

// Memory for `size` bytes, aligned to 16; zero bytes are a block of their own.
// Fails: a null pointer; errno is left alone.
[[gnu::always_inline]] inline void* allocate(std::size_t size) noexcept {
  void* block = allocate_some(size);
  if (!block) [[unlikely]] {
    return allocate_nothing(size);
  }
  return block;
}

[[gnu::always_inline]] inline void release(void* block) noexcept {
  if (arena_hull.contains(block)) [[unlikely]] {
    return release_in_hull(block);
  }
  load(in_force.release)(block);
}

// `alignment` a power of two.
void* allocate_aligned(std::size_t size, std::size_t alignment) noexcept;
void* allocate_zeroed(std::size_t count, std::size_t size) noexcept;
// As in glibc: a null block is allocated, size 0 frees the block and answers null.
void* reallocate(void* block, std::size_t size) noexcept;
std::size_t usable_size(void* block) noexcept;

// Whether stop() was called: the module is about to be unmapped.
bool is_stopped() noexcept;

// Has a thread that is left joinable when the process ends be reported instead of aborting it.
void watch_exit() noexcept;

// Copies the block into one of the backend in force, without freeing it; for backends whose blocks cannot grow in
// place.
void* copy_block(void* block, std::size_t held, std::size_t size) noexcept;

}  // namespace redismodule::memory::detail
#pragma GCC visibility pop
