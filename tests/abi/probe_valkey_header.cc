// A further source file of a module, written against Valkey's official header.
#include <redismodule/api.h>
#include <valkeymodule.h>

#include "probe.h"

namespace {

int initialize() {
  ValkeyModule_ReplyWithMap = nullptr;
  ValkeyModule_ACLCheckKeyPrefixPermissions = nullptr;
  return ValkeyModule_Init(redismodule::init_context<ValkeyModuleCtx>(), "another", 7, VALKEYMODULE_APIVER_1);
}

int reply_with_number(void* ctx, long long number) {
  return ValkeyModule_ReplyWithLongLong(static_cast<ValkeyModuleCtx*>(ctx), number);
}

int check_prefix(void* user, const char* prefix, unsigned long size) {
  if (!ValkeyModule_ACLCheckKeyPrefixPermissions) return -1;
  return ValkeyModule_ACLCheckKeyPrefixPermissions(static_cast<ValkeyModuleUser*>(user), prefix, size,
                                                   VALKEYMODULE_CMD_KEY_ACCESS);
}

int has_reply_with_map() { return ValkeyModule_ReplyWithMap != nullptr; }

}  // namespace

const header_probe valkey_header{initialize, reply_with_number, check_prefix, has_reply_with_map};
