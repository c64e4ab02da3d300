// Named accounts: what a part of the module holds, and at most may hold.
#pragma once

#include <cstddef>
#include <cstdint>

#include "redismodule/memory/memory.h"

namespace redismodule::memory {

// An account by name. While a thread has entered a scope, every block that the thread allocates, by new, by malloc or
// by a library, is charged to it; a block is credited to the account it was charged to, wherever it is freed.
// Counts only in modules built with accounting (redismodule_add_module(… ACCOUNTING)); otherwise it does nothing.
// A scope is a handle: objects of the same name are one account, and the account outlives them.
class scope {
 public:
  // The account of what no scope is entered for.
  constexpr scope() noexcept = default;
  // `name` is kept by pointer: a string literal. May be a static object: it allocates nothing.
  // Fails: beyond 254 names, all further ones share the account "other".
  explicit scope(const char* name) noexcept;

  const char* name() const noexcept;
  usage current() const noexcept;

  // The most bytes the account may hold; 0 is no limit. An allocation past it fails as out of memory does: bad_alloc
  // from new, a null pointer and ENOMEM from malloc. What is already held is not touched. A block that realloc makes
  // larger counts twice while it moves.
  void set_budget(std::size_t bytes) const noexcept;
  std::size_t budget() const noexcept;

  // The thread's account until the result goes out of scope; may nest.
  class entry {
   public:
    explicit entry(std::uint8_t index) noexcept;
    ~entry();
    entry(const entry&) = delete;
    entry& operator=(const entry&) = delete;

   private:
    std::uint8_t before_;
  };
  [[nodiscard]] entry enter() const noexcept { return entry{index_}; }

  friend bool operator==(scope, scope) noexcept = default;

 private:
  std::uint8_t index_ = 0;
};

// Calls visit(name, usage, argument) for each account that has a name, in the order of their making.
void for_each_scope(void (*visit)(const char* name, const usage&, void* argument), void* argument) noexcept;

}  // namespace redismodule::memory
