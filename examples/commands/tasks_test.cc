#include <gtest/gtest.h>
#include <redismodule/testing/server.h>

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
