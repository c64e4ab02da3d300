// Sessions made of the server's own commands: a hash with a time to live, and a counter of visits. The keys are only
// known when the commands run, and of many slots: not for clusters, as all three commands say.
#include <map>
#include <string>

#include <redismodule/redismodule.h>
namespace rm = redismodule;

using lifetime = rm::bounded<int, 1, 365 * 24 * 60 * 60>;  // in seconds; EXPIRE with 0 deletes at once

// session.open user seconds: the new session's number.
rm::result<long long> open(rm::context& ctx, std::string_view user, lifetime seconds) {
  const auto number = ctx.call<long long>(rm::replicate, "INCR", "session:last");
  if (!number) return number;
  const std::string key = rm::format("session:{}", *number);
  const std::map<std::string, std::string> fields{{"user", std::string{user}}, {"visits", "0"}};
  if (auto made = ctx.call<void>(rm::replicate, "HSET", key, fields); !made) return made.error();
  if (auto lives = ctx.call<bool>(rm::replicate, "EXPIRE", key, seconds.value); !lives) return lives.error();
  return number;
}

// session.visit number: its user, and how often it was visited.
rm::result<std::pair<std::string, long long>> visit(rm::context& ctx, long long number) {
  const std::string key = rm::format("session:{}", number);
  const auto user = ctx.call<std::optional<std::string>>("HGET", key, "user");
  if (!user) return user.error();
  if (!user->has_value()) return rm::format_error("NOSESSION there is no session {}", number);
  const auto visits = ctx.call<long long>(rm::replicate, "HINCRBY", key, "visits", 1);
  if (!visits) return visits.error();
  return std::pair{**user, *visits};
}

// session.run number word...: any command that a script may run, under the access rules of whoever asks, while the
// session lasts. Others may need a client of their own, and end the server without one, as SYNC does; session.run is
// no command for scripts itself, so that nobody fills the stack with calls of it that lie in each other.
rm::result<rm::call_value> run(rm::context& ctx, long long number, rm::at_least_one<rm::string_ref> words) {
  if (const auto seen = visit(ctx, number); !seen) return seen.error();
  std::vector<rm::string_ref> arguments{words.begin(), words.end()};
  arguments.erase(arguments.begin());
  return ctx.call<rm::call_value>(rm::as_caller | rm::script_mode | rm::replicate | rm::resp_auto, words[0], arguments);
}

REDISMODULE_MODULE(session, 1, m) {
  constexpr auto writing = rm::flags::write | rm::flags::no_cluster;
  m.command<open>("session.open user seconds", {.summary = "Opens a session", .flags = writing});
  m.command<visit>("session.visit number", {.summary = "Counts a visit", .flags = writing});
  m.command<run>("session.run number word...",
                 {.summary = "Runs a command in a session", .flags = writing | rm::flags::deny_script});
}
