#include "arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <new>

namespace redismodule::memory::detail {
namespace {

constexpr std::size_t block_alignment = 16;
constexpr std::size_t page = 4096;
constexpr std::size_t smallest_chunk = std::size_t{1} << 20;
constexpr std::size_t largest_chunk = std::size_t{64} << 20;

// Stands right before each block, which starts block_alignment bytes behind it or more.
struct block_header {
  std::size_t size;
  std::size_t taken;  // with header and padding: what the arena lost by the block
};
static_assert(sizeof(block_header) <= block_alignment);

struct chunk {
  chunk* previous;
  std::size_t size;
  std::atomic<std::size_t> used;

  unsigned char* base() noexcept { return reinterpret_cast<unsigned char*>(this); }
};

constinit std::atomic<std::size_t> array_used{0};
constinit std::atomic<chunk*> newest_chunk{nullptr};
constinit std::atomic<std::size_t> taken_by_dead{0};
constinit std::atomic<std::size_t> taken_in_all{0};
constinit std::atomic<std::size_t> blocks_made{0};
constinit std::atomic<std::size_t> blocks_dead{0};

block_header& header_of(const void* block) noexcept {
  return *(static_cast<block_header*>(const_cast<void*>(block)) - 1);
}

// A header is a forbidden zone between two blocks, for everyone but this function.
[[gnu::no_sanitize_address]] block_header read_header(const void* block) noexcept { return header_of(block); }

// Cuts `needed` bytes off [base, base + size). A full range stays full: `used` may run past its end, and never wraps,
// since no block is larger than PTRDIFF_MAX and a full range is asked at most once per allocation.
unsigned char* cut(unsigned char* base, std::size_t size, std::atomic<std::size_t>& used, std::size_t needed) noexcept {
  if (used.load(std::memory_order_relaxed) > size || needed > size) return nullptr;
  const auto at = used.fetch_add(needed, std::memory_order_relaxed);
  if (at > size || needed > size - at) return nullptr;
  return base + at;
}

void widen_hull(std::uintptr_t low, std::uintptr_t high) noexcept {
  const std::atomic_ref shared_low{arena_hull.low}, shared_high{arena_hull.high};
  auto seen = shared_low.load(std::memory_order_relaxed);
  while ((seen == 0 || low < seen) && !shared_low.compare_exchange_weak(seen, low, std::memory_order_relaxed)) {
  }
  seen = shared_high.load(std::memory_order_relaxed);
  while (high > seen && !shared_high.compare_exchange_weak(seen, high, std::memory_order_relaxed)) {
  }
}

// Whatever is mapped there next is not to be forbidden.
void unmap_chunk(chunk* at) noexcept {
  const auto size = at->size;
  sanitizer::allow(at, size);
  sanitizer::stop_searching(at, size);
  munmap(at, size);
}

// Chunks double in size up to a bound, so that their list stays short however much is taken.
bool add_chunk(chunk* expected, std::size_t needed) noexcept {
  const auto wanted = expected ? std::min(expected->size * 2, largest_chunk) : smallest_chunk;
  const auto size = std::max(wanted, (needed + sizeof(chunk) + 2 * page) & ~(page - 1));
  void* mapping = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return false;
  auto* fresh = new (mapping) chunk{expected, size, {(sizeof(chunk) + block_alignment - 1) & ~(block_alignment - 1)}};
  const auto low = reinterpret_cast<std::uintptr_t>(mapping);
  sanitizer::search_for_pointers(mapping, size);
  widen_hull(low, low + size);
  if (newest_chunk.compare_exchange_strong(expected, fresh, std::memory_order_acq_rel)) return true;
  unmap_chunk(fresh);  // another thread added one meanwhile; the hull may stay too wide
  return true;
}

unsigned char* cut_from_any(std::size_t needed) noexcept {
  if (auto* at = cut(redismodule_arena, redismodule_arena_size, array_used, needed)) return at;
  for (;;) {
    auto* newest = newest_chunk.load(std::memory_order_acquire);
    if (newest) {
      if (auto* at = cut(newest->base(), newest->size, newest->used, needed)) return at;
    }
    if (!add_chunk(newest, needed)) return nullptr;
  }
}

}  // namespace

constinit address_hull arena_hull{0, 0};

namespace arena {

void* allocate(std::size_t size, std::size_t alignment) noexcept {
  if (size > PTRDIFF_MAX) return nullptr;
  const auto array = reinterpret_cast<std::uintptr_t>(redismodule_arena);
  if (!arena_hull.contains(redismodule_arena)) widen_hull(array, array + redismodule_arena_size);
  const auto rounded = (std::max<std::size_t>(size, 1) + block_alignment - 1) & ~(block_alignment - 1);
  const auto needed = rounded + alignment;  // header and padding: cuts are aligned to block_alignment
  auto* at = cut_from_any(needed);
  if (!at) return nullptr;
  const auto behind_header = reinterpret_cast<std::uintptr_t>(at) + sizeof(block_header);
  auto* block = reinterpret_cast<void*>((behind_header + alignment - 1) & ~(alignment - 1));
  header_of(block) = {rounded, needed};
  sanitizer::forbid(at, needed);
  sanitizer::allow(block, size);
  taken_in_all.fetch_add(needed, std::memory_order_relaxed);
  blocks_made.fetch_add(1, std::memory_order_relaxed);
  return block;
}

bool owns(const void* block) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  if (address - reinterpret_cast<std::uintptr_t>(redismodule_arena) < redismodule_arena_size) return true;
  for (auto* at = newest_chunk.load(std::memory_order_acquire); at; at = at->previous) {
    if (address - reinterpret_cast<std::uintptr_t>(at) < at->size) return true;
  }
  return false;
}

std::size_t size_of(const void* block) noexcept { return read_header(block).size; }

void release(void* block) noexcept {
  sanitizer::touch(block);  // freed twice?
  const auto header = read_header(block);
  taken_by_dead.fetch_add(header.taken, std::memory_order_relaxed);
  blocks_dead.fetch_add(1, std::memory_order_relaxed);
  sanitizer::forbid(block, header.size);
}

figures current() noexcept {
  figures now{redismodule_arena_size, taken_in_all.load(std::memory_order_relaxed), 0, 0, 0};
  now.live = now.used - taken_by_dead.load(std::memory_order_relaxed);
  now.live_blocks = blocks_made.load(std::memory_order_relaxed) - blocks_dead.load(std::memory_order_relaxed);
  for (auto* at = newest_chunk.load(std::memory_order_acquire); at; at = at->previous) {
    now.size += at->size;
    ++now.chunks;
  }
  return now;
}

void unmap() noexcept {
  auto* at = newest_chunk.exchange(nullptr, std::memory_order_acq_rel);
  while (at) {
    auto* previous = at->previous;
    unmap_chunk(at);
    at = previous;
  }
}

}  // namespace arena
}  // namespace redismodule::memory::detail
