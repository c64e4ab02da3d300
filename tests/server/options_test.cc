// Keyword options, counted arguments, units, enums and subcommands, on a real server.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "redismodule/testing/server.h"

namespace {

namespace rt = redismodule::testing;
using list = std::vector<std::string>;

struct options : testing::Test {
  std::string error_of(const std::vector<std::string>& words) {
    const rt::reply reply = s.call(words);
    return reply.is_error() ? reply.error() : "no error: " + to_string(reply);
  }

  rt::server s{OPTIONS_MODULE};
};

TEST_F(options, come_in_any_order_and_case) {
  EXPECT_EQ(s.call("OPTS.SET", "k"), "k");
  EXPECT_EQ(s.call("OPTS.SET", "k", "NX", "EX", 10), "k nx ex=10");
  EXPECT_EQ(s.call("OPTS.SET", "k", "ex", 10, "xX", "Get"), "k xx ex=10 get");
  EXPECT_EQ(s.call("OPTS.SET", "k", "keepttl"), "k keepttl");
  EXPECT_EQ(s.call("OPTS.SET", "NX", "PX", 5), "NX px=5");
}

TEST_F(options, that_exclude_each_other_are_a_syntax_error_that_names_them) {
  EXPECT_EQ(error_of({"OPTS.SET", "k", "NX", "XX"}), "ERR syntax error (XX is not allowed beside NX)");
  EXPECT_EQ(error_of({"OPTS.SET", "k", "PX", "1", "EX", "1"}), "ERR syntax error (EX is not allowed beside PX)");
  EXPECT_EQ(error_of({"OPTS.SET", "k", "NX", "GET"}), "ERR syntax error (GET is not allowed beside NX)");
  EXPECT_EQ(error_of({"OPTS.SET", "k", "GET", "NX"}), "ERR syntax error (NX is not allowed beside GET)");
}

TEST_F(options, are_given_once_with_their_values) {
  EXPECT_EQ(error_of({"OPTS.SET", "k", "GET", "GET"}), "ERR syntax error (GET is given twice)");
  EXPECT_EQ(error_of({"OPTS.SET", "k", "EX"}), "ERR syntax error (EX needs a value)");
  EXPECT_EQ(error_of({"OPTS.SEARCH", "BY", "p", "LIMIT", "1"}), "ERR syntax error (LIMIT needs a value)");
  EXPECT_EQ(error_of({"OPTS.SET", "k", "EX", "ten"}), "ERR value is not an integer or out of range (option 'EX')");
}

TEST_F(options, that_nobody_knows_are_named_with_their_bytes_escaped) {
  EXPECT_EQ(error_of({"OPTS.SET", "k", "ZZ"}), "ERR syntax error (unexpected 'ZZ')");
  EXPECT_EQ(error_of({"OPTS.SET", "k", "EX", "1", "a\r\n-b"}), "ERR syntax error (unexpected 'a\\x0d\\x0a-b')");
  const std::string error = error_of({"OPTS.SET", "k", std::string(500, 'z')});
  EXPECT_EQ(error, "ERR syntax error (unexpected '" + std::string(64, 'z') + "...')");
}

TEST_F(options, may_be_required_repeated_paired_and_depend_on_others) {
  EXPECT_EQ(error_of({"OPTS.SEARCH", "TAG", "a"}), "ERR syntax error (BY is missing)");
  EXPECT_TRUE(s.call("OPTS.SEARCH").error().starts_with("ERR wrong number of arguments"));
  EXPECT_EQ(s.call("OPTS.SEARCH", "TAG", "a", "BY", "x*", "TAG", "b"), (list{"by=x*", "tag=a", "tag=b"}));
  EXPECT_EQ(s.call("OPTS.SEARCH", "LIMIT", 2, 10, "BY", "x", "COUNT", 5), (list{"by=x", "limit=2,10", "count=5"}));
  EXPECT_EQ(error_of({"OPTS.SEARCH", "BY", "x", "COUNT", "5"}), "ERR syntax error (COUNT needs LIMIT)");
  EXPECT_EQ(error_of({"OPTS.SEARCH", "BY", "x", "LIMIT", "0", "1", "COUNT", "101"}),
            "ERR value is out of range, must be from 1 to 100 (option 'COUNT')");
  EXPECT_EQ(s.call("OPTS.SEARCH", "BY", "BY"), list{"by=BY"});
  EXPECT_EQ(s.call("OPTS.SWITCHES", "SWITCH", "yes", "switch", "no", "SWITCH", "true"), "101");
}

TEST_F(options, may_hold_a_counted_list) {
  EXPECT_EQ(s.call("OPTS.SEARCH", "AMONG", 3, 1, 2, 3, "BY", "x"), (list{"by=x", "among=3,6"}));
  EXPECT_EQ(error_of({"OPTS.SEARCH", "BY", "x", "AMONG", "3", "1", "2"}),
            "ERR Number of keys can't be greater than number of args (option 'AMONG')");
  EXPECT_EQ(error_of({"OPTS.SEARCH", "BY", "x", "AMONG", "0", "1"}),
            "ERR numkeys should be greater than 0 (option 'AMONG')");
  EXPECT_EQ(error_of({"OPTS.SEARCH", "BY", "x", "AMONG", "2", "1", "z"}),
            "ERR value is not an integer or out of range (option 'AMONG')");
}

TEST_F(options, stand_before_what_has_to_be_there) {
  EXPECT_EQ(s.call("OPTS.ADD", "k", 1.5, "a"), 1);
  EXPECT_EQ(s.call("OPTS.ADD", "k", "CH", "NX", 1.5, "a", 2, "b"), 1200);
  EXPECT_EQ(error_of({"OPTS.ADD", "k", "CH", "a", "b"}), "ERR value is not a valid float (argument 'score')");
  EXPECT_TRUE(s.call("OPTS.ADD", "k", "CH", 1, "a", 2).error().starts_with("ERR wrong number of arguments"));
  EXPECT_EQ(s.call("OPTS.MIDDLE", "a", "CH", "b"), (list{"a", "ch", "b"}));
  EXPECT_EQ(s.call("OPTS.MIDDLE", "a", "CH"), (list{"a", "", "CH"}));
  EXPECT_EQ(error_of({"OPTS.MIDDLE", "a", "ZZ", "b"}), "ERR syntax error (unexpected 'b')");
}

TEST_F(options, are_not_the_only_arguments_that_say_how_many_there_are) {
  EXPECT_EQ(s.call("OPTS.COUNTED", 2, 10, 20, "xyz"), (std::vector<int>{10, 20, 3}));
  EXPECT_EQ(error_of({"OPTS.COUNTED", "2", "10", "xyz"}),
            "ERR Number of keys can't be greater than number of args (argument 'numkeys')");
  EXPECT_EQ(error_of({"OPTS.COUNTED", "-1", "10", "xyz"}), "ERR numkeys should be greater than 0 (argument 'numkeys')");
  EXPECT_EQ(error_of({"OPTS.COUNTED", "9223372036854775807", "10", "xyz"}),
            "ERR Number of keys can't be greater than number of args (argument 'numkeys')");
  EXPECT_EQ(error_of({"OPTS.COUNTED", "x", "10", "xyz"}),
            "ERR value is not an integer or out of range (argument 'numkeys')");
  EXPECT_EQ(error_of({"OPTS.COUNTED", "2", "10", "b", "xyz"}),
            "ERR value is not an integer or out of range (argument 'number')");
  EXPECT_EQ(error_of({"OPTS.COUNTED", "1", "10", "a", "b"}), "ERR syntax error (unexpected 'b')");
}

TEST_F(options, of_time_and_memory_have_units) {
  EXPECT_EQ(s.call("OPTS.SECONDS", -3), -3);
  EXPECT_EQ(s.call("OPTS.TIME", 1700000000), 1700000000);
  EXPECT_EQ(s.call("OPTS.FRACTION", "0.25"), "0.25");
  EXPECT_EQ(error_of({"OPTS.FRACTION", "soon"}), "ERR value is not a valid float (argument 's')");
  for (const auto& [text, expected] : std::vector<std::pair<std::string, long long>>{
           {"7", 7}, {"7ms", 7}, {"2S", 2000}, {"1m", 60'000}, {"2h", 7'200'000}, {"1d", 86'400'000}, {"3000us", 3}})
    EXPECT_EQ(s.call("OPTS.TIMEOUT", text), expected) << text;
  for (const char* text : {"", "ms", "1 s", "1w", "+1s", "1500us", "9223372036854775807s", "1.5s"})
    EXPECT_EQ(error_of({"OPTS.TIMEOUT", text}), "ERR value is not a duration: use ms, s, m, h or d (argument 't')");
  for (const char* text : {"05s", "-0", "00"}) EXPECT_TRUE(s.call("OPTS.TIMEOUT", text).is_error()) << text;
  EXPECT_EQ(s.call("OPTS.HALVES", "3m"), 2);
  EXPECT_EQ(s.call("OPTS.HALVES", "-90s"), -1);
  EXPECT_TRUE(s.call("OPTS.HALVES", "1h1").is_error());
  EXPECT_TRUE(s.call("OPTS.HALVES", "2m").is_error());
  EXPECT_EQ(s.call("OPTS.HOURS", "2d"), 48);
  EXPECT_TRUE(s.call("OPTS.HOURS", "90m").is_error());
  for (const auto& [text, expected] : std::vector<std::pair<std::string, long long>>{
           {"5", 5}, {"5b", 5}, {"5k", 5000}, {"5KB", 5120}, {"1m", 1'000'000}, {"1mb", 1 << 20}, {"3gb", 3LL << 30}})
    EXPECT_EQ(s.call("OPTS.BYTES", text), expected) << text;
  for (const char* text : {"", "-1", "1tb", "mb", "05", "18446744073709551615", "9223372036854775807gb"})
    EXPECT_TRUE(s.call("OPTS.BYTES", text).is_error()) << text;
}

TEST_F(options, may_be_one_of_some_names_or_a_range) {
  EXPECT_EQ(s.call("OPTS.UNIT", "MI", "metre"), (std::vector<int>{1, 0}));
  EXPECT_EQ(s.call("OPTS.SAME-UNIT", 0), "m");
  EXPECT_EQ(s.call("OPTS.SAME-UNIT", 1), "mi");
  EXPECT_TRUE(s.call("OPTS.SAME-UNIT", 2).is_null());
  EXPECT_EQ(error_of({"OPTS.UNIT", "km"}), "ERR value is not one of m, mi, metre (argument 'unit')");
  EXPECT_EQ(s.call("OPTS.BOUNDED", -5), -5);
  EXPECT_EQ(error_of({"OPTS.BOUNDED", "6"}), "ERR value is out of range, must be from -5 to 5 (argument 'n')");
}

TEST_F(options, subcommands_are_called_below_their_group) {
  EXPECT_EQ(s.call("OPTS.ADMIN", "reset"), "all");
  EXPECT_EQ(s.call("opts.admin", "RESET", "one"), "one");
  EXPECT_EQ(s.call("OPTS.ADMIN", "SET", "k", "EX", 1), "k ex=1");
  EXPECT_EQ(s.call("OPTS.ADMIN", "SUM", 1, 2, 3), 6);
  EXPECT_EQ(error_of({"OPTS.ADMIN", "SUM", "x"}), "ERR value is not an integer or out of range (argument 'number')");
  EXPECT_TRUE(s.call("OPTS.ADMIN", "RESET", 1, 2).error().starts_with("ERR wrong number of arguments"));
  EXPECT_TRUE(s.call("OPTS.ADMIN", "SUM").error().starts_with("ERR wrong number of arguments"));
  EXPECT_TRUE(s.call("OPTS.ADMIN").error().starts_with("ERR wrong number of arguments"));
  EXPECT_EQ(error_of({"OPTS.ADMIN", "ZAP"}).substr(0, 28), "ERR unknown subcommand 'ZAP'");
}

// One argument of COMMAND DOCS, on one line: `token name:type?*(parts)`.
std::string spell(const rt::reply& argument) {
  std::string text, flags;
  const auto fields = argument.map();
  for (const auto& [key, value] : fields) {
    if (key == "token") text = value.str() + " " + text;
    if (key == "name") text += value.str();
    if (key == "type") text += ":" + value.str();
    if (key == "flags") {
      for (const rt::reply& flag : value.array()) flags += flag == "optional" ? "?" : flag == "multiple" ? "*" : "+";
    }
    if (key == "arguments") {
      text += "(";
      for (const rt::reply& part : value.array()) text += (text.back() == '(' ? "" : ", ") + spell(part);
      text += ")";
    }
  }
  return text + flags;
}

list spell_arguments(const rt::reply& docs) {
  list all;
  const rt::reply& arguments = docs.at("arguments");
  for (const rt::reply& each : arguments.array()) all.push_back(spell(each));
  return all;
}

struct documented_options : options {
  void SetUp() override {
    if (const auto what = s.lacks("SetCommandInfo"); !what.empty()) GTEST_SKIP() << what;
  }
  rt::reply docs_of(const std::string& command) {
    const rt::reply answer = s.call("COMMAND", "DOCS", command);
    return answer.map().at(0).second;
  }
};

TEST_F(documented_options, are_a_tree_of_arguments) {
  EXPECT_EQ(spell_arguments(docs_of("opts.set")),
            (list{"name:string", "nx-or-xx:oneof(NX nx:pure-token, XX xx:pure-token)?",
                  "ex-or-px-or-keepttl:oneof(EX seconds:integer, PX milliseconds:integer, KEEPTTL keepttl:pure-token)?",
                  "GET get:pure-token?"}));
  EXPECT_EQ(spell_arguments(docs_of("opts.search")),
            (list{"BY pattern:string", "LIMIT limit:block(offset:integer, count:integer)?", "TAG tag:string?*+",
                  "UNIT unit:oneof(m m:pure-token, mi mi:pure-token, metre metre:pure-token)?", "COUNT count:integer?",
                  "AMONG among:block(count:integer, number:integer*)?"}));
  EXPECT_EQ(spell_arguments(docs_of("opts.counted")), (list{"numkeys:integer", "number:integer*", "last:string"}));
  EXPECT_EQ(spell_arguments(docs_of("opts.time")), list{"t:unix-time"});
  EXPECT_EQ(spell_arguments(docs_of("opts.keys")),
            (list{"STORE destination:key?", "FROM from:block(count:integer, from:key*)?",
                  "WEIGHTS weights:block(count:integer, weights:block(name:string, weight:double)*)?"}));
}

TEST_F(documented_options, say_what_their_author_said) {
  const rt::reply docs = docs_of("opts.set");
  EXPECT_EQ(docs.at("summary"), "Sets nothing");
  EXPECT_EQ(docs.at("complexity"), "O(1)");
  EXPECT_EQ(docs.at("since"), "1.0.0");
  EXPECT_EQ(docs.at("history")[0][0], "1.1.0");
  EXPECT_EQ(docs.at("history")[0][1], "Added the GET option.");
  const rt::reply info = s.call("COMMAND", "INFO", "opts.set");
  EXPECT_EQ(info[0][1], -2);
  EXPECT_EQ(info[0][7], list{"nondeterministic_output"});
}

TEST_F(documented_options, may_be_described_by_hand_or_not_at_all) {
  const rt::reply docs = docs_of("opts.raw");
  EXPECT_EQ(spell_arguments(docs),
            (list{"key:key",
                  "trim:block(strategy:oneof(MAXLEN maxlen:pure-token, MINID minid:pure-token), threshold:string)?"}));
  const rt::reply threshold = docs.at("arguments")[1].at("arguments")[1];
  if (s.version().number >= rt::version_number{7, 2, 0}) {
    EXPECT_EQ(threshold.at("display_text"), "how many");
  }
  const rt::reply info = s.call("COMMAND", "INFO", "opts.raw");
  const rt::reply specs = info[0][8];
  ASSERT_EQ(specs.size(), 2u);
  EXPECT_EQ(specs[0].at("notes"), "all of them");
  EXPECT_EQ(specs[0].at("begin_search").at("spec").at("keyword"), "KEYS");
  EXPECT_EQ(specs[0].at("find_keys").at("type"), "keynum");
  EXPECT_EQ(specs[1].at("find_keys").at("spec").at("keystep"), 2);
  const rt::reply silent = docs_of("opts.silent");
  for (const auto& [key, value] : silent.map()) EXPECT_NE(key, "arguments");
}

TEST_F(documented_options, of_subcommands_are_below_their_group) {
  const rt::reply group = docs_of("opts.admin");
  EXPECT_EQ(group.at("summary"), "Does what admins do");
  const rt::reply docs = docs_of("opts.admin|reset");
  EXPECT_EQ(docs.at("summary"), "Resets");
  EXPECT_EQ(spell_arguments(docs), list{"name:string?"});
  const rt::reply info = s.call("COMMAND", "INFO", "opts.admin|sum");
  EXPECT_EQ(info[0][1], -3);
}

TEST_F(documented_options, put_commands_into_categories_of_the_module) {
  if (const auto what = s.lacks("AddACLCategory"); !what.empty()) GTEST_SKIP() << what;
  // (ACL CAT opts lists nothing on Valkey 8.0.)
  EXPECT_EQ(s.call("COMMAND", "LIST", "FILTERBY", "ACLCAT", "opts"), list{"opts.search"});
}

}  // namespace
