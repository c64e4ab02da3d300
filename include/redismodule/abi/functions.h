// The functions of the module API, from functions.inc: one table of pointers, and a number for each.
#pragma once

#include "redismodule/abi/structs.h"
#include "redismodule/abi/types.h"

namespace redismodule::abi {

// One pointer a function, null where the server has none. In one case the families give one name to two signatures:
// ACLCheckKeyPrefixPermissions, shown as Redis has it. On Valkey that entry holds a function of ours that makes
// Valkey's call of it, so it is called alike on both.
struct function_table {
#define REDISMODULE_ROW(name, result, parameters, redis, valkey) result(*name) parameters;
#include "redismodule/abi/functions.inc"
};

// ACLCheckKeyPrefixPermissions as Valkey has it.
using ValkeyACLCheckKeyPrefixPermissions = int (*)(ModuleUser* user, const char* key, size_t len, unsigned int flags);

enum class function : uint16_t {
#define REDISMODULE_ROW(name, result, parameters, redis, valkey) name,
#include "redismodule/abi/functions.inc"
};

inline constexpr size_t function_count = sizeof(function_table) / sizeof(void (*)());

}  // namespace redismodule::abi
