#include <gtest/gtest.h>
#include <redismodule/testing/server.h>

using redismodule::testing::server;

TEST(counter, counts) {
  server s{COUNTER_MODULE};
  EXPECT_EQ(s.call("counter.add", "c", 5), 5);
  EXPECT_EQ(s.call("counter.add", "c", 2, "tea"), 7);
  const auto shown = s.call("counter.show", "c");
  EXPECT_EQ(shown.at("total"), 7);
  EXPECT_EQ(shown.at("by_tag").at("tea"), 2);
  EXPECT_TRUE(s.call("counter.show", "none").is_null());
  s.call("SET", "text", "x");
  EXPECT_TRUE(s.call("counter.add", "text", 1).is_error());
}

TEST(counter, survives_a_restart_and_lives_on_replicas) {
  server s{COUNTER_MODULE};
  s.call("counter.add", "c", 2, "tea");
  s.restart();
  auto replica = s.add_replica();
  s.call("counter.add", "c", 3, "tea");
  s.wait_for_sync(replica);
  EXPECT_EQ(replica.call("counter.show", "c").at("by_tag").at("tea"), 5);
}
