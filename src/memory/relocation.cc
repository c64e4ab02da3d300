#include "redismodule/memory/relocation.h"

#include <pthread.h>

#include <atomic>
#include <functional>
#include <utility>

#include "backends.h"
#include "capture.h"
#include "redismodule/memory/memory.h"

namespace redismodule::memory {
namespace detail::capture {
namespace {

// Whom the functions below work for; the others only see that it is not they.
constinit std::atomic<pthread_t> working_for{};
// What stands behind them. Written before they are in force.
constinit decltype(backend::allocate) allocate_behind = nullptr;
constinit decltype(backend::release) release_behind = nullptr;

// That thread's own.
constinit bool in_front = false;
constinit bool catching = false;
constinit const void* first_wanted = nullptr;
constinit const void* last_wanted = nullptr;
constinit void* caught_block = nullptr;
constinit void* spare = nullptr;
constinit std::size_t spare_size = 0;

bool is_mine() noexcept { return working_for.load(std::memory_order_relaxed) == pthread_self(); }

bool catches(void* block) noexcept {
  constexpr std::less_equal<const void*> not_above;
  if (!is_mine() || !catching || !not_above(first_wanted, block) || !not_above(block, last_wanted)) return false;
  catching = false;
  caught_block = block;
  return true;
}

void* allocate(std::size_t last) noexcept {
  if (is_mine() && spare != nullptr && last < spare_size) return std::exchange(spare, nullptr);
  return load(allocate_behind)(last);
}

// The first displaced block of another thread may come at any moment: it makes the function in force the one that
// asks, whether that stands in front or behind. Both are one word, so that neither side misses the other's change.
void put_in_front() noexcept {
  if (in_front) return;
  in_front = true;
  working_for.store(pthread_self(), std::memory_order_relaxed);
  store(allocate_behind, load(in_force.allocate));
  auto now = load(in_force.release);
  for (;;) {
    const bool checks = is_checked_release(now);
    if (!checks) store(release_behind, now);
    if (replace(in_force.release, now, checks ? &release_checked : &release)) break;
  }
  store(in_force.allocate, &allocate);
}

void take_away() noexcept {
  if (!in_front) return;
  in_front = false;
  store(in_force.allocate, load(allocate_behind));
  auto now = load(in_force.release);
  while (now == &release || now == &release_checked) {
    if (replace(in_force.release, now, now == &release ? load(release_behind) : checked_release())) break;
  }
}

}  // namespace

void release(void* block) noexcept {
  if (!catches(block)) load(release_behind)(block);
}

void release_checked(void* block) noexcept {
  if (!catches(block)) checked_release()(block);
}

}  // namespace detail::capture

using namespace detail;

relocation::~relocation() {
  settle();
  capture::take_away();
}

bool relocation::can_move(const void* address) noexcept {
  if (current_source() == source::arena) return false;
  return !arena_hull.contains(address) || !arena::owns(const_cast<void*>(address));
}

void* relocation::move(void* block) noexcept {
  const moving by{ask_, context_};
  switch (current_source()) {
    case source::counted: return move_counted(block, by);
    case source::padded: return move_padded(block, by);
    default: return move_direct(block, by);
  }
}

void relocation::catch_between(const void* first, const void* last) noexcept {
  capture::put_in_front();
  capture::first_wanted = first;
  capture::last_wanted = last;
  capture::catching = true;
}

void* relocation::caught() noexcept {
  capture::catching = false;
  return std::exchange(capture::caught_block, nullptr);
}

void relocation::hand_out(void* block) noexcept {
  capture::put_in_front();
  capture::spare_size = load(in_force.usable_size)(block);
  capture::spare = block;
}

void relocation::settle() noexcept {
  capture::catching = false;
  if (void* left = std::exchange(capture::spare, nullptr)) release(left);
}

}  // namespace redismodule::memory
