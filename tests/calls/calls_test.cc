// Calls of other commands on a real server: arguments, options, every kind of reply, replication, users.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "redismodule/testing/server.h"

namespace {

namespace rt = redismodule::testing;
using kind = rt::reply::kind;

const rt::server_version& version_of(rt::server& s) { return s.version(); }

bool is_at_least(rt::server& s, rt::version_number redis, rt::version_number valkey = {}) {
  const rt::server_version& v = version_of(s);
  return v.number >= (v.is_valkey() ? valkey : redis);
}

// Redis 6 does not know these lines.
rt::server_options with_debug(std::vector<std::string> arguments = {}) {
  rt::server_options options{.modules = {{CALLS_MODULE, std::move(arguments)}}};
  const rt::server plain;
  if (plain.version().is_valkey() || plain.version().number >= rt::version_number{7, 0, 0}) {
    options.config = {"enable-debug-command yes"};
  }
  return options;
}

struct calls : testing::Test {
  bool has_resp3() { return is_at_least(s, {7, 0, 0}); }
  bool has_dry_run() { return is_at_least(s, {7, 2, 0}); }
  std::string tree(const std::string& options, const std::vector<std::string>& words) {
    return with_words("CALL.TREE", options, words).str();
  }
  rt::reply with_words(const std::string& command, const std::string& options, const std::vector<std::string>& words) {
    std::vector<std::string> all{command, options};
    all.insert(all.end(), words.begin(), words.end());
    return s.call(all);
  }

  rt::server s{with_debug()};
};

std::string needs(rt::server& s, const std::string& option, const std::string& what) {
  const rt::server_version& v = version_of(s);
  return "ERR the call option " + option + " needs " + what + "; this is " + (v.is_valkey() ? "Valkey " : "Redis ") +
         std::to_string(v.number.major) + "." + std::to_string(v.number.minor) + "." + std::to_string(v.number.patch);
}

TEST_F(calls, arguments_of_every_kind_arrive_in_order) {
  EXPECT_EQ(s.call("PACK.ALL", "list"), 26 + 27);
  const std::vector<std::string> wanted = {"1",
                                           "-128",
                                           "-5",
                                           "1",
                                           "2.5",
                                           "1e+300",
                                           "0.1",
                                           "18446744073709551615",
                                           "literal",
                                           "pointer",
                                           "view",
                                           "a copy",
                                           std::string("a\0b", 3),
                                           "owned",
                                           "list",
                                           "owned",
                                           "list",
                                           "x",
                                           "y",
                                           "one",
                                           "1",
                                           "two",
                                           "2",
                                           "7",
                                           "-8",
                                           "list",
                                           "last"};
  EXPECT_EQ(s.call("LRANGE", "list", "0", "-1"), wanted);
}

TEST_F(calls, an_argument_that_is_no_string_is_an_error) {
  for (const char* command : {"PACK.NULL-STRING", "PACK.NULL-POINTER", "PACK.NULL-IN-ROW"}) {
    EXPECT_EQ(s.call(command).error(), "ERR an argument for 'SET' is no string") << command;
  }
  EXPECT_EQ(s.call("EXISTS", "key"), 0);
}

TEST_F(calls, the_name_of_the_command_may_come_from_the_client) {
  s.call("SET", "key", "value");
  EXPECT_EQ(s.call("PACK.NAME", "get"), "value");
  EXPECT_EQ(s.call("PACK.NAME", std::string("get\0x", 5)), "value");
  EXPECT_EQ(s.call("PACK.NAME", "no\nsuch").error(), "ERR unknown command 'no\\x0asuch'");
}

TEST_F(calls, replies_of_resp2_read_as_trees) {
  s.call("SET", "key", "a\r\nb");
  s.call("RPUSH", "list", "x", "2");
  EXPECT_EQ(tree("", {"GET", "key"}), "'a\\x0d\\x0ab'");
  EXPECT_EQ(tree("", {"GET", "none"}), "null");
  EXPECT_EQ(tree("", {"STRLEN", "key"}), "4");
  EXPECT_EQ(tree("", {"LRANGE", "list", "0", "-1"}), "['x' '2']");
  EXPECT_EQ(tree("", {"LRANGE", "none", "0", "-1"}), "[]");
  EXPECT_EQ(tree("", {"SET", "a", "b"}), "'OK'");
  EXPECT_EQ(tree("", {"INCR", "key"}), "-ERR value is not an integer or out of range");
  EXPECT_EQ(tree("", {"EVAL", "return {1,{2,'three',{}},false,redis.error_reply('OWN text')}", "0"}),
            "[1 [2 'three' []] null -OWN text]");
}

const std::vector<std::pair<std::string, std::string>> resp3_trees = {
    {"string", "'Hello World'"},
    {"integer", "12345"},
    {"double", "3.141f"},
    {"null", "null"},
    {"array", "[0 1 2]"},
    {"set", "~[0 1 2]"},
    {"map", "{0=false 1=true 2=false}"},
    {"bignum", "(1234567999999999999999999999999999999"},
    {"true", "true"},
    {"false", "false"},
    {"verbatim", "txt:'This is a verbatim\\x0astring'"},
};

TEST_F(calls, replies_of_resp3_read_as_trees) {
  if (const auto what = s.lacks("CallReplyMapElement"); !what.empty()) {
    EXPECT_EQ(tree("3", {"GET", "key"}), "refused " + needs(s, "resp3", "Redis 7.0.0"));
    GTEST_SKIP() << what;
  }
  for (const auto& [type, wanted] : resp3_trees) {
    EXPECT_EQ(tree("3", {"DEBUG", "PROTOCOL", type}), wanted);
    EXPECT_EQ(s.call("CALL.VALUE", "3", "DEBUG", "PROTOCOL", type), wanted);
  }
}

TEST_F(calls, attributes_are_read) {
  if (const auto what = s.lacks("CallReplyAttribute"); !what.empty()) GTEST_SKIP() << what;
  EXPECT_EQ(tree("3", {"DEBUG", "PROTOCOL", "attrib"}), "|1|'Some real reply following the attribute'");
  EXPECT_EQ(s.call("CALL.VALUE", "3", "DEBUG", "PROTOCOL", "attrib"),
            "|'key-popularity'=['key:123' 90]|'Some real reply following the attribute'");
}

TEST_F(calls, values_are_the_same_as_trees) {
  for (const char* script :
       {"return {1,{2,'three',{{}}},false,redis.error_reply('OWN text')}", "return {}", "return 'x'"}) {
    EXPECT_EQ(s.call("CALL.VALUE", "", "EVAL", script, "0"), tree("", {"EVAL", script, "0"})) << script;
  }
}

TEST_F(calls, exact_replies_are_told_apart) {
  if (!is_at_least(s, {99, 0, 0}, {9, 1, 0})) {
    EXPECT_EQ(tree("X", {"GET", "key"}), "refused " + needs(s, "exact_replies", "Valkey 9.1.0"));
    GTEST_SKIP() << "exact replies need Valkey 9.1";
  }
  EXPECT_EQ(tree("X", {"SET", "a", "b"}), "+OK");
  EXPECT_EQ(tree("X", {"GET", "a"}), "'b'");
  EXPECT_EQ(tree("X", {"GET", "none"}), "null");
  EXPECT_EQ(tree("X", {"BLPOP", "none", "0"}), "null[]");
}

TEST_F(calls, a_reply_is_passed_through) {
  s.call("RPUSH", "list", "a", "b");
  s.call("SET", "key", "7");
  for (const auto& [words, resp2] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"GET", "key"}, "\"7\""},
           {{"GET", "none"}, "(nil)"},
           {{"INCR", "key"}, "(integer) 8"},
           {{"LRANGE", "list", "0", "-1"}, "[\"a\", \"b\"]"},
           {{"LPUSH", "key", "x"}, "(error) \"WRONGTYPE Operation against a key holding the wrong kind of value\""}}) {
    EXPECT_EQ(to_string(with_words("CALL.PASS", "", words)), resp2);
    s.call("SET", "key", "7");
  }
  EXPECT_EQ(s.call("CALL.ELEMENT", 1, "", "LRANGE", "list", "0", "-1"), "b");
  EXPECT_EQ(s.call("CALL.ELEMENT", 2, "", "LRANGE", "list", "0", "-1").error(), "ERR a call gave no reply");
  EXPECT_EQ(s.call("PING"), "PONG");
}

TEST_F(calls, a_resp3_reply_passes_to_clients_of_either_protocol) {
  if (const auto what = s.lacks("CallReplyMapElement"); !what.empty()) GTEST_SKIP() << what;
  rt::client two = s.connect();
  rt::client three = s.connect();
  three.call("HELLO", "3");
  for (const auto& [type, wanted] : resp3_trees) {
    const rt::reply direct = three.call("DEBUG", "PROTOCOL", type);
    EXPECT_EQ(three.call("CALL.PASS", "3", "DEBUG", "PROTOCOL", type), direct) << type;
    EXPECT_FALSE(three.call("CALL.GIVE-VALUE", "3", "DEBUG", "PROTOCOL", type).is_error()) << type;
    const rt::reply old = two.call("CALL.PASS", "3", "DEBUG", "PROTOCOL", type);
    EXPECT_FALSE(old.is_error()) << type << old;
    EXPECT_FALSE(old.is_map() || old.type() == kind::set || old.type() == kind::boolean ||
                 old.type() == kind::big_number || old.type() == kind::verbatim || old.type() == kind::real)
        << type << old;
    EXPECT_EQ(two.call("PING"), "PONG") << type;
  }
  const rt::reply attributed = three.call("CALL.PASS", "3", "DEBUG", "PROTOCOL", "attrib");
  EXPECT_EQ(attributed, "Some real reply following the attribute");
  EXPECT_EQ(attributed.attributes().at("key-popularity")[0], "key:123");
  EXPECT_EQ(three.call("CALL.GIVE-VALUE", "3", "DEBUG", "PROTOCOL", "attrib").attributes().size(), 1u);
  EXPECT_EQ(two.call("CALL.PASS", "3", "DEBUG", "PROTOCOL", "attrib"), "Some real reply following the attribute");
  EXPECT_EQ(two.call("PING"), "PONG");
}

TEST_F(calls, the_protocol_of_the_client_is_asked_for) {
  s.call("HSET", "hash", "f", "v");
  EXPECT_EQ(s.call("CALL.PROTOCOL", "0", "HGETALL", "hash"), "*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
  if (const auto what = s.lacks("CallReplyMapElement"); !what.empty()) GTEST_SKIP() << what;
  s.call("HELLO", "3");
  EXPECT_EQ(s.call("CALL.PROTOCOL", "0", "HGETALL", "hash"), "%1\r\n$1\r\nf\r\n$1\r\nv\r\n");
}

TEST_F(calls, strings_are_made_of_replies) {
  s.call("SET", "key", "7");
  EXPECT_EQ(s.call("CALL.STRING", "", "GET", "key"), "7");
  EXPECT_EQ(s.call("CALL.STRING", "", "INCR", "key"), "8");
  EXPECT_EQ(s.call("CALL.STRING", "", "SET", "key", "x"), "OK");
  EXPECT_EQ(s.call("CALL.STRING", "", "KEYS", "*"), "");
}

TEST_F(calls, typed_results) {
  s.call("SET", "n", "41");
  s.call("SET", "text", "words");
  s.call("RPUSH", "list", "1", "2");
  s.call("HSET", "hash", "a", "1", "b", "2");
  s.call("ZADD", "z", "1.5", "m");
  s.call("SADD", "set", "x");
  EXPECT_EQ(s.call("AS.INT", "", "INCR", "n"), 42);
  EXPECT_EQ(s.call("AS.INT", "", "GET", "n"), 42);
  EXPECT_EQ(s.call("AS.INT8", "", "GET", "n"), 42);
  EXPECT_EQ(s.call("AS.UINT", "", "GET", "n"), 42);
  EXPECT_EQ(s.call("AS.DOUBLE", "", "ZSCORE", "z", "m").real(), 1.5);
  EXPECT_EQ(s.call("AS.DOUBLE", "", "INCR", "n").real(), 43);
  EXPECT_EQ(s.call("AS.BOOL", "", "EXISTS", "n"), 1);
  EXPECT_EQ(s.call("AS.BOOL", "", "SET", "n", "43"), 1);
  EXPECT_EQ(s.call("AS.TEXT", "", "GET", "text"), "words");
  EXPECT_EQ(s.call("AS.TEXT", "", "INCR", "n"), "44");
  EXPECT_EQ(s.call("AS.STRING", "", "GET", "text"), "words");
  EXPECT_EQ(s.call("AS.VOID", "", "GET", "text"), "OK");
  EXPECT_EQ(s.call("AS.OPTIONAL", "", "GET", "n"), 44);
  EXPECT_TRUE(s.call("AS.OPTIONAL", "", "GET", "none").is_null());
  EXPECT_EQ(s.call("AS.VECTOR", "", "LRANGE", "list", "0", "-1"), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(s.call("AS.VECTOR", "", "SMEMBERS", "set"), (std::vector<std::string>{"x"}));
  EXPECT_EQ(s.call("AS.LIST", "", "LRANGE", "list", "0", "-1"), (std::vector<int>{1, 2}));
  EXPECT_EQ(to_string(s.call("AS.OPTIONALS", "", "MGET", "text", "none")), "[\"words\", (nil)]");
  EXPECT_EQ(to_string(s.call("AS.PAIRS", "", "ZRANGE", "z", "0", "-1", "WITHSCORES")), "[[\"m\", \"1.5\"]]");
  EXPECT_EQ(s.call("AS.SET", "", "SMEMBERS", "set"), (std::vector<std::string>{"x"}));
  EXPECT_EQ(s.call("AS.MAP", "", "HGETALL", "hash").at("b"), "2");
  EXPECT_EQ(to_string(s.call("AS.TUPLE", "", "EVAL", "return {'a', 5}", "0")), "[\"a\", (integer) 5]");
  EXPECT_EQ(to_string(s.call("AS.SCAN", "", "SSCAN", "set", "0")), "[(integer) 0, [\"x\"]]");
  EXPECT_EQ(s.call("AS.POINT", "", "EVAL", "return {2, 5}", "0"), 2005);
  EXPECT_EQ(s.call("AS.VALUE", "", "GET", "text"), "'words'");
}

TEST_F(calls, typed_results_of_resp3) {
  if (const auto what = s.lacks("CallReplyMapElement"); !what.empty()) GTEST_SKIP() << what;
  s.call("HSET", "hash", "a", "1", "b", "2");
  s.call("ZADD", "z", "1.5", "m");
  EXPECT_EQ(s.call("AS.MAP", "3", "HGETALL", "hash").at("b"), "2");
  EXPECT_EQ(to_string(s.call("AS.PAIRS", "3", "ZRANGE", "z", "0", "-1", "WITHSCORES")), "[[\"m\", \"1.5\"]]");
  EXPECT_EQ(to_string(s.call("AS.PAIRS", "3", "HGETALL", "hash")), "[[\"a\", \"1\"], [\"b\", \"2\"]]");
  EXPECT_EQ(s.call("AS.BOOL", "3", "DEBUG", "PROTOCOL", "true"), 1);
  EXPECT_EQ(s.call("AS.DOUBLE", "3", "DEBUG", "PROTOCOL", "double").real(), 3.141);
  EXPECT_EQ(s.call("AS.TEXT", "3", "DEBUG", "PROTOCOL", "verbatim"), "This is a verbatim\nstring");
  EXPECT_EQ(s.call("AS.STRING", "3", "DEBUG", "PROTOCOL", "bignum"), "1234567999999999999999999999999999999");
  EXPECT_TRUE(s.call("AS.OPTIONAL", "3", "DEBUG", "PROTOCOL", "null").is_null());
}

TEST_F(calls, what_is_not_of_the_type_is_an_error) {
  const std::string unexpected = "ERR unexpected reply of a call: ";
  s.call("SET", "text", "words");
  s.call("SET", "large", "300");
  s.call("SET", "negative", "-1");
  s.call("RPUSH", "list", "1", "two", "3");
  EXPECT_EQ(s.call("AS.INT", "", "GET", "text").error(), unexpected + "a string, not an integer");
  EXPECT_EQ(s.call("AS.INT", "", "GET", "none").error(), unexpected + "null, not an integer");
  EXPECT_EQ(s.call("AS.INT8", "", "GET", "large").error(), unexpected + "an integer out of range");
  EXPECT_EQ(s.call("AS.UINT", "", "INCR", "negative"), 0);
  EXPECT_EQ(s.call("AS.UINT", "", "DECR", "negative").error(), unexpected + "an integer out of range");
  EXPECT_EQ(s.call("AS.DOUBLE", "", "GET", "text").error(), unexpected + "a string, not a number");
  EXPECT_EQ(s.call("AS.BOOL", "", "GET", "text").error(), unexpected + "a string, not a boolean");
  EXPECT_EQ(s.call("AS.TEXT", "", "LRANGE", "list", "0", "-1").error(), unexpected + "an array, not a string");
  EXPECT_EQ(s.call("AS.VECTOR", "", "GET", "text").error(), unexpected + "a string, not an array");
  EXPECT_EQ(s.call("AS.LIST", "", "LRANGE", "list", "0", "-1").error(), unexpected + "a string, not an integer");
  EXPECT_EQ(s.call("AS.MAP", "", "LRANGE", "list", "0", "-1").error(), unexpected + "an array, not a map");
  EXPECT_EQ(s.call("AS.TUPLE", "", "LRANGE", "list", "0", "-1").error(),
            unexpected + "an array, not an array of another size");
  // An error of the command, and one inside of what it answers, with its text as it is.
  EXPECT_EQ(s.call("AS.INT", "", "INCR", "text").error(), "ERR value is not an integer or out of range");
  EXPECT_EQ(s.call("AS.VOID", "", "LPUSH", "text", "x").error(),
            "WRONGTYPE Operation against a key holding the wrong kind of value");
  EXPECT_EQ(s.call("AS.VECTOR", "", "EVAL", "return {'a', redis.error_reply('OWN text')}", "0").error(), "OWN text");
}

TEST_F(calls, why_a_command_was_not_run_is_said) {
  for (const char* options : {"", "E"}) {
    EXPECT_TRUE(s.call("CALL.PASS", options, "NOSUCH", "x").error().starts_with("ERR unknown command 'NOSUCH'"));
    EXPECT_EQ(s.call("CALL.PASS", options, "get").error(), "ERR wrong number of arguments for 'get' command");
    EXPECT_EQ(s.call("AS.INT", options, "get").error(), "ERR wrong number of arguments for 'get' command");
  }
  EXPECT_EQ(to_string(s.call("CALL.IS-ERROR", "", "NOSUCH")), "[(integer) 1, (integer) 1, (integer) 0]");
  EXPECT_EQ(to_string(s.call("CALL.IS-ERROR", "", "GET", "x")), "[(integer) 0, (integer) 0, (integer) 1]");
  EXPECT_EQ(s.call("CALL.VALUE", "", "NOSUCH"), "-ERR unknown command 'NOSUCH'");
}

TEST_F(calls, no_writes_and_script_mode) {
  if (!has_resp3()) {
    EXPECT_EQ(s.call("CALL.PASS", "W", "GET", "x").error(), needs(s, "no_writes", "Redis 7.0.0"));
    EXPECT_EQ(s.call("CALL.PASS", "S", "GET", "x").error(), needs(s, "script_mode", "Redis 7.0.0"));
    EXPECT_EQ(s.call("CALL.PASS", "M", "GET", "x").error(), needs(s, "respect_oom", "Redis 7.0.0"));
    GTEST_SKIP() << "these options need Redis 7.0";
  }
  for (const char* options : {"W", "WE"}) {
    EXPECT_EQ(s.call("CALL.PASS", options, "set", "a", "b").error(),
              "ERR Write command 'set' was called while write is not allowed.");
  }
  for (const char* options : {"S", "SE"}) {
    EXPECT_EQ(s.call("CALL.PASS", options, "shutdown").error(), "ERR command 'shutdown' is not allowed on script mode");
    EXPECT_TRUE(s.call("CALL.PASS", options, "nosuch").error().starts_with("ERR unknown command 'nosuch'"));
    EXPECT_EQ(s.call("CALL.PASS", options, "set", "a", "b"), "OK");
  }
}

TEST_F(calls, memory_is_respected_where_asked) {
  if (!has_resp3()) GTEST_SKIP() << "respect_oom needs Redis 7.0";
  s.call("CONFIG", "SET", "maxmemory", "1");
  EXPECT_EQ(s.call("CALL.PASS", "M", "set", "a", "b").error(),
            "OOM command not allowed when used memory > 'maxmemory'.");
  EXPECT_TRUE(s.call("CALL.PASS", "ME", "set", "a", "b").error().starts_with("OOM command not allowed"));
  EXPECT_EQ(s.call("CALL.PASS", "", "set", "a", "b"), "OK");
}

TEST_F(calls, a_dry_run_changes_nothing) {
  if (!has_dry_run()) {
    EXPECT_EQ(s.call("CALL.PASS", "D", "SET", "a", "b").error(), needs(s, "dry_run", "Redis 7.2.0"));
    GTEST_SKIP() << "dry runs need Redis 7.2";
  }
  EXPECT_EQ(s.call("CALL.PASS", "D", "SET", "a", "b"), "OK");
  EXPECT_EQ(s.call("AS.VOID", "D", "SET", "a", "b"), "OK");
  EXPECT_EQ(to_string(s.call("CALL.IS-ERROR", "D", "SET", "a", "b")), "[(integer) 0, (integer) 0, (integer) 0]");
  EXPECT_EQ(s.call("EXISTS", "a"), 0);
  EXPECT_EQ(s.call("AS.VOID", "D", "set", "a").error(), "ERR wrong number of arguments for 'set' command");
  EXPECT_TRUE(s.call("CALL.PASS", "D", "nosuch").error().starts_with("ERR unknown command 'nosuch'"));
  EXPECT_EQ(s.call("PING"), "PONG");
}

TEST_F(calls, by_default_the_server_calls_and_not_the_user) {
  s.call("ACL", "SETUSER", "clerk", "on", "nopass", "+call.pass", "+as.int", "+get", "~open:*");
  s.call("SET", "open:1", "1");
  rt::client clerk = s.connect();
  clerk.call("AUTH", "clerk", "x");
  EXPECT_EQ(clerk.call("CALL.PASS", "", "SET", "closed", "1"), "OK");
  if (!has_resp3()) {
    EXPECT_EQ(clerk.call("CALL.PASS", "C", "GET", "open:1").error(), needs(s, "as_caller", "Redis 7.0.0"));
    GTEST_SKIP() << "as_caller needs Redis 7.0";
  }
  EXPECT_EQ(clerk.call("CALL.PASS", "C", "GET", "open:1"), "1");
  EXPECT_EQ(clerk.call("CALL.PASS", "C", "SET", "open:1", "2").error(),
            "NOPERM the user has no permissions to run the 'SET' command with these arguments");
  EXPECT_EQ(clerk.call("AS.INT", "C", "GET", "closed").error(),
            "NOPERM the user has no permissions to run the 'GET' command with these arguments");
  EXPECT_TRUE(clerk.call("CALL.PASS", "CE", "SET", "open:1", "2").is_error());
  EXPECT_EQ(s.call("GET", "open:1"), "1");
}

TEST(calls_as_caller, holds_for_the_whole_module) {
  rt::server s{with_debug({"as-caller"})};
  if (!is_at_least(s, {7, 0, 0})) {
    EXPECT_EQ(s.call("CALL.PASS", "", "GET", "x").error(), needs(s, "as_caller", "Redis 7.0.0"));
    GTEST_SKIP() << "as_caller needs Redis 7.0";
  }
  s.call("ACL", "SETUSER", "clerk", "on", "nopass", "+call.pass", "+get", "~*");
  rt::client clerk = s.connect();
  clerk.call("AUTH", "clerk", "x");
  EXPECT_TRUE(clerk.call("CALL.PASS", "", "GET", "x").is_null());
  EXPECT_TRUE(clerk.call("CALL.PASS", "", "SET", "x", "1").error().starts_with("NOPERM"));
  EXPECT_TRUE(clerk.call("CALL.PASS", "!", "SET", "x", "1").error().starts_with("NOPERM"));
  EXPECT_EQ(s.call("EXISTS", "x"), 0);
}

TEST_F(calls, as_a_user_of_the_modules_own) {
  s.call("SET", "key", "5");
  if (const auto what = s.lacks("SetContextUser"); !what.empty()) {
    EXPECT_EQ(s.call("USER.CALL", "on +get ~key", "GET", "key").error(), needs(s, "as_caller", "Redis 7.0.0"));
    EXPECT_EQ(s.call("USER.CALL", "nonsense", "GET", "key").error(), "ERR the rule 'nonsense' was refused");
    EXPECT_TRUE(
        s.call("USER.NAMED", "default", "GET", "key").error().starts_with("ERR GetModuleUserFromUserName needs"));
    GTEST_SKIP() << what;
  }
  EXPECT_EQ(s.call("USER.CALL", "on +get ~key", "GET", "key"), "5");
  EXPECT_TRUE(s.call("USER.CALL", "on +get ~key", "SET", "key", "6").error().starts_with("NOPERM"));
  EXPECT_TRUE(s.call("USER.CALL", "on +get ~other", "GET", "key").error().starts_with("NOPERM"));
  EXPECT_TRUE(s.call("USER.CALL", "nonsense", "GET", "key").error().starts_with("ERR Error in ACL SETUSER modifier"));
  EXPECT_EQ(s.call("USER.NAMED", "default", "GET", "key"), "5");
  EXPECT_EQ(s.call("USER.NAMED", "nobody", "GET", "key").error(), "ERR no such user");
  EXPECT_EQ(to_string(s.call("USER.AFTER", "GET")), "[(integer) 1, (integer) 0]");
}

TEST_F(calls, a_reply_does_not_outlive_its_frame) {
  EXPECT_EQ(s.call("ESCAPE.MAKE"), "OK");
  EXPECT_EQ(s.call("ESCAPE.LOOK"), 1);
  EXPECT_NE(s.log().find("a call_reply was carried out of the callback"), std::string::npos);
  EXPECT_EQ(to_string(s.call("ESCAPE.MOVE")), "[\"one\", \"three\", (integer) 1]");
  EXPECT_EQ(s.call("ESCAPE.RELEASE"), "released");
}

TEST_F(calls, nothing_of_a_call_is_left) {
  s.call("RPUSH", "list", "a", "b");
  s.call("PACK.ALL", "key");
  auto round = [&] {
    for (int i = 0; i < 300; ++i) {
      s.call("DEL", "packed");
      s.call("PACK.ALL", "packed");
      s.call("CALL.VALUE", "", "LRANGE", "list", "0", "-1");
      s.call("CALL.PASS", "", "NOSUCH");
      s.call("AS.VECTOR", "", "LRANGE", "list", "0", "-1");
      s.call("ESCAPE.MOVE");
      s.call("ESCAPE.MAKE");
      s.call("ESCAPE.LOOK");
    }
    s.call("DEL", "packed");
    return s.memory();
  };
  round();
  const long long before = round();
  // A reply of 100 bytes that is kept each time would be 30,000 bytes.
  EXPECT_LT(round() - before, 4000);
}

// The AOF of a server, once it has this text: what was replicated to it.
std::string aof_with(rt::server& s, const std::string& text) {
  std::string all;
  for (int i = 0; i < 100 && all.find(text) == std::string::npos; ++i) {
    all.clear();
    for (const char* name : {"/appendonly.aof", "/appendonlydir/appendonly.aof.1.incr.aof"}) {
      std::ifstream file{s.directory() + name, std::ios::binary};
      all.append(std::istreambuf_iterator<char>{file}, {});
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  return all;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

struct replication : testing::Test {
  rt::server s{{.modules = {{CALLS_MODULE}}, .config = {"appendonly yes", "appendfsync always"}}};
};

TEST_F(replication, goes_where_it_is_told) {
  s.call("REPL.VERBATIM", "as-sent");
  s.call("REPL.CHOSEN", "chosen", 42);
  EXPECT_EQ(s.call("REPL.OPTIONS", "split"), "OK");
  EXPECT_EQ(s.call("CALL.PASS", "", "SET", "not-replicated", "1"), "OK");
  EXPECT_EQ(s.call("CALL.PASS", "!", "SET", "replicated", "1"), "OK");
  EXPECT_EQ(s.call("CALL.PASS", "!A", "SET", "to-replicas-alone", "1"), "OK");
  EXPECT_EQ(s.call("CALL.PASS", "!R", "SET", "to-the-file-alone", "1"), "OK");
  EXPECT_EQ(s.call("PACK.OPTIONS", "nowhere"), 1);
  s.call("SET", "end-mark", "1");
  const std::string aof = aof_with(s, "end-mark");
  EXPECT_TRUE(contains(aof, "as-sent")) << aof;
  EXPECT_TRUE(contains(aof, "chosen") && contains(aof, "$2\r\n42")) << aof;
  EXPECT_TRUE(contains(aof, "to the file")) << aof;
  EXPECT_FALSE(contains(aof, "to replicas\r\n")) << aof;
  EXPECT_FALSE(contains(aof, "not-replicated")) << aof;
  EXPECT_TRUE(contains(aof, "$10\r\nreplicated")) << aof;
  EXPECT_FALSE(contains(aof, "to-replicas-alone")) << aof;
  EXPECT_TRUE(contains(aof, "to-the-file-alone")) << aof;
  EXPECT_FALSE(contains(aof, "nowhere")) << aof;
  EXPECT_EQ(s.call("EXISTS", "chosen"), 0);  // replicated, and not run here
  EXPECT_EQ(s.call("REPL.UNKNOWN").error(),
            "ERR the server does not replicate 'NO.SUCH.COMMAND': it knows no such command");
}

}  // namespace
