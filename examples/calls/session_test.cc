#include <gtest/gtest.h>

#include <string>
#include <vector>

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

TEST_F(session, lasts_a_second_at_least) {
  for (const int seconds : {0, -5, 86'400 * 366}) {
    EXPECT_TRUE(s.call("SESSION.OPEN", "ada", seconds).is_error()) << seconds;
  }
  EXPECT_EQ(s.call("DBSIZE"), 0);
}

TEST_F(session, runs_neither_itself_nor_what_needs_a_client_of_its_own) {
  const std::string number = std::to_string(s.call("SESSION.OPEN", "ada", 100).integer());
  std::vector<std::string> nested{"SESSION.RUN", number, "SESSION.RUN", number, "PING"};
  EXPECT_TRUE(s.call(nested).is_error());
  for (int depth = 0; depth < 10'000; ++depth) nested.insert(nested.end() - 1, {"SESSION.RUN", number});
  EXPECT_TRUE(s.call(nested).is_error());
  EXPECT_TRUE(s.call("SESSION.RUN", number, "SYNC").is_error());
  EXPECT_TRUE(s.call("SESSION.RUN", number, "PSYNC", "?", "-1").is_error());
  EXPECT_EQ(s.call("PING"), "PONG");
}

// Its keys are of many slots, and no server can know which.
TEST(session_in_a_cluster, is_no_module) {
  const auto start = [] {
    rt::server{{.modules = {{SESSION_MODULE}}, .config = {"cluster-enabled yes"}, .tcp = true}};
  };
  EXPECT_THROW(start(), rt::start_failed);
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
  // Redis 7.0 has words of its own for it.
  const std::string denied = reader.call("SESSION.RUN", number, "SET", "key", "1").error();
  EXPECT_TRUE(denied.starts_with("NOPERM") || denied.starts_with("ERR acl verification failed")) << denied;
  EXPECT_EQ(s.call("EXISTS", "key"), 0);
}
