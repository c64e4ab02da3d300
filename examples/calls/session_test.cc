#include <gtest/gtest.h>

#include <string>

#include <redismodule/testing/server.h>

namespace rt = redismodule::testing;

struct session : testing::Test {
  rt::server s{SESSION_MODULE};
};

TEST_F(session, is_visited_until_it_ends) {
  const long long number = s.call("SESSION.OPEN", "ada", 100).integer();
  EXPECT_EQ(to_string(s.call("SESSION.VISIT", number)), "[\"ada\", (integer) 1]");
  EXPECT_EQ(to_string(s.call("SESSION.VISIT", number)), "[\"ada\", (integer) 2]");
  EXPECT_GT(s.call("TTL", "session:" + std::to_string(number)).integer(), 0);
  EXPECT_EQ(s.call("SESSION.VISIT", number + 1).error(), "NOSESSION there is no session 2");
  s.call("SET", "session:5", "no hash");
  EXPECT_TRUE(s.call("SESSION.VISIT", 5).error().starts_with("WRONGTYPE"));
}

TEST_F(session, runs_what_its_caller_may) {
  const long long number = s.call("SESSION.OPEN", "ada", 100).integer();
  s.call("ACL", "SETUSER", "reader", "on", "nopass", "+session.run", "+get", "+lrange", "~*");
  s.call("RPUSH", "list", "a", "b");
  rt::client reader = s.connect();
  reader.call("AUTH", "reader", "x");
  if (s.version().is_redis() && s.version().number < rt::version_number{7, 0, 0}) {
    EXPECT_TRUE(reader.call("SESSION.RUN", number, "GET", "key").error().starts_with("ERR the call option as_caller"));
    GTEST_SKIP() << "calls as the caller need Redis 7.0";
  }
  EXPECT_EQ(to_string(reader.call("SESSION.RUN", number, "LRANGE", "list", 0, -1)), "[\"a\", \"b\"]");
  EXPECT_TRUE(reader.call("SESSION.RUN", number, "SET", "key", "1").error().starts_with("NOPERM"));
  EXPECT_EQ(s.call("EXISTS", "key"), 0);
}
