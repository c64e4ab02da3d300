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
  const std::vector<reply> answers = c.pipeline({{"SET", "n", 41}, {"INCR", "n"}, {"LPUSH", "n", "x"}, {"GET", "n"}});
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_EQ(answers[0], "OK");
  EXPECT_EQ(answers[1], 42);
  EXPECT_TRUE(answers[2].is_error());
  EXPECT_EQ(answers[3], "42");
  EXPECT_EQ(s.pipeline({{"GET", "n"}}), (std::vector{reply::of_text(reply::kind::string, "42")}));
  EXPECT_TRUE(c.pipeline({}).empty());
  std::vector<command> many(10'000, {"INCR", "m"});
  EXPECT_EQ(c.pipeline(many).back(), 10'000);
}

TEST(client, sends_and_receives_by_hand) {
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

TEST(client, waits_for_a_push_message_no_longer_than_asked) {
  server s;
  client subscriber = s.connect();
  subscriber.hello(3);
  subscriber.send("SUBSCRIBE", "news");
  EXPECT_EQ(subscriber.receive_push(10s).value()[0], "subscribe");
  EXPECT_EQ(subscriber.receive_push(20ms), std::nullopt);
  s.call("PUBLISH", "news", "one");
  EXPECT_EQ(subscriber.receive_push(10s).value()[2], "one");
  EXPECT_EQ(subscriber.call("PING"), "PONG");
  subscriber.send("PING");
  EXPECT_THROW(subscriber.receive_push(10s), error);
  EXPECT_EQ(subscriber.receive(), "PONG") << "what came instead is not lost";
}

TEST(client, hears_of_keys_that_it_read_and_others_wrote) {
  server s;
  client cache = s.connect();
  cache.hello(3);
  EXPECT_EQ(cache.call("CLIENT", "TRACKING", "ON"), "OK");
  s.call("SET", "key", "old");
  EXPECT_EQ(cache.call("GET", "key"), "old");
  EXPECT_EQ(cache.receive_push(20ms), std::nullopt);
  s.call("SET", "key", "new");
  const reply push = cache.receive_push();
  EXPECT_EQ(push[0], "invalidate");
  EXPECT_EQ(push[1], std::vector<std::string>{"key"});
}

TEST(client, subscribes_in_resp2) {
  server s;
  client subscriber = s.connect();
  EXPECT_EQ(subscriber.call("SUBSCRIBE", "news")[2], 1);
  EXPECT_EQ(s.call("PUBLISH", "news", "one"), 1);
  EXPECT_EQ(subscriber.receive(), (std::vector<std::string>{"message", "news", "one"}));
}

TEST(client, speaks_over_tcp) {
  server s{{.tcp = true}};
  client c = client::of_port(s.port());
  EXPECT_EQ(c.call("SET", "key", "value"), "OK");
  EXPECT_EQ(s.call("GET", "key"), "value");
  EXPECT_NE(c.id(), s.call("CLIENT", "ID").integer());
  s.kill();
  EXPECT_THROW(client::of_port(s.port()), error);
}

TEST(client, is_one_of_several) {
  server s;
  client one = s.connect(), two = s.connect();
  one.call("MULTI");
  one.call("SET", "key", "one");
  two.call("SET", "key", "two");
  EXPECT_EQ(two.call("GET", "key"), "two");
  one.call("EXEC");
  EXPECT_EQ(two.call("GET", "key"), "one");
}

TEST(pending, has_the_answer_when_it_comes) {
  server s;
  pending popped = s.call_async("BLPOP", "queue", 0);
  popped.wait_until_blocked();
  EXPECT_FALSE(popped.ready());
  EXPECT_FALSE(popped.wait_for(20ms));
  s.call("RPUSH", "queue", "x");
  EXPECT_TRUE(popped.wait_for(10s));
  EXPECT_TRUE(popped.ready());
  EXPECT_EQ(popped.get(), (std::vector<std::string>{"queue", "x"}));
  EXPECT_EQ(popped.get()[1], "x");
}

TEST(pending, is_many_at_once_in_any_order) {
  server s;
  std::vector<pending> all;
  for (int i = 0; i < 20; ++i) all.push_back(s.call_async("BLPOP", "queue" + std::to_string(i), 0));
  for (pending& each : all) each.wait_until_blocked();
  for (int i = 19; i >= 0; --i) s.call("RPUSH", "queue" + std::to_string(i), i);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(all[i].get()[1].as<int>(), i);
}

TEST(pending, waits_for_a_modules_blocked_client) {
  server s{KIT_PROBE_MODULE};
  pending blocked = s.call_async("kit_probe.block", 100'000);
  blocked.wait_until_blocked();
  EXPECT_EQ(s.call("CLIENT", "UNBLOCK", blocked.id()), 1);
  EXPECT_EQ(blocked.get().error(), "ERR timed out");
  EXPECT_EQ(s.call_async("kit_probe.block", 10).get().error(), "ERR timed out");
  s.stop();
  s.take_reports();  // the module unblocks nobody: what the server held for them is lost
}

TEST(pending, says_that_it_did_not_block) {
  server s;
  pending at_once = s.call_async("ECHO", "hello");
  try {
    at_once.wait_until_blocked();
    FAIL() << "ECHO blocked";
  } catch (const error& thrown) {
    EXPECT_STREQ(thrown.what(), "it did not block, but answered \"hello\"");
  }
  EXPECT_EQ(at_once.get(), "hello");
  pending slow = s.call_async("DEBUG", "SLEEP", 0.3);
  EXPECT_EQ(slow.get(), "OK");
}

TEST(pending, throws_what_became_of_its_connection) {
  server s;
  pending popped = s.call_async("BLPOP", "queue", 0);
  popped.wait_until_blocked();
  s.call("CLIENT", "KILL", "ID", popped.id());
  EXPECT_TRUE(popped.wait_for(10s));
  EXPECT_THROW(popped.get(), connection_lost);
  EXPECT_THROW(popped.get(), connection_lost);

  pending leaving = s.call_async("BLPOP", "queue", 0);
  leaving.wait_until_blocked();
  leaving.disconnect();
  EXPECT_THROW(leaving.get(), error);
  EXPECT_EQ(s.call("PING"), "PONG");
}

TEST(pending, speaks_its_clients_protocol_and_puts_push_messages_aside) {
  server s;
  client c = s.connect();
  c.hello(3);
  s.call("ZADD", "z", 1.5, "a");
  EXPECT_EQ(c.call_async("BZPOPMIN", "z", 0).get()[2], 1.5);
  pending subscribed = c.call_async("SUBSCRIBE", "news");
  EXPECT_FALSE(subscribed.wait_for(50ms)) << "a push message was taken for an answer";
}

TEST(client, gives_up_after_its_timeout) {
  server s;
  client c = s.connect();
  c.set_timeout(50ms);
  const auto begin = std::chrono::steady_clock::now();
  try {
    c.call("BLPOP", "none", 10);
    FAIL() << "there was an answer";
  } catch (const timed_out& thrown) {
    EXPECT_NE(std::string{thrown.what()}.find("within 50 ms: "), std::string::npos) << thrown.what();
    EXPECT_NE(std::string{thrown.what()}.find("still runs; its log ends:"), std::string::npos) << thrown.what();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  // An answer that came now would be taken for the next one's.
  EXPECT_THROW(c.call("PING"), error);
}

TEST(client, waits_as_long_as_its_server_was_made_to) {
  server s{{.answer_timeout = 50ms}};
  EXPECT_THROW(s.connect().call("BLPOP", "none", 10), timed_out);
  EXPECT_THROW(s.call("BLPOP", "none", 10), timed_out);
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
    EXPECT_NE(std::string{lost.what()}.find("still runs"), std::string::npos) << lost.what();
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
