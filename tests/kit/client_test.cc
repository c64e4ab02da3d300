#include "redismodule/testing/client.h"

#include <gtest/gtest.h>
#include <chrono>

#include "redismodule/testing/server.h"

namespace redismodule::testing {
namespace {

using namespace std::chrono_literals;

TEST(client, pipelines) {
  server s;
  client c = s.connect();
  for (int i = 0; i < 10'000; ++i) c.send("INCR", "n");
  for (int i = 1; i <= 10'000; ++i) ASSERT_EQ(c.receive(), i);
}

TEST(client, sends_and_receives_what_is_big) {
  server s;
  client c = s.connect();
  const std::string blob(32 << 20, 'x');
  EXPECT_EQ(c.call("SET", "blob", blob), "OK");
  EXPECT_EQ(c.call("GET", "blob"), blob);
}

TEST(client, sends_raw_bytes) {
  server s;
  client c = s.connect();
  c.send_raw("PING\r\n*1\r\n$4\r\nPI");
  EXPECT_EQ(c.receive(), "PONG");
  c.send_raw("NG\r\n");
  EXPECT_EQ(c.receive(), "PONG");
  c.send_raw("*x\r\n");
  EXPECT_TRUE(c.receive().is_error());
  EXPECT_THROW(c.receive(), connection_lost);
  EXPECT_EQ(s.call("PING"), "PONG");
}

TEST(client, speaks_resp3) {
  server s;
  client c = s.connect();
  EXPECT_TRUE(c.call("HGETALL", "none").is_array());
  c.hello(3);
  EXPECT_TRUE(c.call("HGETALL", "none").is_map());
  c.call("ZADD", "z", 1.5, "a");
  EXPECT_EQ(c.call("ZSCORE", "z", "a"), 1.5);
  EXPECT_EQ(c.call("DEBUG", "PROTOCOL", "bignum").type(), reply::kind::big_number);
  EXPECT_EQ(c.call("DEBUG", "PROTOCOL", "true"), true);
  EXPECT_EQ(c.call("DEBUG", "PROTOCOL", "verbatim").verbatim_format(), "txt");
  EXPECT_EQ(c.call("DEBUG", "PROTOCOL", "set").type(), reply::kind::set);
  EXPECT_TRUE(c.call("DEBUG", "PROTOCOL", "attrib").attributes().is_map());
  EXPECT_TRUE(c.call("DEBUG", "PROTOCOL", "null").is_null());
  EXPECT_THROW(c.hello(9), error);
}

TEST(client, puts_push_messages_aside) {
  server s;
  client subscriber = s.connect();
  subscriber.hello(3);
  subscriber.send("SUBSCRIBE", "news");
  EXPECT_EQ(subscriber.receive_push()[0], "subscribe");
  EXPECT_EQ(s.call("PUBLISH", "news", "one"), 1);
  EXPECT_EQ(s.call("PUBLISH", "news", "two"), 1);
  EXPECT_EQ(subscriber.call("PING"), "PONG");
  EXPECT_EQ(subscriber.receive_push()[2], "one");
  EXPECT_EQ(subscriber.receive_push()[2], "two");
}

TEST(client, gives_up_after_its_timeout) {
  server s;
  client c = s.connect();
  c.set_timeout(50ms);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THROW(c.call("BLPOP", "none", 10), timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  // An answer that came now would be taken for the next one's.
  EXPECT_THROW(c.call("PING"), error);
}

TEST(client, notices_that_it_was_cut_off) {
  server s;
  client c = s.connect();
  const reply id = c.call("CLIENT", "ID");
  EXPECT_EQ(s.call("CLIENT", "KILL", "ID", id.integer()), 1);
  try {
    c.call("PING");
    FAIL() << "a killed client got an answer";
  } catch (const connection_lost& lost) {
    EXPECT_NE(std::string{lost.what()}.find("it still runs"), std::string::npos) << lost.what();
  }
}

TEST(client, may_outlive_its_server) {
  std::optional<client> c;
  {
    server s;
    c.emplace(s.connect());
    EXPECT_EQ(c->call("PING"), "PONG");
  }
  EXPECT_THROW(c->call("PING"), connection_lost);
  EXPECT_THROW(client{"/nowhere/socket"}, error);
  EXPECT_THROW(client(std::string(200, 'x')), error);
}

}  // namespace
}  // namespace redismodule::testing
