// The types of the functions that a module hands to the server.
#pragma once

#include "redismodule/abi/types.h"

namespace redismodule::abi {

struct ModuleEvent;
struct ModuleScriptingEngineCallableLazyEnvReset;
struct ModuleScriptingEngineCompiledFunction;
struct ModuleScriptingEngineDebuggerCommand;
struct ModuleScriptingEngineMemoryInfo;

using ModuleAuthCallback = int (*)(ModuleCtx* ctx, ModuleString* username, ModuleString* password, ModuleString** err);
using ModuleClusterMessageReceiver = void (*)(ModuleCtx* ctx, const char* sender_id, uint8_t type,
                                              const unsigned char* payload, uint32_t len);
using ModuleCmdFunc = int (*)(ModuleCtx* ctx, ModuleString** argv, int argc);
using ModuleCommandFilterFunc = void (*)(ModuleCommandFilterCtx* filter);
using ModuleConfigApplyFunc = int (*)(ModuleCtx* ctx, void* privdata, ModuleString** err);
using ModuleConfigGetBoolFunc = int (*)(const char* name, void* privdata);
using ModuleConfigGetEnumFunc = int (*)(const char* name, void* privdata);
using ModuleConfigGetNumericFunc = long long (*)(const char* name, void* privdata);
using ModuleConfigGetStringFunc = ModuleString* (*)(const char* name, void* privdata);
using ModuleConfigGetUnsignedNumericFunc = unsigned long long (*)(const char* name, void* privdata);
using ModuleConfigSetBoolFunc = int (*)(const char* name, int val, void* privdata, ModuleString** err);
using ModuleConfigSetEnumFunc = int (*)(const char* name, int val, void* privdata, ModuleString** err);
using ModuleConfigSetNumericFunc = int (*)(const char* name, long long val, void* privdata, ModuleString** err);
using ModuleConfigSetStringFunc = int (*)(const char* name, ModuleString* val, void* privdata, ModuleString** err);
using ModuleConfigSetUnsignedNumericFunc = int (*)(const char* name, unsigned long long val, void* privdata,
                                                   ModuleString** err);
using ModuleDefragDictValueCallback = int (*)(ModuleDefragCtx* ctx, void* data, unsigned char* key, size_t keylen,
                                              void** newptr);
using ModuleDefragFunc = void (*)(ModuleDefragCtx* ctx);
using ModuleDefragFunc2 = int (*)(ModuleDefragCtx* ctx);
using ModuleDisconnectFunc = void (*)(ModuleCtx* ctx, ModuleBlockedClient* bc);
using ModuleEventCallback = void (*)(ModuleCtx* ctx, ModuleEvent eid, uint64_t subevent, void* data);
using ModuleEventLoopFunc = void (*)(int fd, void* user_data, int mask);
using ModuleEventLoopOneShotFunc = void (*)(void* user_data);
using ModuleForkDoneHandler = void (*)(int exitcode, int bysignal, void* user_data);
using ModuleInfoFunc = void (*)(ModuleInfoCtx* ctx, int for_crash_report);
using ModuleNotificationFunc = int (*)(ModuleCtx* ctx, int type, const char* event, ModuleString* key);
using ModuleOnUnblocked = void (*)(ModuleCtx* ctx, ModuleCallReply* reply, void* private_data);
using ModulePostNotificationJobFunc = void (*)(ModuleCtx* ctx, void* pd);
using ModuleScanCB = void (*)(ModuleCtx* ctx, ModuleString* keyname, ModuleKey* key, void* privdata);
using ModuleScanKeyCB = void (*)(ModuleKey* key, ModuleString* field, ModuleString* value, void* privdata);
using ModuleScriptingEngineCallFunctionFunc = void (*)(ModuleCtx* module_ctx, ModuleScriptingEngineCtx* engine_ctx,
                                                       ModuleScriptingEngineServerRuntimeCtx* server_ctx,
                                                       ModuleScriptingEngineCompiledFunction* compiled_function,
                                                       ModuleScriptingEngineSubsystemType type, ModuleString** keys,
                                                       size_t nkeys, ModuleString** args, size_t nargs);
using ModuleScriptingEngineCompileCodeFunc =
    ModuleScriptingEngineCompiledFunction** (*)(ModuleCtx* module_ctx, ModuleScriptingEngineCtx* engine_ctx,
                                                ModuleScriptingEngineSubsystemType type, const char* code,
                                                size_t code_len, size_t timeout, size_t* out_num_compiled_functions,
                                                ModuleString** err);
using ModuleScriptingEngineCompileCodeFuncV1 =
    ModuleScriptingEngineCompiledFunction** (*)(ModuleCtx* module_ctx, ModuleScriptingEngineCtx* engine_ctx,
                                                ModuleScriptingEngineSubsystemType type, const char* code,
                                                size_t timeout, size_t* out_num_compiled_functions, ModuleString** err);
using ModuleScriptingEngineDebuggerCommandHandlerFunc = int (*)(ModuleString** argv, size_t argc, void* context);
using ModuleScriptingEngineDebuggerDisableFunc = void (*)(ModuleCtx* module_ctx, ModuleScriptingEngineCtx* engine_ctx,
                                                          ModuleScriptingEngineSubsystemType type);
using ModuleScriptingEngineDebuggerEnableFunc = ModuleScriptingEngineDebuggerEnableRet (*)(
    ModuleCtx* module_ctx, ModuleScriptingEngineCtx* engine_ctx, ModuleScriptingEngineSubsystemType type,
    const ModuleScriptingEngineDebuggerCommand** commands, size_t* commands_length);
using ModuleScriptingEngineDebuggerEndFunc = void (*)(ModuleCtx* module_ctx, ModuleScriptingEngineCtx* engine_ctx,
                                                      ModuleScriptingEngineSubsystemType type);
using ModuleScriptingEngineDebuggerStartFunc = void (*)(ModuleCtx* module_ctx, ModuleScriptingEngineCtx* engine_ctx,
                                                        ModuleScriptingEngineSubsystemType type, ModuleString* source);
using ModuleScriptingEngineFreeFunctionFunc = void (*)(ModuleCtx* module_ctx, ModuleScriptingEngineCtx* engine_ctx,
                                                       ModuleScriptingEngineSubsystemType type,
                                                       ModuleScriptingEngineCompiledFunction* compiled_function);
using ModuleScriptingEngineGetFunctionMemoryOverheadFunc =
    size_t (*)(ModuleCtx* module_ctx, ModuleScriptingEngineCompiledFunction* compiled_function);
using ModuleScriptingEngineGetMemoryInfoFunc = ModuleScriptingEngineMemoryInfo (*)(
    ModuleCtx* module_ctx, ModuleScriptingEngineCtx* engine_ctx, ModuleScriptingEngineSubsystemType type);
using ModuleScriptingEngineResetEnvFunc =
    ModuleScriptingEngineCallableLazyEnvReset* (*)(ModuleCtx* module_ctx, ModuleScriptingEngineCtx* engine_ctx,
                                                   ModuleScriptingEngineSubsystemType type, int async);
using ModuleScriptingEngineResetEvalFuncV2 =
    ModuleScriptingEngineCallableLazyEnvReset* (*)(ModuleCtx* module_ctx, ModuleScriptingEngineCtx* engine_ctx,
                                                   int async);
using ModuleTimerProc = void (*)(ModuleCtx* ctx, void* data);
using ModuleTypeAuxLoadFunc = int (*)(ModuleIO* rdb, int encver, int when);
using ModuleTypeAuxSaveFunc = void (*)(ModuleIO* rdb, int when);
using ModuleTypeCopyFunc = void* (*)(ModuleString* fromkey, ModuleString* tokey, const void* value);
using ModuleTypeCopyFunc2 = void* (*)(ModuleKeyOptCtx* ctx, const void* value);
using ModuleTypeDefragFunc = int (*)(ModuleDefragCtx* ctx, ModuleString* key, void** value);
using ModuleTypeDigestFunc = void (*)(ModuleDigest* digest, void* value);
using ModuleTypeFreeEffortFunc = size_t (*)(ModuleString* key, const void* value);
using ModuleTypeFreeEffortFunc2 = size_t (*)(ModuleKeyOptCtx* ctx, const void* value);
using ModuleTypeFreeFunc = void (*)(void* value);
using ModuleTypeLoadFunc = void* (*)(ModuleIO* rdb, int encver);
using ModuleTypeMemUsageFunc = size_t (*)(const void* value);
using ModuleTypeMemUsageFunc2 = size_t (*)(ModuleKeyOptCtx* ctx, const void* value, size_t sample_size);
using ModuleTypeRewriteFunc = void (*)(ModuleIO* aof, ModuleString* key, void* value);
using ModuleTypeSaveFunc = void (*)(ModuleIO* rdb, void* value);
using ModuleTypeUnlinkFunc = void (*)(ModuleString* key, const void* value);
using ModuleTypeUnlinkFunc2 = void (*)(ModuleKeyOptCtx* ctx, const void* value);
using ModuleUserChangedFunc = void (*)(uint64_t client_id, void* privdata);

}  // namespace redismodule::abi
