// Which thread may touch what the server counts without atomics: its strings above all.
#pragma once

#include <atomic>

namespace redismodule::detail {

// What tells the running thread from all others that live: one instruction.
inline const void* this_thread() noexcept {
#if defined(__x86_64__)
  const void* pointer;
  asm("mov %%fs:0, %0" : "=r"(pointer));  // the first word of a thread's block is its own address
  return pointer;
#else
  return __builtin_thread_pointer();
#endif
}

// The thread that holds the server's lock as far as this module is concerned: the main thread, from loading on; another
// one while it holds the lock through this library; null before loading.
extern std::atomic<const void*> lock_owner __attribute__((visibility("hidden")));

inline bool holds_lock() noexcept { return lock_owner.load(std::memory_order_relaxed) == this_thread(); }

// Says that this thread holds the lock from now on.
inline void take_lock_ownership() noexcept { lock_owner.store(this_thread(), std::memory_order_relaxed); }

}  // namespace redismodule::detail
