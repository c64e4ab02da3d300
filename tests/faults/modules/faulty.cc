// Calls the server's functions as a test asks, through the resolved table: what is armed there shows.
#include <array>
#include <bit>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;
namespace abi = redismodule::abi;
using rm::api;

namespace {

// --- Any function, with zeros: for functions that are armed to fail, which look at nothing ---

template <class Result>
std::string in_words(Result result) {
  if constexpr (std::is_pointer_v<Result>) {
    return result == nullptr ? "null" : "a pointer";
  } else if constexpr (std::is_enum_v<Result>) {
    return std::to_string(static_cast<std::underlying_type_t<Result>>(result));
  } else {
    return std::to_string(result);
  }
}

template <class Result, class... Parameters>
std::string call_with_zeros(Result (*function)(Parameters...)) {
  if constexpr (std::is_void_v<Result>) {
    function(Parameters{}...);
    return "void";
  } else {
    return in_words(function(Parameters{}...));
  }
}

template <class Result, class... Parameters>
std::string call_with_zeros(Result (*function)(Parameters..., ...)) {
  if constexpr (std::is_void_v<Result>) {
    function(Parameters{}...);
    return "void";
  } else {
    return in_words(function(Parameters{}...));
  }
}

// API.ZEROS name
std::string zeros(std::string_view name) {
#define REDISMODULE_ROW(function, result, parameters, redis, valkey) \
  if (name == #function) return call_with_zeros(api.function);
#include "redismodule/abi/functions.inc"
  return "no such function";
}

// --- Functions that can be called as they are: the control of the above ---

struct simple_call {
  std::string_view name;
  std::string (*call)(abi::ModuleCtx*);
};

const simple_call simple_calls[] = {
    {"Alloc",
     [](abi::ModuleCtx*) {
       void* block = api.Alloc(1);
       api.Free(block);
       return in_words(block);
     }},
    {"CreateString",
     [](abi::ModuleCtx* ctx) {
       abi::ModuleString* text = api.CreateString(ctx, "x", 1);
       if (text != nullptr) api.FreeString(ctx, text);
       return in_words(text);
     }},
    {"CreateDict",
     [](abi::ModuleCtx* ctx) {
       abi::ModuleDict* dict = api.CreateDict(ctx);
       if (dict != nullptr) api.FreeDict(ctx, dict);
       return in_words(dict);
     }},
    {"GetContextFlags", [](abi::ModuleCtx* ctx) { return in_words(api.GetContextFlags(ctx) != 0); }},
    {"GetClientId", [](abi::ModuleCtx* ctx) { return in_words(api.GetClientId(ctx) != 0); }},
    {"GetServerVersion", [](abi::ModuleCtx*) { return in_words(api.GetServerVersion() != 0); }},
    {"Milliseconds", [](abi::ModuleCtx*) { return in_words(api.Milliseconds() != 0); }},
    {"GetRandomBytes",
     [](abi::ModuleCtx*) {
       std::array<unsigned char, 32> bytes{};
       api.GetRandomBytes(bytes.data(), bytes.size());
       return in_words(bytes != std::array<unsigned char, 32>{});
     }},
    {"StringPtrLen",
     [](abi::ModuleCtx* ctx) {
       abi::ModuleString* text = api.CreateString(ctx, "abc", 3);
       std::size_t size = 77;
       const char* bytes = api.StringPtrLen(text, &size);
       api.FreeString(ctx, text);
       return in_words(bytes) + ", " + std::to_string(size);
     }},
    {"StringToLongLong",
     [](abi::ModuleCtx* ctx) {
       abi::ModuleString* text = api.CreateString(ctx, "42", 2);
       long long number = 7;
       const int status = api.StringToLongLong(text, &number);
       api.FreeString(ctx, text);
       return in_words(status) + ", " + std::to_string(number);
     }},
    {"ServerInfoGetFieldSigned",
     [](abi::ModuleCtx* ctx) {
       abi::ModuleServerInfoData* info = api.GetServerInfo(ctx, "server");
       int error = 77;
       const long long pid = api.ServerInfoGetFieldSigned(info, "process_id", &error);
       api.FreeServerInfo(ctx, info);
       return in_words(pid > 0) + ", " + std::to_string(error);
     }},
    {"Call",
     [](abi::ModuleCtx* ctx) {
       abi::ModuleCallReply* reply = api.Call(ctx, "PING", "");
       if (reply != nullptr) api.FreeCallReply(reply);
       return in_words(reply);
     }},
};

// API.SIMPLE name
std::string simple(rm::context& ctx, std::string_view name) {
  for (const simple_call& each : simple_calls) {
    if (each.name == name) return each.call(ctx.raw());
  }
  return "no such function";
}

// --- Functions with variable arguments ---

std::string take(abi::ModuleCtx* ctx, abi::ModuleString* string) {
  std::size_t size = 0;
  const char* bytes = api.StringPtrLen(string, &size);
  std::string text{bytes, size};
  api.FreeString(ctx, string);
  return text;
}

// API.PRINTF: more arguments than there are registers of either kind.
std::string printf_many(rm::context& ctx) {
  return take(ctx.raw(), api.CreateStringPrintf(ctx.raw(), "%d %s %g %lld %g %c %g %u %g %d %g %s %g %d %g %d %g %d %g",
                                                1, "two", 3.5, 4LL, 5.5, '6', 7.5, 8u, 9.5, 10, 11.5, "twelve", 13.5,
                                                14, 15.5, 16, 17.5, 18, 19.5));
}

std::string text_of(abi::ModuleCallReply* reply) {
  if (reply == nullptr) return "null";
  std::size_t size = 0;
  const char* bytes = api.CallReplyStringPtr(reply, &size);
  std::string text = bytes != nullptr ? std::string{bytes, size} : std::to_string(api.CallReplyInteger(reply));
  api.FreeCallReply(reply);
  return text;
}

// API.CALL key: calls with many arguments, and one that comes back to this module from inside the server.
std::vector<std::string> call_many(rm::context& ctx, std::string_view key) {
  std::vector<std::string> answers;
  answers.push_back(text_of(api.Call(ctx.raw(), "RPUSH", "bclccclcbl", key.data(), key.size(), "one", 2LL, "three",
                                     "four", "five", 6LL, "seven", "eight", std::size_t{5}, 9LL)));
  answers.push_back(text_of(api.Call(ctx.raw(), "LINDEX", "bl", key.data(), key.size(), 7LL)));
  answers.push_back(text_of(api.Call(ctx.raw(), "api.nested", "l", 20LL)));
  return answers;
}

// API.NESTED n: calls itself, so that many calls are under way at once.
long long nested(rm::context& ctx, long long depth) {
  if (depth == 0) return 1;
  abi::ModuleCallReply* reply = api.Call(ctx.raw(), "api.nested", "l", depth - 1);
  if (reply == nullptr) return -1;
  const long long below = api.CallReplyInteger(reply);
  api.FreeCallReply(reply);
  return below + 1;
}

// API.HASH key: variable arguments both ways.
std::string hash_both_ways(rm::context& ctx, rm::string_ref name) {
  abi::ModuleKey* key =
      api.OpenKey(ctx.raw(), const_cast<abi::ModuleString*>(name.raw()), abi::MODULE_READ | abi::MODULE_WRITE);
  abi::ModuleString* value = api.CreateString(ctx.raw(), "value", 5);
  api.HashSet(key, abi::MODULE_HASH_CFIELDS, "a", value, "b", value, "c", value, "d", value, nullptr);
  int exists = 0;
  abi::ModuleString* read = nullptr;
  api.HashGet(key, abi::MODULE_HASH_CFIELDS, "d", &read, nullptr);
  api.HashGet(key, abi::MODULE_HASH_CFIELDS | abi::MODULE_HASH_EXISTS, "c", &exists, nullptr);
  api.FreeString(ctx.raw(), value);
  api.CloseKey(key);
  return (read != nullptr ? take(ctx.raw(), read) : "null") + ", " + std::to_string(exists);
}

// --- Taking without giving back ---

abi::ModuleString* kept_string = nullptr;
abi::ModuleDict* kept_dict = nullptr;
abi::ModuleCtx* kept_context = nullptr;
abi::ModuleCallReply* kept_reply = nullptr;
abi::ModuleTimerID kept_timer = 0;
abi::ModuleBlockedClient* kept_client = nullptr;

void nothing(abi::ModuleCtx*, void*) {}
int reply_late(abi::ModuleCtx* ctx, abi::ModuleString**, int) { return api.ReplyWithSimpleString(ctx, "late"); }

// LIVE.TAKE milliseconds: one of each, and a timer that fires then.
void take_each(rm::context& ctx, long long milliseconds) {
  kept_string = api.CreateStringPrintf(nullptr, "%d", 5);
  api.RetainString(nullptr, kept_string);
  kept_dict = api.CreateDict(nullptr);
  kept_context = api.GetThreadSafeContext(nullptr);
  kept_timer = api.CreateTimer(ctx.raw(), milliseconds, nothing, nullptr);
}

// LIVE.GIVE
void give_each(rm::context& ctx) {
  api.FreeString(nullptr, kept_string);
  api.FreeString(nullptr, kept_string);
  api.FreeDict(nullptr, kept_dict);
  api.FreeThreadSafeContext(kept_context);
  api.StopTimer(ctx.raw(), kept_timer, nullptr);
}

// LIVE.BLOCK, and LIVE.UNBLOCK by another client.
int block(abi::ModuleCtx* ctx, abi::ModuleString**, int) {
  kept_client = api.BlockClient(ctx, reply_late, nullptr, nullptr, 0);
  return abi::MODULE_OK;
}
void unblock() { api.UnblockClient(kept_client, nullptr); }

// LIVE.KEY key: an open key and a reply, held while the figures are asked for.
std::string hold_key(rm::context& ctx, rm::string_ref name) {
  abi::ModuleKey* key =
      api.OpenKey(ctx.raw(), const_cast<abi::ModuleString*>(name.raw()), abi::MODULE_READ | abi::MODULE_WRITE);
  kept_reply = api.Call(ctx.raw(), "PING", "");
  abi::ModuleCallReply* live = api.Call(ctx.raw(), "faulty.fault", "c", "live");
  std::string text;
  for (std::size_t i = 0; i + 1 < api.CallReplyLength(live); i += 2) {
    std::size_t size = 0;
    const char* kind = api.CallReplyStringPtr(api.CallReplyArrayElement(live, i), &size);
    const long long count = api.CallReplyInteger(api.CallReplyArrayElement(live, i + 1));
    if (count != 0) text.append(text.empty() ? "" : " ").append(kind, size).append("=").append(std::to_string(count));
  }
  api.FreeCallReply(live);
  api.FreeCallReply(kept_reply);
  api.CloseKey(key);
  return text;
}

}  // namespace

REDISMODULE_MODULE(faulty, 1, m) {
  m.command<zeros>("api.zeros function");
  m.command<simple>("api.simple function");
  m.command<printf_many>("api.printf");
  m.command<call_many>("api.call key");
  m.command<nested>("api.nested depth");
  m.command<hash_both_ways>("api.hash key");
  m.command<take_each>("live.take milliseconds");
  m.command<give_each>("live.give");
  m.raw_command("live.block", block);
  m.command<unblock>("live.unblock");
  m.command<hold_key>("live.key key");
  m.command("api.map", [] { return std::map<std::string, int>{{"one", 1}}; });
  m.command("api.server", [] {
    rm::message text;
    return std::string{text.append(rm::server().number).view()};
  });
  if (!m.args().empty())
    m.log(rm::log_level::notice,
          "arguments: " + std::to_string(m.args().size()) + ", first " + std::string{m.args()[0]});
}
