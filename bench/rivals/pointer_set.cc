// A rival: whatever is allocated before the switch is noted in a set, and every release looks its block up there, to
// give it back to where it came from. The set is sharded, each shard behind a mutex of its own.
//   RIVAL_FREEZES  the set does not change after the switch, so that it is read without the mutex; a block of its is
//                  never taken out, and its address is mistaken for libc's for ever
//   RIVAL_COUNTS   bytes are counted too, by the server's size of each block, in counters sharded by thread
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <unordered_set>
#include <vector>

#include "../modules/loops.h"
#include "redismodule/api.h"

namespace {

constinit std::atomic<bool> use_server{false};

// The set's own nodes must not come through the operators that the set serves.
template <class T>
struct libc_allocator {
  using value_type = T;
  libc_allocator() = default;
  template <class U>
  libc_allocator(const libc_allocator<U>&) {}
  T* allocate(std::size_t count) { return static_cast<T*>(std::malloc(count * sizeof(T))); }
  void deallocate(T* block, std::size_t) { std::free(block); }
  friend bool operator==(libc_allocator, libc_allocator) { return true; }
};

struct alignas(64) shard {
  std::mutex lock;
  std::unordered_set<void*, std::hash<void*>, std::equal_to<void*>, libc_allocator<void*>> blocks;
};

// Never destroyed: static destructors free blocks too.
shard& shard_of(const void* block) {
  static auto* shards = [] {
    void* room = std::aligned_alloc(alignof(shard), 16 * sizeof(shard));
    return new (room) shard[16];
  }();
  return shards[reinterpret_cast<std::uintptr_t>(block) >> 4 & 15];
}

void note(void* block) {
  auto& into = shard_of(block);
  const std::lock_guard hold{into.lock};
  into.blocks.insert(block);
}

bool forget(void* block) {
  auto& from = shard_of(block);
#ifdef RIVAL_FREEZES
  if (use_server.load(std::memory_order_relaxed)) return from.blocks.contains(block);
#endif
  const std::lock_guard hold{from.lock};
  return from.blocks.erase(block) != 0;
}

struct alignas(64) counter {
  std::atomic<std::int64_t> bytes{0};
};
constinit counter counters[16];
constinit std::atomic<unsigned> threads_seen{0};

[[maybe_unused]] counter& own_counter() {
  static thread_local const unsigned index = threads_seen.fetch_add(1, std::memory_order_relaxed) % 16;
  return counters[index];
}

void count([[maybe_unused]] void* block, [[maybe_unused]] int sign) {
#ifdef RIVAL_COUNTS
  const auto size = static_cast<std::int64_t>(redismodule::api.MallocSize(block));
  own_counter().bytes.fetch_add(sign * size, std::memory_order_relaxed);
#endif
}

void* allocate_early(std::size_t size) {
  void* block = std::malloc(size);
  if (!block) throw std::bad_alloc{};
  note(block);
  return block;
}

void* allocate(std::size_t size) {
  if (!use_server.load(std::memory_order_relaxed)) [[unlikely]] {
    return allocate_early(size);
  }
  void* block = redismodule::api.Alloc(size);
  if (!block) [[unlikely]] {
    throw std::bad_alloc{};
  }
  count(block, 1);
  return block;
}

void release(void* block) {
  if (!block) return;
  if (forget(block)) [[unlikely]] {
    return std::free(block);
  }
  count(block, -1);
  redismodule::api.Free(block);
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void operator delete(void* block) noexcept { release(block); }
void operator delete(void* block, std::size_t) noexcept { release(block); }

namespace {

// As many blocks as the static objects of a large module leave in the set.
std::vector<std::vector<char>> early_blocks(1000, std::vector<char>(32));

}  // namespace

namespace loops {

const char* const name = LOOPS_NAME;

bool start(redismodule::abi::ModuleCtx* ctx) {
  if (!redismodule::resolve(ctx) || early_blocks.empty()) return false;
  use_server.store(true);
  return true;
}
void refresh() {}

}  // namespace loops
