// The end of a module: unloading with threads left, the process's exit, a crash.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "lifetime_build_id.h"
#include "redismodule/testing/leak_watch.h"
#include "redismodule/testing/server.h"

namespace {

using redismodule::testing::server;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void expect_refusal(server& s) {
  EXPECT_TRUE(s.call("MODULE", "UNLOAD", "lifetime").is_error());
  EXPECT_TRUE(contains(s.log(), "lifetime: not unloaded")) << s.log();
  EXPECT_TRUE(contains(s.log(), "thread")) << s.log();
  EXPECT_TRUE(s.alive());
}

TEST(lifetime, a_running_thread_keeps_the_module_loaded_until_it_is_joined) {
  server s;
  s.load(LIFETIME_MODULE);
  s.call("life.start");
  expect_refusal(s);
  s.call("life.join");
  s.unload("lifetime");
  EXPECT_FALSE(s.maps("lifetime.so"));
}

TEST(lifetime, an_ended_thread_that_nobody_joined_keeps_the_module_loaded) {
  server s;
  s.load(LIFETIME_MODULE);
  s.call("life.start");
  s.call("life.end");
  std::this_thread::sleep_for(std::chrono::milliseconds{50});
  expect_refusal(s);
  s.call("life.join");
  s.unload("lifetime");
}

TEST(lifetime, a_detached_thread_keeps_the_module_loaded_while_it_runs) {
  server s;
  s.load(LIFETIME_MODULE);
  s.call("life.detached");
  expect_refusal(s);
  s.call("life.end");
  std::this_thread::sleep_for(std::chrono::milliseconds{400});
  s.unload("lifetime");
  EXPECT_FALSE(s.maps("lifetime.so"));
}

TEST(lifetime, a_joinable_thread_does_not_turn_the_servers_exit_into_an_abort) {
  server s{LIFETIME_MODULE};
  s.call("life.start");
  EXPECT_EQ(s.stop(), 0);
  EXPECT_TRUE(contains(s.log(), "neither joined nor detached")) << s.log();
}

TEST(lifetime, nor_does_one_in_an_object_made_after_the_load) {
  server s{LIFETIME_MODULE};
  s.call("life.local");
  EXPECT_EQ(s.stop(), 0);
  EXPECT_TRUE(contains(s.log(), "neither joined nor detached")) << s.log();
}

TEST(lifetime, threads_may_end_by_pthread_exit_and_by_being_cancelled) {
  server s;
  s.load(LIFETIME_MODULE);
  EXPECT_EQ(s.call("life.exit"), 2);
  s.unload("lifetime");
  EXPECT_FALSE(s.maps("lifetime.so"));
}

TEST(lifetime, threads_of_the_c_library_count_too) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer does not know thrd_create: a thread that it starts crashes in the first function";
#endif
  server s;
  s.load(LIFETIME_MODULE);
  s.call("life.c.start");
  expect_refusal(s);
  s.call("life.c.join");
  s.unload("lifetime");
  EXPECT_FALSE(s.maps("lifetime.so"));
}

TEST(lifetime, a_load_that_fails_with_a_thread_left_does_not_unmap_it) {
  server s;
  EXPECT_TRUE(s.call("MODULE", "LOAD", LIFETIME_MODULE, "fail").is_error());
  EXPECT_TRUE(contains(s.log(), "with a thread running")) << s.log();
  EXPECT_TRUE(s.maps("lifetime.so"));
  EXPECT_TRUE(s.call("MODULE", "LOAD", LIFETIME_MODULE).is_error());
  EXPECT_TRUE(contains(s.log(), "an earlier load of this file failed")) << s.log();
  EXPECT_EQ(s.call("PING").str(), "PONG");
  EXPECT_EQ(s.stop(), 0);
}

// tests/isolation reloads a module that takes the allocator alone a thousand times; this one has the builder, commands
// and an INFO section.
TEST(lifetime, reloading_leaves_nothing) {
  server s;
  const auto reload = [&s](int times) {
    for (int i = 0; i < times; ++i) {
      s.load(LIFETIME_MODULE);
      s.call("life.start");
      s.call("life.join");
      s.unload("lifetime");
      ASSERT_FALSE(s.maps("lifetime.so"));
    }
  };
  EXPECT_LE(std::abs(redismodule::testing::memory_growth(s, [&] { reload(100); })), redismodule::testing::memory_noise);
}

TEST(lifetime, a_load_that_fails_runs_the_unload_hooks_it_had_registered) {
  server s;
  EXPECT_TRUE(s.call("MODULE", "LOAD", LIFETIME_MODULE, "fail", "joining").is_error());
  EXPECT_FALSE(s.maps("lifetime.so"));
  s.load(LIFETIME_MODULE);
  s.unload("lifetime");
}

// The arena of a module with large statics goes past its array; a refused load gives that back too.
TEST(lifetime, refused_loads_leave_no_memory_mapped) {
  server s{LIFETIME_LARGE_MODULE};
  const auto copy = s.directory() + "/copy.so";
  std::filesystem::copy_file(LIFETIME_LARGE_MODULE, copy);
  const auto resident = [&s] { return std::stoll(s.info("memory", "used_memory_rss")); };
  EXPECT_TRUE(s.call("MODULE", "LOAD", copy).is_error());
  const auto before = resident();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(s.call("MODULE", "LOAD", copy).is_error());
  EXPECT_LT(resident() - before, 24 << 20) << "each of ten loads takes 8 MiB while it lasts";
}

TEST(lifetime, without_threads_the_exit_is_an_ordinary_one) {
  server s{LIFETIME_MODULE};
  EXPECT_EQ(s.stop(), 0);
  EXPECT_FALSE(contains(s.log(), "neither joined nor detached"));
}

TEST(lifetime, a_crash_report_names_the_modules_functions) {
  server s{LIFETIME_MODULE};
  EXPECT_THROW(s.call("life.crash"), redismodule::testing::connection_lost);
  const auto log = s.log();
  EXPECT_TRUE(contains(log, "lifetime_frame_00:lifetime.so+0x")) << log;
  EXPECT_TRUE(contains(log, " lifetime::read_through(int const volatile*)+0x")) << log;
}

TEST(lifetime, info_shows_the_build_id_and_where_memory_comes_from) {
  server s{LIFETIME_MODULE};
  const auto info = s.call("INFO", "lifetime").str();
  EXPECT_TRUE(contains(info, "lifetime_version:7")) << info;
  EXPECT_TRUE(contains(info, "lifetime_memory_source:server")) << info;
  const auto at = info.find("lifetime_build_id:");
  ASSERT_NE(at, std::string::npos) << info;
  const auto id = info.substr(at + 18, info.find('\r', at) - at - 18);
  EXPECT_EQ(id.size(), 40u) << id;
  EXPECT_EQ(id, LIFETIME_BUILD_ID);
}

}  // namespace
