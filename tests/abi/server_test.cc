// The table as each server fills it, and the official headers as we fill them, in real servers.
#include <gtest/gtest.h>
#include <redismodule/testing/server.h>

#include <algorithm>
#include <string>
#include <vector>

namespace {

using redismodule::testing::reply;
using redismodule::testing::server;
using redismodule::testing::version_number;

class abi_in_a_server : public testing::Test {
 protected:
  bool is_redis() { return s.version().is_redis(); }
  bool is_at_least(version_number redis, version_number valkey) {
    return s.version().number >= (is_redis() ? redis : valkey);
  }
  std::string text_of_version() {
    const version_number& v = s.version().number;
    return std::to_string(v.major) + "." + std::to_string(v.minor) + "." + std::to_string(v.patch);
  }

  server s{ABI_PROBE_MODULE};
};

TEST_F(abi_in_a_server, knows_family_and_version) {
  const reply answer = s.call("ABI.SERVER");
  EXPECT_EQ(answer[0], s.version().product);
  EXPECT_EQ(answer[1], text_of_version());
  EXPECT_GT(answer[2].integer(), 230);
}

// Every function of the table: there from the release that functions.inc names, and not before. The two names for the
// defragmentation of a string stand for each other.
TEST_F(abi_in_a_server, has_what_the_table_says_and_no_more) {
  std::vector<std::string> expected;
  if (!is_redis()) expected = {"there: DefragRedisModuleString"};
  if (is_redis() && s.version().number >= version_number{6, 2, 0}) expected = {"there: DefragValkeyModuleString"};
  EXPECT_EQ(s.call("ABI.SURPRISES"), expected);
}

TEST_F(abi_in_a_server, sees_surprises_where_there_are_some) {
  EXPECT_EQ(s.call("ABI.HIDE", "ReplyWithNull"), 1);
  const auto found = s.call("ABI.SURPRISES").array();
  EXPECT_EQ(s.call("ABI.SHOW"), 1);
  EXPECT_NE(std::find(found.begin(), found.end(), "absent: ReplyWithNull"), found.end());
}

TEST_F(abi_in_a_server, names_what_is_missing) {
  const std::string here = "; this is " + std::string(is_redis() ? "Redis " : "Valkey ") + text_of_version();
  EXPECT_EQ(s.call("ABI.MISSING", "ReplyWithMap"), "ReplyWithMap needs Redis 7.0.0 or Valkey 7.2.5" + here);
  EXPECT_EQ(s.call("ABI.MISSING", "UpdateRuntimeArgs"), "UpdateRuntimeArgs needs Valkey 8.1.0" + here);
  EXPECT_EQ(s.call("ABI.MISSING", "GetInternalSecret"), "GetInternalSecret needs Redis 8.0.0" + here);
  EXPECT_EQ(s.call("ABI.MISSING", "ConfigGet"), "ConfigGet needs Redis of a release to come" + here);
  EXPECT_EQ(s.call("ABI.MISSING", "ReplySetPushLength"),
            "ReplySetPushLength needs a server that registers it, which none does" + here);
}

TEST_F(abi_in_a_server, has_follows_the_table) {
  EXPECT_EQ(s.call("ABI.HAS", "ReplyWithNull"), 1);
  EXPECT_EQ(s.call("ABI.HIDE", "ReplyWithNull"), 1);
  EXPECT_EQ(s.call("ABI.HAS", "ReplyWithNull"), 0);
  EXPECT_EQ(s.call("ABI.RESOLVE"), 1);
  EXPECT_EQ(s.call("ABI.HAS", "ReplyWithNull"), 0) << "resolving again must not undo what a test has hidden";
  EXPECT_EQ(s.call("ABI.RAW", "RedisModule_ReplyWithNull"), 1);
  EXPECT_EQ(s.call("ABI.SHOW"), 1);
  EXPECT_EQ(s.call("ABI.RAW", "RedisModule_ReplyWithNull"), 0);
}

TEST_F(abi_in_a_server, can_pretend_to_be_older) {
  if (is_redis()) {
    s.call("ABI.OLDER", 6, 0, 7);
    EXPECT_EQ(s.call("ABI.SERVER")[1], "6.0.7");
    EXPECT_EQ(s.call("ABI.HAS", "HoldString"), 1);
    EXPECT_EQ(s.call("ABI.HAS", "GetServerVersion"), 0);
    EXPECT_EQ(s.call("ABI.MISSING", "ReplyWithMap"),
              "ReplyWithMap needs Redis 7.0.0 or Valkey 7.2.5; this is Redis 6.0.7");
  } else {
    s.call("ABI.OLDER", 7, 2, 5);
    EXPECT_EQ(s.call("ABI.SERVER")[1], "7.2.5");
    EXPECT_EQ(s.call("ABI.HAS", "ReplyWithMap"), 1);
    EXPECT_EQ(s.call("ABI.HAS", "GetClusterNodeInfoForClient"), 0);
    EXPECT_EQ(s.call("ABI.HAS", "DefragRedisModuleString"), 1);
  }
  EXPECT_EQ(s.call("ABI.HAS", "ReplySetPushLength"), 0);
  EXPECT_EQ(s.call("PING"), "PONG");
}

// The official Init() of either header, in further source files, on a server of either family.
TEST_F(abi_in_a_server, fills_official_headers) {
  for (const char* header : {"redis", "valkey"}) {
    EXPECT_EQ(s.call("ABI.INIT", header), 0);
    EXPECT_EQ(s.call("ABI.NUMBER", header, 41), 41);
    EXPECT_EQ(s.call("ABI.HASMAP", header), s.call("ABI.HAS", "ReplyWithMap").integer());
  }
  const std::string modules = to_string(s.call("MODULE", "LIST"));
  EXPECT_NE(modules.find("abiprobe"), std::string::npos) << modules;
  EXPECT_EQ(modules.find("another"), std::string::npos) << modules;
}

TEST_F(abi_in_a_server, official_headers_see_injected_faults) {
  const bool has_map = s.call("ABI.HAS", "ReplyWithMap").integer() != 0;
  for (const char* header : {"redis", "valkey"}) {
    EXPECT_EQ(s.call("ABI.NUMBER", header, 41, "fault"), 42);
    EXPECT_EQ(s.call("ABI.NUMBER", header, 41), 41);
    if (!has_map) continue;
    s.call("ABI.HIDE", "ReplyWithMap");
    EXPECT_EQ(s.call("ABI.HASMAP", header), 0);
    s.call("ABI.SHOW");
    EXPECT_EQ(s.call("ABI.HASMAP", header), 1);
  }
}

TEST_F(abi_in_a_server, get_api_passes_on_what_it_does_not_know) {
  EXPECT_EQ(s.call("ABI.RAW", "RedisModule_Alloc"), 0);
  EXPECT_EQ(s.call("ABI.RAW", "ValkeyModule_Alloc"), 0);
  EXPECT_EQ(s.call("ABI.RAW", "RedisModule_NoSuchFunction"), 1);
  EXPECT_EQ(s.call("ABI.RAW", "Alloc"), 1);
  EXPECT_EQ(s.call("ABI.RAW", "RedisModule_"), 1);
  EXPECT_EQ(s.call("ABI.RAW", std::string(500, 'x')), 1);
  EXPECT_EQ(s.call("ABI.RAW", "RedisModule_" + std::string(500, 'x')), 1);
}

// One name, two signatures: from the table and through either header the same answer on either family.
TEST_F(abi_in_a_server, checks_key_prefixes_alike) {
  if (!is_at_least({8, 0, 0}, {9, 1, 0})) {
    EXPECT_EQ(s.call("ABI.PREFIX", "table", "default", "a:"), -1);
    return;
  }
  s.call("ACL", "SETUSER", "reader", "on", "nopass", "+@all", "~mine:*");
  for (const char* caller : {"table", "redis", "valkey"}) {
    s.call("ABI.INIT", caller);
    EXPECT_EQ(s.call("ABI.PREFIX", caller, "reader", "mine:"), 0) << caller;
    EXPECT_EQ(s.call("ABI.PREFIX", caller, "reader", "mine:and:more"), 0) << caller;
    EXPECT_EQ(s.call("ABI.PREFIX", caller, "reader", "min"), 1) << caller;
    EXPECT_EQ(s.call("ABI.PREFIX", caller, "reader", "yours:"), 1) << caller;
  }
}

TEST_F(abi_in_a_server, lets_itself_be_unloaded_and_loaded) {
  for (int i = 0; i < 3; ++i) {
    s.unload("abiprobe");
    EXPECT_FALSE(s.maps("abi_probe"));
    s.load(ABI_PROBE_MODULE);
    EXPECT_EQ(s.call("ABI.SERVER")[1], text_of_version());
  }
}

}  // namespace
