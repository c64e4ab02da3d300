// What a context can do besides calling, and what a server string can, on a real server.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include "redismodule/testing/server.h"

namespace {

namespace rt = redismodule::testing;

struct context : testing::Test {
  bool is_at_least(rt::version_number redis, rt::version_number valkey = {}) const {
    return s.version().number >= (s.version().is_valkey() ? valkey : redis);
  }
  // Where the server lacks the function, the refusal is as it should be; then whether it has it.
  bool has(const std::string& function, const rt::reply& answer) {
    if (s.lacks(function).empty()) return true;
    EXPECT_TRUE(answer.is_error() && answer.error().starts_with("ERR " + function + " needs ")) << function << answer;
    return false;
  }

  rt::server s{CONTEXT_MODULE};
};

TEST_F(context, clients_are_told_apart) {
  rt::client other = s.connect();
  const rt::reply mine = s.call("CTX.CLIENT");
  const rt::reply id = other.call("CTX.CLIENT");
  EXPECT_NE(mine.integer(), id.integer());
  EXPECT_EQ(id, other.call("CLIENT", "ID").integer());
  other.call("SELECT", 3);
  const std::string info = s.call("CTX.CLIENT-INFO", id.integer()).str();
  EXPECT_TRUE(info.starts_with("id=" + std::to_string(id.integer()) + " db=3 port=")) << info;
  EXPECT_NE(info.find("flags=u"), std::string::npos) << info;
  EXPECT_TRUE(s.call("CTX.CLIENT-INFO", 99999).is_null());
}

TEST_F(context, clients_have_names) {
  const long long id = s.call("CTX.CLIENT").integer();
  if (!has("GetClientNameById", s.call("CTX.CLIENT-NAME", id)) ||
      !has("SetClientNameById", s.call("CTX.SET-CLIENT-NAME", id, "x"))) {
    GTEST_SKIP() << s.lacks("GetClientNameById");
  }
  s.call("CLIENT", "SETNAME", "");
  EXPECT_TRUE(s.call("CTX.CLIENT-NAME", id).is_null());
  EXPECT_EQ(s.call("CTX.SET-CLIENT-NAME", id, "me"), "OK");
  EXPECT_EQ(s.call("CTX.CLIENT-NAME", id), "me");
  EXPECT_EQ(s.call("CLIENT", "GETNAME"), "me");
  EXPECT_EQ(s.call("CTX.SET-CLIENT-NAME", id, "two words").error(),
            "ERR Client names cannot contain spaces, newlines or special characters.");
  EXPECT_EQ(s.call("CTX.SET-CLIENT-NAME", 99999, "x").error(), "ERR No such client");
  EXPECT_TRUE(s.call("CTX.CLIENT-NAME", 99999).is_null());
}

TEST_F(context, clients_have_users) {
  const long long id = s.call("CTX.CLIENT").integer();
  EXPECT_TRUE(s.call("CTX.CLIENT-CERTIFICATE", id).is_null());  // a unix socket sends none
  if (!has("GetClientUserNameById", s.call("CTX.CLIENT-USER", id)) ||
      !has("GetCurrentUserName", s.call("CTX.CURRENT-USER"))) {
    GTEST_SKIP() << s.lacks("GetCurrentUserName");
  }
  EXPECT_EQ(s.call("CTX.CLIENT-USER", id), "default");
  EXPECT_EQ(s.call("CTX.CURRENT-USER"), "default");
  EXPECT_TRUE(s.call("CTX.CLIENT-USER", 99999).is_null());
  s.call("ACL", "SETUSER", "clerk", "on", "nopass", "+@all");
  s.call("AUTH", "clerk", "x");
  EXPECT_EQ(s.call("CTX.CLIENT-USER", id), "clerk");
  EXPECT_EQ(s.call("CTX.CURRENT-USER"), "clerk");
}

TEST_F(context, the_command_has_a_name) {
  const rt::reply name = s.call("CTX.CURRENT-COMMAND");
  if (!has("GetCurrentCommandName", name)) GTEST_SKIP() << s.lacks("GetCurrentCommandName");
  EXPECT_EQ(name, "ctx.current-command");
}

TEST_F(context, what_is_replicated_must_be_obeyed) {
  if (const auto what = s.lacks("MustObeyClient"); !what.empty()) {
    has("MustObeyClient", s.call("CTX.MUST-OBEY"));
    GTEST_SKIP() << what;
  }
  EXPECT_EQ(s.call("CTX.MUST-OBEY"), 0);
  rt::server replica = s.add_replica();
  s.call("CTX.NOTE-MUST-OBEY", "a");
  s.wait_for_sync(replica);
  EXPECT_EQ(s.call("GET", "a"), "asked");
  EXPECT_EQ(replica.call("GET", "a"), "obeyed");
}

TEST_F(context, secrets_are_kept_out_of_the_slow_log) {
  s.call("CONFIG", "SET", "slowlog-log-slower-than", "0");
  const rt::reply done = s.call("CTX.REDACT", 2, "secret");
  if (const auto what = s.lacks("RedactClientCommandArgument"); !what.empty()) {
    has("RedactClientCommandArgument", done);
    GTEST_SKIP() << what;
  }
  EXPECT_EQ(done, 1);
  EXPECT_EQ(s.call("SLOWLOG", "GET", 1)[0][3], (std::vector<std::string>{"CTX.REDACT", "2", "(redacted)"}));
  EXPECT_EQ(s.call("CTX.REDACT", 3, "secret"), 0);
  EXPECT_EQ(s.call("SLOWLOG", "GET", 1)[0][3][2], "secret");
}

TEST_F(context, flags_are_those_of_the_server_and_client) {
  EXPECT_EQ(s.call("CTX.FLAGS"), (std::vector<std::string>{"primary"}));
  EXPECT_EQ(s.call("CTX.KNOWN-FLAGS"), 1);
  s.call("CONFIG", "SET", "maxmemory", "1gb");
  EXPECT_EQ(s.call("CTX.FLAGS"), (std::vector<std::string>{"primary", "maxmemory"}));
  const rt::reply in_script = s.call("EVAL", "return redis.call('CTX.FLAGS')", "0");
  EXPECT_EQ(in_script[0], "lua");
  s.call("MULTI");
  s.call("CTX.FLAGS");
  EXPECT_EQ(s.call("EXEC")[0][0], "multi");
  s.call("HELLO", "3");
  const rt::reply with_resp3 = s.call("CTX.FLAGS");
  EXPECT_EQ(to_string(with_resp3).find("resp3") != std::string::npos, is_at_least({7, 0, 0})) << with_resp3;
}

TEST_F(context, fields_of_info) {
  const rt::reply keys = s.call("CTX.INFO", "server", "redis_version");
  EXPECT_TRUE(keys[0].is_string()) << keys;
  EXPECT_EQ(keys[0].str(), keys[1].str());
  EXPECT_TRUE(keys[2].is_null());
  const rt::reply clients = s.call("CTX.INFO", "clients", "connected_clients");
  EXPECT_EQ(to_string(clients), "[\"1\", \"1\", (integer) 1, (integer) 1, \"1\"]");
  EXPECT_EQ(to_string(s.call("CTX.INFO", "clients", "no_such_field")), "[(nil), \"\", (nil), (nil), (nil)]");
  EXPECT_NEAR(s.call("CTX.INFO", "memory", "mem_fragmentation_ratio")[4].real(), 0, 1000);
}

TEST_F(context, notifications_reach_listeners) {
  s.call("CONFIG", "SET", "notify-keyspace-events", "EA");
  rt::client listener = s.connect();
  listener.call("SUBSCRIBE", "__keyevent@0__:my-event");
  EXPECT_EQ(s.call("CTX.NOTIFY", "my-event", "key"), "OK");
  EXPECT_EQ(s.call("PUBLISH", "__keyevent@0__:my-event", "x"), 1);
  // A kind of Redis's development branch, and one that came after Redis 6.0: the server would take either, and tell nobody.
  EXPECT_TRUE(s.call("CTX.NOTIFY-UNKNOWN", "key").is_error());
  const bool is_redis_6_0 = s.version().is_redis() && s.version().number < rt::version_number{6, 2, 0};
  EXPECT_EQ(s.call("CTX.NOTIFY-OF-MODULES", "key").is_error(), is_redis_6_0);
}

TEST_F(context, messages_are_published) {
  EXPECT_EQ(s.call("CTX.PUBLISH", "channel", "text"), 0);
  rt::client listener = s.connect();
  listener.call("SUBSCRIBE", "channel");
  EXPECT_EQ(s.call("CTX.PUBLISH", "channel", "text"), 1);
  const rt::reply shard = s.call("CTX.PUBLISH-SHARD", "channel", "text");
  if (!has("PublishMessageShard", shard)) GTEST_SKIP() << s.lacks("PublishMessageShard");
  EXPECT_EQ(shard, 0);
  rt::client shard_listener = s.connect();
  shard_listener.call("SSUBSCRIBE", "channel");
  EXPECT_EQ(s.call("CTX.PUBLISH-SHARD", "channel", "text"), 1);
}

TEST_F(context, what_the_server_is_asked_and_told) {
  EXPECT_EQ(s.call("CTX.AVOID-TRAFFIC"), 0);
  EXPECT_EQ(s.call("CTX.PRESSURE").real(), 0);
  s.call("CTX.LOG", 3, "a line\nof two");
  EXPECT_NE(s.log().find("a line\\x0aof two"), std::string::npos);
  s.call("CONFIG", "SET", "latency-monitor-threshold", "10");
  s.call("CTX.LATENCY", "slow-thing", 25);
  s.call("CTX.LATENCY", "fast-thing", 5);
  EXPECT_EQ(s.call("LATENCY", "HISTORY", "slow-thing")[0][1], 25);
  EXPECT_EQ(s.call("LATENCY", "HISTORY", "fast-thing").size(), 0u);
}

TEST_F(context, threads_write_to_the_log) {
  s.call("CTX.LOG-FROM-THREAD", "said\nby a thread");
  EXPECT_NE(s.log().find("<context> said\\x0aby a thread"), std::string::npos) << s.log();
}

TEST_F(context, the_dataset_is_reset) {
  s.call("SET", "a", "1");
  s.call("SELECT", 3);
  s.call("SET", "b", "1");
  EXPECT_EQ(s.call("CTX.RESET"), 1);  // what was written afterwards
  EXPECT_EQ(s.call("GET", "left open"), "y");
  s.call("SELECT", 0);
  EXPECT_EQ(s.call("DBSIZE"), 0);
  s.call("CONFIG", "SET", "appendonly", "yes");
  s.call("SET", "a", "1");
  s.call("CTX.RESET-ALL");
  EXPECT_EQ(s.call("DBSIZE"), 0);
  EXPECT_EQ(s.call("CONFIG", "GET", "appendonly")[1], "yes");
}

TEST_F(context, slots_of_keys) {
  if (const auto what = s.lacks("ClusterKeySlot"); !what.empty()) {
    has("ClusterKeySlot", s.call("CTX.SLOT", "foo"));
    has("ClusterCanonicalKeyNameInSlot", s.call("CTX.SLOT-TAG", 0));
    GTEST_SKIP() << what;
  }
  EXPECT_EQ(to_string(s.call("CTX.SLOT", "foo")), "[(integer) 12182, (integer) 12182]");
  EXPECT_EQ(s.call("CTX.SLOT", "x{foo}y")[0], 12182);
  EXPECT_EQ(s.call("CTX.SLOT", "x{" + s.call("CTX.SLOT-TAG", 16383).str() + "}")[1], 16383);
  EXPECT_EQ(s.call("CTX.SLOT-TAG", 16384), "");
}

TEST_F(context, random_bytes_and_digits) {
  const std::string bytes = s.call("CTX.RANDOM-BYTES").str();
  EXPECT_EQ(bytes.size(), 40u);
  EXPECT_NE(bytes, s.call("CTX.RANDOM-BYTES").str());
  EXPECT_NE(bytes.substr(32), std::string(8, '\0'));
  const std::string digits = s.call("CTX.RANDOM-HEX", 40).str();
  EXPECT_EQ(digits.size(), 40u);
  EXPECT_EQ(digits.find_first_not_of("0123456789abcdef"), std::string::npos) << digits;
  EXPECT_NE(digits, s.call("CTX.RANDOM-HEX", 40).str());
  EXPECT_EQ(s.call("CTX.RANDOM-HEX", 0), "");
}

TEST_F(context, clocks) {
  using namespace std::chrono;
  const double now = static_cast<double>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
  EXPECT_NEAR(static_cast<double>(s.call("CTX.TIME").integer()), now, 60'000);
  const rt::reply monotonic = s.call("CTX.TIME-MONOTONIC");
  if (has("MonotonicMicroseconds", monotonic)) {
    EXPECT_GE(s.call("CTX.TIME-MONOTONIC").integer(), monotonic.integer());
  }
  if (!has("Microseconds", s.call("CTX.TIME-US")) || !has("CachedMicroseconds", s.call("CTX.TIME-CACHED"))) {
    GTEST_SKIP() << s.lacks("Microseconds");
  }
  EXPECT_NEAR(static_cast<double>(s.call("CTX.TIME-US").integer()) / 1000, now, 60'000);
  EXPECT_NEAR(static_cast<double>(s.call("CTX.TIME-CACHED").integer()) / 1000, now, 60'000);
}

TEST_F(context, strings_are_numbers) {
  EXPECT_EQ(s.call("STR.INTEGER", "-5"), -5);
  EXPECT_EQ(s.call("STR.UNSIGNED", "5"), 5);
  EXPECT_EQ(s.call("STR.UNSIGNED", "18446744073709551615"), "18446744073709551615");
  for (const char* text : {"", "x", " 5", "+5", "05", "5 ", "99999999999999999999", "-18446744073709551615"}) {
    EXPECT_TRUE(s.call("STR.INTEGER", text).is_null()) << text;
    EXPECT_TRUE(s.call("STR.UNSIGNED", text).is_null()) << text;
  }
  EXPECT_TRUE(s.call("STR.UNSIGNED", "-5").is_null());
  EXPECT_EQ(s.call("STR.NUMBER", "2.5").real(), 2.5);
  EXPECT_TRUE(std::isinf(s.call("STR.NUMBER", "inf").real()));
  EXPECT_TRUE(s.call("STR.NUMBER", "nan").is_null());
  EXPECT_EQ(s.call("STR.LONG-NUMBER", "0.1"), "0.1");
  EXPECT_TRUE(s.call("STR.LONG-NUMBER", "x").is_null());
  EXPECT_EQ(to_string(s.call("STR.NONE")), "[(nil), (nil), (nil), (integer) 1, (integer) 1, (integer) 1]");
}

TEST_F(context, numbers_are_strings) {
  EXPECT_EQ(s.call("STR.OF-INTEGER", "-5"), "-5");
  EXPECT_EQ(s.call("STR.OF-UNSIGNED", "18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(s.call("STR.OF-NUMBER", "2.5"), "2.5");
  EXPECT_EQ(s.call("STR.OF-LONG-NUMBER", "0.5", "yes"), "0.5");
  EXPECT_EQ(s.call("STR.OF-LONG-NUMBER", "0.5", "no"), "0.5");
  if (!has("CreateStringFromStreamID", s.call("STR.OF-STREAM-ID", 5, 7)) ||
      !has("StringToStreamID", s.call("STR.STREAM-ID", "5-7"))) {
    GTEST_SKIP() << s.lacks("StringToStreamID");
  }
  EXPECT_EQ(s.call("STR.OF-STREAM-ID", 5, 7), "5-7");
  EXPECT_EQ(s.call("STR.STREAM-ID", "5-7"), "5-7");
  EXPECT_EQ(s.call("STR.STREAM-ID", "5"), "5-0");
  EXPECT_TRUE(s.call("STR.STREAM-ID", "five").is_null());
}

TEST_F(context, strings_compare_grow_and_shrink) {
  EXPECT_EQ(to_string(s.call("STR.COMPARE", "a", "b")), "[(integer) 1, (integer) 1, (integer) 0, (integer) 0]");
  EXPECT_EQ(to_string(s.call("STR.COMPARE", "b", "a")), "[(integer) 0, (integer) 0, (integer) 0, (integer) 0]");
  EXPECT_EQ(to_string(s.call("STR.COMPARE", "a", "a")), "[(integer) 0, (integer) 0, (integer) 1, (integer) 1]");
  EXPECT_EQ(to_string(s.call("STR.APPEND", "one", "two")), "[(integer) 1, \"onetwo\"]");
  EXPECT_EQ(s.call("STR.APPEND-SHARED", "one"), 0);
  const rt::reply allocated = s.call("STR.ALLOCATED", "text");
  if (!has("MallocSizeString", allocated)) GTEST_SKIP() << s.lacks("MallocSizeString");
  EXPECT_GT(allocated.integer(), 4);
  EXPECT_EQ(s.call("STR.TRIM", "text"), 1);
}

TEST_F(context, formats) {
  EXPECT_EQ(s.call("STR.FORMAT", "n", -3, "0.1"), "n: -3 {0.1} true! 18446744073709551615");
  const std::string text(1000, 'x');
  EXPECT_EQ(s.call("STR.FORMAT-LONG", text), "<" + text + "|" + text + ">");
  EXPECT_EQ(s.call("STR.FORMAT-LONG", std::string("a\0b", 3)), std::string("<a\0b|a\0b>", 9));
  EXPECT_EQ(s.call("STR.ERROR", "a\r\n-forged", 5).error(), "ERR no member a\\x0d\\x0a-forged at 5");
}

TEST_F(context, strings_die_on_any_thread) {
  s.call("THREAD.KEEP", "one", "two", std::string(100, 'x'));
  s.call("THREAD.DROP", 1000);
  s.call("THREAD.DRAIN");
  const long long before = s.memory();
  for (int i = 0; i < 20; ++i) {
    s.call("THREAD.DROP", 2000);
    EXPECT_EQ(s.call("THREAD.WAITING"), 1);
    EXPECT_EQ(s.call("THREAD.DRAIN"), 1);
  }
  EXPECT_EQ(s.call("THREAD.KEPT"), (std::vector<std::string>{"one", "two", std::string(100, 'x')}));
  // 320,000 references, half of them to strings of their own: one in a hundred lost would show.
  EXPECT_LT(s.memory() - before, 50'000);
  s.call("THREAD.FORGET");
  EXPECT_EQ(s.call("THREAD.KEPT").size(), 0u);
}

TEST_F(context, strings_that_wait_do_not_keep_a_module_loaded) {
  s.call("THREAD.KEEP", "one");
  s.call("THREAD.DROP", 100);
  s.unload("context");
  EXPECT_EQ(s.call("PING"), "PONG");
}

}  // namespace
