// What the module has allocated at most, counted in the server's functions that it allocates by.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>

#include "redismodule/memory/memory.h"
#include "redismodule/redismodule.h"

namespace peak {

namespace rm = redismodule;

inline rm::abi::function_table servers{};
// Values may be freed by another thread.
inline std::atomic<long long> live{0};
inline std::atomic<long long> most{0};

inline void* taken(void* block) {
  if (block == nullptr) return block;
  const long long now = live += static_cast<long long>(servers.MallocSize(block));
  if (now > most) most = now;
  return block;
}
inline void given_back(void* block) {
  if (block != nullptr) live -= static_cast<long long>(servers.MallocSize(block));
}

inline void* try_alloc(std::size_t size) { return taken(servers.TryAlloc(size)); }
inline void* try_calloc(std::size_t count, std::size_t size) { return taken(servers.TryCalloc(count, size)); }
inline void* try_realloc(void* block, std::size_t size) {
  const long long before = block == nullptr ? 0 : static_cast<long long>(servers.MallocSize(block));
  void* moved = servers.TryRealloc(block, size);
  if (moved == nullptr) return moved;
  live -= before;
  return taken(moved);
}
inline void free(void* block) {
  given_back(block);
  servers.Free(block);
}
// The server allocates it, and the module frees it.
inline char* load_string_buffer(rm::abi::ModuleIO* io, std::size_t* size) {
  return static_cast<char*>(taken(servers.LoadStringBuffer(io, size)));
}

// Most bytes at a time since this was last asked, above what there was then.
inline long long since_asked() {
  static long long before = 0;
  const long long grown = most - before;
  most = before = live.load();
  return grown;
}

// Nothing is counted on servers without TryAlloc, before Redis 7.0.
inline void count() {
  using rm::api;
  servers = api;
  if (servers.TryAlloc == nullptr) return;
  api.TryAlloc = &try_alloc;
  if (servers.TryCalloc != nullptr) api.TryCalloc = &try_calloc;
  if (servers.TryRealloc != nullptr) api.TryRealloc = &try_realloc;
  api.Free = &peak::free;
  api.LoadStringBuffer = &load_string_buffer;
  rm::memory::refresh();
}

}  // namespace peak
