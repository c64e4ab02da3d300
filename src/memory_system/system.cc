// The memory room's public functions for a module that keeps the process's own allocator: for sanitizer builds, and
// for modules linked into the server itself, whose operators are not the module's to replace.
#include <exception>

#include "redismodule/api.h"
#include "redismodule/memory/memory.h"
#include "redismodule/memory/relocation.h"

namespace __gnu_cxx {
// Gives back what the C++ library keeps for exceptions. Hidden: that of the module's own copy of the library, or none,
// where the module is linked into the server and has the process's.
[[gnu::weak, gnu::visibility("hidden")]] void __freeres();
}  // namespace __gnu_cxx

namespace redismodule::memory {

bool start(abi::ModuleCtx* ctx) noexcept {
  if (!resolve(ctx)) return false;
  (void)std::uncaught_exceptions();  // as with the server's allocator: one allocation of libc's less later
  return true;
}

void stop() noexcept {
  if (__gnu_cxx::__freeres != nullptr) __gnu_cxx::__freeres();
}

void refresh() noexcept {}
std::size_t threads_left() noexcept { return 0; }
source current_source() noexcept { return source::system; }

// The process's blocks are none of the server's: no block is moved, none is caught.
relocation::~relocation() = default;
bool relocation::can_move(const void*) noexcept { return false; }
void* relocation::move(void* block) noexcept { return block; }
void relocation::catch_between(const void*, const void*) noexcept {}
void* relocation::caught() noexcept { return nullptr; }
void relocation::hand_out(void* block) noexcept { ::operator delete(block); }
void relocation::settle() noexcept {}

statistics current() noexcept {
  statistics now;
  now.from = source::system;
  return now;
}

}  // namespace redismodule::memory
