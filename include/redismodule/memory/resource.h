// A std::pmr::memory_resource that charges what it allocates to a scope.
#pragma once

#include <memory_resource>

#include "redismodule/memory/allocator.h"

namespace redismodule::memory {

// Owns: nothing; blocks are freed through any resource of this class, or by operator delete of their alignment.
class resource final : public std::pmr::memory_resource {
 public:
  // Allocates for whichever scope the thread has entered.
  resource() noexcept = default;
  // Allocates for `account`.
  explicit resource(scope account) noexcept : account_{account}, bound_{true} {}

 private:
  static void* take(std::size_t bytes, std::size_t alignment) {
    return ::operator new (bytes, std::align_val_t{alignment});
  }
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    if (!bound_) return take(bytes, alignment);
    auto entered = account_.enter();
    return take(bytes, alignment);
  }
  void do_deallocate(void* block, std::size_t, std::size_t alignment) override {
    ::operator delete (block, std::align_val_t{alignment});
  }
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
#ifdef __cpp_rtti
    return dynamic_cast<const resource*>(&other) != nullptr;
#else
    return this == &other;
#endif
  }

  scope account_;
  bool bound_ = false;
};

}  // namespace redismodule::memory
