// The sets of functions that blocks come from, one for each way to use the server's allocator.
#pragma once

#include "core.h"
#include "redismodule/memory/relocation.h"

#pragma GCC visibility push(hidden)
namespace redismodule::memory::detail {

// Before start(): the bootstrap arena.
namespace bootstrap {
void* allocate(std::size_t last) noexcept;
void release(void* block) noexcept;
void* reallocate(void* block, std::size_t size) noexcept;
void* allocate_zeroed(std::size_t one, std::size_t size) noexcept;
void* allocate_aligned(std::size_t size, std::size_t alignment) noexcept;
std::size_t usable_size(void* block) noexcept;
std::size_t foreign_frees() noexcept;
}  // namespace bootstrap

// The server's functions themselves: its allocator aligns multiples of 16 bytes to 16.
// `has_room`: whether a block has room for the byte that allocate() is not asked for.
backend direct_backend(bool has_room) noexcept;

// For an allocator that aligns to 8 only: each block has its server address in the word before.
backend padded_backend() noexcept;

// For modules with accounting: each block has its account and what was charged in the two words before.
// `aligned_to`: what the server's allocator aligns multiples of 16 bytes to, 8 or 16.
backend counted_backend(std::size_t aligned_to) noexcept;

// The release function of the direct backend once there is a displaced block, and whether it is that one, or the one
// that stands in front of it for a relocation.
decltype(backend::release) checked_release() noexcept;
bool is_checked_release(decltype(backend::release) function) noexcept;

// Moves a block of each backend to where the server wants it, with what stands before it. The block itself where it
// stays.
struct moving {
  relocation::better_place ask;
  void* context;
  void* operator()(void* given) const { return ask(context, given); }
};
void* move_direct(void* block, const moving& by) noexcept;
void* move_padded(void* block, const moving& by) noexcept;
void* move_counted(void* block, const moving& by) noexcept;

}  // namespace redismodule::memory::detail
#pragma GCC visibility pop
