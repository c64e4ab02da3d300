// The command <module>.fault. It calls the server's functions as they were given, never through the table, and
// allocates nothing: whatever is armed, it can be undone.
#include <cstdio>

#include "injector.h"
#include "orders.h"
#include "redismodule/abi/constants.h"
#include "redismodule/faults.h"
#include "watch.h"

namespace redismodule::faults {
namespace {

using abi::ModuleCtx;
using abi::ModuleString;

std::string_view text_of(const ModuleString* string) noexcept {
  std::size_t size = 0;
  const char* text = real().StringPtrLen(string, &size);
  return {text, size};
}

int reply_error(ModuleCtx* ctx, const message& why) noexcept { return real().ReplyWithError(ctx, why.c_str()); }

int reply_wrong(ModuleCtx* ctx, const char* why) noexcept { return real().ReplyWithError(ctx, why); }

int reply_count(ModuleCtx* ctx, std::uint64_t count) noexcept {
  return real().ReplyWithLongLong(ctx, static_cast<long long>(count));
}

void reply_name(ModuleCtx* ctx, std::string_view name) noexcept {
  real().ReplyWithStringBuffer(ctx, name.data(), name.size());
}

// Which place in the table the one function named has.
bool find(std::string_view name, std::size_t& index) noexcept {
  function_set functions;
  std::string_view bad;
  if (!functions.parse(name, bad)) return false;
  for (index = 0; index < abi::function_count; ++index) {
    if (functions.contains(index)) return true;
  }
  return false;
}

int reply_calls(ModuleCtx* ctx, std::string_view name, bool of_faults) noexcept {
  std::size_t index = 0;
  counts seen;
  if (!find(name, index)) return reply_wrong(ctx, "ERR this server has no such function");
  if (!counts_of(index, seen)) return reply_wrong(ctx, "ERR nothing is armed for this function");
  return reply_count(ctx, of_faults ? seen.fired : seen.calls);
}

// What the table has now, as a number: 0 if the function is hidden.
int reply_entry(ModuleCtx* ctx, std::string_view name) noexcept {
  std::size_t index = 0;
  if (!find(name, index)) return reply_wrong(ctx, "ERR this server has no such function");
  const auto which = static_cast<abi::function>(index);
  if (!has(which)) return reply_count(ctx, 0);
  void* pointer = exchange(which, nullptr);
  exchange(which, pointer);
  return reply_count(ctx, reinterpret_cast<std::uintptr_t>(pointer));
}

// The functions that can be armed: all that the server has.
int reply_functions(ModuleCtx* ctx) noexcept {
  real().ReplyWithArray(ctx, abi::MODULE_POSTPONED_LEN);
  long count = 0;
  for (std::size_t i = 0; i < abi::function_count; ++i) {
    const std::string_view name = name_of(static_cast<abi::function>(i));
    std::size_t index = 0;
    if (!find(name, index)) continue;
    reply_name(ctx, name);
    ++count;
  }
  real().ReplySetArrayLength(ctx, count);
  return abi::MODULE_OK;
}

int reply_live(ModuleCtx* ctx) noexcept {
  real().ReplyWithArray(ctx, static_cast<long>(2 * live_kinds()));
  const auto reply = [](const char* kind, long long count, void* argument) {
    auto* to = static_cast<ModuleCtx*>(argument);
    reply_name(to, kind);
    real().ReplyWithLongLong(to, count);
  };
  visit_live(ctx, reply, ctx);
  return abi::MODULE_OK;
}

int obey_command(ModuleCtx* ctx, words order) noexcept {
  message why;
  if (!obey(order, why)) return reply_error(ctx, why);
  return real().ReplyWithSimpleString(ctx, "OK");
}

int run(ModuleCtx* ctx, ModuleString** argv, int argc) noexcept {
  const std::size_t count = static_cast<std::size_t>(argc) - 1;
  if (count == 0 || count > most_words) return real().WrongArity(ctx);
  std::string_view parts[most_words];
  for (std::size_t i = 0; i < count; ++i) parts[i] = text_of(argv[i + 1]);
  const std::string_view name = parts[0];
  if (name == "live" && count == 1) return reply_live(ctx);
  if (name == "functions" && count == 1) return reply_functions(ctx);
  if (name == "fired" && count == 1) return reply_count(ctx, fired());
  if (name == "fired" && count == 2) return reply_calls(ctx, parts[1], true);
  if (name == "calls" && count == 2) return reply_calls(ctx, parts[1], false);
  if (name == "entry" && count == 2) return reply_entry(ctx, parts[1]);
  return obey_command(ctx, {parts, count});
}

int run_command(ModuleCtx* ctx, ModuleString** argv, int argc) { return run(ctx, argv, argc); }

void say_refused(ModuleCtx* ctx, const message& why) noexcept {
  real().Log(ctx, "warning", "not loaded: its argument for faults: %s", why.c_str());
}

}  // namespace

bool start(ModuleCtx* ctx, ModuleString* const* argv, int argc) noexcept {
  if (!resolve(ctx)) return false;
  begin();
  for (int i = 0; i < argc; ++i) {
    message why;
    if (!is_argument(text_of(argv[i])) || obey_argument(text_of(argv[i]), why)) continue;
    reset();
    say_refused(ctx, why);
    return false;
  }
  return true;
}

bool add_command(ModuleCtx* ctx, const char* module_name) noexcept {
  char name[256];
  const int size = std::snprintf(name, sizeof name, "%s.fault", module_name);
  if (size < 0 || static_cast<std::size_t>(size) >= sizeof name) return false;
  return real().CreateCommand(ctx, name, run_command, "admin allow-loading allow-stale no-slowlog", 0, 0, 0) ==
         abi::MODULE_OK;
}

}  // namespace redismodule::faults
