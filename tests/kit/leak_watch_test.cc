// Whatever a test may leave behind in a server is found and named; and what it does not leave is not.
#include "redismodule/testing/leak_watch.h"

#include <gtest/gtest.h>
#include <algorithm>
#include <thread>

namespace redismodule::testing {
namespace {

using namespace std::chrono_literals;

// With little patience, where a leak is to be found.
class leaks : public ::testing::Test {
 protected:
  std::string grown() { return watch.grown(); }
  void leave(const char* what) { ASSERT_EQ(s.call("kit_probe.leave", what), 1); }
  // That this is reported, in these words; and where nothing else may be, that it is all.
  ::testing::AssertionResult reports(std::string_view words) {
    const std::string text = grown();
    if (text.find(words) != std::string::npos) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "'" << words << "' is not in:\n" << text;
  }

  // What the test has lost for good, a sanitizer that looks for leaks reports at the server's exit.
  void take_reports_of_leaks() {
    s.stop();
    s.take_reports();
  }

  server s{{.modules = {{KIT_PROBE_MODULE, {"tells"}}}}};
  leak_watch watch{s, {.patience = 100ms}};
};

TEST_F(leaks, of_memory) {
  leave("memory");
  EXPECT_TRUE(reports("  used_memory: "));
  EXPECT_THROW(watch.check(), leaked);
  watch.begin();
  EXPECT_EQ(grown(), "");
  take_reports_of_leaks();
}

// What INFO says of the buffers of clients is up to a second old: the watch's first look has to do without it.
TEST_F(leaks, of_memory_are_seen_from_the_start_on) {
  std::this_thread::sleep_for(1500ms);
  s.call("SET", "left", std::string(12'000, 'x'));
  EXPECT_TRUE(reports("  used_memory: 1"));
}

TEST_F(leaks, none_in_the_buffers_of_the_servers_own_connection) {
  const auto use = [this] {
    s.pipeline(std::vector<command>(1000, {"INCR", "n"}));
    s.call("DEL", "n");
  };
  use();
  for (int i = 0; i < 10; ++i) {
    watch.begin();
    use();
    EXPECT_EQ(grown(), "");
    std::this_thread::sleep_for(150ms);
  }
}

TEST_F(leaks, say_that_the_connection_cannot_ask) {
  s.call("MULTI");
  EXPECT_THROW(watch.check(), error);
  s.call("DISCARD");
  EXPECT_NO_THROW(watch.check());
}

TEST_F(leaks, of_keys_in_any_database) {
  s.call("SET", "was:here", "x");
  watch.begin();
  client c = s.connect();
  c.call("SELECT", 3);
  c.call("SET", "left\n", "x");
  c.close();
  s.call("SET", "also", "x");
  EXPECT_TRUE(reports("  keys in database 0: 1 more, 2 (\"also\")\n"));
  EXPECT_TRUE(reports("  keys in database 3: 1 more, 1 (\"left\\n\")\n"));
  s.call("FLUSHALL");
  EXPECT_EQ(grown(), "");
}

TEST_F(leaks, of_many_keys_by_their_number) {
  s.call("DEBUG", "POPULATE", 5000, "many", 10);
  EXPECT_TRUE(reports("  keys in database 0: 5000 more, 5000\n"));
  EXPECT_TRUE(reports("used_memory: "));
}

TEST_F(leaks, of_clients) {
  client c = s.connect();
  c.call("CLIENT", "SETNAME", "forgotten");
  EXPECT_TRUE(reports("  clients: 1 more, 2 (id=" + std::to_string(c.id()) + " addr="));
  EXPECT_TRUE(reports("name=forgotten"));
  EXPECT_TRUE(reports("file descriptors: 1 more"));
  c.close();
  EXPECT_EQ(grown(), "");
}

TEST_F(leaks, of_blocked_clients_monitors_and_subscribers) {
  client monitor = s.connect(), subscriber = s.connect();
  watch.begin();
  pending blocked = s.call_async("kit_probe.block", 100'000);
  blocked.wait_until_blocked();
  EXPECT_TRUE(reports("  blocked clients: 1 more, 1 (id=" + std::to_string(blocked.id())));
  EXPECT_TRUE(reports("cmd=kit_probe.block"));
  blocked.disconnect();
  // The module never unblocks it: what the server holds for it, a client or two of its own, stays as memory alone.
  const std::string text = grown();
  EXPECT_TRUE(text.starts_with("  used_memory: ") && text.ends_with('\n')) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  monitor.call("MONITOR");
  subscriber.call("SUBSCRIBE", "news");
  EXPECT_TRUE(reports("  monitors: 1 more, 1 ("));
  EXPECT_TRUE(reports("  subscribed clients: 1 more, 1 ("));
  EXPECT_FALSE(reports("  clients: "));
  take_reports_of_leaks();
}

TEST_F(leaks, of_replicas) {
  {
    server replica = s.add_replica();
    EXPECT_TRUE(reports("  replicas: 1 more, 1 ("));
  }
  watch.begin();
  EXPECT_EQ(grown(), "");
}

TEST_F(leaks, of_timers_that_the_module_tells_of) {
  leave("timer");
  EXPECT_TRUE(reports("  timers of the module kit_probe: 1 more, 1\n"));
}

TEST_F(leaks, of_timers_by_their_memory) {
  EXPECT_GT(memory_growth(s,
                          [&] {
                            for (int i = 0; i < 100; ++i) s.call("kit_probe.leave", "timer");
                          }),
            memory_noise);
}

TEST_F(leaks, of_threads) {
  leave("thread");
  EXPECT_TRUE(reports("  threads: 1 more, "));
  EXPECT_TRUE(reports("kit_left_over)"));
}

TEST_F(leaks, of_a_thread_are_not_hidden_by_one_of_jemallocs_that_had_no_name_yet) {
  leave("thread-named-late");
  watch.begin();
  std::this_thread::sleep_for(500ms);
  leave("thread");
  EXPECT_TRUE(reports("  threads: 1 more, "));
}

TEST_F(leaks, of_descriptors) {
  leave("descriptor");
  leave("descriptor");
  EXPECT_TRUE(reports("  file descriptors: 2 more, "));
  EXPECT_TRUE(reports("(2 times /dev/full)"));
}

TEST_F(leaks, of_child_processes) {
  leave("child");
  EXPECT_TRUE(reports("  child processes: 1 more, 1 (kit_left_child, process "));
}

TEST_F(leaks, of_modules) {
  s.unload("kit_probe");
  watch.begin();
  s.load(KIT_PROBE_MODULE);
  EXPECT_TRUE(reports("  modules: 1 more, "));
  EXPECT_TRUE(reports(" (kit_probe)\n"));
}

TEST_F(leaks, of_scripts) {
  s.call("EVAL", "return 1", 0);
  s.call("SCRIPT", "LOAD", "return 2");
  EXPECT_TRUE(reports("  cached scripts: "));
}

TEST_F(leaks, of_functions) {
  const reply loaded =
      s.call("FUNCTION", "LOAD", "#!lua name=left\nredis.register_function('f', function() return 1 end)");
  if (loaded.is_error()) GTEST_SKIP() << "needs FUNCTION LOAD, of Redis 7.0: " << loaded.error();
  EXPECT_TRUE(reports("  libraries of functions: 1 more, 1\n"));
}

// A server keeps some KB from the first use of some commands, so there is one round before.
TEST_F(leaks, none_where_all_is_given_back) {
  const auto use = [this] {
    s.call("SET", "key", std::string(1 << 20, 'x'));
    s.call("RPUSH", "list", "a", "b");
    s.call("HSET", "hash", "field", "value");
    s.call("ZADD", "z", 1, "a");
    s.call("XADD", "stream", "*", "a", "b");
    s.call("NO.SUCH.COMMAND");
    s.call_async("BLPOP", "queue", 0.01).get();
    for (int i = 0; i < 50; ++i) s.connect().call("PING");
    s.connect().pipeline(std::vector<command>(1000, {"INCR", "n"}));
    s.save();
    s.reload();
    s.call("FLUSHALL");
  };
  use();
  leak_watch patient{s};
  use();
  EXPECT_NO_THROW(patient.check());
}

TEST_F(leaks, waits_for_what_is_on_its_way_out) {
  leak_watch patient{s};
  pending gone_soon = s.call_async("BLPOP", "queue", 0);
  gone_soon.wait_until_blocked();
  std::thread later{[&] {
    std::this_thread::sleep_for(200ms);
    gone_soon.disconnect();
  }};
  EXPECT_NO_THROW(patient.check());
  later.join();
}

TEST_F(leaks, are_not_told_over_a_restart) {
  s.restart();
  EXPECT_THROW(watch.check(), error);
  watch.begin();
  EXPECT_NO_THROW(watch.check());
}

TEST(leaks_where_a_password_is_asked_for, are_found_and_named) {
  server s{{.modules = {{KIT_PROBE_MODULE, {"tells"}}}, .config = {"requirepass secret"}}};
  leak_watch watch{s, {.patience = 100ms}};
  EXPECT_NO_THROW(watch.check());
  s.call("SET", "left", 1);
  EXPECT_EQ(s.call("kit_probe.leave", "timer"), 1);
  const std::string text = watch.grown();
  EXPECT_NE(text.find("\"left\""), std::string::npos) << text;
  EXPECT_NE(text.find("of the module kit_probe"), std::string::npos) << text;
}

TEST_F(leaks, growth_is_measured_less_what_is_known) {
  EXPECT_LE(std::abs(memory_growth(s, [&] { s.call("PING"); })), memory_noise);
  const auto take = [&] { s.call("kit_probe.leave", "memory"); };
  EXPECT_GT(memory_growth(s, take), 65'000);
  long long taken = 0;
  const auto take_and_count = [&] {
    const long long before = s.memory();
    take();
    taken += s.memory() - before;
  };
  EXPECT_LE(std::abs(memory_growth(s, take_and_count, [&] { return taken; })), memory_noise);
  take_reports_of_leaks();
}

}  // namespace
}  // namespace redismodule::testing
