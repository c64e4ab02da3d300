#include <gtest/gtest.h>
#include <redismodule/testing/server.h>

#include <chrono>
#include <string>
#include <thread>

TEST(tasks, are_found_by_their_urgency) {
  redismodule::testing::server s{TASKS_MODULE};
  EXPECT_EQ(s.call("tasks.add", "home", "sleep"), 1);
  EXPECT_EQ(s.call("tasks.add", "home", "urgency", "NOW", "nx", "cook"), 1);
  EXPECT_EQ(s.call("tasks.add", "home", "NX", "cook"), 0);
  EXPECT_EQ(s.call("tasks.add", "home", "NOTES", "notes", "TAG", "big", "TAG", "wet", "URGENCY", "someday", "paint"),
            1);
  EXPECT_EQ(s.call("HGET", "notes", "paint"), "big wet");
  EXPECT_EQ(s.call("tasks.add", "home", "TAG", "big", "sing").error(), "ERR syntax error (TAG needs NOTES)");

  const auto found = s.call("tasks.find", "home", "LIMIT", 0, 2);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0][0], "cook");
  EXPECT_EQ(found[0][1], "now");
  EXPECT_EQ(found[1][0], "sleep");
  EXPECT_EQ(s.call("tasks.find", "home", "ATLEAST", "now").size(), 1u);
  EXPECT_EQ(s.call("tasks.all", "count", 2, "home", "away"), 3);
  EXPECT_EQ(s.call("tasks.done", "home", "cook", "sleep", "fly"), 2);
  EXPECT_EQ(s.call("tasks.all", "count", 1, "home"), 1);
  EXPECT_EQ(s.call("tasks.add", "new", std::string(100, 'x')), 1);
  EXPECT_EQ(s.call("ZCARD", "new"), 1);
  EXPECT_EQ(s.call("tasks.add", "home", "EXPIRE", "1h", "rest"), 1);
  EXPECT_GT(s.call("PTTL", "home").integer(), 3'000'000);
}

TEST(tasks, do_not_end_half_done) {
  redismodule::testing::server s{TASKS_MODULE};
  EXPECT_EQ(s.call("tasks.add", "home", "NOTES", "home", "paint").error(),
            "ERR a list of tasks and its notes are two keys (option 'NOTES')");
  EXPECT_EQ(s.call("tasks.add", "home", "EXPIRE", "36501d", "paint").error(),
            "ERR a list of tasks lives for up to a hundred years (option 'EXPIRE')");
  EXPECT_EQ(s.call("DBSIZE"), 0);
}

// What is replicated says when a list ends, not how long it lives from when that is read.
TEST(tasks, end_at_the_same_moment_wherever_they_are_read) {
  redismodule::testing::server s{{.modules = {{TASKS_MODULE}}, .config = {"appendonly yes", "appendfsync always"}}};
  EXPECT_EQ(s.call("tasks.add", "home", "EXPIRE", "1h", "rest"), 1);
  std::this_thread::sleep_for(std::chrono::milliseconds{700});
  s.restart();
  EXPECT_EQ(s.call("ZCARD", "home"), 1);
  EXPECT_LE(s.call("PTTL", "home").integer(), 3'600'000 - 700);
  EXPECT_GT(s.call("PTTL", "home").integer(), 3'000'000);
}
