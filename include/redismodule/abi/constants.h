// The constants of the module API, from constants.inc. Never macros, so that an official header fits beside them.
#pragma once

#include "redismodule/abi/structs.h"
#include "redismodule/abi/types.h"

namespace redismodule::abi {

#define REDISMODULE_ROW(name, type, value, redis, valkey) inline constexpr type name = static_cast<type>(value);
#include "redismodule/abi/constants.inc"

// What HashSet takes as a value to delete the field: a pointer that no string has.
inline ModuleString* const MODULE_HASH_DELETE = reinterpret_cast<ModuleString*>(1L);

// The size of each part of a ModuleCommandInfo, which the server reads by these sizes.
inline constexpr ModuleCommandInfoVersion CurrentCommandInfoVersion{
    1, sizeof(ModuleCommandHistoryEntry), sizeof(ModuleCommandKeySpec), sizeof(ModuleCommandArg)};
inline constexpr const ModuleCommandInfoVersion* MODULE_COMMAND_INFO_VERSION = &CurrentCommandInfoVersion;

// Server events, with the version of the data that comes with each.
inline constexpr ModuleEvent ModuleEvent_ReplicationRoleChanged{MODULE_EVENT_REPLICATION_ROLE_CHANGED, 1};
inline constexpr ModuleEvent ModuleEvent_Persistence{MODULE_EVENT_PERSISTENCE, 1};
inline constexpr ModuleEvent ModuleEvent_FlushDB{MODULE_EVENT_FLUSHDB, 1};
inline constexpr ModuleEvent ModuleEvent_Loading{MODULE_EVENT_LOADING, 1};
inline constexpr ModuleEvent ModuleEvent_ClientChange{MODULE_EVENT_CLIENT_CHANGE, 1};
inline constexpr ModuleEvent ModuleEvent_Shutdown{MODULE_EVENT_SHUTDOWN, 1};
inline constexpr ModuleEvent ModuleEvent_ReplicaChange{MODULE_EVENT_REPLICA_CHANGE, 1};
inline constexpr ModuleEvent ModuleEvent_CronLoop{MODULE_EVENT_CRON_LOOP, 1};
inline constexpr ModuleEvent ModuleEvent_MasterLinkChange{MODULE_EVENT_MASTER_LINK_CHANGE, 1};
inline constexpr ModuleEvent ModuleEvent_PrimaryLinkChange{MODULE_EVENT_PRIMARY_LINK_CHANGE, 1};
inline constexpr ModuleEvent ModuleEvent_ModuleChange{MODULE_EVENT_MODULE_CHANGE, 1};
inline constexpr ModuleEvent ModuleEvent_LoadingProgress{MODULE_EVENT_LOADING_PROGRESS, 1};
inline constexpr ModuleEvent ModuleEvent_SwapDB{MODULE_EVENT_SWAPDB, 1};
inline constexpr ModuleEvent ModuleEvent_ReplBackup{MODULE_EVENT_REPL_BACKUP, 1};
inline constexpr ModuleEvent ModuleEvent_ReplAsyncLoad{MODULE_EVENT_REPL_ASYNC_LOAD, 1};
inline constexpr ModuleEvent ModuleEvent_ForkChild{MODULE_EVENT_FORK_CHILD, 1};
inline constexpr ModuleEvent ModuleEvent_EventLoop{MODULE_EVENT_EVENTLOOP, 1};
inline constexpr ModuleEvent ModuleEvent_Config{MODULE_EVENT_CONFIG, 1};
inline constexpr ModuleEvent ModuleEvent_Key{MODULE_EVENT_KEY, 1};
inline constexpr ModuleEvent ModuleEvent_AuthenticationAttempt{MODULE_EVENT_AUTHENTICATION_ATTEMPT, 1};
inline constexpr ModuleEvent ModuleEvent_AtomicSlotMigration{MODULE_EVENT_ATOMIC_SLOT_MIGRATION, 1};
inline constexpr ModuleEvent ModuleEvent_CommandResultSuccess{MODULE_EVENT_COMMAND_RESULT_SUCCESS, 1};
inline constexpr ModuleEvent ModuleEvent_CommandResultFailure{MODULE_EVENT_COMMAND_RESULT_FAILURE, 1};
inline constexpr ModuleEvent ModuleEvent_CommandResultRejected{MODULE_EVENT_COMMAND_RESULT_REJECTED, 1};
inline constexpr ModuleEvent ModuleEvent_CommandResultACLRejected{MODULE_EVENT_COMMAND_RESULT_ACL_REJECTED, 1};

}  // namespace redismodule::abi
