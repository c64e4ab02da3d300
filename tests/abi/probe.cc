// A module on the bare table, for server_test.cc to ask what was resolved. It has its own OnLoad and nothing above L1.
#include "probe.h"

#include <redismodule/abi/constants.h>
#include <redismodule/api.h>

namespace {

namespace rm = redismodule;
namespace abi = redismodule::abi;
using rm::api;

std::string_view view(abi::ModuleString* text) {
  std::size_t size = 0;
  const char* start = api.StringPtrLen(text, &size);
  return {start, size};
}

int reply(abi::ModuleCtx* ctx, std::string_view text) {
  return api.ReplyWithStringBuffer(ctx, text.data(), text.size());
}

bool find(std::string_view name, abi::function& which) {
  for (std::size_t i = 0; i < abi::function_count; ++i) {
    which = static_cast<abi::function>(i);
    if (rm::name_of(which) == name) return true;
  }
  return false;
}

const header_probe& header_of(abi::ModuleString* family) {
  return view(family) == "redis" ? redis_header : valkey_header;
}

// ABI.SERVER: family, version, how many functions are there.
int server(abi::ModuleCtx* ctx, abi::ModuleString**, int) {
  const rm::server_info& info = rm::server();
  long long count = 0;
  for (std::size_t i = 0; i < abi::function_count; ++i) count += rm::has(static_cast<abi::function>(i));
  api.ReplyWithArray(ctx, 3);
  reply(ctx, info.family == rm::server_family::redis ? "redis" : "valkey");
  reply(ctx, rm::message().append(info.number).view());
  return api.ReplyWithLongLong(ctx, count);
}

bool is_expected(abi::function which) {
  const rm::since first = rm::since_of(which);
  const rm::server_info& info = rm::server();
  const rm::version needed = info.family == rm::server_family::redis ? first.redis : first.valkey;
  return needed != rm::version{} && needed <= info.number;
}

// ABI.SURPRISES: the functions of which functions.inc says otherwise than this server, each with what the server says.
int surprises(abi::ModuleCtx* ctx, abi::ModuleString**, int) {
  api.ReplyWithArray(ctx, abi::MODULE_POSTPONED_LEN);
  long count = 0;
  for (std::size_t i = 0; i < abi::function_count; ++i) {
    const auto which = static_cast<abi::function>(i);
    if (rm::has(which) == is_expected(which)) continue;
    rm::message text;
    text.append(rm::has(which) ? "there: " : "absent: ").append(rm::name_of(which));
    reply(ctx, text.view());
    ++count;
  }
  api.ReplySetArrayLength(ctx, count);
  return abi::MODULE_OK;
}

// ABI.HAS name, ABI.MISSING name.
int has(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  abi::function which;
  if (!find(view(argv[1]), which)) return api.ReplyWithError(ctx, "ERR no such function");
  return api.ReplyWithLongLong(ctx, rm::has(which));
}

int missing(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  abi::function which;
  if (!find(view(argv[1]), which)) return api.ReplyWithError(ctx, "ERR no such function");
  return reply(ctx, rm::missing(which).view());
}

// ABI.HIDE name, and ABI.SHOW to put back what was hidden last.
abi::function hidden = abi::function::Alloc;
void* hidden_pointer = nullptr;

int hide(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  if (!find(view(argv[1]), hidden)) return api.ReplyWithError(ctx, "ERR no such function");
  hidden_pointer = rm::exchange(hidden, nullptr);
  return api.ReplyWithLongLong(ctx, hidden_pointer != nullptr);
}

int show(abi::ModuleCtx* ctx, abi::ModuleString**, int) {
  rm::exchange(hidden, hidden_pointer);
  return api.ReplyWithLongLong(ctx, rm::has(hidden));
}

// ABI.OLDER major minor patch.
int older(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  long long parts[3] = {};
  for (int i = 0; i < 3; ++i) api.StringToLongLong(argv[i + 1], &parts[i]);
  rm::pretend_older(
      {static_cast<std::uint8_t>(parts[0]), static_cast<std::uint8_t>(parts[1]), static_cast<std::uint8_t>(parts[2])});
  return api.ReplyWithLongLong(ctx, abi::MODULE_OK);
}

// ABI.RESOLVE: once more; nothing may change.
int resolve_again(abi::ModuleCtx* ctx, abi::ModuleString**, int) {
  return api.ReplyWithLongLong(ctx, rm::resolve(ctx));
}

// ABI.INIT family: what the official header's Init says.
int init(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  return api.ReplyWithLongLong(ctx, header_of(argv[1]).initialize());
}

int (*real_reply)(abi::ModuleCtx*, long long) = nullptr;

int reply_one_more(abi::ModuleCtx* ctx, long long number) { return real_reply(ctx, number + 1); }

// ABI.NUMBER family number [fault]: replies through the header's pointers, filled anew, with a fault in the table or
// not.
int number(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) {
  long long value = 0;
  api.StringToLongLong(argv[2], &value);
  real_reply = api.ReplyWithLongLong;
  if (argc > 3) api.ReplyWithLongLong = reply_one_more;
  const header_probe& header = header_of(argv[1]);
  header.initialize();
  api.ReplyWithLongLong = real_reply;
  return header.reply_with_number(ctx, value);
}

int has_map(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  const header_probe& header = header_of(argv[1]);
  header.initialize();
  return api.ReplyWithLongLong(ctx, header.has_reply_with_map());
}

// ABI.PREFIX table|redis|valkey user prefix: 0 may, 1 may not, -1 cannot be asked.
int prefix(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  if (!api.GetModuleUserFromUserName || !api.ACLCheckKeyPrefixPermissions) return api.ReplyWithLongLong(ctx, -1);
  abi::ModuleUser* user = api.GetModuleUserFromUserName(argv[2]);
  if (!user) return api.ReplyWithError(ctx, "ERR no such user");
  const std::string_view text = view(argv[3]);
  int result = 0;
  if (view(argv[1]) == "table") {
    result = api.ACLCheckKeyPrefixPermissions(user, argv[3], static_cast<int>(abi::MODULE_CMD_KEY_ACCESS));
  } else {
    result = header_of(argv[1]).check_prefix(user, text.data(), text.size());
  }
  api.FreeModuleUser(user);
  return api.ReplyWithLongLong(ctx, result);
}

// ABI.RAW full-name: what get_api() answers for any name.
int raw(abi::ModuleCtx* ctx, abi::ModuleString** argv, int) {
  void* const untouched = &hidden_pointer;
  void* target = untouched;
  const int result = rm::get_api(view(argv[1]).data(), &target);
  if (result != abi::MODULE_OK && target != untouched) return api.ReplyWithError(ctx, "ERR touched");
  return api.ReplyWithLongLong(ctx, result);
}

struct command {
  const char* name;
  abi::ModuleCmdFunc function;
};

constexpr command commands[] = {
    {"abi.server", server}, {"abi.surprises", surprises}, {"abi.has", has},        {"abi.missing", missing},
    {"abi.hide", hide},     {"abi.show", show},           {"abi.older", older},    {"abi.resolve", resolve_again},
    {"abi.init", init},     {"abi.number", number},       {"abi.hasmap", has_map}, {"abi.prefix", prefix},
    {"abi.raw", raw},
};

int load(abi::ModuleCtx* ctx) {
  if (rm::resolve(nullptr) || !rm::resolve(ctx)) return abi::MODULE_ERR;
  api.SetModuleAttribs(ctx, "abiprobe", 1, abi::MODULE_APIVER_1);
  // As a module does that keeps an older part: the server must not see the older part's name.
  redis_header.initialize();
  valkey_header.initialize();
  for (const command& each : commands) {
    if (api.CreateCommand(ctx, each.name, each.function, "", 0, 0, 0) != abi::MODULE_OK) return abi::MODULE_ERR;
  }
  return abi::MODULE_OK;
}

}  // namespace

// Named by an asm label: the official headers declare functions of these names.
extern "C" __attribute__((visibility("default"), used)) int on_load(void* ctx, void**, int) asm("RedisModule_OnLoad");
extern "C" int on_load(void* ctx, void**, int) { return load(static_cast<abi::ModuleCtx*>(ctx)); }
