// The library's own modules on servers that lack a function, or whose functions fail, one after another: a module loads
// and works, or is refused in words; the server lives.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "library_functions.h"  // generated: what src/ and include/ call through the table
#include "redismodule/testing/faults.h"
#include "redismodule/testing/server.h"

namespace {

using redismodule::testing::client;
using redismodule::testing::error;
using redismodule::testing::faults;
using redismodule::testing::reply;
using redismodule::testing::server;

bool is_long() { return std::getenv("REDISMODULE_LONG_TESTS") != nullptr; }

using command = std::vector<std::string>;

// Every kind of argument and reply, errors and exceptions included.
const std::vector<command>& commands() {
  static const std::vector<command> all = {
      {"arg.int32", "1"},
      {"arg.int32", "x"},
      {"arg.int32"},
      {"arg.uint64", "18446744073709551615"},
      {"arg.float", "1.5"},
      {"arg.double", "1.5"},
      {"arg.bool", "yes"},
      {"arg.view", "text"},
      {"arg.ref", "text"},
      {"arg.keep", "text"},
      {"arg.kept"},
      {"opt.add", "1", "2"},
      {"rest.sum", "1", "2", "3"},
      {"rest.reverse", "a", "b", "c"},
      {"rest.pairs", "a", "b", "c"},
      {"frame.args", "a", "b"},
      {"reply.void"},
      {"reply.ok"},
      {"reply.simple-of", "text"},
      {"reply.error-echo", "text"},
      {"reply.bool", "yes"},
      {"reply.double"},
      {"reply.text"},
      {"reply.null"},
      {"reply.string"},
      {"reply.moved-string"},
      {"reply.no-string"},
      {"reply.vector", "3"},
      {"reply.set"},
      {"reply.map"},
      {"reply.nested"},
      {"reply.results"},
      {"stream.array", "3"},
      {"stream.map"},
      {"stream.odd-map"},
      {"stream.nothing"},
      {"stream.twice"},
      {"stream.too-few"},
      {"stream.throw", "2"},
      {"throw.runtime", "words"},
      {"throw.bad-alloc"},
      {"raw.count", "a"},
      {"log.line", "a line"},
      {"memory.pressure"},
      {"INFO", "everything"},
      {"INFO", "modules"},
      {"COMMAND", "INFO", "arg.double"},
  };
  return all;
}

// All of them as they are sent, and after them one that says that they were carried out.
std::string bytes_of_commands(const std::string& protocol) {
  using redismodule::testing::encode_command;
  std::string bytes = encode_command({"HELLO", protocol});
  for (const command& each : commands()) bytes += encode_command(each);
  return bytes + encode_command({"SET", "used", "yes"});
}

// Answers are not read: one that a fault keeps from the client would be waited for.
void use(server& s) {
  static const std::string all_commands[] = {bytes_of_commands("2"), bytes_of_commands("3")};
  for (const std::string& bytes : all_commands) {
    client c = s.connect();
    s.call("DEL", "used");
    c.send_raw(bytes);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (s.call("EXISTS", "used") != 1) {
      if (std::chrono::steady_clock::now() > deadline) throw error{"the commands were not carried out"};
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
  }
}

// Loads the module with this argument and uses it. Whether it was loaded; if not, the log has said why since.
bool load_and_use(server& s, const std::string& argument, std::string& log) {
  const std::size_t before = s.log().size();
  bool loaded = true;
  try {
    s.load(COMMANDS_WITH_FAULTS_MODULE, argument);
  } catch (const error&) {
    loaded = false;
  }
  log = s.log().substr(before);
  EXPECT_TRUE(s.alive()) << argument;
  if (!s.alive()) {
    s.restart();
    return false;
  }
  if (!loaded) return false;
  try {
    use(s);
    s.call("commands.fault", "reset");
    s.unload("commands");
  } catch (const error& failure) {
    ADD_FAILURE() << argument << ": " << failure.what();
    s.restart();
  }
  return true;
}

TEST(sweep, the_module_is_used_whole_without_a_fault) {
  server s;
  s.load(COMMANDS_WITH_FAULTS_MODULE);
  faults f{s, "commands"};
  f.count("StringToLongLong");
  use(s);
  EXPECT_GE(f.calls("StringToLongLong"), 10);
  const std::string info = s.call("INFO", "commandstats").str();
  for (const command& each : commands()) {
    const std::string field = "cmdstat_" + each[0] + ":";
    if (each.size() > 1 && each[0] == "COMMAND") continue;
    EXPECT_NE(info.find(each[0] == "INFO" ? "cmdstat_info:" : field), std::string::npos) << each[0];
  }
}

TEST(sweep, each_function_that_the_library_calls_may_be_missing) {
  server s;
  int refused = 0;
  int missing = 0;
  for (const std::string name : library_functions) {
    if (!s.lacks(name).empty()) continue;
    ++missing;
    std::string log;
    if (load_and_use(s, "fault:hide=" + name, log)) continue;
    ++refused;
    EXPECT_NE(log.find(name + " needs "), std::string::npos) << name << " is not named:\n" << log;
  }
  EXPECT_GT(refused, 10);
  EXPECT_LT(refused, missing);
}

TEST(sweep, any_function_may_be_missing) {
  if (!is_long()) GTEST_SKIP() << "takes a while: REDISMODULE_LONG_TESTS=1";
  server s;
  s.load(COMMANDS_WITH_FAULTS_MODULE);
  const std::vector<std::string> functions = faults{s, "commands"}.functions();
  s.unload("commands");
  for (const std::string& name : functions) {
    std::string log;
    if (load_and_use(s, "fault:hide=" + name, log)) continue;
    EXPECT_NE(log.find(name + " needs "), std::string::npos) << name << " is not named:\n" << log;
  }
}

TEST(sweep, each_allocation_may_fail_while_the_module_loads) {
  server s;
  if (const auto what = s.lacks("TryAlloc"); !what.empty()) GTEST_SKIP() << what;
  const std::string order = "fault:fail=" + std::string{faults::memory} + ",";
  int n = 0;
  int refused = 0;
  for (bool fired = true; fired; ++n) {
    std::string log;
    const std::size_t before = s.log().size();
    fired = false;
    try {
      s.load(COMMANDS_WITH_FAULTS_MODULE, order + std::to_string(n + 1));
    } catch (const error&) {
      ++refused;
      fired = true;
      log = s.log().substr(before);
      EXPECT_NE(log.find("out of memory"), std::string::npos) << n << log;
    }
    ASSERT_TRUE(s.alive());
    if (fired) continue;
    fired = faults{s, "commands"}.fired() != 0;
    s.unload("commands");
  }
  EXPECT_GT(refused, 20);
}

// What answers void does not fail on any server: it is hidden above, and not tried here.
bool can_fail(std::string_view name) {
  static const std::set<std::string_view> without_result = [] {
    std::set<std::string_view> names;
#define REDISMODULE_ROW(function, result, parameters, redis, valkey) \
  if (std::string_view{#result} == "void") names.insert(#function);
#include "redismodule/abi/functions.inc"
    return names;
  }();
  return !without_result.contains(name);
}

// Those that the module calls while it is loaded and used: of no other one could a call fail.
std::vector<std::string> functions_called(server& s) {
  redismodule::testing::module_file module{COMMANDS_WITH_FAULTS_MODULE};
  std::vector<std::string> functions;
  for (const std::string name : library_functions) {
    if (!s.lacks(name).empty() || !can_fail(name)) continue;
    functions.push_back(name);
    module.args.push_back("fault:count=" + name);
  }
  s.load_module(module);
  use(s);
  {
    faults f{s, "commands"};
    std::erase_if(functions, [&f](const std::string& name) { return f.calls(name) == 0; });
  }
  s.unload("commands");
  return functions;
}

// Each function in turn: its first calls fail one by one, then all of them.
TEST(sweep, each_function_that_the_library_calls_may_fail) {
  server s;
  const int most = is_long() ? 12 : 1;
  const std::vector<std::string> functions = functions_called(s);
  EXPECT_GT(functions.size(), 15u);
  for (const std::string& name : functions) {
    std::string log;
    for (int n = 1; n <= most; ++n) load_and_use(s, "fault:fail=" + name + "," + std::to_string(n), log);
    load_and_use(s, "fault:fail-from=" + name + ",1", log);
  }
}

}  // namespace
