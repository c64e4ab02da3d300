// Copyright and licence: see LICENSE in the project's root.
//
// The constants of the module API, from constants.inc. Never macros, so that an official header fits beside them.
#ifndef REDISMODULE_ABI_CONSTANTS_H_
#define REDISMODULE_ABI_CONSTANTS_H_

#include <redismodule/abi/structs.h>
#include <redismodule/abi/types.h>

namespace redismodule::abi {

#define X(name, type, value, redis, valkey) inline constexpr type name = static_cast<type>(value);
#include <redismodule/abi/constants.inc>

// What HashSet takes as a value to delete the field: a pointer that no string has.
inline ModuleString* const MODULE_HASH_DELETE = reinterpret_cast<ModuleString*>(1L);

// The size of each part of a ModuleCommandInfo, which the server reads by these sizes.
inline constexpr ModuleCommandInfoVersion CurrentCommandInfoVersion{
    1, sizeof(ModuleCommandHistoryEntry), sizeof(ModuleCommandKeySpec), sizeof(ModuleCommandArg)};
inline constexpr const ModuleCommandInfoVersion* MODULE_COMMAND_INFO_VERSION = &CurrentCommandInfoVersion;

}  // namespace redismodule::abi

#endif  // REDISMODULE_ABI_CONSTANTS_H_
