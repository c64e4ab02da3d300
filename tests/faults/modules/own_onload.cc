// A module that takes the allocator alone, with an OnLoad of its own, and faults where it is built with them.
#include <new>

#include "redismodule/abi/constants.h"
#include "redismodule/api.h"
#include "redismodule/memory/memory.h"

#ifdef REDISMODULE_FAULTS
#include "redismodule/faults.h"
#endif

namespace rm = redismodule;
using rm::api;
using rm::abi::ModuleCtx;
using rm::abi::ModuleString;

namespace {

int allocate(ModuleCtx* ctx, ModuleString**, int) {
  char* volatile block = new (std::nothrow) char[100];
  const bool is_there = block != nullptr;
  delete[] block;
  return api.ReplyWithLongLong(ctx, is_there);
}

}  // namespace

extern "C" [[gnu::visibility("default")]] int RedisModule_OnLoad(ModuleCtx* ctx, ModuleString** argv, int argc) {
#ifdef REDISMODULE_FAULTS
  if (!rm::faults::start(ctx, argv, argc)) return rm::abi::MODULE_ERR;
#else
  (void)argv, (void)argc;
#endif
  if (!rm::memory::start(ctx)) return rm::abi::MODULE_ERR;
  api.SetModuleAttribs(ctx, "own", 1, rm::abi::MODULE_APIVER_1);
#ifdef REDISMODULE_FAULTS
  if (!rm::faults::add_command(ctx, "own")) return rm::abi::MODULE_ERR;
#endif
  return api.CreateCommand(ctx, "own.allocate", allocate, "", 0, 0, 0);
}
