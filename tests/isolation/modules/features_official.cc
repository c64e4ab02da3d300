// The same probe in a module that is written with an official header and takes
// the allocator alone.
#include <redismodule.h>

#include "features.h"
#include "redismodule/memory/memory.h"

namespace {

int run(RedisModuleCtx* ctx, RedisModuleString** argv, int argc) {
  if (argc != 3) return RedisModule_WrongArity(ctx);
  long long index = 0, rounds = 0;
  if (RedisModule_StringToLongLong(argv[1], &index) != REDISMODULE_OK || index < 0 || index >= features::count ||
      RedisModule_StringToLongLong(argv[2], &rounds) != REDISMODULE_OK) {
    return RedisModule_ReplyWithError(ctx, "ERR not a feature");
  }
  return RedisModule_ReplyWithLongLong(ctx, features::wrong(static_cast<int>(index), rounds));
}

int source(RedisModuleCtx* ctx, RedisModuleString**, int) {
  return RedisModule_ReplyWithLongLong(ctx, static_cast<long long>(redismodule::memory::current_source()));
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int RedisModule_OnLoad(RedisModuleCtx* ctx, RedisModuleString**,
                                                                         int) {
  if (!redismodule::memory::start(ctx)) return REDISMODULE_ERR;
  if (RedisModule_Init(ctx, "official", 1, REDISMODULE_APIVER_1) != REDISMODULE_OK) return REDISMODULE_ERR;
  if (RedisModule_CreateCommand(ctx, "official.features", run, "", 0, 0, 0) != REDISMODULE_OK) return REDISMODULE_ERR;
  return RedisModule_CreateCommand(ctx, "official.source", source, "", 0, 0, 0);
}

extern "C" __attribute__((visibility("default"))) int RedisModule_OnUnload(RedisModuleCtx*) {
  redismodule::memory::stop();
  return REDISMODULE_OK;
}
