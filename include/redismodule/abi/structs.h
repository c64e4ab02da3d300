// The structs that module and server hand each other, laid out as the server has them. Members carry the names of the
// official headers; where the families name a member differently, Redis's name.
#pragma once

#include "redismodule/abi/callbacks.h"
#include "redismodule/abi/types.h"

namespace redismodule::abi {

struct ModuleStreamID {
  uint64_t ms;
  uint64_t seq;
};

// --- SetCommandInfo ---

struct ModuleCommandArg {
  const char* name;
  ModuleCommandArgType type;
  int key_spec_index;  // which of the key specs, if this is a key; -1 otherwise
  const char* token;
  const char* summary;
  const char* since;
  int flags;  // MODULE_CMD_ARG_*
  const char* deprecated_since;
  ModuleCommandArg* subargs;
  const char* display_text;  // not in Redis 7.0: the server reads each element by the size in ModuleCommandInfoVersion
};

struct ModuleCommandHistoryEntry {
  const char* since;
  const char* changes;
};

struct ModuleCommandKeySpec {
  const char* notes;
  uint64_t flags;  // MODULE_CMD_KEY_*
  ModuleKeySpecBeginSearchType begin_search_type;
  union {
    struct {
      int pos;  // in argv
    } index;
    struct {
      const char* keyword;
      int startfrom;  // where in argv the search starts; negative: from the end, backwards
    } keyword;
  } bs;
  ModuleKeySpecFindKeysType find_keys_type;
  union {
    struct {
      int lastkey;  // relative to the first key; -1: the last argument
      int keystep;
      int limit;  // for lastkey -1: search 1/limit of the arguments; 0 and 1: all
    } range;
    struct {
      int keynumidx;  // of the number of keys, relative to where the search begins
      int firstkey;
      int keystep;
    } keynum;
  } fk;
};

struct ModuleCommandInfoVersion {
  int version;
  size_t sizeof_historyentry;
  size_t sizeof_keyspec;
  size_t sizeof_arg;
};

struct ModuleCommandInfo {
  const ModuleCommandInfoVersion* version;  // MODULE_COMMAND_INFO_VERSION
  const char* summary;
  const char* complexity;
  const char* since;                   // the module's version that brought the command
  ModuleCommandHistoryEntry* history;  // ends with an entry of nulls
  const char* tips;
  int arity;                        // -n: at least n
  ModuleCommandKeySpec* key_specs;  // ends with a spec of zeros
  ModuleCommandArg* args;           // ends with an argument of nulls
};

// --- Data types ---

struct ModuleTypeMethods {
  uint64_t version;  // MODULE_TYPE_METHOD_VERSION, or what GetTypeMethodVersion answers, if that is less
  ModuleTypeLoadFunc rdb_load;
  ModuleTypeSaveFunc rdb_save;
  ModuleTypeRewriteFunc aof_rewrite;
  ModuleTypeMemUsageFunc mem_usage;
  ModuleTypeDigestFunc digest;
  ModuleTypeFreeFunc free;
  ModuleTypeAuxLoadFunc aux_load;
  ModuleTypeAuxSaveFunc aux_save;
  int aux_save_triggers;
  ModuleTypeFreeEffortFunc free_effort;  // from here on: version 3
  ModuleTypeUnlinkFunc unlink;
  ModuleTypeCopyFunc copy;
  ModuleTypeDefragFunc defrag;
  ModuleTypeMemUsageFunc2 mem_usage2;  // from here on: version 4
  ModuleTypeFreeEffortFunc2 free_effort2;
  ModuleTypeUnlinkFunc2 unlink2;
  ModuleTypeCopyFunc2 copy2;
  ModuleTypeAuxSaveFunc aux_save2;  // version 5
};

// --- Server events ---

struct ModuleEvent {
  uint64_t id;       // MODULE_EVENT_*
  uint64_t dataver;  // of the struct that the callback gets as data
};

struct ModuleClientInfo {
  uint64_t version;  // to be set by the caller of GetClientInfoById
  uint64_t flags;    // MODULE_CLIENTINFO_FLAG_*
  uint64_t id;
  char addr[46];
  uint16_t port;
  uint16_t db;
};

struct ModuleReplicationInfo {
  uint64_t version;
  int master;        // true on a master; Valkey's name: primary
  char* masterhost;  // Valkey's name: primary_host
  int masterport;    // Valkey's name: primary_port
  char* replid1;
  char* replid2;
  uint64_t repl1_offset;
  uint64_t repl2_offset;
};

struct ModuleFlushInfo {
  uint64_t version;
  int32_t sync;   // false: freed by a thread
  int32_t dbnum;  // -1: all
};

struct ModuleModuleChange {
  uint64_t version;
  const char* module_name;
  int32_t module_version;
};

struct ModuleConfigChange {
  uint64_t version;
  uint32_t num_changes;
  const char** config_names;
};

struct ModuleCronLoop {
  uint64_t version;
  int32_t hz;
};

struct ModuleLoadingProgress {
  uint64_t version;
  int32_t hz;
  int32_t progress;  // of 1024; -1: unknown
};

struct ModuleSwapDbInfo {
  uint64_t version;
  int32_t dbnum_first;
  int32_t dbnum_second;
};

struct ModuleKeyInfo {
  uint64_t version;
  ModuleKey* key;
};

struct ModuleAuthenticationInfo {
  uint64_t version;
  uint64_t client_id;
  const char* username;
  const char* module_name;
  ModuleAuthenticationResult result;
};

// A range of slots, both ends included, as each family lays it out. Redis's is part of its unstable branch.
struct ModuleSlotRangeRedis {
  uint16_t start;
  uint16_t end;
};

struct ModuleSlotRangeValkey {
  int start;
  int end;
};

struct ModuleAtomicSlotMigrationInfo {
  uint64_t version;
  char job_name[41];
  ModuleSlotRangeValkey* slot_ranges;
  uint32_t num_slot_ranges;
};

struct ModuleCommandResultInfo {
  uint64_t version;
  const char* command_name;
  long long duration_us;
  long long dirty;  // how many keys the command changed
  uint64_t client_id;
  int is_module_client;  // true for Call
  int argc;
  ModuleString** argv;
  const char* rejection_context;  // rejected: the error's text; ACL rejected: the key or channel denied; else null
};

// --- Scripting engines (Valkey) ---

struct ModuleScriptingEngineCompiledFunction {
  uint64_t version;
  ModuleString* name;
  void* function;
  ModuleString* desc;
  uint64_t f_flags;
};

struct ModuleScriptingEngineMemoryInfo {
  uint64_t version;
  size_t used_memory;
  size_t engine_memory_overhead;
};

struct ModuleScriptingEngineCallableLazyEnvReset {  // Valkey 8.1's name: …LazyEvalReset
  void* context;
  void (*engineLazyEnvResetCallback)(void* context);  // Valkey 8.1's name: engineLazyEvalResetCallback
};

struct ModuleScriptingEngineDebuggerCommandParam {
  const char* name;
  int optional;
  int variadic;
};

struct ModuleScriptingEngineDebuggerCommand {
  uint64_t version;
  const char* name;
  const size_t prefix_len;
  const ModuleScriptingEngineDebuggerCommandParam* params;
  size_t params_len;
  const char* desc;
  int invisible;
  ModuleScriptingEngineDebuggerCommandHandlerFunc handler;
  void* context;  // null: the handler gets the engine's
};

// Version 3, which ends before the debugger's callbacks; versions 1 and 2 have the layout too, with the older members
// of the unions.
struct ModuleScriptingEngineMethodsV3 {
  uint64_t version;
  union {
    ModuleScriptingEngineCompileCodeFuncV1 compile_code_v1;
    ModuleScriptingEngineCompileCodeFunc compile_code;
  };
  ModuleScriptingEngineFreeFunctionFunc free_function;
  ModuleScriptingEngineCallFunctionFunc call_function;
  ModuleScriptingEngineGetFunctionMemoryOverheadFunc get_function_memory_overhead;
  union {
    ModuleScriptingEngineResetEvalFuncV2 reset_eval_env_v2;
    ModuleScriptingEngineResetEnvFunc reset_env;
  };
  ModuleScriptingEngineGetMemoryInfoFunc get_memory_info;
};

struct ModuleScriptingEngineMethodsV4 {
  uint64_t version;
  union {
    ModuleScriptingEngineCompileCodeFuncV1 compile_code_v1;
    ModuleScriptingEngineCompileCodeFunc compile_code;
  };
  ModuleScriptingEngineFreeFunctionFunc free_function;
  ModuleScriptingEngineCallFunctionFunc call_function;
  ModuleScriptingEngineGetFunctionMemoryOverheadFunc get_function_memory_overhead;
  union {
    ModuleScriptingEngineResetEvalFuncV2 reset_eval_env_v2;
    ModuleScriptingEngineResetEnvFunc reset_env;
  };
  ModuleScriptingEngineGetMemoryInfoFunc get_memory_info;
  ModuleScriptingEngineDebuggerEnableFunc debugger_enable;
  ModuleScriptingEngineDebuggerDisableFunc debugger_disable;
  ModuleScriptingEngineDebuggerStartFunc debugger_start;
  ModuleScriptingEngineDebuggerEndFunc debugger_end;
};

using ModuleScriptingEngineMethods = ModuleScriptingEngineMethodsV4;

// The header of Valkey 9.1 has this struct, though no function that a module can ask for takes it yet.
struct ModuleReplyHandlers {
  uint64_t version;
  void (*null)(void* ctx);
  void (*nullBulkString)(void* ctx);
  void (*nullArray)(void* ctx);
  void (*bulkString)(void* ctx, const char* str, size_t len);
  void (*simpleString)(void* ctx, const char* str, size_t len);
  void (*verbatimString)(void* ctx, const char* str, size_t len, const char* fmt);
  void (*error)(void* ctx, const char* msg, size_t len);
  void (*integer)(void* ctx, long long val);
  void (*doubleVal)(void* ctx, double val);
  void (*bigNumber)(void* ctx, const char* str, size_t len);
  void (*boolVal)(void* ctx, int val);
  void (*attributeStart)(void* ctx, size_t len);
  void (*attributeEnd)(void* ctx);
  void (*arrayStart)(void* ctx, size_t len);
  void (*arrayEnd)(void* ctx);
  void (*mapStart)(void* ctx, size_t len);
  void (*mapEnd)(void* ctx);
  void (*setStart)(void* ctx, size_t len);
  void (*setEnd)(void* ctx);
  void (*replyParsingError)(void* ctx);
  void (*onBlocked)(void* ctx, ModuleCtx* module_ctx, ModuleCallArgvBlockedHandle* handle);
  int (*onRespAvailable)(void* ctx, ModuleCtx* module_ctx, const char* proto, size_t proto_len);
};

}  // namespace redismodule::abi
