// A rival: one flag, read with sequential consistency by every call, chooses between libc and the server. It is the
// cheapest design that can be switched at all, and a wrong one: a block from before the switch is freed by the other
// side.
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "../modules/loops.h"
#include "redismodule/api.h"

namespace {

constinit std::atomic<bool> use_server{false};

void* allocate(std::size_t size) {
  void* block = use_server.load(std::memory_order_seq_cst) ? redismodule::api.Alloc(size) : std::malloc(size);
  if (!block) [[unlikely]] {
    throw std::bad_alloc{};
  }
  return block;
}

void release(void* block) {
  if (use_server.load(std::memory_order_seq_cst)) return redismodule::api.Free(block);
  std::free(block);
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void operator delete(void* block) noexcept { release(block); }
void operator delete(void* block, std::size_t) noexcept { release(block); }

namespace loops {

const char* const name = LOOPS_NAME;

bool start(redismodule::abi::ModuleCtx* ctx) {
  if (!redismodule::resolve(ctx)) return false;
  use_server.store(true);
  return true;
}
void refresh() {}

}  // namespace loops
