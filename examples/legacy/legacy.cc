// A module as many exist: the server's official header, an OnLoad of its own, C++ behind it. One call, first in OnLoad,
// gives it the allocator: from then on whatever it allocates, by new, by malloc or in a library, is the server's
// memory.
#include <redismodule.h>
#include <redismodule/memory/memory.h>

#include <map>
#include <string>
#include <string_view>

namespace {

std::map<std::string, std::string, std::less<>> notes;

std::string_view text(RedisModuleString* from) {
  size_t size = 0;
  const char* at = RedisModule_StringPtrLen(from, &size);
  return {at, size};
}

// An exception that leaves a callback ends the server: where the allocator is had alone, catching is the module's work.
template <int (*Command)(RedisModuleCtx*, RedisModuleString**, int)>
int guarded(RedisModuleCtx* ctx, RedisModuleString** argv, int argc) noexcept {
  try {
    return Command(ctx, argv, argc);
  } catch (const std::bad_alloc&) {
    return RedisModule_ReplyWithError(ctx, "OOM not enough memory for this command");
  } catch (...) {
    return RedisModule_ReplyWithError(ctx, "ERR internal error");
  }
}

// Its commands that write neither replicate nor save anything, on purpose: each server has notes of its own.

// LEGACY.NOTE name text
int note(RedisModuleCtx* ctx, RedisModuleString** argv, int argc) {
  if (argc != 3) return RedisModule_WrongArity(ctx);
  notes.insert_or_assign(std::string{text(argv[1])}, std::string{text(argv[2])});
  return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

// LEGACY.READ name
int read(RedisModuleCtx* ctx, RedisModuleString** argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  const auto found = notes.find(text(argv[1]));
  if (found == notes.end()) return RedisModule_ReplyWithNull(ctx);
  return RedisModule_ReplyWithStringBuffer(ctx, found->second.data(), found->second.size());
}

// LEGACY.CLEAR
int clear(RedisModuleCtx* ctx, RedisModuleString**, int argc) {
  if (argc != 1) return RedisModule_WrongArity(ctx);
  const auto count = static_cast<long long>(notes.size());
  notes.clear();
  return RedisModule_ReplyWithLongLong(ctx, count);
}

// INFO legacy: where the memory is.
void write_info(RedisModuleInfoCtx* info, int) {
  if (RedisModule_InfoAddSection(info, "") == REDISMODULE_ERR) return;
  redismodule::memory::add_info_fields(reinterpret_cast<redismodule::abi::ModuleInfoCtx*>(info));
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int RedisModule_OnLoad(RedisModuleCtx* ctx, RedisModuleString**,
                                                                         int) {
  if (!redismodule::memory::start(ctx)) return REDISMODULE_ERR;
  if (RedisModule_Init(ctx, "legacy", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) return REDISMODULE_ERR;
  if (RedisModule_CreateCommand(ctx, "legacy.note", guarded<note>, "write deny-oom", 0, 0, 0) == REDISMODULE_ERR ||
      RedisModule_CreateCommand(ctx, "legacy.read", guarded<read>, "readonly fast", 0, 0, 0) == REDISMODULE_ERR ||
      RedisModule_CreateCommand(ctx, "legacy.clear", guarded<clear>, "write", 0, 0, 0) == REDISMODULE_ERR) {
    return REDISMODULE_ERR;
  }
  return RedisModule_RegisterInfoFunc(ctx, write_info);
}

extern "C" __attribute__((visibility("default"))) int RedisModule_OnUnload(RedisModuleCtx*) {
  if (redismodule::memory::threads_left() != 0) return REDISMODULE_ERR;  // one would run code that is gone
  redismodule::memory::stop();  // last: what the allocator holds for itself goes after the last static destructor
  return REDISMODULE_OK;
}
