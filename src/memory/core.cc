#include "core.h"

#include <algorithm>
#include <cstring>
#include <exception>

#include "account.h"
#include "backends.h"
#include "displaced.h"
#include "probe.h"
#include "redismodule/api.h"
#include "redismodule/memory/memory.h"

// Generated for each module by redismodule_add_module(… [ACCOUNTING]).
extern "C" const unsigned char redismodule_memory_accounting;

namespace redismodule::memory {
namespace detail {

constinit published_backend in_force{{bootstrap::allocate, bootstrap::release, bootstrap::reallocate,
                                      bootstrap::allocate_zeroed, bootstrap::allocate_aligned, bootstrap::usable_size},
                                     sanitizer::checks_addresses ? 0 : default_alignment - 1};

constinit server_function_set server_functions{};

void* allocate_nothing(std::size_t size) noexcept { return size == 0 ? allocate_some(1) : nullptr; }

void release_in_hull(void* block) noexcept {
  if (arena::owns(block)) return arena::release(block);
  load(in_force.release)(block);
}

void* copy_block(void* block, std::size_t held, std::size_t size) noexcept {
  void* fresh = allocate(size);
  if (fresh) std::memcpy(fresh, block, std::min(held, size));
  return fresh;
}

void* reallocate_arena_block(void* block, std::size_t size) noexcept {
  void* fresh = copy_block(block, arena::size_of(block), size);
  if (fresh) arena::release(block);
  return fresh;
}

namespace {

// What the block's allocator says of it, for a block that is not null.
std::size_t held_by(void* block) noexcept {
  if (arena_hull.contains(block) && arena::owns(block)) return arena::size_of(block);
  return load(in_force.usable_size)(block);
}

}  // namespace

void* allocate_aligned(std::size_t size, std::size_t alignment) noexcept {
  if (alignment <= default_alignment) return allocate(size);
  if (size > PTRDIFF_MAX - 2 * default_alignment || alignment > PTRDIFF_MAX / 4) return nullptr;
  const auto rounded = round_up(std::max<std::size_t>(size, 1), default_alignment);
  void* block = load(in_force.allocate_aligned)(rounded, alignment);
  if constexpr (sanitizer::checks_addresses) {
    if (block) sanitizer::forbid(static_cast<char*>(block) + size, held_by(block) - size);
  }
  return block;
}

void* allocate_zeroed(std::size_t count, std::size_t size) noexcept {
  std::size_t total = 0;
  if (__builtin_mul_overflow(count, size, &total) || total > PTRDIFF_MAX - default_alignment) return nullptr;
  return load(in_force.allocate_zeroed)(1, last_byte(std::max<std::size_t>(total, 1)) + 1);
}

void* reallocate(void* block, std::size_t size) noexcept {
  if (!block) return allocate(size);
  if (size == 0) {
    release(block);
    return nullptr;
  }
  if (size > PTRDIFF_MAX - default_alignment) return nullptr;  // the server would free the block
  if constexpr (sanitizer::checks_addresses) sanitizer::allow(block, held_by(block));
  if (arena_hull.contains(block) && arena::owns(block)) return reallocate_arena_block(block, size);
  return load(in_force.reallocate)(block, last_byte(size) + 1);
}

std::size_t usable_size(void* block) noexcept {
  if (!block) return 0;
  const auto held = held_by(block);
  sanitizer::allow(block, held);  // who asks may use all of it
  return held;
}

namespace {

constinit source from = source::arena;
constinit bool unmapping = false;

// What a server without TryRealloc (before 7.4) or TryCalloc gets instead: its own Realloc and Calloc end the process
// when memory runs out.
void* reallocate_by_copy(void* block, std::size_t size) noexcept {
  const auto held = server_functions.usable(block);
  if (size <= held && size >= held / 2) return block;
  void* fresh = server_functions.allocate(size);
  if (!fresh) return nullptr;
  std::memcpy(fresh, block, std::min(held, size));
  server_functions.release(block);
  return fresh;
}

void* allocate_and_zero(std::size_t, std::size_t size) noexcept {
  void* fresh = server_functions.allocate(size);
  if (fresh) std::memset(fresh, 0, size);
  return fresh;
}

// Redis 6 has no function that fails: its Alloc ends the process. What no server could have is refused before.
void* allocate_if_possible(std::size_t size) noexcept { return size > PTRDIFF_MAX ? nullptr : api.Alloc(size); }

// The table's types do not say that the server's functions, C as they are, throw nothing.
template <class Result, class... Parameters>
auto never_throws(Result (*function)(Parameters...)) noexcept {
  return reinterpret_cast<Result (*)(Parameters...) noexcept>(function);
}

void read_server_functions() noexcept {
  auto& set = server_functions;
  const bool soft = has(abi::function::TryAlloc);
  set.release = never_throws(api.Free);
  set.usable_size = never_throws(has(abi::function::MallocUsableSize) ? api.MallocUsableSize : api.MallocSize);
  set.counted_size = never_throws(api.MallocSize);
  if (!soft) {
    set.allocate = allocate_if_possible;
    set.reallocate = never_throws(api.Realloc);
    set.allocate_zeroed_pair = never_throws(api.Calloc);
    return;
  }
  set.allocate = never_throws(api.TryAlloc);
  set.reallocate = has(abi::function::TryRealloc) ? never_throws(api.TryRealloc) : &reallocate_by_copy;
  set.allocate_zeroed_pair = has(abi::function::TryCalloc) ? never_throws(api.TryCalloc) : &allocate_and_zero;
}

// Whatever ends a block is in force before what makes one: who has a block of the server's can also free it.
void publish(const backend& set) noexcept {
  store(in_force.release, set.release);
  store(in_force.reallocate, set.reallocate);
  store(in_force.usable_size, set.usable_size);
  store(in_force.allocate_zeroed, set.allocate_zeroed);
  store(in_force.allocate_aligned, set.allocate_aligned);
  store(in_force.allocate, set.allocate);
}

constinit allocator_kind server_allocator;

void publish_source() noexcept {
  switch (from) {
    case source::counted: return publish(counted_backend(server_allocator.alignment));
    case source::padded: return publish(padded_backend());
    default: return publish(direct_backend(server_allocator.has_room));
  }
}

std::size_t rounding_for(const allocator_kind& allocator, source blocks_from) noexcept {
  if (!allocator.aligns_all) return default_alignment - 1;
  if (!allocator.has_room) return 0;  // it checks: a byte too many would be one that it does not see
  return blocks_from == source::server ? 7 : default_alignment - 1;
}

// Runs after the last static destructor of the module (its priority is the lowest that a library may take), so that
// these may still free what they hold. Not at the process's exit, where other threads may be in the module.
[[gnu::destructor(101)]] void give_back() noexcept {
  if (!unmapping) return;
  displaced::clear();
  arena::unmap();
}

}  // namespace

bool is_stopped() noexcept { return unmapping; }

}  // namespace detail

using namespace detail;

bool start(abi::ModuleCtx* ctx) noexcept {
  unmapping = false;  // where an unloaded module stays mapped, it may be loaded again
  if (from != source::arena) return true;
  if (!resolve(ctx) || !api.Alloc || !api.Calloc || !api.Realloc || !api.Free || !api.MallocSize) return false;
  read_server_functions();
  server_allocator = probe_allocator();
  // An allocator with a word of its own before each block counts that word as usable, unless it has a function that
  // knows better.
  const bool padded = server_allocator.alignment < default_alignment;
  server_functions.not_usable = padded && !has(abi::function::MallocUsableSize) ? sizeof(void*) : 0;
  from = redismodule_memory_accounting ? source::counted : padded ? source::padded : source::server;
  // Set before the blocks that need less: rounding too far is always right.
  store(in_force.rounding, rounding_for(server_allocator, from));
  publish_source();
  watch_exit();
  (void)std::uncaught_exceptions();  // makes this thread's exception state now, which libc allocates on its first use
  return true;
}

void stop() noexcept { unmapping = true; }

void refresh() noexcept {
  if (from == source::arena) return;
  read_server_functions();
  publish_source();
}

source current_source() noexcept { return from; }

statistics current() noexcept {
  statistics now;
  const auto figures = arena::current();
  now.from = from;
  now.arena = {figures.size, figures.used, figures.live, figures.live_blocks, figures.chunks};
  now.counting = from == source::counted;
  now.total = accounts::total();
  now.displaced_index = displaced::index_bytes();
  now.foreign_frees = bootstrap::foreign_frees();
  return now;
}

}  // namespace redismodule::memory
