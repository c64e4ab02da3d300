#include <gtest/gtest.h>
#include <redismodule/testing/server.h>

#include <cstdint>
#include <limits>
#include <map>
#include <string>

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

TEST(counter, does_not_overflow) {
  server s{COUNTER_MODULE};
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  const auto error = "ERR increment or decrement would overflow";
  s.call("counter.add", "c", most, "tea");
  EXPECT_EQ(s.call("counter.add", "c", 1, "coffee").error(), error);
  s.call("counter.add", "c", -most);
  EXPECT_EQ(s.call("counter.add", "c", 1, "tea").error(), error);
  const auto shown = s.call("counter.show", "c");
  EXPECT_EQ(shown.at("total"), 0);
  using parts = std::map<std::string, std::int64_t>;
  EXPECT_EQ(shown.at("by_tag").as<parts>(), (parts{{"tea", most}}));
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

TEST(counter, tells_who_listens_to_keys) {
  server s{COUNTER_MODULE};
  redismodule::testing::client listener = s.connect();
  listener.hello(3);
  listener.send("SUBSCRIBE", "__keyspace@0__:c");
  EXPECT_EQ(listener.receive_push()[0], "subscribe");
  const bool knows_modules = s.version().number >= redismodule::testing::version_number{6, 2, 0};
  s.call("CONFIG", "SET", "notify-keyspace-events", knows_modules ? "Kd" : "Kg");
  s.call("counter.add", "c", 5);
  EXPECT_EQ(listener.receive_push()[2], "counter.add");
}
