// A further source file of a module, written against Redis's official header.
#include <redismodule.h>
#include <redismodule/api.h>

#include "probe.h"

namespace {

int initialize() {
  RedisModule_ReplyWithMap = nullptr;
  RedisModule_ACLCheckKeyPrefixPermissions = nullptr;
  return RedisModule_Init(redismodule::init_context<RedisModuleCtx>(), "another", 7, REDISMODULE_APIVER_1);
}

int reply_with_number(void* ctx, long long number) {
  return RedisModule_ReplyWithLongLong(static_cast<RedisModuleCtx*>(ctx), number);
}

int check_prefix(void* user, const char* prefix, unsigned long size) {
  if (!RedisModule_ACLCheckKeyPrefixPermissions) return -1;
  RedisModuleString* text = RedisModule_CreateString(nullptr, prefix, size);
  const int result =
      RedisModule_ACLCheckKeyPrefixPermissions(static_cast<RedisModuleUser*>(user), text, REDISMODULE_CMD_KEY_ACCESS);
  RedisModule_FreeString(nullptr, text);
  return result;
}

int has_reply_with_map() { return RedisModule_ReplyWithMap != nullptr; }

}  // namespace

const header_probe redis_header{initialize, reply_with_number, check_prefix, has_reply_with_map};
