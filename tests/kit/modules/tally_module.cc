// A module with a type of its own, for clusters: its values go to replicas, through MIGRATE and through files.
// Arguments: `atomic` declares that it can bear atomic slot migration; `no-aof` leaves the type without aof_rewrite.
#include <redismodule/redismodule.h>

#include <cstdlib>
#include <string_view>

namespace {

namespace abi = redismodule::abi;
using redismodule::api;

abi::ModuleType* type = nullptr;

// Two numbers, so that a value that came back as another is seen.
struct tally {
  long long total = 0;
  long long times = 0;
};

void* load(abi::ModuleIO* io, int) {
  auto* loaded = new tally;
  loaded->total = api.LoadSigned(io);
  loaded->times = api.LoadSigned(io);
  return loaded;
}

void save(abi::ModuleIO* io, void* value) {
  api.SaveSigned(io, static_cast<tally*>(value)->total);
  api.SaveSigned(io, static_cast<tally*>(value)->times);
}

void rewrite(abi::ModuleIO* io, abi::ModuleString* key, void* value) {
  api.EmitAOF(io, "TALLY.SET", "sll", key, static_cast<tally*>(value)->total, static_cast<tally*>(value)->times);
}

void release(void* value) { delete static_cast<tally*>(value); }

std::string_view text(const abi::ModuleString* from) {
  std::size_t size = 0;
  const char* at = api.StringPtrLen(from, &size);
  return {at, size};
}

long long number(const abi::ModuleString* from) {
  long long value = 0;
  api.StringToLongLong(from, &value);
  return value;
}

// Null where the key is empty or holds something else.
tally* find(abi::ModuleKey* key) {
  if (key == nullptr || api.ModuleTypeGetType(key) != type) return nullptr;
  return static_cast<tally*>(api.ModuleTypeGetValue(key));
}

tally& make(abi::ModuleKey* key) {
  if (tally* known = find(key)) return *known;
  auto* fresh = new tally;
  api.ModuleTypeSetValue(key, type, fresh);
  return *fresh;
}

int add_to(abi::ModuleCtx* ctx, abi::ModuleString* name, long long amount) {
  abi::ModuleKey* key = api.OpenKey(ctx, name, abi::MODULE_READ | abi::MODULE_WRITE);
  tally& value = make(key);
  value.total += amount;
  ++value.times;
  const long long total = value.total;
  api.CloseKey(key);
  api.ReplicateVerbatim(ctx);
  return api.ReplyWithLongLong(ctx, total);
}

// TALLY.ADD key amount
int add(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) {
  if (argc != 3) return api.WrongArity(ctx);
  return add_to(ctx, argv[1], number(argv[2]));
}

// TALLY.GIVE amount TO key: its key is not its first word.
int give(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) {
  if (argc != 4) return api.WrongArity(ctx);
  return add_to(ctx, argv[3], number(argv[1]));
}

// TALLY.SET key total times
int set(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) {
  if (argc != 4) return api.WrongArity(ctx);
  abi::ModuleKey* key = api.OpenKey(ctx, argv[1], abi::MODULE_READ | abi::MODULE_WRITE);
  make(key) = {number(argv[2]), number(argv[3])};
  api.CloseKey(key);
  api.ReplicateVerbatim(ctx);
  return api.ReplyWithSimpleString(ctx, "OK");
}

// TALLY.GET key: total and times
int get(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) {
  if (argc != 2) return api.WrongArity(ctx);
  abi::ModuleKey* key = api.OpenKey(ctx, argv[1], abi::MODULE_READ);
  const tally* value = find(key);
  if (value == nullptr) {
    api.ReplyWithNull(ctx);
  } else {
    api.ReplyWithArray(ctx, 2);
    api.ReplyWithLongLong(ctx, value->total);
    api.ReplyWithLongLong(ctx, value->times);
  }
  if (key != nullptr) api.CloseKey(key);
  return abi::MODULE_OK;
}

// TALLY.SUM key key: of two keys that must be in one slot.
int sum(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) {
  if (argc != 3) return api.WrongArity(ctx);
  long long total = 0;
  for (int i = 1; i < argc; ++i) {
    abi::ModuleKey* key = api.OpenKey(ctx, argv[i], abi::MODULE_READ);
    if (const tally* value = find(key)) total += value->total;
    if (key != nullptr) api.CloseKey(key);
  }
  return api.ReplyWithLongLong(ctx, total);
}

// TALLY.ABORT: a bug that ends the server.
int abort_server(abi::ModuleCtx*, abi::ModuleString**, int) { std::abort(); }

void make_type(abi::ModuleCtx* ctx, bool with_aof) {
  abi::ModuleTypeMethods methods{};
  methods.version = 1;
  methods.rdb_load = load;
  methods.rdb_save = save;
  if (with_aof) methods.aof_rewrite = rewrite;
  methods.free = release;
  type = api.CreateDataType(ctx, "kit-tally", 0, &methods);
  if (type == nullptr) throw redismodule::load_error{"no type"};
}

}  // namespace

REDISMODULE_MODULE(tally, 1, m) {
  bool with_aof = true;
  for (std::size_t i = 0; i < m.args().size(); ++i) {
    const std::string_view arg = text(m.args()[i].raw());
    if (arg == "atomic") api.SetModuleOptions(m.raw(), abi::MODULE_OPTIONS_HANDLE_ATOMIC_SLOT_MIGRATION);
    if (arg == "no-aof") with_aof = false;
  }
  make_type(m.raw(), with_aof);
  m.raw_command("tally.add", add, "write deny-oom", 1, 1, 1);
  m.raw_command("tally.give", give, "write deny-oom", 3, 3, 1);
  m.raw_command("tally.set", set, "write deny-oom", 1, 1, 1);
  m.raw_command("tally.get", get, "readonly", 1, 1, 1);
  m.raw_command("tally.sum", sum, "readonly", 1, 2, 1);
  m.raw_command("tally.abort", abort_server, "");
}
