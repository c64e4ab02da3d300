// What the pages of commands, keys and calls show is compiled as it stands there, and does what they say.
#include <gtest/gtest.h>
#include <redismodule/testing/server.h>

#include <string>
#include <vector>

namespace {

namespace rt = redismodule::testing;
using texts = std::vector<std::string>;

TEST(samples, of_commands) {
  rt::server s{{.modules = {{DOCS_EXAMPLE_MODULE}, {DOCS_COMMANDS_MODULE}}}};
  EXPECT_EQ(s.call("example.add", 1), 2);
  EXPECT_EQ(s.call("example.add", 1, 2), 3);
  EXPECT_EQ(s.call("example.sum", 1, "2.5").real(), 3.5);
  EXPECT_EQ(s.call("example.set", "name", "BY", "x", "store", "list", "nx", "EX", 5, "TAG", "a", "tag", "b"), "OK");
  EXPECT_EQ(s.call("LRANGE", "list", 0, -1), texts{"x"});
  EXPECT_EQ(s.call("example.set", "name", "BY", "x", "NX", "XX").error(),
            "ERR syntax error (XX is not allowed beside NX)");
  EXPECT_TRUE(s.call("example.set", "name").is_error());
  EXPECT_EQ(s.call("example.measure", "MI"), "mile");
  EXPECT_EQ(s.call("example.admin", "reset", "x"), 1);
  EXPECT_EQ(to_string(s.call("example.count-to", 3)), "[(integer) 1, (integer) 2, (integer) 3]");
  EXPECT_EQ(to_string(s.call("example.point")), "[\"x\", (integer) 1, \"height\", (integer) 2]");
  EXPECT_EQ(s.call("example.other"), (texts{"name", "a name"}));
}

TEST(samples, of_keys) {
  rt::server s{DOCS_KEYS_MODULE};
  s.call("ZADD", "board", 5, "ann", 15, "bob", 25, "cid");
  EXPECT_EQ(s.call("keys.rename-player", "board", "ann", "anna"), "OK");
  EXPECT_EQ(s.call("keys.rename-player", "board", "ann", "anna").error(), "ERR no such player");
  EXPECT_EQ(s.call("ZSCORE", "board", "anna"), "5");
  EXPECT_EQ(s.call("keys.ranges", "board"), (texts{"bob", "cid", "bob", "anna", "anna", "anna", "bob", "cid"}));
  if (s.lacks("ListGet").empty()) {
    s.call("RPUSH", "list", "", "a", "", "", "b");
    s.call("keys.without-empty", "list");
    EXPECT_EQ(s.call("LRANGE", "list", 0, -1), (texts{"a", "b"}));
  }
  if (const auto what = s.lacks("StreamIteratorStart"); !what.empty()) GTEST_SKIP() << what;
  s.call("XADD", "stream", "1-1", "early", "v");
  s.call("XADD", "stream", "1000-1", "late", "v");
  EXPECT_EQ(s.call("keys.entries", "stream"), texts{"late"});
  EXPECT_EQ(s.call("XLEN", "stream"), 1);
}

TEST(samples, of_calls) {
  rt::server s{DOCS_CALLS_MODULE};
  s.call("HSET", "hash", "f", "v");
  s.call("RPUSH", "list", "a", "b");
  EXPECT_EQ(s.call("example.first", "list"), "a");
  EXPECT_EQ(s.call("example.first", "none").error(), "ERR the list is empty");
  EXPECT_TRUE(s.call("example.first", "hash").error().starts_with("WRONGTYPE"));
  const rt::reply three = s.call("calls.three", "number", "hash", "text");
  ASSERT_EQ(three.size(), 3u);
  EXPECT_EQ(three[0], 10);
  EXPECT_EQ(three[1], (texts{"f", "v"}));
  if (const auto what = s.lacks("SetContextUser"); !what.empty()) {
    EXPECT_TRUE(three[2].error().starts_with("ERR the call option as_caller needs "));
    GTEST_SKIP() << what;
  }
  EXPECT_EQ(s.call("GET", "other"), "text");
  s.call("SET", "cached:1", "kept");
  EXPECT_EQ(s.call("calls.as-clerk", "cached:1"), "kept");
  EXPECT_TRUE(s.call("calls.as-clerk", "other").error().starts_with("NOPERM"));
}

}  // namespace
