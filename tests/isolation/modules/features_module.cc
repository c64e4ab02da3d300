// <name>.features INDEX ROUNDS: how often a feature came out wrong. Compiled as
// different modules, by macros:
//   FEATURES_NAME            the module's name
//   FEATURES_WITH_ALLOCATOR  an OnLoad of its own that takes the allocator
//   alone FEATURES_OWN_OPERATORS   the control: operators over the server's
//   allocator, put over a shared C++ library
#include "features.h"
#include "plain_module.h"

#ifdef FEATURES_WITH_ALLOCATOR
#include "redismodule/memory/memory.h"
#endif

#ifdef FEATURES_OWN_OPERATORS
#include <cstdlib>

[[gnu::used]] void* operator new(std::size_t size) {
  // Before OnLoad there is only libc.
  void* block = plain_alloc ? plain_alloc(size) : std::malloc(size);
  if (!block) throw std::bad_alloc{};
  return block;
}
[[gnu::used]] void operator delete(void* block) noexcept { plain_free ? plain_free(block) : std::free(block); }
[[gnu::used]] void operator delete(void* block, std::size_t) noexcept { operator delete(block); }
#endif

namespace {

int run(plain_context* ctx, plain_string** argv, int argc) {
  long long index = 0, rounds = 0;
  if (argc != 3 || plain_number(argv[1], &index) != 0 || plain_number(argv[2], &rounds) != 0 || index < 0 ||
      index >= features::count) {
    return plain_reply_number(ctx, -1);
  }
  return plain_reply_number(ctx, features::wrong(static_cast<int>(index), rounds));
}

// <name>.source: where memory comes from, or -1.
int source(plain_context* ctx, plain_string**, int) {
#ifdef FEATURES_WITH_ALLOCATOR
  return plain_reply_number(ctx, static_cast<long long>(redismodule::memory::current_source()));
#else
  return plain_reply_number(ctx, -1);
#endif
}

}  // namespace

PLAIN_ENTRY int RedisModule_OnLoad(plain_context* ctx, plain_string**, int) {
#ifdef FEATURES_WITH_ALLOCATOR
  if (!redismodule::memory::start(ctx)) return 1;
#endif
  if (plain_start(ctx, FEATURES_NAME) != 0) return 1;
  return plain_create_command(ctx, FEATURES_NAME ".features", run, "", 0, 0, 0) |
         plain_create_command(ctx, FEATURES_NAME ".source", source, "", 0, 0, 0);
}

PLAIN_ENTRY int RedisModule_OnUnload(plain_context*) {
#ifdef FEATURES_WITH_ALLOCATOR
  redismodule::memory::stop();
#endif
  return 0;
}
