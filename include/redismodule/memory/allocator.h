// A standard allocator that charges what it allocates to a scope.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>

#include "redismodule/memory/scope.h"

namespace redismodule {

// For containers whose memory is to be counted, or limited, by itself: std::vector<int, rm::allocator<int>> v{index};
// Without a scope it allocates as operator new does, for whichever scope the thread has entered.
// All are equal: a block remembers its account, so that any allocator may free it.
template <class T>
class allocator {
 public:
  using value_type = T;
  using is_always_equal = std::true_type;
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;

  constexpr allocator() noexcept = default;
  constexpr allocator(memory::scope account) noexcept : account_{account}, bound_{true} {}
  template <class U>
  constexpr allocator(const allocator<U>& other) noexcept : account_{other.account_}, bound_{other.bound_} {}

  // Fails: throws std::bad_alloc when the server has no memory, the scope's budget is spent, or count is too large.
  [[nodiscard]] T* allocate(std::size_t count) {
    if (count > static_cast<std::size_t>(-1) / 2 / sizeof(T)) throw std::bad_alloc{};
    if (!bound_) return static_cast<T*>(take(count * sizeof(T)));
    auto entered = account_.enter();
    return static_cast<T*>(take(count * sizeof(T)));
  }

  void deallocate(T* block, std::size_t) noexcept {
    if constexpr (over_aligned) {
      ::operator delete (block, std::align_val_t{alignof(T)});
    } else {
      ::operator delete(block);
    }
  }

  template <class U>
  friend bool operator==(const allocator&, const allocator<U>&) noexcept {
    return true;
  }

 private:
  template <class U>
  friend class allocator;

  static constexpr bool over_aligned = alignof(T) > __STDCPP_DEFAULT_NEW_ALIGNMENT__;

  static void* take(std::size_t bytes) {
    if constexpr (over_aligned) {
      return ::operator new (bytes, std::align_val_t{alignof(T)});
    } else {
      return ::operator new(bytes);
    }
  }

  memory::scope account_;
  bool bound_ = false;
};

}  // namespace redismodule
