// Keys among the arguments of a command, on a real server: what the handler gets is what the server is told.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "redismodule/testing/server.h"

namespace {

namespace rt = redismodule::testing;
using list = std::vector<std::string>;

constexpr const char* wrong_type = "WRONGTYPE Operation against a key holding the wrong kind of value";

struct key_arguments : testing::Test {
  list keys_of(list words) {
    words.insert(words.begin(), {"COMMAND", "GETKEYS"});
    const rt::reply reply = s.call(words);
    if (reply.is_error()) return {};
    list all;
    for (const rt::reply& each : reply.array()) all.push_back(each.str());
    return all;
  }

  // The handler answers with the names of its keys; the server has to know the same ones.
  void expect_keys(const list& words, const list& keys) {
    EXPECT_EQ(s.call(words), keys) << words[0];
    EXPECT_EQ(keys_of(words), keys) << words[0];
  }

  rt::server s{KEY_ARGUMENTS_MODULE};
};

TEST_F(key_arguments, are_known_to_the_server_where_they_stand_alone_or_in_a_row) {
  expect_keys({"KEYS.TWO", "a", "b"}, {"a", "b"});
  expect_keys({"KEYS.APART", "a", "1", "b"}, {"a", "b"});
  expect_keys({"KEYS.UNEVEN", "a", "b", "1", "c"}, {"a", "b", "c"});
  expect_keys({"KEYS.ALL", "a", "b", "c"}, {"a", "b", "c"});
  EXPECT_EQ(keys_of({"KEYS.PUSH", "v", "a", "b"}), (list{"a", "b"}));
}

TEST_F(key_arguments, may_be_missing) {
  expect_keys({"KEYS.OPTIONAL", "1", "a"}, {"a"});
  EXPECT_EQ(s.call("KEYS.OPTIONAL", 1), list{});
  EXPECT_EQ(keys_of({"KEYS.OPTIONAL", "1"}), list{});
  EXPECT_EQ(s.call("KEYS.LISTS"), list{});
}

TEST_F(key_arguments, that_are_there_are_known_where_others_are_missing) {
  expect_keys({"KEYS.AND-MAYBE", "a"}, {"a"});
  expect_keys({"KEYS.AND-MAYBE", "a", "b"}, {"a", "b"});
  expect_keys({"KEYS.AND-MORE", "a"}, {"a"});
  expect_keys({"KEYS.AND-MORE", "a", "b", "c"}, {"a", "b", "c"});
}

TEST_F(key_arguments, are_not_known_where_another_argument_throws) {
  EXPECT_EQ(keys_of({"KEYS.THROWING", "STORE", "a"}), list{"a"});
  EXPECT_EQ(keys_of({"KEYS.THROWING", "STORE", "a", "BY", "b"}), list{});
  EXPECT_TRUE(s.call("KEYS.THROWING", "STORE", "a", "BY", "b").is_error());
}

TEST_F(key_arguments, of_a_command_that_lacks_a_word_are_an_error) {
  EXPECT_TRUE(s.call("KEYS.OFNOSTRING").is_error());
  EXPECT_TRUE(s.alive());
}

TEST_F(key_arguments, may_have_values_between_or_behind_them) {
  expect_keys({"KEYS.NAMED", "a", "1", "b", "2"}, {"a", "b"});
  EXPECT_EQ(s.call("KEYS.PAIRS", "a", 1, "b", 2), 3);
  EXPECT_EQ(keys_of({"KEYS.PAIRS", "a", "1", "b", "2"}), (list{"a", "b"}));
  EXPECT_EQ(s.call("KEYS.PAIRS", "a", "x").error(), "ERR value is not an integer or out of range (argument 'value')");
  EXPECT_EQ(s.call("KEYS.HALVES", "a", "b", 1, 2), (list{"a=1", "b=2"}));
  EXPECT_EQ(keys_of({"KEYS.HALVES", "a", "b", "1", "2"}), (list{"a", "b"}));
  EXPECT_TRUE(s.call("KEYS.HALVES", "a", "b", 1).error().starts_with("ERR wrong number of arguments"));
}

TEST_F(key_arguments, may_be_counted) {
  EXPECT_EQ(s.call("KEYS.COUNTED", 2, "a", "b", "last"), (list{"a", "b", "last"}));
  EXPECT_EQ(keys_of({"KEYS.COUNTED", "2", "a", "b", "last"}), (list{"a", "b"}));
  EXPECT_EQ(s.call("KEYS.COUNTED", 3, "a", "b", "last").error(),
            "ERR Number of keys can't be greater than number of args (argument 'numkeys')");
}

TEST_F(key_arguments, may_stand_behind_keywords) {
  expect_keys({"KEYS.STORE", "a"}, {"a"});
  expect_keys({"KEYS.STORE", "a", "STORE", "b"}, {"a", "b"});
  expect_keys({"KEYS.STORE", "a", "COUNT", "5", "to", "b", "WITHSCORES"}, {"a", "b"});
  expect_keys({"KEYS.STORE", "a", "AMONG", "2", "b", "c", "ALSO", "d", "ALSO", "e"}, {"a", "b", "c", "d", "e"});
  // A keyword as a name, and a name as a keyword.
  expect_keys({"KEYS.STORE", "STORE", "STORE", "STORE"}, {"STORE", "STORE"});
  expect_keys({"KEYS.STORE", "a", "ALSO", "STORE", "STORE", "x"}, {"a", "x", "STORE"});
}

TEST_F(key_arguments, of_a_command_that_would_be_refused_are_none_of_the_handlers) {
  EXPECT_TRUE(s.call("KEYS.STORE", "a", "STORE", "b", "TO", "c").is_error());
  EXPECT_EQ(keys_of({"KEYS.COUNTED", "9", "a", "last"}), list{});
}

TEST_F(key_arguments, of_the_wrong_type_are_refused_before_anything_is_written) {
  s.call("SET", "text", "x");
  EXPECT_EQ(s.call("KEYS.ONE", "text").error(), wrong_type);
  EXPECT_EQ(s.call("KEYS.PUSH", "v", "new", "text").error(), wrong_type);
  EXPECT_EQ(s.call("EXISTS", "new"), 0);
  EXPECT_EQ(s.call("KEYS.LISTS", "new", "text").error(), wrong_type);
  EXPECT_EQ(s.call("KEYS.COUNTED", 1, "text", "last").error(), wrong_type);
  EXPECT_EQ(s.call("KEYS.STORE", "new", "STORE", "text").error(), wrong_type);
  EXPECT_EQ(s.call("KEYS.STORE", "new", "AMONG", 1, "text").error(), wrong_type);
  EXPECT_EQ(s.call("KEYS.ALL", "text", "new"), (list{"text", "new"}));
}

TEST_F(key_arguments, may_be_the_same_key_twice) {
  EXPECT_EQ(s.call("KEYS.PUSH", "v", "l", "l", "l"), 3);
  EXPECT_EQ(s.call("LLEN", "l"), 3);
}

TEST_F(key_arguments, of_subcommands_are_known_as_well) {
  expect_keys({"KEYS.GROUP", "ONE", "a"}, {"a"});
  expect_keys({"KEYS.GROUP", "COUNTED", "2", "a", "b"}, {"a", "b"});
}

TEST_F(key_arguments, may_be_named_by_a_function) {
  EXPECT_EQ(s.call("KEYS.ASKED", "key", "a", "b", "key", "c"), 5);
  EXPECT_EQ(keys_of({"KEYS.ASKED", "key", "a", "b", "key", "c"}), (list{"a", "c"}));
  EXPECT_EQ(keys_of({"KEYS.ASKED", "a", "b"}), list{});
  EXPECT_EQ(keys_of({"KEYS.GROUP", "ASKED", "key", "a"}), list{"a"});
}

TEST_F(key_arguments, named_by_a_function_where_there_are_none_are_left_out) {
  EXPECT_EQ(keys_of({"KEYS.BEYOND", "a", "b"}), list{"a"});
  EXPECT_EQ(keys_of({"KEYS.BEYOND"}), list{});
  EXPECT_EQ(s.call("KEYS.BEYOND"), 0);
}

TEST_F(key_arguments, have_channels_beside_them) {
  if (const std::string why = s.lacks("ChannelAtPosWithFlags"); !why.empty()) GTEST_SKIP() << why;
  s.call("ACL", "SETUSER", "speaker", "on", "nopass", "+@all", "~*", "resetchannels", "&news");
  rt::client speaker = s.connect();
  EXPECT_EQ(speaker.call("AUTH", "speaker", "any"), "OK");
  EXPECT_EQ(speaker.call("KEYS.ASKED", "channel", "news"), 2);
  EXPECT_TRUE(speaker.call("KEYS.ASKED", "channel", "other").error().starts_with("NOPERM"));
}

TEST_F(key_arguments, make_a_command_readonly_or_one_that_writes) {
  const auto flags_of = [&](const std::string& command) {
    list all;
    const rt::reply info = s.call("COMMAND", "INFO", command);
    for (const rt::reply& flag : info[0][2].array()) all.push_back(flag.str());
    return all;
  };
  const auto has = [&](const std::string& command, const std::string& flag) {
    const list all = flags_of(command);
    return std::find(all.begin(), all.end(), flag) != all.end();
  };
  EXPECT_TRUE(has("keys.one", "readonly") && !has("keys.one", "write"));
  EXPECT_TRUE(has("keys.two", "write") && has("keys.two", "denyoom") && !has("keys.two", "readonly"));
  EXPECT_TRUE(has("keys.apart", "write"));
  EXPECT_TRUE(has("keys.store", "movablekeys"));
}

TEST_F(key_arguments, say_what_is_done_to_them) {
  if (const auto what = s.lacks("SetCommandInfo"); !what.empty()) GTEST_SKIP() << what;
  const auto specs = [&](const std::string& command) {
    const rt::reply info = s.call("COMMAND", "INFO", command);
    list all;
    for (const rt::reply& spec : info[0][8].array()) {
      std::string text = spec.at("begin_search").at("type").str() + "/" + spec.at("find_keys").at("type").str() + ":";
      for (const rt::reply& flag : spec.at("flags").array()) text += " " + flag.str();
      all.push_back(text);
    }
    return all;
  };
  EXPECT_EQ(specs("keys.two"), (list{"index/range: RO access", "index/range: RW insert"}));
  EXPECT_EQ(specs("keys.apart"), (list{"index/range: RO access", "index/range: RM delete"}));
  EXPECT_EQ(specs("keys.counted"), (list{"index/keynum: RO access"}));
  EXPECT_EQ(specs("keys.halves"), (list{"index/range: RO access"}));
  EXPECT_EQ(specs("keys.store"), (list{"index/range: RO access", "keyword/range: RW access update incomplete",
                                       "keyword/range: OW incomplete", "keyword/keynum: RO access incomplete",
                                       "keyword/range: RO access incomplete"}));
}

TEST_F(key_arguments, of_any_command_can_be_asked_for) {
  if (!s.lacks("GetCommandKeys").empty()) {
    EXPECT_TRUE(s.call("KEYS.OF", "GET", "a").error().starts_with("ERR GetCommandKeys needs "));
    GTEST_SKIP() << s.lacks("GetCommandKeys");
  }
  const bool has_flags = s.lacks("GetCommandKeysWithFlags").empty();
  EXPECT_EQ(s.call("KEYS.OF", "SET", "a", "b"), list{has_flags ? "1OW" : "1?"});
  EXPECT_EQ(s.call("KEYS.OF", "EVAL", "", 2, "a", "b", "c").array().size(), 2u);
  EXPECT_EQ(s.call("KEYS.OF", "KEYS.TWO", "a", "b").array().size(), 2u);
  // No server says what is done to keys that stand in a row.
  EXPECT_EQ(s.call("KEYS.OFGET", "a"), list{"1?"});
  EXPECT_EQ(s.call("KEYS.OF", "PING"), list{});
  EXPECT_EQ(s.call("KEYS.OF", "EVAL", "", 0), list{});
  EXPECT_EQ(s.call("KEYS.OF", "NONE\r\n", "a").error(), "ERR unknown command 'NONE\\x0d\\x0a'");
  EXPECT_EQ(s.call("KEYS.OF", "SET", "a").error(), "ERR wrong number of arguments for 'SET' command");
  EXPECT_EQ(s.call("KEYS.OF").error(), "ERR no command");
}

TEST_F(key_arguments, are_held_to_the_permissions_of_the_user) {
  if (const auto what = s.lacks("SetCommandInfo"); !what.empty()) GTEST_SKIP() << what;
  s.call("ACL", "SETUSER", "reader", "on", "nopass", "+@all", "%R~*", "~mine");
  rt::client reader = s.connect();
  EXPECT_EQ(reader.call("AUTH", "reader", "any"), "OK");
  EXPECT_EQ(reader.call("KEYS.ONE", "a"), 0);
  EXPECT_TRUE(reader.call("KEYS.TWO", "a", "b").error().starts_with("NOPERM"));
  EXPECT_FALSE(reader.call("KEYS.TWO", "a", "mine").is_error());
  EXPECT_TRUE(reader.call("KEYS.STORE", "a", "STORE", "b").error().starts_with("NOPERM"));
  s.call("ACL", "SETUSER", "owner", "on", "nopass", "+@all", "~mine");
  rt::client owner = s.connect();
  EXPECT_EQ(owner.call("AUTH", "owner", "any"), "OK");
  EXPECT_TRUE(owner.call("KEYS.AND-MAYBE", "other").error().starts_with("NOPERM"));
  EXPECT_EQ(owner.call("KEYS.AND-MAYBE", "mine"), list{"mine"});
  EXPECT_FALSE(reader.call("KEYS.STORE", "a", "STORE", "mine").is_error());
}

}  // namespace
