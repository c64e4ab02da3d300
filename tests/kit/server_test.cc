#include "redismodule/testing/server.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace redismodule::testing {
namespace {

using namespace std::chrono_literals;

const std::string module = KIT_PROBE_MODULE;

// What `run` throws, as text; a failure of the test where it throws nothing, or something else.
template <class Exception, class Function>
std::string thrown_by(Function run) {
  try {
    run();
  } catch (const Exception& thrown) {
    return thrown.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

::testing::AssertionResult contains(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "'" << part << "' is not in:\n" << text;
}

bool is_gone(pid_t pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; }

// A zombie that its new parent has not buried yet counts as gone.
bool is_ended(pid_t pid) {
  std::ifstream stat{"/proc/" + std::to_string(pid) + "/stat"};
  std::string id, name, state;
  return !(stat >> id >> name >> state) || state == "Z";
}

TEST(server, answers_and_compares) {
  server s;
  EXPECT_EQ(s.call("SET", "key", 6), "OK");
  EXPECT_EQ(s.call("INCRBY", "key", 36), 42);
  EXPECT_EQ(s.call("GET", "key"), "42");
  EXPECT_EQ(s.call("GET", "none"), nullptr);
  EXPECT_EQ(s.call("RPUSH", "list", "a", std::string_view{"b\0c", 3}, 2.5), 3);
  EXPECT_EQ(s.call("LRANGE", "list", 0, -1), (std::vector<std::string>{"a", {"b\0c", 3}, "2.5"}));
  EXPECT_EQ(s.call(std::vector<std::string>{"ECHO", "x"}), "x");
  EXPECT_TRUE(s.call("LPUSH", "key", "x").error().starts_with("WRONGTYPE"));
}

TEST(server, is_the_one_that_was_asked_for) {
  server s;
  const std::string product = s.version().product;
  const auto& number = s.version().number;
  const std::string text =
      std::to_string(number.major) + '.' + std::to_string(number.minor) + '.' + std::to_string(number.patch);
  EXPECT_EQ(s.info("server", product == "valkey" ? "valkey_version" : "redis_version"), text);
  EXPECT_EQ(s.info("server", "process_id"), std::to_string(s.pid()));
  EXPECT_NE(s.version().is_redis(), s.version().is_valkey());
}

TEST(server, takes_modules_arguments_and_configuration) {
  server s{{.modules = {{module, {"one", "two words", "a\"b\\c\n"}}}, .config = {"maxmemory 100mb"}}};
  EXPECT_EQ(s.call("KIT_PROBE.ARGUMENTS"), (std::vector<std::string>{"one", "two words", "a\"b\\c\n"}));
  EXPECT_EQ(s.call("CONFIG", "GET", "maxmemory").at("maxmemory"), "104857600");
}

TEST(server, loads_and_unloads_modules) {
  server s;
  EXPECT_FALSE(s.maps("kit_probe.so"));
  s.load(module, "a", 1);
  EXPECT_EQ(s.call("KIT_PROBE.ARGUMENTS"), (std::vector<std::string>{"a", "1"}));
  EXPECT_TRUE(s.maps("kit_probe.so"));
  s.unload("kit_probe");
  EXPECT_FALSE(s.maps("kit_probe.so"));
  EXPECT_TRUE(s.call("KIT_PROBE.ARGUMENTS").is_error());
}

TEST(server, says_why_a_module_does_not_load) {
  server s;
  EXPECT_TRUE(contains(thrown_by<error>([&] { s.load(module, "refuse"); }), "kit_probe was told to refuse"));
  EXPECT_TRUE(contains(thrown_by<error>([&] { s.unload("nothing"); }), "no such module"));
  EXPECT_TRUE(s.alive());
}

TEST(server, says_why_it_does_not_start) {
  const auto with_refusal = [] { server s{{.modules = {{module, {"refuse"}}}}}; };
  EXPECT_TRUE(contains(thrown_by<start_failed>(with_refusal), "kit_probe was told to refuse"));
  EXPECT_TRUE(contains(thrown_by<start_failed>([] { server s{"/nowhere.so"}; }), "/nowhere.so"));
  EXPECT_TRUE(contains(thrown_by<start_failed>([] { server s{{.config = {"no-such-line 1"}}}; }), "no-such-line"));
  EXPECT_TRUE(contains(thrown_by<start_failed>([] { server s{{.binary = "/nowhere"}}; }), "/nowhere"));
}

TEST(server, says_how_it_died_during_a_call) {
  server s{module};
  const std::string what = thrown_by<connection_lost>([&] { s.call("KIT_PROBE.CRASH"); });
  EXPECT_TRUE(contains(what, "signal 11"));
  EXPECT_TRUE(contains(what, "STACK TRACE"));
#ifndef __SANITIZE_THREAD__  // which hands a signal on later, when the module has been left
  EXPECT_TRUE(contains(what, "kit_probe.so"));
#endif
  EXPECT_FALSE(s.alive());

  server silent{module};
  EXPECT_TRUE(contains(thrown_by<connection_lost>([&] { silent.call("KIT_PROBE.EXIT"); }), "exited with status 7"));
}

TEST(server, says_how_it_died_to_whoever_asks_afterwards) {
  server s{module};
  client other = s.connect();
  EXPECT_THROW(other.call("KIT_PROBE.EXIT"), connection_lost);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(contains(thrown_by<connection_lost>([&] { s.call("PING"); }), "status 7"));
  EXPECT_TRUE(contains(thrown_by<connection_lost>([&] { s.connect(); }), "status 7"));
  EXPECT_TRUE(contains(thrown_by<connection_lost>([&] { s.call_async("PING"); }), "status 7"));
  EXPECT_TRUE(contains(thrown_by<connection_lost>([&] { s.info("server"); }), "its log ends"));
}

TEST(server, goes_on_after_an_answer_that_came_too_late) {
  server s{{.answer_timeout = 2s}};
  EXPECT_THROW(s.call("DEBUG", "SLEEP", 3), timed_out);
  std::this_thread::sleep_for(1s);
  EXPECT_EQ(s.call("PING"), "PONG");
  EXPECT_EQ(s.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no").is_error(), false);
  EXPECT_THROW(s.call("PING"), connection_lost);
  EXPECT_EQ(s.call("PING"), "PONG");
}

TEST(server, finds_modules_by_relative_paths) {
  const std::string here = std::filesystem::relative(module).string();
  ASSERT_FALSE(std::filesystem::path{here}.is_absolute());
  server s{here};
  EXPECT_EQ(s.call("KIT_PROBE.ARGUMENTS").size(), 0U);
  s.unload("kit_probe");
  s.load(here, "again");
  EXPECT_EQ(s.call("KIT_PROBE.ARGUMENTS").size(), 1U);
  EXPECT_EQ(s.add_replica().call("KIT_PROBE.ARGUMENTS").size(), 1U);
}

TEST(server, keeps_its_data_over_a_restart) {
  server s{module};
  s.call("SET", "key", "value");
  const pid_t before = s.pid();
  s.restart();
  EXPECT_NE(s.pid(), before);
  EXPECT_EQ(s.call("GET", "key"), "value");
  EXPECT_TRUE(s.maps("kit_probe.so"));
  EXPECT_EQ(s.call("KIT_PROBE.ARGUMENTS").size(), 0U);
}

TEST(server, stops_with_a_status) {
  server s;
  EXPECT_EQ(s.stop(), 0);
  EXPECT_FALSE(s.alive());
  EXPECT_THROW(s.call("PING"), error);
  EXPECT_THROW(s.stop(), error);
  s.restart();
  EXPECT_EQ(s.call("PING"), "PONG");
}

TEST(server, starts_again_after_a_crash) {
  server s{module};
  s.call("SET", "key", "value");
  EXPECT_EQ(s.call("SAVE"), "OK");
  s.call("SET", "key", "later");
  EXPECT_THROW(s.call("KIT_PROBE.EXIT"), connection_lost);
  s.restart();
  EXPECT_EQ(s.call("GET", "key"), "value");
}

TEST(server, tells_its_memory) {
  server s;
  const long long before = s.memory();
  EXPECT_GT(before, 100'000);
  s.call("SET", "key", std::string(10 << 20, 'x'));
  EXPECT_GE(s.memory() - before, 10 << 20);
  EXPECT_THROW(s.info("memory", "no_such_field"), error);
}

TEST(server, asks_nothing_of_its_own_within_a_transaction) {
  server s;
  s.call("MULTI");
  EXPECT_THROW(s.memory(), error);
  EXPECT_THROW(s.info("server"), error);
  s.call("DISCARD");
  EXPECT_GT(s.memory(), 0);
}

TEST(server, hands_out_its_log) {
  server s;
  EXPECT_FALSE(contains(s.log(), "kit_probe was told"));
  s.call("MODULE", "LOAD", module, "refuse");
  EXPECT_TRUE(contains(s.log(), "kit_probe was told"));
}

TEST(server, takes_a_launcher_and_an_environment) {
  server s{{.modules = {{module}},
            .launcher = {"/usr/bin/env", "KIT_LAUNCHED=yes"},
            .environment = {"KIT_GIVEN=given", "HOME=/nowhere"}}};
  EXPECT_EQ(s.call("KIT_PROBE.VARIABLE", "KIT_LAUNCHED"), "yes");
  EXPECT_EQ(s.call("KIT_PROBE.VARIABLE", "KIT_GIVEN"), "given");
  EXPECT_EQ(s.call("KIT_PROBE.VARIABLE", "HOME"), "/nowhere");
  EXPECT_EQ(s.call("KIT_PROBE.VARIABLE", "KIT_NEVER"), "");
}

TEST(server, leaves_nothing_behind) {
  std::string directory;
  pid_t pid = 0;
  {
    server s;
    directory = s.directory();
    pid = s.pid();
    EXPECT_TRUE(std::filesystem::exists(directory));
    EXPECT_FALSE(is_gone(pid));
  }
  EXPECT_FALSE(std::filesystem::exists(directory));
  EXPECT_TRUE(is_gone(pid));
}

TEST(server, can_be_moved) {
  server first;
  const pid_t pid = first.pid();
  server second = std::move(first);
  EXPECT_EQ(second.pid(), pid);
  EXPECT_EQ(second.call("PING"), "PONG");
  client c = second.connect();
  second = server{};
  EXPECT_NE(second.pid(), pid);
  EXPECT_TRUE(is_gone(pid));
  EXPECT_EQ(second.call("PING"), "PONG");
}

TEST(server, outlives_the_thread_that_made_it) {
  std::optional<server> s;
  std::thread{[&] { s.emplace(); }}.join();
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(s->call("PING"), "PONG");
}

// A child in the place of a test that crashes: nothing in it is destroyed.
TEST(server, does_not_outlive_a_test_that_crashes) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  struct {
    pid_t pid = 0;
    char directory[100] = {};
  } made;
  const pid_t child = ::fork();
  if (child == 0) {
    server s;
    made.pid = s.pid();
    s.directory().copy(made.directory, sizeof made.directory - 1);
    const bool written = ::write(ends[1], &made, sizeof made) == sizeof made;
    ::_exit(written && s.call("PING") == "PONG" ? 0 : 1);
  }
  ::close(ends[1]);
  ASSERT_EQ(::read(ends[0], &made, sizeof made), static_cast<ssize_t>(sizeof made));
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  for (int i = 0; i < 500 && !is_ended(made.pid); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(is_ended(made.pid));
  std::filesystem::remove_all(made.directory);
  ::close(ends[0]);
}

}  // namespace
}  // namespace redismodule::testing
