// The bootstrap arena: memory for what a module allocates before the server's allocator can be asked.
//
// It is an array in .bss, so that it needs no call to be there and is unmapped by dlclose itself; when the array is
// full, chunks from mmap follow. Blocks are cut off by an atomic addition and never used twice. A block is told by
// its address alone, hence it can be freed or reallocated at any time and from any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sanitizer.h"

#pragma GCC visibility push(hidden)

// Generated for each module by redismodule_add_module(… ARENA_SIZE bytes).
extern "C" {
extern unsigned char redismodule_arena[];
extern const std::size_t redismodule_arena_size;
}

namespace redismodule::memory::detail {

// The address range [low, high) that all of the arena lies in. It only widens, so that readers may load the two in
// any order: any mixture still covers what it covered before. Between array and chunks lie other mappings, so that
// an address inside is not yet an arena address.
// The fields are written by atomic operations only; plain loads read them, which on the platforms of this library are
// whole, and which the compiler can make operands of the comparison.
struct address_hull {
  std::uintptr_t low;
  std::uintptr_t high;

  bool contains(const void* block) const noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(block);
    return address >= sanitizer::peek(low) && address < sanitizer::peek(high);
  }
};
extern constinit address_hull arena_hull;

namespace arena {

// `size` at most PTRDIFF_MAX, `alignment` a power of two of at least 16.
// Fails: a null pointer when mmap gives no further chunk.
void* allocate(std::size_t size, std::size_t alignment) noexcept;

// Whether the block is one of the arena's: exact, where the hull only suspects.
bool owns(const void* block) noexcept;

// For blocks that owns() affirmed.
std::size_t size_of(const void* block) noexcept;
void release(void* block) noexcept;

struct figures {
  std::size_t size, used, live, live_blocks, chunks;
};
figures current() noexcept;

// Gives the chunks back. Nothing of the arena may be used any more.
void unmap() noexcept;

}  // namespace arena
}  // namespace redismodule::memory::detail
#pragma GCC visibility pop
