// Who may call what: a user without SET does not reach it as the caller, by no command of an example and from nowhere
// that a module can run; a call as a user of the module's own is refused in words wherever it is made from.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "redismodule/testing/server.h"

namespace {

namespace rt = redismodule::testing;
using texts = std::vector<std::string>;

constexpr const char* needs_permission =
    "NOPERM the user has no permissions to run the 'SET' command with these arguments";
constexpr const char* needs_client = "ERR cannot run as user, no user directly attached to context or context's client";

long long calls_of_set(rt::server& s) {
  const auto fields = s.info("commandstats");
  const auto found = fields.find("cmdstat_set");
  if (found == fields.end()) return 0;
  return std::stoll(found->second.substr(found->second.find('=') + 1));
}

rt::client login(rt::server& s, const std::string& name) {
  rt::client made = s.connect();
  EXPECT_EQ(made.call("AUTH", name, "x"), "OK");
  return made;
}

// What the module's last timer came to.
std::string outcome_of_timer(rt::client& client, const texts& words) {
  texts all{"acl.timer"};
  all.insert(all.end(), words.begin(), words.end());
  client.call(all);
  std::string outcome;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (outcome.empty() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
    outcome = client.call("acl.last").str();
  }
  return outcome;
}

std::string outcome_of(rt::client& client, const std::string& place, const texts& words) {
  if (place == "acl.timer") return outcome_of_timer(client, words);
  texts all{place};
  all.insert(all.end(), words.begin(), words.end());
  return client.call(all).str();
}

// Where a module runs on behalf of a client, and where of none.
const texts with_client{"acl.command", "acl.reply"};
const texts without_client{"acl.thread", "acl.detached", "acl.event", "acl.timer"};

struct acl : testing::TestWithParam<bool> {
  acl() {
    s.call("ACL", "SETUSER", "clerk", "on", "nopass", "~*", "+@all", "-set");
    s.call("ACL", "SETUSER", "scribe", "on", "nopass", "~*", "+@all");
  }
  static rt::server_options options() {
    rt::server_options made{.modules = {{ACL_MODULE, {}}}};
    if (GetParam()) made.modules[0].args = {"as-caller"};
    return made;
  }

  rt::server s{options()};
};

// By a call's own option, and by the module's.
INSTANTIATE_TEST_SUITE_P(by, acl, testing::Bool(),
                         [](const auto& info) { return std::string{info.param ? "the_module" : "each_call"}; });

TEST_P(acl, a_user_without_a_command_does_not_reach_it) {
  if (const auto what = s.lacks("SetContextUser"); !what.empty()) {
    rt::client clerk = login(s, "clerk");
    for (const std::string& place : with_client) {
      EXPECT_TRUE(outcome_of(clerk, place, {"-", "SET", "k", "1"}).starts_with("ERR the call option as_caller needs "));
    }
    EXPECT_EQ(calls_of_set(s), 0);
    GTEST_SKIP() << what << ": such calls are refused";
  }
  rt::client clerk = login(s, "clerk");
  for (const std::string& place : with_client) {
    EXPECT_EQ(outcome_of(clerk, place, {"-", "GET", "k"}), "done") << place;
    EXPECT_EQ(outcome_of(clerk, place, {"-", "SET", "k", "1"}), needs_permission) << place;
    EXPECT_NE(outcome_of(clerk, place, {"-", "EVAL", "return redis.call('SET', 'k', 1)", "0"}), "done") << place;
    EXPECT_EQ(outcome_of(clerk, place, {"-", "acl.command", "-", "SET", "k", "1"}), "done") << place;  // without SET
  }
  // There the caller is not known, so that nobody may, whatever a detached context's own user might. (In an event
  // Valkey 9.1 knows whose command brought it about.)
  for (const std::string& place : without_client) {
    const std::string outcome = outcome_of(clerk, place, {"-", "SET", "k", "1"});
    EXPECT_TRUE(outcome == needs_client || (place == "acl.event" && outcome == needs_permission)) << place << outcome;
  }
  for (const std::string place : {"acl.thread", "acl.detached"}) {
    EXPECT_EQ(outcome_of(clerk, place, {"-", "GET", "k"}), needs_client) << place;
  }
  EXPECT_EQ(calls_of_set(s), 0);
  EXPECT_EQ(s.call("EXISTS", "k"), 0);
}

TEST_P(acl, a_user_with_the_command_does) {
  if (const auto what = s.lacks("SetContextUser"); !what.empty()) GTEST_SKIP() << what;
  rt::client scribe = login(s, "scribe");
  for (const std::string& place : with_client) {
    EXPECT_EQ(outcome_of(scribe, place, {"-", "SET", "k", place}), "done") << place;
    EXPECT_EQ(s.call("GET", "k"), place);
  }
}

// What a script runs is run as the script's caller.
TEST_P(acl, a_script_is_no_way_around) {
  if (const auto what = s.lacks("SetContextUser"); !what.empty()) GTEST_SKIP() << what;
  rt::client clerk = login(s, "clerk");
  EXPECT_EQ(clerk.call("EVAL", "return redis.call('acl.command', '-', 'SET', 'k', '1')", 0), needs_permission);
  clerk.call("MULTI");
  clerk.call("acl.command", "-", "SET", "k", "1");
  EXPECT_EQ(clerk.call("EXEC")[0], needs_permission);
  EXPECT_EQ(calls_of_set(s), 0);
}

// Redis 7.0 would end itself in three of the six. (A detached context has a user whose name it can write into its log.)
TEST_P(acl, a_call_as_a_user_is_refused_in_words_everywhere) {
  if (const auto what = s.lacks("SetContextUser"); !what.empty()) GTEST_SKIP() << what;
  const bool needs_a_client = s.version().is_redis() && s.version().number < rt::version_number{7, 2, 0};
  rt::client scribe = login(s, "scribe");
  for (const bool has_client : {true, false}) {
    for (const std::string& place : has_client ? with_client : without_client) {
      const bool is_refused = needs_a_client && !has_client && place != "acl.detached";
      const std::string denied = outcome_of(scribe, place, {"on +get ~*", "SET", "k", "1"});
      const std::string allowed = outcome_of(scribe, place, {"on +get ~*", "GET", "k"});
      if (is_refused) {
        EXPECT_TRUE(denied.starts_with("ERR as_user needs the context of a client")) << place << denied;
        EXPECT_EQ(allowed, denied) << place;
      } else {
        EXPECT_EQ(denied, needs_permission) << place;
        EXPECT_EQ(allowed, "done") << place;
      }
      ASSERT_TRUE(s.alive()) << place;
    }
  }
  EXPECT_EQ(calls_of_set(s), 0);
}

// Where a thread or a timer has a context, the server may know no user, and Redis before 8.0 not say so.
TEST_P(acl, who_asks_is_known_or_nobody) {
  if (const auto what = s.lacks("GetCurrentUserName"); !what.empty()) GTEST_SKIP() << what;
  rt::client scribe = login(s, "scribe");
  for (const std::string& place : with_client) EXPECT_EQ(outcome_of(scribe, place, {"who"}), "scribe") << place;
  for (const std::string& place : without_client) {
    const std::string who = outcome_of(scribe, place, {"who"});
    EXPECT_TRUE(who == "nobody" || (place == "acl.event" && who == "scribe")) << place << " " << who;
    ASSERT_TRUE(s.alive()) << place;
  }
}

// --- The examples ---

const std::vector<rt::module_file>& examples() {
  static const std::vector<rt::module_file> all = {
#ifdef HELLO_MODULE
      {HELLO_MODULE},
#endif
#ifdef SESSION_MODULE
      {SESSION_MODULE},
#endif
#ifdef BOARD_MODULE
      {BOARD_MODULE},
#endif
#ifdef TASKS_MODULE
      {TASKS_MODULE},
#endif
#ifdef COUNTER_MODULE
      {COUNTER_MODULE},
#endif
#ifdef LEADERBOARD_MODULE
      {LEADERBOARD_MODULE},
#endif
#ifdef MEMORY_MODULE
      {MEMORY_MODULE},
#endif
#ifdef LEGACY_MODULE
      {LEGACY_MODULE},
#endif
  };
  return all;
}

// What a command of an example is meant for, and which of the server's commands it calls then: as the server, or as
// whoever asks.
struct use {
  texts words;
  texts as_server = {};
  texts as_caller = {};
};

const std::vector<use> uses = {
    {{"session.open", "ada", "100"}, {"incr", "hset", "expire"}},
    {{"session.visit", "1"}, {"hget", "hincrby"}},
    {{"session.run", "1", "SET", "k", "1"}, {"hget", "hincrby"}, {"set"}},
    {{"hello.mul", "6", "7"}},
    {{"board.play", "scores", "ada", "2"}},
    {{"board.top", "scores", "notes", "1"}},
    {{"board.rename", "scores", "ada", "eve"}},
    {{"board.cut", "scores", "100"}},
    {{"tasks.add", "home", "EXPIRE", "1h", "NOTES", "notes", "TAG", "big", "paint"}},
    {{"tasks.find", "home", "LIMIT", "0", "2"}},
    {{"tasks.all", "count", "1", "home"}},
    {{"tasks.done", "home", "paint"}},
    {{"counter.add", "visits", "2", "home"}},
    {{"counter.show", "visits"}},
    {{"leaderboard.add", "best", "5", "ada", "3", "eve"}},
    {{"leaderboard.incr", "best", "2", "ada"}},
    {{"leaderboard.capacity", "best", "10"}},
    {{"leaderboard.merge", "both", "best"}},
    {{"leaderboard.rank", "best", "ada"}},
    {{"leaderboard.top", "best", "3"}},
    {{"leaderboard.around", "best", "ada", "1"}},
    {{"leaderboard.info", "best"}},
    {{"leaderboard.remove", "best", "ada"}},
    {{"memory.containers", "1"}},
    {{"memory.sqlite", "1"}},
    {{"memory.rows"}},
    {{"memory.arena"}},
    {{"memory.release"}},
    {{"legacy.note", "k", "text"}},
    {{"legacy.read", "k"}},
    {{"legacy.clear"}},
};

texts names_of_commands(rt::server& s) {
  texts names;
  for (const rt::reply& each : s.call("COMMAND").array()) names.push_back(each[0].str());
  std::sort(names.begin(), names.end());
  return names;
}
texts commands_of_examples(rt::server& s) {
  rt::server plain;
  texts names;
  std::ranges::set_difference(names_of_commands(s), names_of_commands(plain), std::back_inserter(names));
  return names;
}

std::map<std::string, long long> calls_of_all(rt::server& s) {
  std::map<std::string, long long> calls;
  for (const auto& [name, value] : s.info("commandstats")) {
    calls[name.substr(std::string_view{"cmdstat_"}.size())] = std::stoll(value.substr(value.find('=') + 1));
  }
  return calls;
}

// The commands that were called by what was done.
template <class F>
std::set<std::string> called_by(rt::server& s, F&& f) {
  const auto before = calls_of_all(s);
  f();
  std::set<std::string> called;
  for (const auto& [name, count] : calls_of_all(s)) {
    const auto found = before.find(name);
    if (count > (found == before.end() ? 0 : found->second)) called.insert(name);
  }
  called.erase("info");
  return called;
}

struct acl_of_examples : testing::Test {
  rt::server s{{.modules = examples()}};
};

std::string in_small_letters(std::string text) {
  for (char& each : text) each = static_cast<char>(std::tolower(static_cast<unsigned char>(each)));
  return text;
}

TEST_F(acl_of_examples, no_command_calls_as_the_caller_what_he_may_not) {
  const bool has_as_caller = s.lacks("SetContextUser").empty();
  std::set<std::string> seen;
  s.call("session.open", "ada", 100);
  for (const use& each : uses) {
    const std::string name = each.words[0];
    const auto known = s.call("COMMAND", "INFO", name);
    if (known[0].is_null()) continue;  // its example is not built here
    seen.insert(name);
    const bool is_possible = has_as_caller || each.as_caller.empty();
    std::set<std::string> all{each.as_server.begin(), each.as_server.end()};
    if (has_as_caller) all.insert(each.as_caller.begin(), each.as_caller.end());
    // The control: one who may do all makes it call what is said here, and nothing else.
    const auto called = called_by(s, [&] {
      const rt::reply reply = s.call(each.words);
      if (is_possible) {
        EXPECT_FALSE(reply.is_error()) << name << ": " << to_string(reply);
      } else {
        EXPECT_TRUE(reply.error().starts_with("ERR the call option as_caller needs ")) << to_string(reply);
      }
    });
    std::set<std::string> expected = all;
    for (const std::string& one : called) {
      if (one == name || one.starts_with(name + "|")) expected.insert(one);
    }
    EXPECT_EQ(called, expected) << name;
    // One who may do all but that.
    for (const std::string& denied : all) {
      if (denied == name) continue;
      s.call("ACL", "SETUSER", "clerk", "reset", "on", "nopass", "~*", "+@all", "-" + denied);
      rt::client clerk = login(s, "clerk");
      const bool is_as_caller = std::ranges::count(each.as_caller, denied) != 0;
      rt::reply reply;
      const auto reached = called_by(s, [&] { reply = clerk.call(each.words); });
      EXPECT_EQ(reached.contains(denied), !is_as_caller) << name << " calls " << denied << ": " << to_string(reply);
      EXPECT_EQ(reply.is_error(), is_as_caller || !is_possible)
          << name << " calls " << denied << ": " << to_string(reply);
    }
  }
  for (const std::string& name : commands_of_examples(s)) {
    if (name.ends_with(".restore")) continue;  // a data type's: see tests/types
    EXPECT_TRUE(seen.contains(in_small_letters(name))) << name << " has no row";
  }
}

// What a client may try besides: the words that would set a key wherever words may stand.
const std::vector<texts> attempts = {
    {},
    {"k"},
    {"k", "1"},
    {"k", "one", "2"},
    {"1", "SET", "k", "1"},
    {"1", "set", "k", "1"},
    {"SET", "k", "1"},
    {"k", "SET", "k", "1"},
    {"1", "EVAL", "return redis.call('SET', 'k', '1')", "0"},
    {"1", "MULTI"},
    {"1", "session.run", "1", "SET", "k", "1"},
};

TEST_F(acl_of_examples, no_words_make_a_command_set_a_key_for_one_who_may_not) {
  s.call("ACL", "SETUSER", "clerk", "on", "nopass", "~*", "+@all", "-set");
  rt::client clerk = login(s, "clerk");
  const long long session = clerk.call("SESSION.OPEN", "ada", 100).integer();
  const texts names = commands_of_examples(s);
  EXPECT_GE(names.size(), 8u);
  for (const std::string& name : names) {
    for (const texts& words : attempts) {
      texts all{name};
      all.insert(all.end(), words.begin(), words.end());
      clerk.call(all);
    }
  }
  EXPECT_EQ(calls_of_set(s), 0);
  // The control: one who may set does so by the same words.
  if (s.lacks("SetContextUser").empty()) {
    EXPECT_EQ(s.call("SESSION.RUN", session, "SET", "k", "1"), "OK");
    EXPECT_EQ(calls_of_set(s), 1);
  }
}

}  // namespace
