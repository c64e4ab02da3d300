#include <gtest/gtest.h>
#include <redismodule/testing/server.h>

TEST(hello, multiplies_and_survives_a_restart) {
  redismodule::testing::server s{HELLO_MODULE};
  EXPECT_EQ(s.call("HELLO.MUL", 6, 7), 42);
  s.call("SET", "key", "value");
  s.restart();
  EXPECT_EQ(s.call("GET", "key"), "value");
  EXPECT_EQ(s.call("HELLO.MUL", -6, 7).as<int>(), -42);
}
