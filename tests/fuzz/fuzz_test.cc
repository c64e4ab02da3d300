// Random arguments for every command of the examples: no crash, no reply of another type than declared, none too many,
// nothing lost. 100,000 calls, or as many as REDISMODULE_FUZZ_CALLS says.
#include "fuzz.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <set>

#include "redismodule/testing/leak_watch.h"

namespace {

namespace rt = redismodule::testing;
using fuzz::declared_command;

// Sessions run any command; the examples of memory are asked for little, since more takes long.
const std::vector<std::string> few_mebibytes = {"1", "1", "0", "-1", "5000", "99999999999999999999", "x", "", "1\r\n"};
const std::vector<std::string> numbers = {"1", "2", "3", "40", "-5", "60000", "1.5", "9223372036854775807", "x"};
const std::vector<std::string> calls = {"1",    "1",       "1",    "2",     "GET",      "SET",     "LRANGE",
                                        "ZADD", "HGETALL", "INCR", "LPUSH", "string",   "list",    "zset",
                                        "hash", "0",       "-1",   "a",     "SHUTDOWN", "x\r\n+OK"};
const std::vector<std::string> boards = {"zset", "zset", "none", "hash", "5", "1.5", "ann", "bob", "x\r\n", "string"};
const std::vector<std::string> leaders = {"leaders", "leaders",  "leaders", "others", "none", "string", "ann",
                                          "bob",     "x\r\n+OK", "5",       "1.5",    "-2",   "inf",    "AT",
                                          "1000",    "GT",       "1",       "3",      "40"};
const std::string standing = "(sssisssi)", standing_map = "{<sssisdsi>(sssisdsi)}";  // Redis 6 has no maps
const std::vector<declared_command> examples = {
    {"hello.mul", "i", "i", 2, 100, numbers},
    {"session.open", "i", "i", 2, 20, numbers},
    {"session.visit", "(si)", "(si)", 1, 100, numbers},
    {"session.run", "*", "*", 3, 100, calls},
    {"board.play", "s", "d", 3, 100, boards},
    {"board.rename", "+", "+", 3, 100, boards},
    {"board.top", "[(ss{sn})]", "[(sd{sn})]", 3, 100, boards},
    {"board.cut", "i", "i", 2, 20, boards},
    {"leaderboard.add", "i", "i", 3, 200, leaders},
    {"leaderboard.incr", "{sn}", "{dn}", 3, 100, leaders},
    {"leaderboard.remove", "i", "i", 2, 50, leaders},
    {"leaderboard.capacity", "i", "i", 2, 50, leaders},
    {"leaderboard.merge", "i", "i", 2, 100, leaders},
    {"leaderboard.rank", "{n" + standing + "}", "{n" + standing_map + "}", 2, 100, leaders},
    {"leaderboard.top", "[" + standing + "]", "[" + standing_map + "]", 2, 100, leaders},
    {"leaderboard.around", "{n[" + standing + "]}", "{n[" + standing_map + "]}", 3, 100, leaders},
    {"leaderboard.info", "{n(sisis{sn}s{sn})}", "{n<sisis{dn}s{dn}>(sisis{dn}s{dn})}", 1, 100, leaders},
    {"leaderbrd.restore", "+", "+", 5, 100, {"leaders", "others", "1", "1", "0", "0"}},
    {"tasks.add", "i", "{bi}", 2, 200},
    {"tasks.find", "[(ss)]", "[(ss)]", 1},
    {"tasks.done", "i", "i", 2, 20},
    {"tasks.all count", "i", "i", 2},
#ifdef MEMORY_MODULE
    {"memory.containers", "i", "i", 1, 5, few_mebibytes},
    {"memory.sqlite", "i", "i", 1, 5, few_mebibytes},
    {"memory.rows", "i", "i", 0},
    {"memory.release", "i", "i", 0, 1},
    {"memory.arena", "i", "i", 0},
#endif
#ifdef LEGACY_MODULE
    {"legacy.note", "+", "+", 2},
    {"legacy.read", "{sn}", "{sn}", 1},
    {"legacy.clear", "i", "i", 0, 5},
#endif
};

rt::server_options with_examples() {
  rt::server_options options;
  options.modules = {{HELLO_MODULE}, {SESSION_MODULE}, {BOARD_MODULE}, {TASKS_MODULE}, {LEADERBOARD_MODULE}};
#ifdef MEMORY_MODULE
  options.modules.push_back({MEMORY_MODULE});
#endif
#ifdef LEGACY_MODULE
  options.modules.push_back({LEGACY_MODULE});
#endif
  options.config = {"slowlog-log-slower-than -1"};
  return options;
}

std::uint64_t calls_to_make() {
  const char* wanted = std::getenv("REDISMODULE_FUZZ_CALLS");
  if (wanted != nullptr) return std::strtoull(wanted, nullptr, 10);
  return std::getenv("REDISMODULE_LONG_TESTS") != nullptr ? 10'000'000 : 100'000;
}

std::uint64_t seed() {
  const char* wanted = std::getenv("REDISMODULE_FUZZ_SEED");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 1;
}

// What the commands store, and what the server keeps of calls by itself.
void give_back(rt::server& s) {
  s.call("FLUSHALL");
  for (const char* command : {"memory.release", "legacy.clear"}) s.call(command);
  s.call("ACL", "LOG", "RESET");
  s.call("CONFIG", "RESETSTAT");
}

// Every command that the loaded modules have is among the declared ones.
void expect_all_declared(rt::server& s) {
  std::set<std::string> declared;
  for (const declared_command& each : examples) declared.insert(each.name.substr(0, each.name.find(' ')));
  for (const char* module : {"hello", "session", "board", "tasks", "leaderboard", "memory", "legacy"}) {
    const rt::reply commands = s.call("COMMAND", "LIST", "FILTERBY", "MODULE", module);
    if (commands.is_error()) return;  // before Redis 7.0
    for (const rt::reply& name : commands.array()) {
      EXPECT_TRUE(declared.contains(name.str().substr(0, name.str().find('|')))) << name.str();
    }
  }
}

TEST(fuzz, finds_nothing_in_the_examples) {
  rt::server s{with_examples()};
  expect_all_declared(s);
  s.call("CONFIG", "SET", "latency-tracking", "no");  // Redis 7.0: it keeps a histogram for each command that ran
  fuzz::fuzzer warm_up{s, examples, 0};
  warm_up.run(20'000);
  give_back(s);

  rt::leak_watch watch{s, {.memory = 64 * 1024}};
  std::cout << "seed " << seed() << ", " << calls_to_make() << " calls\n";
  fuzz::fuzzer fuzzer{s, examples, seed()};
  fuzzer.run(calls_to_make());
  give_back(s);
  watch.check();
  for (const auto& [command, count] : fuzzer.counts()) {
    std::cout << "  " << command << ": " << count.accepted << " accepted, " << count.refused << " refused\n";
    // (Redis 6 cannot call as the client: session.run is an error. Where modules can say so, restoring is dangerous.)
    const bool may_be_accepted = (command != "session.run" || s.lacks("SetCommandInfo").empty()) &&
                                 (command != "leaderbrd.restore" || !s.lacks("SetCommandACLCategories").empty());
    EXPECT_TRUE(count.accepted != 0 || !may_be_accepted) << command;
    EXPECT_NE(count.refused, 0u) << command;
  }
  EXPECT_EQ(fuzzer.counts().size(), examples.size());
}

// --- What is planted is found ---

// What the fuzzer says of one command of the planted module; nothing: "".
std::string found_in(rt::server& s, const declared_command& command) {
  fuzz::fuzzer fuzzer{s, {command}, 1};
  try {
    fuzzer.run(2'000);
  } catch (const fuzz::finding& found) {
    return found.what();
  }
  return "";
}

TEST(fuzz_control, finds_a_forged_reply) {
  rt::server s{PLANTED_FUZZ_MODULE};
  const std::string found = found_in(s, {"planted.forge", "{s+}", "*", 1});
  const bool is_more = found.find("stands another reply") != found.npos;
  const bool is_no_reply = found.find("what comes is no reply") != found.npos;  // how the forged bytes begin is random
  EXPECT_TRUE(is_more || is_no_reply) << "found: " << found;
}

TEST(fuzz_control, finds_a_reply_of_another_type) {
  rt::server s{PLANTED_FUZZ_MODULE};
  EXPECT_NE(found_in(s, {"planted.type", "i", "i", 1}).find("answers not as i"), std::string::npos);
}

TEST(fuzz_control, finds_a_reply_too_many) {
  rt::server s{PLANTED_FUZZ_MODULE};
  EXPECT_NE(found_in(s, {"planted.twice", "+", "+", 1}).find("stands another reply"), std::string::npos);
}

TEST(fuzz_control, finds_a_crash) {
  rt::server s{PLANTED_FUZZ_MODULE};
  EXPECT_NE(found_in(s, {"planted.crash", "+", "+", 1}).find("the server is gone"), std::string::npos);
  s.take_reports();
}

TEST(fuzz_control, finds_a_leak) {
  rt::server s{PLANTED_FUZZ_MODULE};
  const declared_command command{"planted.leak", "+", "+", 1};
  EXPECT_EQ(found_in(s, command), "");
  rt::leak_watch watch{s, {.memory = 64 * 1024}};
  EXPECT_EQ(found_in(s, command), "");
  EXPECT_THROW(watch.check(), rt::leaked);
  s.stop();  // where a sanitizer says so too
  s.take_reports();
}

TEST(fuzz_control, finds_nothing_where_nothing_is_planted) {
  rt::server s{PLANTED_FUZZ_MODULE};
  EXPECT_EQ(found_in(s, {"planted.nothing", "+", "+", 1}), "");
}

}  // namespace
