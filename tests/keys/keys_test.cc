// Every member of every view of a key, on real servers, checked by the server's own commands.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "redismodule/testing/server.h"

namespace {

namespace rt = redismodule::testing;
using texts = std::vector<std::string>;

texts words_of(const rt::reply& reply) {
  texts all;
  for (const rt::reply& each : reply.array()) {
    all.push_back(each.is_null() ? "(null)" : each.is_integer() ? std::to_string(each.integer()) : each.str());
  }
  return all;
}

texts sorted(texts all) {
  std::sort(all.begin(), all.end());
  return all;
}

long long now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

struct keys : testing::Test {
  // Whether the server is at least of this release of its family.
  bool is_since(rt::version_number redis, rt::version_number valkey) const {
    return s.version().number >= (s.version().is_valkey() ? valkey : redis);
  }
  bool has_score_conditions() const { return is_since({6, 2, 0}, {7, 2, 5}); }

  // Fills a list, hash, set, sorted set or stream with `count` members.
  void fill(const std::string& command, const std::string& key, int count) {
    for (int i = 0; i < count; ++i) {
      const std::string n = std::to_string(i);
      if (command == "RPUSH" || command == "SADD") s.call(command, key, "m" + n);
      if (command == "HSET") s.call(command, key, "f" + n, "v" + n);
      if (command == "ZADD") s.call(command, key, n, "m" + n);
      if (command == "XADD") s.call(command, key, std::to_string(i + 1) + "-0", "f" + n, "v" + n);
    }
  }

  rt::server s{KEYS_MODULE};
};

std::string name_of_missing(const std::string& function) { return "ERR " + function + " needs "; }

// A refusal names the function and the server.
void expect_refusal(const rt::reply& reply, const std::string& function) {
  ASSERT_TRUE(reply.is_error()) << reply;
  EXPECT_EQ(reply.error().rfind(name_of_missing(function), 0), 0u) << reply;
  EXPECT_NE(reply.error().find("; this is "), std::string::npos) << reply;
}

// --- All keys ---

TEST_F(keys, describe_themselves) {
  s.call("SET", "a", "value");
  s.call("RPUSH", "l", "1", "2");
  EXPECT_EQ(words_of(s.call("key.describe", "a")), (texts{"1", "string", "5", "a", "0"}));
  EXPECT_EQ(words_of(s.call("key.describe", "l")), (texts{"1", "list", "2", "l", "0"}));
  EXPECT_EQ(words_of(s.call("key.describe", "none")), (texts{"0", "empty", "0", "none", "0"}));
  s.call("SELECT", 3);
  s.call("HSET", "h", "f", "v");
  EXPECT_EQ(words_of(s.call("key.describe", "h")), (texts{"1", "hash", "1", "h", "3"}));
  s.call("SADD", "s", "1");
  EXPECT_EQ(words_of(s.call("key.describe", "s"))[1], "set");
  s.call("ZADD", "z", "1", "1");
  EXPECT_EQ(words_of(s.call("key.describe", "z"))[1], "sorted_set");
  s.call("XADD", "x", "*", "f", "v");
  EXPECT_EQ(words_of(s.call("key.describe", "x"))[1], "stream");
}

TEST_F(keys, expire) {
  s.call("SET", "a", "value");
  EXPECT_TRUE(s.call("key.ttl", "a").is_null());
  EXPECT_TRUE(s.call("key.ends", "a").is_null());
  EXPECT_TRUE(s.call("key.ttl", "none").is_null());
  EXPECT_TRUE(s.call("key.ends", "none").is_null());
  EXPECT_EQ(s.call("key.expirein", "none", 1000), 0);
  EXPECT_EQ(s.call("key.persist", "none"), 0);
  EXPECT_EQ(s.call("key.expirein", "a", 100'000), 1);
  const auto left = s.call("key.ttl", "a").integer();
  EXPECT_GT(left, 50'000);
  EXPECT_LE(left, 100'000);
  EXPECT_NEAR(static_cast<double>(s.call("PTTL", "a").integer()), static_cast<double>(left), 20'000);
  const auto end = s.call("key.ends", "a").integer();
  EXPECT_NEAR(static_cast<double>(end - now_ms()), 100'000, 50'000);
  EXPECT_EQ(s.call("key.expireat", "a", end + 500'000), 1);
  EXPECT_NEAR(static_cast<double>(s.call("PTTL", "a").integer()), 600'000, 50'000);
  EXPECT_NEAR(static_cast<double>(s.call("key.ends", "a").integer()), static_cast<double>(end + 500'000), 5'000);
  EXPECT_EQ(s.call("key.persist", "a"), 1);
  EXPECT_EQ(s.call("PTTL", "a"), -1);
  // A time that has passed.
  for (const std::string command : {"key.expireat", "key.expirein"}) {
    s.call("SET", "a", "value");
    EXPECT_EQ(s.call(command, "a", command == "key.expireat" ? 1 : -5), 1);
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
    EXPECT_EQ(s.call("EXISTS", "a"), 0) << command;
  }
}

// The server would add the time of now to it, and come out in the past.
TEST_F(keys, do_not_end_at_times_beyond_all_numbers) {
  constexpr long long most = std::numeric_limits<long long>::max();
  s.call("SET", "a", "value", "PX", 600'000);
  for (const std::string command : {"key.expireat", "key.expirein"}) {
    for (const long long ms : {most, most - 1, most / 2 + 1}) {
      EXPECT_EQ(s.call(command, "a", ms), 0) << command << " " << ms;
      EXPECT_NEAR(static_cast<double>(s.call("PTTL", "a").integer()), 600'000, 50'000) << command << " " << ms;
    }
  }
  EXPECT_EQ(s.call("key.expirein", "a", most / 4), 1);
  EXPECT_GT(s.call("PTTL", "a").integer(), most / 5);
  EXPECT_EQ(s.call("key.expireat", "a", most / 2), 1);
  EXPECT_EQ(s.call("key.ends", "a"), most / 2);
}

TEST_F(keys, are_removed_and_overwritten) {
  for (const std::string command : {"key.remove", "key.unlink"}) {
    s.call("RPUSH", "l", "1", "2");
    EXPECT_EQ(s.call(command, "l"), 0);
    EXPECT_EQ(s.call("EXISTS", "l"), 0);
    EXPECT_EQ(s.call(command, "l"), 0);
  }
  s.call("RPUSH", "l", "1", "2");
  s.call("key.overwrite", "l", "text");
  EXPECT_EQ(s.call("GET", "l"), "text");
}

TEST_F(keys, remember_their_use) {
  s.call("SET", "a", "value");
  for (long long ms : {2'000'000, 100'000, 1'500'000, 16'777'216}) {
    EXPECT_EQ(s.call("key.setidle", "a", ms), 1);
    EXPECT_NEAR(static_cast<double>(s.call("key.idle", "a").integer()), static_cast<double>(ms), 20'000);
    EXPECT_NEAR(static_cast<double>(s.call("OBJECT", "IDLETIME", "a").integer()), static_cast<double>(ms) / 1000, 20);
  }
  EXPECT_TRUE(s.call("key.frequency", "a").is_null());
  EXPECT_EQ(s.call("key.setfrequency", "a", 5), 0);
  s.call("key.touch", "a");
  EXPECT_LT(s.call("key.idle", "a").integer(), 500'000);
  EXPECT_TRUE(s.call("key.idle", "none").is_null());
  EXPECT_EQ(s.call("key.setidle", "none", 1), 0);
  EXPECT_EQ(s.call("key.setidle", "a", -1), 0);
  // The longest time that a server can keep, and longer ones.
  constexpr long long most = 16'777'214'999;
  if (is_since({7, 0, 0}, {})) {
    EXPECT_EQ(s.call("key.setidle", "a", most), 1);
    EXPECT_NEAR(static_cast<double>(s.call("OBJECT", "IDLETIME", "a").integer()), static_cast<double>(most) / 1000, 20);
  }
  for (const long long ms :
       {most + 1, 4 * most, std::numeric_limits<long long>::max() / 1000 + 1, std::numeric_limits<long long>::max()}) {
    EXPECT_EQ(s.call("key.setidle", "a", ms), 0) << ms;
    EXPECT_LT(s.call("key.idle", "a").integer(), 20'000) << ms << ": it was opened just now, and nothing else";
  }

  s.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu");
  s.call("SET", "b", "value");
  EXPECT_EQ(s.call("key.setfrequency", "b", 7), 1);
  EXPECT_EQ(s.call("key.frequency", "b"), 7);
  EXPECT_EQ(s.call("key.setfrequency", "b", 256), 0);
  EXPECT_TRUE(s.call("key.idle", "b").is_null());
  EXPECT_EQ(s.call("key.setidle", "b", 100), 0);
  EXPECT_TRUE(s.call("key.frequency", "none").is_null());
}

// --- The keys of a database ---

TEST_F(keys, of_a_database) {
  EXPECT_TRUE(s.call("db.random").is_null());
  EXPECT_EQ(s.call("db.count"), 0);
  EXPECT_EQ(s.call("db.has", "a"), 0);
  s.call("SET", "a", "value");
  EXPECT_EQ(s.call("db.random"), "a");
  EXPECT_EQ(s.call("db.count"), 1);
  EXPECT_EQ(s.call("db.has", "a"), 1);
  EXPECT_EQ(words_of(s.call("db.two", "k")), (texts{"first", "second", "1", "1", "0", "not selected"}));
  EXPECT_EQ(s.call("GET", "k"), "first");
  s.call("SELECT", 1);
  EXPECT_EQ(s.call("GET", "k"), "second");
}

TEST_F(keys, that_are_said_to_have_changed_fail_a_transaction) {
  rt::client other = s.connect();
  s.call("SET", "a", "value");
  s.call("WATCH", "a");
  other.call("db.modified", "a");
  s.call("MULTI");
  s.call("PING");
  EXPECT_TRUE(s.call("EXEC").is_null());
}

TEST_F(keys, are_scanned) {
  texts expected;
  for (int i = 0; i < 1000; ++i) {
    s.call("SET", "k" + std::to_string(i), "v");
    expected.push_back("k" + std::to_string(i) + " string");
  }
  s.call("RPUSH", "l", "1");
  expected.push_back("l list");
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(sorted(words_of(s.call("db.scan"))), expected);
  EXPECT_EQ(sorted(words_of(s.call("db.each", 1'000'000))), expected);
  EXPECT_EQ(words_of(s.call("db.each", 10)).size(), 10u);
  EXPECT_EQ(words_of(s.call("db.steps")), (texts{"1001", "1001"}));
  EXPECT_EQ(s.call("db.removeall"), 0);
  EXPECT_EQ(s.call("DBSIZE"), 0);
}

// --- Opening ---

TEST_F(keys, of_another_type_are_refused) {
  s.call("SET", "a", "value");
  s.call("RPUSH", "l", "1", "2");
  const std::string wrong = "WRONGTYPE Operation against a key holding the wrong kind of value";
  EXPECT_EQ(s.call("open.list", "a").error(), wrong);
  EXPECT_EQ(s.call("open.list", "l"), 2);
  EXPECT_EQ(s.call("open.list", "none"), 0);
  for (const std::string command : {"list.size", "hash.range", "set.range", "zset.all"}) {
    EXPECT_EQ(s.call(command, "a").error(), wrong) << command;
    EXPECT_FALSE(s.call(command, "none").is_error()) << command;
  }
  EXPECT_EQ(s.call("stream.each", "a", 1).error(), wrong);
  EXPECT_EQ(s.call("string.view", "l").error(), wrong);
  // The words of an argument come before the type.
  EXPECT_EQ(s.call("list.get", "a", "x").error(), "ERR value is not an integer or out of range (argument 'index')");
}

TEST_F(keys, are_opened_in_modes) {
  s.call("SET", "a", "value");
  const auto notouch = 1LL << 16;
  const auto nostats = 1LL << 18;
  EXPECT_EQ(s.call("open.mode", "a", notouch), 1);
  const auto modes = s.call("open.modes").integer();
  EXPECT_NE(modes & notouch, 0);
  if ((modes & nostats) != 0) {
    EXPECT_EQ(s.call("open.mode", "a", nostats), 1);
  } else {
    EXPECT_EQ(s.call("open.mode", "a", nostats).error(), "ERR this server cannot open a key in this mode");
  }
  EXPECT_EQ((modes & nostats) != 0, is_since({7, 2, 0}, {7, 2, 5}));
}

TEST_F(keys, are_opened_in_the_modes_of_their_parameters) {
  s.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  for (const std::string key : {"a", "b"}) {
    s.call("SET", key, "value");
    s.call("key.setidle", key, 1'000'000);
  }
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(words_of(s.call("open.restidle", "a", "b")), (texts{"1000", "1000"}));
    EXPECT_EQ(words_of(s.call("open.countidle", 2, "a", "b")), (texts{"1000", "1000"}));
    EXPECT_EQ(s.call("open.optionalidle", "a"), 1000);
    EXPECT_EQ(s.call("open.optionidle", "ALSO", "a"), 1000);
    EXPECT_EQ(s.call("open.namedidle", "a"), 1000);
  }
  s.call("string.view", "a");
  EXPECT_EQ(s.call("open.optionalidle", "a"), 0);
}

TEST(keys_loading, a_mode_that_the_server_does_not_know_is_refused) {
  rt::server s;
  EXPECT_THROW(s.load(KEYS_MODULE, "trimmed"), rt::error);
  EXPECT_NE(
      s.log().find("keys: not loaded: command 'open.trimmed' opens a key in a mode that this server does not know"),
      std::string::npos)
      << s.log();
}

TEST_F(keys, are_moved_about_while_open) {
  texts expected;
  for (int i = 0; i < 20; ++i) expected.push_back("moved:" + std::to_string(i));
  EXPECT_EQ(words_of(s.call("open.moved")), expected);
}

// --- Strings ---

TEST_F(keys, strings) {
  EXPECT_EQ(s.call("string.view", "a"), "");
  s.call("string.set", "a", "one");
  EXPECT_EQ(s.call("GET", "a"), "one");
  s.call("EXPIRE", "a", "100");
  EXPECT_EQ(s.call("string.swap", "a", "two"), "one");
  EXPECT_EQ(s.call("TTL", "a"), -1);
  EXPECT_EQ(s.call("string.view", "a"), "two");
  s.call("string.settext", "a", "three");
  EXPECT_EQ(s.call("GET", "a"), "three");
  s.call("SET", "n", "12345");  // encoded as an integer
  EXPECT_EQ(s.call("string.view", "n"), "12345");
  s.call("string.upper", "a");
  EXPECT_EQ(s.call("GET", "a"), "THREE");
  s.call("string.upper", "none");
  EXPECT_EQ(s.call("EXISTS", "none"), 0);
}

TEST_F(keys, strings_in_place) {
  s.call("SET", "a", "abcdef");
  s.call("EXPIRE", "a", "100");
  EXPECT_EQ(s.call("string.resize", "a", 3), 3);
  EXPECT_EQ(s.call("GET", "a"), "abc");
  EXPECT_EQ(s.call("string.resize", "a", 5), 5);
  EXPECT_EQ(s.call("GET", "a"), std::string("abc\0\0", 5));
  EXPECT_EQ(s.call("string.assign", "a", "other"), "OK");
  EXPECT_EQ(s.call("string.append", "a", " words"), "OK");
  EXPECT_EQ(s.call("string.double", "a"), "OK");
  EXPECT_EQ(s.call("GET", "a"), "other wordsother words");
  EXPECT_EQ(s.call("string.tail", "a", 6), "OK");
  EXPECT_EQ(s.call("GET", "a"), "wordsother words");
  EXPECT_GT(s.call("TTL", "a").integer(), 0);
  EXPECT_EQ(s.call("string.resize", "a", 512LL * 1024 * 1024 + 1).error(),
            "ERR string exceeds maximum allowed size (512MB)");
  EXPECT_EQ(s.call("string.resize", "a", 0), 0);
  EXPECT_EQ(s.call("STRLEN", "a"), 0);
  EXPECT_EQ(s.call("string.append", "new", "made"), "OK");
  EXPECT_EQ(s.call("GET", "new"), "made");
}

// --- Lists ---

TEST_F(keys, lists_at_their_ends) {
  EXPECT_TRUE(s.call("list.pop", "l", "front").is_null());
  EXPECT_EQ(s.call("list.push", "l", "back", "b", "c"), 2);
  EXPECT_EQ(s.call("list.push", "l", "front", "a"), 3);
  EXPECT_EQ(words_of(s.call("LRANGE", "l", 0, -1)), (texts{"a", "b", "c"}));
  EXPECT_EQ(s.call("list.pop", "l", "front"), "a");
  EXPECT_EQ(s.call("list.pop", "l", "back"), "c");
  EXPECT_EQ(s.call("list.size", "l"), 1);
  s.call("list.pop", "l", "back");
  EXPECT_EQ(s.call("EXISTS", "l"), 0);
}

TEST_F(keys, lists_by_index) {
  fill("RPUSH", "l", 3);
  if (const auto what = s.lacks("ListGet"); !what.empty()) {
    expect_refusal(s.call("list.get", "l", 0), "ListGet");
    expect_refusal(s.call("list.set", "l", 0, "x"), "ListSet");
    expect_refusal(s.call("list.insert", "l", 0, "x"), "ListInsert");
    expect_refusal(s.call("list.erase", "l", 0), "ListDelete");
    expect_refusal(s.call("list.range", "l"), "ListGet");
    GTEST_SKIP() << what;
  }
  EXPECT_EQ(s.call("list.get", "l", 1), "m1");
  EXPECT_EQ(s.call("list.get", "l", -1), "m2");
  EXPECT_TRUE(s.call("list.get", "l", 3).is_null());
  EXPECT_TRUE(s.call("list.get", "none", 0).is_null());
  EXPECT_EQ(words_of(s.call("list.ends", "l")), (texts{"m0", "m2"}));
  EXPECT_EQ(words_of(s.call("list.ends", "none")), (texts{"(null)", "(null)"}));
  EXPECT_EQ(s.call("list.set", "l", 1, "new"), 1);
  EXPECT_EQ(s.call("list.set", "l", 9, "new"), 0);
  EXPECT_EQ(s.call("list.set", "none", 0, "new"), 0);
  EXPECT_EQ(s.call("list.insert", "l", 1, "in"), 1);
  EXPECT_EQ(s.call("list.insert", "l", 9, "in"), 0);
  EXPECT_EQ(s.call("list.insert", "none", 5, "in"), 0);
  EXPECT_EQ(s.call("EXISTS", "none"), 0);
  EXPECT_EQ(words_of(s.call("LRANGE", "l", 0, -1)), (texts{"m0", "in", "new", "m2"}));
  EXPECT_EQ(s.call("list.erase", "l", 0), 1);
  EXPECT_EQ(s.call("list.erase", "l", 7), 0);
  EXPECT_EQ(s.call("list.erase", "none", 0), 0);
  EXPECT_EQ(words_of(s.call("list.range", "l")), (texts{"in", "new", "m2"}));
  EXPECT_EQ(s.call("list.insert", "fresh", 0, "one"), 1);
  EXPECT_EQ(s.call("LLEN", "fresh"), 1);
}

TEST_F(keys, lists_are_walked_over) {
  if (const auto what = s.lacks("ListGet"); !what.empty()) GTEST_SKIP() << what;
  texts expected;
  for (int i = 0; i < 700; ++i) expected.push_back("m" + std::to_string(i));
  fill("RPUSH", "l", 700);
  EXPECT_EQ(words_of(s.call("list.range", "l")), expected);
  EXPECT_EQ(words_of(s.call("list.each", "l", 1'000)), expected);
  EXPECT_EQ(words_of(s.call("list.each", "l", 2)), (texts{"m0", "m1"}));
  EXPECT_EQ(words_of(s.call("list.range", "none")), texts{});
}

TEST_F(keys, lists_are_edited_while_walked_over) {
  if (const auto what = s.lacks("ListGet"); !what.empty()) GTEST_SKIP() << what;
  s.call("RPUSH", "l", "x1", "k", "r1", "b1", "x2", "x3", "a1", "k2", "x4");
  s.call("list.edit", "l");
  EXPECT_EQ(words_of(s.call("LRANGE", "l", 0, -1)), (texts{"k", "r1!", "<b1", "b1", "a1", "a1>", "k2"}));
  s.call("RPUSH", "gone", "x", "x", "x");
  s.call("list.edit", "gone");
  EXPECT_EQ(s.call("EXISTS", "gone"), 0);
  // Beyond what the server keeps in one piece.
  texts expected;
  for (int i = 0; i < 500; ++i) {
    s.call("RPUSH", "long", "x" + std::to_string(i), "r" + std::to_string(i));
    expected.push_back("r" + std::to_string(i) + "!");
  }
  s.call("list.edit", "long");
  EXPECT_EQ(words_of(s.call("LRANGE", "long", 0, -1)), expected);
}

// The raw functions end the server, or read freed memory, where the handle still has its iterator.
TEST_F(keys, lists_are_removed_after_an_element_was_looked_at) {
  if (const auto what = s.lacks("ListGet"); !what.empty()) GTEST_SKIP() << what;
  for (const std::string how : {"remove", "unlink", "expire", "erase"}) {
    s.call("DEL", "l");
    s.call("RPUSH", "l", "one");
    EXPECT_EQ(s.call("list.getthen", "l", how), "OK");
    EXPECT_EQ(words_of(s.call("LRANGE", "l", 0, -1)), (how == "expire" ? texts{"one", "pushed"} : texts{"pushed"}))
        << how;
  }
}

// --- Hashes ---

TEST_F(keys, hashes) {
  EXPECT_TRUE(s.call("hash.get", "h", "f").is_null());
  EXPECT_TRUE(s.call("hash.getname", "h").is_null());
  EXPECT_EQ(words_of(s.call("hash.contains", "h", "f")), (texts{"0", "0"}));
  EXPECT_EQ(s.call("hash.set", "h", "f", "v"), 1);
  EXPECT_EQ(s.call("hash.set", "h", "f", "w"), 0);
  EXPECT_EQ(s.call("hash.get", "h", "f"), "w");
  EXPECT_TRUE(s.call("hash.get", "h", "g").is_null());
  EXPECT_EQ(s.call("hash.setnew", "h", "f", "x"), 0);
  EXPECT_EQ(s.call("hash.setnew", "h", "name", "n"), 1);
  EXPECT_EQ(s.call("hash.setexisting", "h", "f", "y"), 1);
  EXPECT_EQ(s.call("hash.setexisting", "h", "g", "y"), 0);
  EXPECT_EQ(s.call("hash.setexisting", "none", "g", "y"), 0);
  EXPECT_EQ(s.call("EXISTS", "none"), 0);
  EXPECT_EQ(s.call("hash.getname", "h"), "n");
  EXPECT_EQ(words_of(s.call("hash.contains", "h", "f")), (texts{"1", "1"}));
  EXPECT_EQ(sorted(words_of(s.call("HGETALL", "h"))), (texts{"f", "n", "name", "y"}));
  EXPECT_EQ(s.call("hash.erase", "h", "g"), 0);
  EXPECT_EQ(s.call("hash.erase", "h", "f"), 1);
  EXPECT_EQ(s.call("hash.erasename", "h"), 1);
  EXPECT_EQ(s.call("EXISTS", "h"), 0);
  EXPECT_EQ(s.call("hash.erase", "h", "f"), 0);
  EXPECT_EQ(s.call("EXISTS", "h"), 0);
}

TEST_F(keys, hashes_by_many_fields) {
  for (const int count : {0, 1, 15, 16, 17, 100}) {
    std::vector<std::string> set{"hash.seteach", "h"};
    std::vector<std::string> get{"hash.geteach", "h"};
    texts expected;
    for (int i = 0; i < count; ++i) {
      const std::string n = std::to_string(i);
      set.insert(set.end(), {"f" + n, "v" + n});
      get.insert(get.end(), {"f" + n, "g" + n});
      expected.insert(expected.end(), {"v" + n, "(null)"});
    }
    EXPECT_EQ(words_of(s.call(get)), texts(expected.size(), "(null)"));
    EXPECT_EQ(s.call(set), count);
    EXPECT_EQ(s.call(set), 0);
    EXPECT_EQ(words_of(s.call(get)), expected);
    get[0] = "hash.eraseeach";
    EXPECT_EQ(s.call(get), count);
    EXPECT_EQ(s.call("EXISTS", "h"), 0);
  }
}

TEST_F(keys, hashes_are_walked_over) {
  for (const int count : {0, 3, 100, 2000}) {
    s.call("DEL", "h");
    fill("HSET", "h", count);
    texts expected;
    for (int i = 0; i < count; ++i) expected.push_back("f" + std::to_string(i) + "=v" + std::to_string(i));
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(sorted(words_of(s.call("hash.range", "h"))), expected);
    EXPECT_EQ(sorted(words_of(s.call("hash.each", "h", 1'000'000))), expected);
    EXPECT_EQ(words_of(s.call("hash.each", "h", 2)).size(), std::min<std::size_t>(2, expected.size()));
    // What is written on the way may be walked over too, but no field is lost.
    s.call("hash.rewrite", "h");
    EXPECT_EQ(s.call("HEXISTS", "h", "f0"), 0);
  }
}

TEST_F(keys, fields_of_hashes_end) {
  s.call("HSET", "h", "f", "v", "g", "w");
  if (const auto what = s.lacks("HashFieldMinExpire"); !what.empty()) {
    expect_refusal(s.call("hash.fieldend", "h", "f"), "HashFieldMinExpire");
    expect_refusal(s.call("hash.firstend", "h"), "HashFieldMinExpire");
    GTEST_SKIP() << what;
  }
  EXPECT_TRUE(s.call("hash.fieldend", "h", "f").is_null());
  EXPECT_TRUE(s.call("hash.fieldend", "h", "none").is_null());
  EXPECT_TRUE(s.call("hash.fieldend", "none", "f").is_null());
  EXPECT_TRUE(s.call("hash.firstend", "h").is_null());
  EXPECT_TRUE(s.call("hash.firstend", "none").is_null());
  const long long end = now_ms() + 1'000'000;
  s.call("HPEXPIREAT", "h", end, "FIELDS", 1, "f");
  EXPECT_EQ(s.call("hash.fieldend", "h", "f"), end);
  EXPECT_TRUE(s.call("hash.fieldend", "h", "g").is_null());
  EXPECT_EQ(s.call("hash.firstend", "h"), end);
}

TEST_F(keys, fields_of_hashes_that_have_ended_are_seen_in_a_mode) {
  if (!s.version().is_redis() || s.version().number < rt::version_number{8, 0, 0}) {
    GTEST_SKIP() << "the server lacks HashFieldMinExpire";
  }
  s.call("DEBUG", "SET-ACTIVE-EXPIRE", 0);
  s.call("HSET", "h", "f", "v", "g", "w");
  const long long end = now_ms() + 100;  // a time that has passed would delete the field at once
  EXPECT_EQ(s.call("HPEXPIREAT", "h", end, "FIELDS", 1, "f"), std::vector<int>{1});
  while (now_ms() <= end) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  EXPECT_EQ(s.call("hash.getended", "h", "f"), "v");
  EXPECT_EQ(s.call("hash.ended", "h", "f"), end);
  EXPECT_TRUE(s.call("hash.get", "h", "f").is_null());
  EXPECT_TRUE(s.call("hash.fieldend", "h", "f").is_null());
}

TEST_F(keys, fields_of_hashes_refer_to_bytes) {
  s.call("HSET", "h", "f", "v");
  if (const auto what = s.lacks("HashSetStringRef"); !what.empty()) {
    expect_refusal(s.call("hash.refer", "h", "f"), "HashSetStringRef");
    expect_refusal(s.call("hash.refers", "h", "f"), "HashHasStringRef");
    GTEST_SKIP() << what;
  }
  EXPECT_EQ(s.call("hash.refers", "h", "f"), 0);
  EXPECT_EQ(s.call("hash.refers", "h", "none"), 0);
  EXPECT_EQ(s.call("hash.refers", "none", "f"), 0);
  EXPECT_EQ(s.call("hash.refer", "h", "f"), "OK");
  EXPECT_EQ(s.call("hash.refer", "h", "none").error(), "ERR no such field");
  EXPECT_EQ(s.call("hash.refers", "h", "f"), 1);
  EXPECT_EQ(s.call("hash.refers", "h", "none"), 0);
  EXPECT_EQ(s.call("HGET", "h", "f"), "bytes of the module's own");
  EXPECT_EQ(s.call("hash.get", "h", "f"), "bytes of the module's own");
}

// --- Sorted sets ---

TEST_F(keys, sorted_sets) {
  EXPECT_TRUE(s.call("zset.score", "z", "a").is_null());
  EXPECT_EQ(s.call("zset.erase", "z", "a"), 0);
  EXPECT_EQ(s.call("zset.add", "z", "a", "1.5", "always"), "added");
  EXPECT_EQ(s.call("zset.add", "z", "a", "1.5", "always"), "unchanged");
  EXPECT_EQ(s.call("zset.add", "z", "a", "2", "always"), "updated");
  EXPECT_EQ(s.call("zset.add", "z", "a", "3", "nx"), "refused");
  EXPECT_EQ(s.call("zset.add", "z", "b", "3", "xx"), "refused");
  EXPECT_EQ(s.call("zset.score", "z", "a").real(), 2);
  EXPECT_EQ(s.call("zset.increment", "z", "a", "0.5", "always").real(), 2.5);
  EXPECT_EQ(s.call("zset.increment", "z", "b", "4", "always").real(), 4);
  EXPECT_TRUE(s.call("zset.increment", "z", "a", "1", "nx").is_null());
  EXPECT_TRUE(s.call("zset.increment", "z", "c", "1", "xx").is_null());
  EXPECT_EQ(s.call("ZCARD", "z"), 2);
  EXPECT_EQ(s.call("zset.erase", "z", "a"), 1);
  EXPECT_EQ(s.call("zset.erase", "z", "b"), 1);
  EXPECT_EQ(s.call("EXISTS", "z"), 0);
}

TEST_F(keys, sorted_sets_refuse_what_is_no_score) {
  EXPECT_EQ(s.call("zset.add", "z", "a", "nan", "always").error(), "ERR value is not a valid float");
  EXPECT_EQ(s.call("zset.increment", "z", "a", "nan", "always").error(), "ERR value is not a valid float");
  EXPECT_EQ(s.call("zset.add", "z", "a", "1", "nxgt").error(),
            "ERR GT, LT, and/or NX options at the same time are not compatible");
  // The raw functions leave a sorted set without members behind.
  EXPECT_EQ(s.call("zset.add", "z", "a", "1", "xx"), "refused");
  EXPECT_TRUE(s.call("zset.increment", "z", "a", "1", "xx").is_null());
  EXPECT_EQ(s.call("EXISTS", "z"), 0);
  s.call("zset.add", "z", "a", "inf", "always");
  EXPECT_EQ(s.call("zset.increment", "z", "a", "-inf", "always").error(), "ERR resulting score is not a number (NaN)");
}

TEST_F(keys, sorted_sets_compare_scores) {
  s.call("ZADD", "z", 5, "a");
  if (!has_score_conditions()) {
    EXPECT_EQ(s.call("zset.add", "z", "a", "9", "gt").error(),
              "ERR the conditions greater and less need Redis 6.2.0 or Valkey 7.2.5");
    EXPECT_EQ(s.call("ZSCORE", "z", "a"), "5");
    GTEST_SKIP() << "the server's ZsetAdd knows neither GT nor LT";
  }
  EXPECT_EQ(s.call("zset.add", "z", "a", "4", "gt"), "refused");
  EXPECT_EQ(s.call("zset.add", "z", "a", "6", "gt"), "updated");
  EXPECT_EQ(s.call("zset.add", "z", "a", "7", "lt"), "refused");
  EXPECT_EQ(s.call("zset.add", "z", "a", "5", "lt"), "updated");
  EXPECT_EQ(s.call("zset.add", "z", "b", "5", "gt"), "added");
  EXPECT_TRUE(s.call("zset.increment", "z", "a", "-1", "gt").is_null());
}

TEST_F(keys, sorted_sets_by_score) {
  for (const int count : {5, 300}) {
    s.call("DEL", "z");
    fill("ZADD", "z", count);
    texts all;
    for (int i = 0; i < count; ++i) all.push_back("m" + std::to_string(i) + "=" + std::to_string(i));
    EXPECT_EQ(words_of(s.call("zset.all", "z")), all);
    EXPECT_EQ(words_of(s.call("zset.each", "z", 1'000)), all);
    EXPECT_EQ(words_of(s.call("zset.each", "z", 2)), (texts{"m0=0", "m1=1"}));
    EXPECT_EQ(sorted(words_of(s.call("zset.scan", "z"))), sorted(all));
    EXPECT_EQ(words_of(s.call("zset.range", "z", "1", "3")), (texts{"m1=1", "m2=2", "m3=3"}));
    EXPECT_EQ(words_of(s.call("zset.range", "z", "(1", "(3")), (texts{"m2=2"}));
    EXPECT_EQ(words_of(s.call("zset.revrange", "z", "1", "(3")), (texts{"m2=2", "m1=1"}));
    EXPECT_EQ(words_of(s.call("zset.range", "z", "1000", "2000")), texts{});
    EXPECT_EQ(words_of(s.call("zset.range", "z", "3", "1")), texts{});
    EXPECT_EQ(words_of(s.call("zset.range", "z", "-inf", "inf")), all);
    for (const std::string bad : {"x", "(", "((1", "nan", ""}) {
      EXPECT_EQ(s.call("zset.range", "z", 1, bad).error(), "ERR min or max is not a float (argument 'max')");
    }
    std::reverse(all.begin(), all.end());
    EXPECT_EQ(words_of(s.call("zset.revrange", "z", "-inf", "inf")), all);
  }
  EXPECT_EQ(words_of(s.call("zset.all", "none")), texts{});
  EXPECT_EQ(words_of(s.call("zset.scan", "none")), texts{});
}

TEST_F(keys, sorted_sets_by_rank) {
  fill("ZADD", "z", 6);
  EXPECT_EQ(words_of(s.call("zset.ranks", "z", 0, 1)), (texts{"m0=0", "m1=1"}));
  EXPECT_EQ(words_of(s.call("zset.ranks", "z", -2, -1)), (texts{"m4=4", "m5=5"}));
  EXPECT_EQ(words_of(s.call("zset.ranks", "z", 4, 100)), (texts{"m4=4", "m5=5"}));
  EXPECT_EQ(words_of(s.call("zset.ranks", "z", 3, 2)), texts{});
  EXPECT_EQ(words_of(s.call("zset.ranks", "z", 6, 7)), texts{});
  EXPECT_EQ(words_of(s.call("zset.ranks", "z", -100, 0)), (texts{"m0=0"}));
  EXPECT_EQ(words_of(s.call("zset.ranks", "none", 0, -1)), texts{});
  EXPECT_EQ(words_of(s.call("zset.rank", "z", "m2")), (texts{"2", "3"}));
  EXPECT_EQ(words_of(s.call("zset.rank", "z", "none")), (texts{"(null)", "(null)"}));
}

TEST_F(keys, sorted_sets_by_bytes) {
  for (const int count : {26, 400}) {
    s.call("DEL", "z");
    for (int i = 0; i < count; ++i) s.call("ZADD", "z", 0, std::string(1 + i / 26, static_cast<char>('a' + i % 26)));
    auto members = [&](const rt::reply& reply) {
      texts all;
      for (const std::string& each : words_of(reply)) all.push_back(each.substr(0, each.size() - 2));
      return all;
    };
    EXPECT_EQ(members(s.call("zset.lex", "z", "[d", "(e")), words_of(s.call("ZRANGEBYLEX", "z", "[d", "(e")));
    EXPECT_EQ(members(s.call("zset.lex", "z", "-", "+")), words_of(s.call("ZRANGEBYLEX", "z", "-", "+")));
    EXPECT_EQ(members(s.call("zset.revlex", "z", "[d", "[k")), words_of(s.call("ZREVRANGEBYLEX", "z", "[k", "[d")));
  }
  EXPECT_EQ(words_of(s.call("zset.lex", "none", "-", "+")), texts{});
  EXPECT_EQ(words_of(s.call("zset.lexfrom", "z", "kk")).front(), "kk=0");
  EXPECT_EQ(words_of(s.call("zset.lexfrom", "z", "kk")).size(),
            words_of(s.call("ZRANGEBYLEX", "z", "[kk", "+")).size());
  for (const std::string bad : {"d", "", "-a", "++"}) {
    EXPECT_EQ(s.call("zset.lex", "z", bad, "+").error(), "ERR min or max not valid string range item (argument 'min')");
    EXPECT_EQ(s.call("zset.revlex", "z", "-", bad).error(), "no range");
    EXPECT_TRUE(s.call("ZRANGEBYLEX", "z", "-", bad).is_error());
  }
}

TEST_F(keys, sorted_sets_are_edited_while_walked_over) {
  for (const std::string how : {"up", "down", "lex", "lexdown"}) {
    for (const int count : {10, 190}) {
      s.call("DEL", "z");
      texts expected;
      const bool by_bytes = how[0] == 'l';
      for (int i = 0; i < count; ++i) {
        const std::string member = "m" + std::to_string(1000 + i);
        s.call("ZADD", "z", by_bytes ? 0 : i / 3, member);
        expected.push_back(member);
      }
      const bool down = how == "down" || how == "lexdown";
      if (down) std::reverse(expected.begin(), expected.end());
      // "zz" is added with the score at hand: behind it among equals, so a walk upwards meets it.
      texts seen = words_of(s.call("zset.edit", "z", how));
      const auto added = std::find(seen.begin(), seen.end(), "zz");
      EXPECT_EQ(added != seen.end(), !down) << how;
      if (added != seen.end()) seen.erase(added);
      EXPECT_EQ(seen, expected) << how;
    }
  }
}

TEST_F(keys, sorted_sets_take_two_walks_at_once) {
  for (const int count : {5, 200}) {
    s.call("DEL", "z");
    fill("ZADD", "z", count);
    texts expected;
    for (int i = 0; i < count; ++i) expected.push_back("m" + std::to_string(i) + "m" + std::to_string(count - 1 - i));
    EXPECT_EQ(words_of(s.call("zset.twowalks", "z")), expected);
  }
}

TEST_F(keys, sorted_sets_are_emptied_while_walked_over) {
  for (const std::string at_once : {"yes", "no"}) {
    fill("ZADD", "z", 5);
    EXPECT_EQ(s.call("zset.empty", "z", at_once), 0);
    EXPECT_EQ(s.call("EXISTS", "z"), 0);
  }
}

// --- Sets ---

TEST_F(keys, sets_are_walked_over) {
  for (const int count : {0, 3, 100, 3000}) {
    s.call("DEL", "s");
    fill("SADD", "s", count);
    texts expected;
    for (int i = 0; i < count; ++i) expected.push_back("m" + std::to_string(i));
    EXPECT_EQ(sorted(words_of(s.call("set.range", "s"))), sorted(expected));
    EXPECT_EQ(sorted(words_of(s.call("set.each", "s", 1'000'000))), sorted(expected));
  }
  for (int i = 0; i < 100; ++i) s.call("SADD", "numbers", i);
  EXPECT_EQ(words_of(s.call("set.range", "numbers")).size(), 100u);
  EXPECT_EQ(words_of(s.call("set.each", "numbers", 7)).size(), 7u);
}

// --- Streams ---

struct streams : keys {
  void SetUp() override {
    const auto what = s.lacks("StreamAdd");
    if (what.empty()) return;
    s.call("XADD", "x", "1-1", "f", "v");
    expect_refusal(s.call("stream.add", "x", "f", "v"), "StreamAdd");
    expect_refusal(s.call("stream.erase", "x", "1-1"), "StreamAdd");
    expect_refusal(s.call("stream.trimsize", "x", 0, "no"), "StreamAdd");
    expect_refusal(s.call("stream.trimid", "x", "1-1", "no"), "StreamAdd");
    expect_refusal(s.call("stream.each", "x", 9), "StreamIteratorStart");
    GTEST_SKIP() << what;
  }
};

TEST_F(streams, take_entries) {
  const std::string id = s.call("stream.add", "x", "f", "v", "g", "w").str();
  EXPECT_EQ(s.call("XRANGE", "x", "-", "+")[0][0], id);
  EXPECT_EQ(words_of(s.call("XRANGE", "x", "-", "+")[0][1]), (texts{"f", "v", "g", "w"}));
  EXPECT_EQ(s.call("stream.addid", "y", "5-1", "f", "v"), "5-1");
  EXPECT_EQ(s.call("stream.addid", "y", "5-1", "f", "v").error(),
            "ERR The ID specified in XADD is equal or smaller than the target stream top item");
  EXPECT_EQ(s.call("stream.addid", "y", "18446744073709551615-18446744073709551615", "f", "v"),
            "18446744073709551615-18446744073709551615");
  EXPECT_EQ(s.call("stream.add", "y", "f", "v").error(),
            "ERR The stream has exhausted the last possible ID, unable to add more items");
  EXPECT_TRUE(s.call("stream.addid", "none", "0-0", "f", "v").is_error());
  EXPECT_EQ(s.call("stream.addidpairs", "z", "5", "f", "v", "g", "w"), "5-0");
  EXPECT_EQ(words_of(s.call("XRANGE", "z", "-", "+").array()[0].array()[1]), (texts{"f", "v", "g", "w"}));
  EXPECT_FALSE(s.call("stream.addpairs", "z", "f", "v").is_error());
  EXPECT_EQ(s.call("XLEN", "z"), 2);
  EXPECT_EQ(s.call("stream.addpairs", "none").error(),
            "ERR an entry of a stream takes fields and values in turn, one of each at least");
  EXPECT_EQ(s.call("stream.addidpairs", "z", "x", "f", "v").error(),
            "ERR Invalid stream ID specified as stream command argument (argument 'id')");
  EXPECT_EQ(s.call("stream.trimby", "z", "-", "6-0").error(), "ERR value is not one of =, ~ (argument 'how')");
  EXPECT_EQ(s.call("stream.trimby", "z", "~", "-"), 0);
  EXPECT_EQ(s.call("stream.trimby", "z", "=", "6"), 1);
  EXPECT_EQ(s.call("stream.trimby", "z", "=", "+"), 1);
  EXPECT_TRUE(s.call("stream.add", "none").is_error());
  EXPECT_TRUE(s.call("stream.add", "none", "f").is_error());
  EXPECT_EQ(s.call("EXISTS", "none"), 0);
}

TEST_F(streams, lose_entries) {
  fill("XADD", "x", 10);
  EXPECT_EQ(s.call("stream.erase", "x", "3-0"), 1);
  EXPECT_EQ(s.call("stream.erase", "x", "3-0"), 0);
  EXPECT_EQ(s.call("stream.erase", "none", "3-0"), 0);
  EXPECT_EQ(s.call("stream.trimsize", "x", 7, "no"), 2);
  EXPECT_EQ(s.call("stream.trimid", "x", "6-0", "no"), 2);
  EXPECT_EQ(s.call("XLEN", "x"), 5);
  EXPECT_EQ(s.call("stream.trimsize", "none", 7, "no"), 0);
  EXPECT_EQ(s.call("stream.trimid", "none", "6-0", "no"), 0);
  fill("XADD", "long", 1000);
  EXPECT_GE(s.call("stream.trimsize", "long", 300, "yes").integer(), 600);
  EXPECT_GE(s.call("XLEN", "long").integer(), 300);
  EXPECT_GT(s.call("stream.trimid", "long", "990-0", "yes").integer(), 0);
  EXPECT_GE(s.call("XLEN", "long").integer(), 11);
}

TEST_F(streams, are_walked_over) {
  fill("XADD", "x", 5);
  const texts all{"1-0/1 f0=v0", "2-0/1 f1=v1", "3-0/1 f2=v2", "4-0/1 f3=v3", "5-0/1 f4=v4"};
  const texts some{"2-0/1 f1=v1", "3-0/1 f2=v2", "4-0/1 f3=v3"};
  EXPECT_EQ(words_of(s.call("stream.range", "x", "-", "+")), all);
  EXPECT_EQ(words_of(s.call("stream.range", "x", "2-0", "4-0")), some);
  EXPECT_EQ(words_of(s.call("stream.range", "x", "(1-0", "(5-0")), some);
  EXPECT_EQ(words_of(s.call("stream.range", "x", "9-0", "+")), texts{});
  EXPECT_EQ(words_of(s.call("stream.range", "x", "-", "(0-0")), texts{});
  EXPECT_EQ(words_of(s.call("stream.each", "x", 100)), all);
  EXPECT_EQ(words_of(s.call("stream.each", "x", 1)), texts{all[0]});
  EXPECT_EQ(words_of(s.call("stream.revrange", "x", "-", "+")), texts(all.rbegin(), all.rend()));
  EXPECT_EQ(words_of(s.call("stream.revrange", "x", "2-0", "4-0")), texts(some.rbegin(), some.rend()));
  EXPECT_EQ(words_of(s.call("stream.range", "none", "-", "+")), texts{});
}

TEST_F(streams, are_edited_while_walked_over) {
  for (const std::string itself : {"yes", "no"}) {
    for (const std::string reversed : {"no", "yes"}) {
      s.call("DEL", "x");
      for (int i = 1; i <= 150; ++i) s.call("XADD", "x", std::to_string(i) + "-0", "f", "v", "g", "w");
      texts seen = words_of(s.call("stream.edit", "x", itself, reversed));
      const std::string first = reversed == "yes" ? "150-0" : "1-0";
      ASSERT_GE(seen.size(), 4u);
      EXPECT_EQ(texts(seen.begin(), seen.begin() + 4), (texts{first, "f", "g", first + "/2 f=v g=w"}));
      seen.erase(seen.begin() + 1, seen.begin() + 4);
      texts expected;
      for (int i = 1; i <= 150; ++i) expected.push_back(std::to_string(i) + "-0");
      if (reversed == "yes") std::reverse(expected.begin(), expected.end());
      EXPECT_EQ(seen, expected) << itself << reversed;
      EXPECT_EQ(s.call("XLEN", "x"), 150 + 1 - 75) << itself << reversed;
    }
  }
}

TEST_F(streams, are_removed_while_walked_over) {
  fill("XADD", "x", 5);
  EXPECT_EQ(s.call("stream.removeinwalk", "x"), 0);
  EXPECT_EQ(s.call("EXISTS", "x"), 0);
}

}  // namespace
