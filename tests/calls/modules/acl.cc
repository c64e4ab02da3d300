// Calls under access rules, from wherever a module may run: a command, a blocked client's callback and thread, a timer,
// a notification. Blocking, threads, timers and listening are of rooms that are still to come: those calls are raw.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;
namespace abi = redismodule::abi;

using texts = std::vector<std::string>;

namespace {

bool is_as_caller_by_itself = false;  // the module asked for it as a whole

// As the caller, in each of the ways there are to say so; what became of it.
std::string call_as_caller(rm::context& ctx, const texts& words) {
  const texts rest{words.begin() + 1, words.end()};
  const rm::call_reply reply =
      is_as_caller_by_itself ? ctx.call(words[0], rest) : ctx.call(rm::as_caller, words[0], rest);
  return reply.is_error() ? std::string{reply.error().text()} : "done";
}

std::string call_as_user(rm::context& ctx, const std::string& rules, const texts& words) {
  rm::user user{"module-user"};
  if (auto allowed = user.allow(rules.c_str()); !allowed) return std::string{allowed.error().text()};
  const texts rest{words.begin() + 1, words.end()};
  const rm::call_reply reply = ctx.call(rm::as_user(user), words[0], rest);
  return reply.is_error() ? std::string{reply.error().text()} : "done";
}

// What is to be called, and as whom; no rules: as the caller.
struct job {
  texts words;
  std::optional<std::string> rules;
  std::string outcome;

  void run(rm::context& ctx) {
    if (rules == "who") {
      const std::optional<rm::string> user = ctx.current_user();
      outcome = user ? std::string{user->view()} : "nobody";
    } else {
      outcome = rules ? call_as_user(ctx, *rules, words) : call_as_caller(ctx, words);
    }
  }
};

job job_of(std::string_view rules, const rm::rest<std::string>& words) {
  return {texts{words.begin(), words.end()}, rules == "-" ? std::nullopt : std::optional{std::string{rules}}, {}};
}

// --- Blocked clients ---

enum class where { thread, detached, reply };

struct blocked {
  job what;
  where place = where::thread;
  abi::ModuleCtx* detached = nullptr;
};

int reply_to_blocked(abi::ModuleCtx* raw, abi::ModuleString**, int) {
  rm::context ctx{raw};
  auto& waiting = *static_cast<blocked*>(rm::api.GetBlockedClientPrivateData(raw));
  if (waiting.place == where::reply) waiting.what.run(ctx);
  return rm::api.ReplyWithStringBuffer(raw, waiting.what.outcome.data(), waiting.what.outcome.size());
}

void free_blocked(abi::ModuleCtx*, void* data) { delete static_cast<blocked*>(data); }

void run_in_thread(abi::ModuleBlockedClient* client, blocked* waiting) {
  abi::ModuleCtx* raw = waiting->detached != nullptr ? waiting->detached : rm::api.GetThreadSafeContext(client);
  rm::api.ThreadSafeContextLock(raw);
  {
    rm::context ctx{raw};
    waiting->what.run(ctx);
  }
  rm::api.ThreadSafeContextUnlock(raw);
  rm::api.FreeThreadSafeContext(raw);
  rm::api.UnblockClient(client, waiting);
}

template <where Place>
int block(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) {
  auto waiting = std::make_unique<blocked>();
  waiting->place = Place;
  const rm::string_ref rules{argv[1]};
  if (rules != "-") waiting->what.rules = std::string{rules.view()};
  for (int i = 2; i < argc; ++i) waiting->what.words.emplace_back(rm::string_ref{argv[i]}.view());
  abi::ModuleBlockedClient* client = rm::api.BlockClient(ctx, reply_to_blocked, nullptr, free_blocked, 0);
  if (Place == where::reply) return rm::api.UnblockClient(client, waiting.release());
  if (Place == where::detached) waiting->detached = rm::api.GetDetachedThreadSafeContext(ctx);
  std::thread{run_in_thread, client, waiting.release()}.detach();
  return abi::MODULE_OK;
}

// --- Without a client ---

std::optional<job> waiting_for_event;
std::optional<job> waiting_for_timer;
std::string last_outcome;

int notified(abi::ModuleCtx* raw, int, const char*, abi::ModuleString*) {
  if (!waiting_for_event) return 0;
  job what = *std::exchange(waiting_for_event, std::nullopt);
  rm::context ctx{raw};
  what.run(ctx);
  last_outcome = what.outcome;
  return 0;
}

void timed(abi::ModuleCtx* raw, void*) {
  job what = *std::exchange(waiting_for_timer, std::nullopt);
  rm::context ctx{raw};
  what.run(ctx);
  last_outcome = what.outcome;
}

std::string in_event(rm::context& ctx, std::string_view rules, rm::rest<std::string> words) {
  waiting_for_event = job_of(rules, words);
  last_outcome = "nothing was notified";
  static_cast<void>(ctx.notify(rm::key_event::generic, "something", "elsewhere"));
  return last_outcome;
}

void in_timer(rm::context& ctx, std::string_view rules, rm::rest<std::string> words) {
  waiting_for_timer = job_of(rules, words);
  last_outcome = "";
  rm::api.CreateTimer(ctx.raw(), 1, timed, nullptr);
}

std::string in_command(rm::context& ctx, std::string_view rules, rm::rest<std::string> words) {
  job what = job_of(rules, words);
  what.run(ctx);
  return what.outcome;
}

}  // namespace

REDISMODULE_MODULE(acl, 1, m) {
  m.command<in_command>("acl.command rules [word...]");
  m.raw_command("acl.thread", block<where::thread>);
  m.raw_command("acl.detached", block<where::detached>);
  m.raw_command("acl.reply", block<where::reply>);
  m.command<in_event>("acl.event rules [word...]");
  m.command<in_timer>("acl.timer rules [word...]");
  m.command("acl.last", [] { return last_outcome; });
  if (m.args().size() == 1 && m.args()[0] == "as-caller") {
    m.calls_as_caller();
    is_as_caller_by_itself = true;
  }
  if (rm::api.SubscribeToKeyspaceEvents(m.raw(), abi::MODULE_NOTIFY_GENERIC, notified) != abi::MODULE_OK) {
    throw rm::load_error{"no notifications"};
  }
}
