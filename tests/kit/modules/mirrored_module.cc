// Commands that replicate rightly, and commands that do not, as C modules write them: for the mirror of the kit.
#include <redismodule/redismodule.h>

#include <cstddef>

namespace {

namespace abi = redismodule::abi;
using redismodule::api;

constexpr int read_write = abi::MODULE_READ | abi::MODULE_WRITE;

int done(abi::ModuleCtx* ctx) { return api.ReplyWithSimpleString(ctx, "OK"); }

long long number(const abi::ModuleString* from) {
  long long value = 0;
  api.StringToLongLong(from, &value);
  return value;
}

void set(abi::ModuleCtx* ctx, abi::ModuleString* name, abi::ModuleString* value) {
  abi::ModuleKey* key = api.OpenKey(ctx, name, read_write);
  api.StringSet(key, value);
  api.CloseKey(key);
}

void set_number(abi::ModuleCtx* ctx, abi::ModuleString* name, long long value) {
  abi::ModuleString* text = api.CreateStringFromLongLong(ctx, value);
  set(ctx, name, text);
  api.FreeString(ctx, text);
}

void set_end(abi::ModuleCtx* ctx, abi::ModuleString* name, long long milliseconds) {
  abi::ModuleKey* key = api.OpenKey(ctx, name, read_write);
  api.SetExpire(key, milliseconds);
  api.CloseKey(key);
}

// --- replicate rightly

int set_key(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  set(ctx, argv[1], argv[2]);
  api.ReplicateVerbatim(ctx);
  return done(ctx);
}

int end_key(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  api.FreeCallReply(api.Call(ctx, "PEXPIREAT", "!sl", argv[1], api.Milliseconds() + number(argv[2])));
  return done(ctx);
}

int count_key(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  api.FreeCallReply(api.Call(ctx, "INCR", "!s", argv[1]));
  return done(ctx);
}

// Its work is in database 1, its command is sent for the database of its client.
int set_in_one(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  const int before = api.GetSelectedDb(ctx);
  api.SelectDb(ctx, 1);
  set(ctx, argv[1], argv[2]);
  api.SelectDb(ctx, before);
  api.ReplicateVerbatim(ctx);
  return done(ctx);
}

// --- do not

int set_silently(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  set(ctx, argv[1], argv[2]);
  return done(ctx);
}

int delete_silently(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  abi::ModuleKey* key = api.OpenKey(ctx, argv[1], read_write);
  api.DeleteKey(key);
  api.CloseKey(key);
  return done(ctx);
}

int set_otherwise(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  set(ctx, argv[1], argv[2]);
  api.Replicate(ctx, "SET", "sc", argv[1], "other");
  return done(ctx);
}

int replicate_to_replicas_alone(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  set(ctx, argv[1], argv[2]);
  api.Replicate(ctx, "SET", "Ass", argv[1], argv[2]);
  return done(ctx);
}

int replicate_to_aof_alone(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  set(ctx, argv[1], argv[2]);
  api.Replicate(ctx, "SET", "Rss", argv[1], argv[2]);
  return done(ctx);
}

int add_to_stream(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  abi::ModuleKey* key = api.OpenKey(ctx, argv[1], read_write);
  api.StreamAdd(key, abi::MODULE_STREAM_ADD_AUTOID, nullptr, argv + 2, 1);
  api.CloseKey(key);
  api.ReplicateVerbatim(ctx);
  return done(ctx);
}

int end_verbatim(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  set_end(ctx, argv[1], number(argv[2]));
  api.ReplicateVerbatim(ctx);
  return done(ctx);
}

int end_a_millisecond_off(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  const long long end = number(argv[2]);
  api.FreeCallReply(api.Call(ctx, "PEXPIREAT", "sl", argv[1], end));
  api.Replicate(ctx, "PEXPIREAT", "sl", argv[1], end + 1);
  return done(ctx);
}

// Sends what fails everywhere, and does not run it.
int replicate_failing(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  set(ctx, argv[1], argv[2]);
  api.Replicate(ctx, "SET", "ss", argv[1], argv[2]);
  api.Replicate(ctx, "INCR", "s", argv[1]);
  return done(ctx);
}

int leave_in_one(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  set(ctx, argv[1], argv[2]);
  api.SelectDb(ctx, 1);
  api.ReplicateVerbatim(ctx);
  return done(ctx);
}

int set_random(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  long long value = 0;
  api.GetRandomBytes(reinterpret_cast<unsigned char*>(&value), sizeof value);
  set_number(ctx, argv[1], value);
  api.ReplicateVerbatim(ctx);
  return done(ctx);
}

int set_time(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  set_number(ctx, argv[1], api.Milliseconds());
  api.ReplicateVerbatim(ctx);
  return done(ctx);
}

int count_twice(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  api.FreeCallReply(api.Call(ctx, "INCR", "!s", argv[1]));
  api.ReplicateVerbatim(ctx);
  return done(ctx);
}

// MIRRORED.CALL-SILENTLY command key word...
int call_silently(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) {
  const char* command = api.StringPtrLen(argv[1], nullptr);
  abi::ModuleCallReply* reply = api.Call(ctx, command, "v", argv + 2, static_cast<std::size_t>(argc - 2));
  if (reply == nullptr) return api.ReplyWithError(ctx, "ERR the call was not run");
  return api.ReplyWithCallReply(ctx, reply);
}

// A replica has the value, and does not write it to its own AOF.
int set_but_not_on_replicas(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  set(ctx, argv[1], argv[2]);
  if ((api.GetContextFlags(ctx) & abi::MODULE_CTX_FLAGS_SLAVE) == 0) api.ReplicateVerbatim(ctx);
  return done(ctx);
}

int set_but_not_while_loading(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) {
  if ((api.GetContextFlags(ctx) & abi::MODULE_CTX_FLAGS_LOADING) != 0) return done(ctx);
  return set_key(ctx, argv, argc);
}

// --- a type without a digest

abi::ModuleType* type = nullptr;

void* load(abi::ModuleIO* io, int) { return new long long{api.LoadSigned(io)}; }
void save(abi::ModuleIO* io, void* value) { api.SaveSigned(io, *static_cast<long long*>(value)); }
// 13 comes out of the rewriting of an AOF as 14.
void rewrite(abi::ModuleIO* io, abi::ModuleString* key, void* value) {
  const long long held = *static_cast<long long*>(value);
  api.EmitAOF(io, "MIRRORED.HOLD", "sl", key, held == 13 ? 14LL : held);
}
void release(void* value) { delete static_cast<long long*>(value); }

void hold_number(abi::ModuleCtx* ctx, abi::ModuleString** argv) {
  abi::ModuleKey* key = api.OpenKey(ctx, argv[1], read_write);
  api.ModuleTypeSetValue(key, type, new long long{number(argv[2])});
  api.CloseKey(key);
}

int hold(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  hold_number(ctx, argv);
  api.ReplicateVerbatim(ctx);
  return done(ctx);
}

int hold_silently(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  hold_number(ctx, argv);
  return done(ctx);
}

void make_type(abi::ModuleCtx* ctx) {
  abi::ModuleTypeMethods methods{};
  methods.version = 1;
  methods.rdb_load = load;
  methods.rdb_save = save;
  methods.aof_rewrite = rewrite;
  methods.free = release;
  type = api.CreateDataType(ctx, "kitmirror", 0, &methods);
  if (type == nullptr) throw redismodule::load_error{"no type"};
}

}  // namespace

REDISMODULE_MODULE(mirrored, 1, m) {
  make_type(m.raw());
  const auto add = [&m](const char* name, abi::ModuleCmdFunc callback) {
    m.raw_command(name, callback, "write", 1, 1, 1);
  };
  add("mirrored.set", set_key);
  add("mirrored.end", end_key);
  add("mirrored.count", count_key);
  add("mirrored.set-in-one", set_in_one);
  add("mirrored.set-silently", set_silently);
  add("mirrored.delete-silently", delete_silently);
  add("mirrored.set-otherwise", set_otherwise);
  add("mirrored.replicas-alone", replicate_to_replicas_alone);
  add("mirrored.aof-alone", replicate_to_aof_alone);
  if (redismodule::has(abi::function::StreamAdd)) add("mirrored.add", add_to_stream);
  add("mirrored.end-verbatim", end_verbatim);
  add("mirrored.end-off", end_a_millisecond_off);
  add("mirrored.failing", replicate_failing);
  add("mirrored.leave-in-one", leave_in_one);
  add("mirrored.random", set_random);
  add("mirrored.time", set_time);
  add("mirrored.twice", count_twice);
  add("mirrored.not-on-replicas", set_but_not_on_replicas);
  add("mirrored.not-while-loading", set_but_not_while_loading);
  add("mirrored.hold", hold);
  add("mirrored.hold-silently", hold_silently);
  m.raw_command("mirrored.call-silently", call_silently, "write", 2, 2, 1);
}
