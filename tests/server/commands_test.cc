// Every kind of argument and of reply, on a real server, in both protocols.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "redismodule/testing/server.h"

namespace {

namespace rt = redismodule::testing;
using kind = rt::reply::kind;

const std::string not_an_integer = "ERR value is not an integer or out of range (argument 'n')";
const std::string not_a_float = "ERR value is not a valid float (argument 'x')";

struct commands : testing::Test {
  bool has_resp3_replies() const {
    return s.version().is_valkey() || s.version().number >= rt::version_number{7, 0, 0};
  }

  rt::server s{COMMANDS_MODULE};
};

// One value of a type, as text both ways.
void expect_same(rt::server& s, const std::string& command, const std::string& value) {
  const rt::reply reply = s.call(command, value);
  ASSERT_FALSE(reply.is_error()) << command << " " << value << ": " << reply;
  const std::string text = reply.is_integer() ? std::to_string(reply.integer()) : reply.str();
  EXPECT_EQ(text, value) << command;
}

struct integer_type {
  std::string command;
  std::vector<std::string> good;
  std::vector<std::string> bad;
};

const integer_type integer_types[] = {
    {"arg.int8", {"-128", "127"}, {"-129", "128"}},
    {"arg.uint8", {"0", "255"}, {"-1", "256"}},
    {"arg.int16", {"-32768", "32767"}, {"-32769", "32768"}},
    {"arg.uint16", {"0", "65535"}, {"-1", "65536"}},
    {"arg.int32", {"-2147483648", "2147483647"}, {"-2147483649", "2147483648"}},
    {"arg.uint32", {"0", "4294967295"}, {"-1", "4294967296"}},
    {"arg.long", {"-9223372036854775808", "9223372036854775807"}, {"-9223372036854775809", "9223372036854775808"}},
    {"arg.int64", {"-9223372036854775808", "9223372036854775807"}, {"-9223372036854775809", "9223372036854775808"}},
    {"arg.ulong", {"0", "9223372036854775808", "18446744073709551615"}, {"-1", "18446744073709551616"}},
    {"arg.uint64",
     {"0", "9223372036854775807", "9223372036854775808", "18446744073709551615"},
     {"-1", "18446744073709551616", "18446744073709551620", "99999999999999999999", "-18446744073709551615"}},
};

TEST_F(commands, integers_are_held_to_the_range_of_their_type) {
  for (const integer_type& type : integer_types) {
    for (const std::string& value : type.good) expect_same(s, type.command, value);
    for (const std::string& value : type.bad) EXPECT_EQ(s.call(type.command, value).error(), not_an_integer) << value;
  }
}

TEST_F(commands, integers_are_decoded_as_the_server_does) {
  const std::vector<std::string> bad = {"",     " 5",  "5 ",  "+5",  "05",  "-0",  "5.0", "0x5",
                                        "five", "5\n", "1e3", "--5", "- 5", "nan", "٥",   std::string("5\0", 2)};
  for (const integer_type& type : integer_types) {
    expect_same(s, type.command, "0");
    expect_same(s, type.command, "5");
    for (const std::string& value : bad) EXPECT_EQ(s.call(type.command, value).error(), not_an_integer) << value;
  }
  // What the server itself says of the same bytes.
  for (const std::string& value : bad) {
    s.call("SET", "n", "1");
    EXPECT_EQ(s.call("INCRBY", "n", value).error(), "ERR value is not an integer or out of range") << value;
  }
}

TEST_F(commands, floats_are_decoded_as_the_server_does) {
  EXPECT_DOUBLE_EQ(s.call("arg.double", "2.5").real(), 2.5);
  EXPECT_DOUBLE_EQ(s.call("arg.double", "-1e300").real(), -1e300);
  EXPECT_DOUBLE_EQ(s.call("arg.double", "7").real(), 7);
  EXPECT_TRUE(std::isinf(s.call("arg.double", "inf").real()));
  EXPECT_LT(s.call("arg.double", "-inf").real(), 0);
  for (const std::string bad : {"", " 1", "1 ", "nan", "one", "1,5", "1.5x"}) {
    EXPECT_EQ(s.call("arg.double", bad).error(), not_a_float) << bad;
    EXPECT_EQ(s.call("arg.float", bad).error(), not_a_float) << bad;
  }
  EXPECT_FLOAT_EQ(static_cast<float>(s.call("arg.float", "0.1").real()), 0.1f);
  EXPECT_TRUE(std::isinf(s.call("arg.float", "inf").real()));
  EXPECT_EQ(s.call("arg.float", "1e39").error(), not_a_float);
  EXPECT_EQ(s.call("arg.float", "-1e39").error(), not_a_float);
}

TEST_F(commands, long_floats_keep_their_precision) {
  EXPECT_EQ(s.call("arg.long-double", "0.00000000000000001"), "0.00000000000000001");
  EXPECT_EQ(s.call("arg.long-double", "-2.5"), "-2.5");
  EXPECT_EQ(s.call("arg.long-double", "inf"), "inf");
  for (const char* far : {"1e400", "1e-400", "0x5"}) EXPECT_FALSE(s.call("arg.long-double", far).is_error()) << far;
  for (const std::string bad : {"", " 1", "1 ", "nan", "one", "1.5x", "1e5000"}) {
    EXPECT_EQ(s.call("arg.long-double", bad).error(), not_a_float) << bad;
  }
}

// The column of docs/commands.md.
TEST_F(commands, floats_are_decoded_as_documented) {
  const std::pair<std::string, double> good[] = {{"5", 5},     {"-5", -5}, {"+5", 5},     {"05", 5},
                                                 {"-0", -0.0}, {"5.0", 5}, {"1e3", 1000}, {"1e39", 1e39}};
  for (const auto& [text, value] : good) EXPECT_EQ(s.call("arg.double", text).real(), value) << text;
  for (const std::string bad : {" 5", "5 ", "5\n", "", "nan", "1e400", "1e-400", "yes"}) {
    EXPECT_EQ(s.call("arg.double", bad).error(), not_a_float) << bad;
  }
  const bool takes_hexadecimal = s.version().is_redis() || s.version().number < rt::version_number{9, 0, 0};
  EXPECT_EQ(s.call("arg.double", "0x5").is_error(), !takes_hexadecimal);
}

TEST_F(commands, two_commands_of_one_handler_keep_their_names_apart) {
  EXPECT_EQ(s.call("ARG.INT64", "x").error(), "ERR value is not an integer or out of range (argument 'n')");
  EXPECT_EQ(s.call("arg.int64-AGAIN", "x").error(), "ERR value is not an integer or out of range (argument 'number')");
}

TEST_F(commands, booleans_have_six_words) {
  s.call("HELLO", 3);
  for (const std::string yes : {"yes", "YES", "true", "True", "1"}) {
    const rt::reply reply = s.call("arg.bool", yes);
    EXPECT_TRUE(has_resp3_replies() ? reply == true : reply == 1) << reply;
  }
  for (const std::string no : {"no", "No", "false", "0"}) {
    const rt::reply reply = s.call("arg.bool", no);
    EXPECT_TRUE(has_resp3_replies() ? reply == false : reply == 0) << reply;
  }
  for (const std::string bad : {"", "y", "on", "2", "yes ", "01", "nope"}) {
    EXPECT_EQ(s.call("arg.bool", bad).error(), "ERR value is not a boolean: use yes or no (argument 'yes-or-no')")
        << bad;
  }
}

TEST_F(commands, strings_keep_every_byte) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  for (const std::string command : {"arg.view", "arg.copy", "arg.ref"}) {
    for (const std::string& text : {std::string{}, std::string{"x"}, all, std::string(1 << 20, 'y')}) {
      EXPECT_EQ(s.call(command, text).str(), text) << command;
    }
    // A number is an integer inside the server.
    EXPECT_EQ(s.call(command, "12345"), "12345") << command;
  }
  EXPECT_EQ(s.call("arg.same", all, all).integer(), 1);
  EXPECT_EQ(s.call("arg.same", all, "x").integer(), 0);
}

TEST_F(commands, owned_strings_outlive_the_command) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(s.call("arg.keep", "kept " + std::to_string(i)), "OK");
  EXPECT_EQ(s.call("arg.kept"), "kept 99");
}

TEST_F(commands, an_authors_type_is_an_argument) {
  EXPECT_EQ(s.call("arg.colour", "green"), "green");
  EXPECT_EQ(s.call("arg.colour", "blue").error(), "ERR no such colour (argument 'colour')");
}

TEST_F(commands, an_argument_that_cannot_even_be_made_is_an_error) {
  const std::string error = "ERR internal error, see the server's log";
  EXPECT_EQ(s.call("arg.unready", "text", 1).error(), error);
  EXPECT_EQ(s.call("arg.unready-options", "text", "WHEN", 1).error(), error);
  EXPECT_EQ(s.call("arg.unready-options", "text"), "never");
  EXPECT_NE(s.log().find("not ready"), std::string::npos) << s.log();
  EXPECT_EQ(s.call("arg.int32", 1), 1);
}

TEST_F(commands, optional_arguments) {
  EXPECT_EQ(s.call("opt.add", 1), 1);
  EXPECT_EQ(s.call("opt.add", 1, 2), 3);
  EXPECT_EQ(s.call("opt.add", 1, 2, 3), 6);
  EXPECT_EQ(s.call("opt.add", 1, "x").error(), "ERR value is not an integer or out of range (argument 'b')");
  EXPECT_EQ(s.call("opt.add", 1, 2, "x").error(), "ERR value is not an integer or out of range (argument 'c')");
  EXPECT_TRUE(s.call("opt.text").is_null());
  EXPECT_EQ(s.call("opt.text", ""), "");
}

TEST_F(commands, rest_arguments) {
  EXPECT_EQ(s.call("rest.sum"), 0);
  EXPECT_EQ(s.call("rest.sum", 1, 2, 3, -10), -4);
  EXPECT_EQ(s.call("rest.sum", 1, 2, "x", 4).error(),
            "ERR value is not an integer or out of range (argument 'number')");
  EXPECT_EQ(s.call("rest.count", 1, "a", "b"), (std::vector<int>{1, 2}));
  EXPECT_EQ(s.call("rest.count", "x", "a").error(), "ERR value is not an integer or out of range (argument 'first')");
  EXPECT_EQ(s.call("rest.reverse", "a", "b", "c"), (std::vector<std::string>{"c", "b", "a"}));
  EXPECT_EQ(s.call("rest.same"), std::vector<std::string>{});
  EXPECT_EQ(s.call("rest.same", "x", "y"), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(s.call("rest.opt", 1).array().at(2), 0);
  EXPECT_EQ(s.call("rest.opt", 1, 2, 3, 4).array().at(2), 2);
}

TEST_F(commands, rest_arguments_in_threes) {
  const auto all = s.call("rest.triples", 1, "red", "a", 2, "red", "b");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].str().front(), '1');
  EXPECT_EQ(all[1].str().back(), 'b');
  const std::string arity = "ERR wrong number of arguments for 'rest.triples' command";
  EXPECT_EQ(s.call("rest.triples").error(), arity);
  EXPECT_EQ(s.call("rest.triples", 1, "red", "a", 2, "red").error(), arity);
  EXPECT_EQ(s.call("rest.triples", 1, "red", "a", 2, "mauve", "b").error(), "ERR no such colour (argument 'colour')");
  EXPECT_NE(s.call("rest.triples", "x", "red", "a").error().find("(argument 'number')"), std::string::npos);
}

TEST_F(commands, rest_arguments_in_pairs) {
  EXPECT_EQ(s.call("rest.pairs", "n", "a", 1, "b", 2).at("b"), 2);
  EXPECT_EQ(s.call("rest.pairs", "n").size(), 2u);
  EXPECT_EQ(s.call("rest.pairs", "n", "a", 1, "b").error(), "ERR wrong number of arguments for 'rest.pairs' command");
  EXPECT_EQ(s.call("rest.pairs", "n", "a", 1, "b", "x").error(),
            "ERR value is not an integer or out of range (argument 'value')");
  EXPECT_EQ(s.call("rest.one-pair", 1, "red", 2, "green"), 2);
  EXPECT_EQ(s.call("rest.one-pair", 1, "red", "x", "green").error(),
            "ERR value is not an integer or out of range (argument 'field')");
  EXPECT_EQ(s.call("rest.one-pair", 1, "red", 2, "blue").error(), "ERR no such colour (argument 'value')");
}

TEST_F(commands, context_and_raw_arguments) {
  EXPECT_EQ(s.call("frame.args", 1, 2, 3), 6);
  EXPECT_EQ(s.call("frame.args").error(), "ERR missing argument 1");
  EXPECT_EQ(s.call("frame.args", "x").error(), "ERR value is not an integer or out of range (argument 1)");
  EXPECT_EQ(s.call("raw.count", "a", "b"), 3);
  EXPECT_EQ(s.call("COMMAND", "GETKEYS", "raw.count", "a", "b"), (std::vector<std::string>{"a", "b"}));
}

// --- Replies ---

TEST_F(commands, scalars_in_resp2) {
  EXPECT_EQ(s.call("reply.void").type(), kind::simple);
  EXPECT_EQ(s.call("reply.void"), "OK");
  EXPECT_EQ(s.call("reply.ok"), "OK");
  EXPECT_EQ(s.call("reply.simple").type(), kind::simple);
  EXPECT_EQ(s.call("reply.simple"), "PONG");
  EXPECT_EQ(s.call("reply.error").error(), "WRONG it is");
  EXPECT_EQ(s.call("reply.bool", "yes"), 1);
  EXPECT_EQ(s.call("reply.bool", "no"), 0);
  EXPECT_EQ(s.call("reply.double"), "2.5");
  EXPECT_EQ(s.call("reply.infinity"), "inf");
  EXPECT_EQ(s.call("reply.text").type(), kind::string);
  EXPECT_TRUE(s.call("reply.null").is_null());
  EXPECT_TRUE(s.call("reply.nullopt").is_null());
  EXPECT_EQ(s.call("reply.some"), 7);
  EXPECT_EQ(s.call("reply.string"), "owned");
}

TEST_F(commands, scalars_in_resp3) {
  s.call("HELLO", 3);
  EXPECT_EQ(s.call("reply.double").type(), kind::real);
  EXPECT_EQ(s.call("reply.double"), 2.5);
  EXPECT_EQ(s.call("reply.bool", "yes").type(), has_resp3_replies() ? kind::boolean : kind::integer);
  EXPECT_TRUE(s.call("reply.null").is_null());
  const rt::reply large = s.call("arg.uint64", "18446744073709551615");
  EXPECT_EQ(large.type(), has_resp3_replies() ? kind::big_number : kind::string);
  EXPECT_EQ(large.str(), "18446744073709551615");
  EXPECT_EQ(s.call("arg.uint64", "9223372036854775807").type(), kind::integer);
}

TEST_F(commands, what_is_no_number_has_no_sign) {
  for (const std::string command : {"reply.nan", "reply.negative-nan"}) {
    s.call("HELLO", 2);
    EXPECT_EQ(s.call(command), "nan") << command;
    s.call("HELLO", 3);
    const rt::reply nan = s.call(command);
    EXPECT_EQ(nan.type(), kind::real) << command;
    EXPECT_TRUE(std::isnan(nan.real())) << command;
    EXPECT_FALSE(std::signbit(nan.real())) << command;
  }
}

TEST_F(commands, no_string_is_an_empty_string) {
  for (const std::string command :
       {"reply.no-string", "reply.moved-string", "reply.no-ref", "reply.no-view", "reply.no-retain"}) {
    const rt::reply reply = s.call(command);
    EXPECT_EQ(reply.type(), kind::string) << command;
    EXPECT_EQ(reply, "") << command;
  }
  EXPECT_EQ(s.call("reply.no-refs"), (std::vector<std::string>{"", ""}));
  EXPECT_EQ(s.call("PING"), "PONG");
}

TEST_F(commands, sequences) {
  const rt::reply tuple = s.call("reply.tuple");
  ASSERT_EQ(tuple.size(), 6u);
  EXPECT_EQ(tuple[0], 1);
  EXPECT_EQ(tuple[1], "two");
  EXPECT_EQ(tuple[2], "3.5");
  EXPECT_EQ(tuple[3].type(), kind::simple);
  EXPECT_TRUE(tuple[4].is_null());
  EXPECT_EQ(tuple[5], 0);
  EXPECT_EQ(s.call("reply.pair").array().at(1), -1);
  EXPECT_EQ(s.call("reply.vector", 0), std::vector<int>{});
  EXPECT_EQ(s.call("reply.vector", 1000).size(), 1000u);
  EXPECT_EQ(s.call("reply.vector", 3), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(s.call("reply.bools"), (std::vector<int>{1, 0}));
  EXPECT_EQ(s.call("reply.array"), (std::vector<int>{1, 2}));
  EXPECT_EQ(s.call("reply.span"), (std::vector<int>{5, 6, 7}));
  EXPECT_EQ(s.call("reply.list"), (std::vector<std::string>{"x", "y"}));
}

TEST_F(commands, sets_and_maps) {
  EXPECT_EQ(s.call("reply.set"), (std::vector<int>{1, 2}));
  EXPECT_EQ(s.call("reply.map").array().size(), 4u);
  s.call("HELLO", 3);
  EXPECT_EQ(s.call("reply.set").type(), has_resp3_replies() ? kind::set : kind::array);
  EXPECT_EQ(s.call("reply.set"), (std::vector<int>{1, 2}));
  const rt::reply map = s.call("reply.map");
  EXPECT_EQ(map.type(), has_resp3_replies() ? kind::map : kind::array);
  EXPECT_EQ(map.at("a"), std::vector<int>{1});
  EXPECT_EQ(map.at("b"), std::vector<int>{});
  EXPECT_EQ(s.call("reply.unordered").map().at(0).second, "one");
  EXPECT_EQ(s.call("reply.point").at("y"), 4);
  const rt::reply nested = s.call("reply.nested");
  ASSERT_EQ(nested.size(), 2u);
  EXPECT_EQ(nested[0].map().at(0).second, (std::vector<int>{2, 3}));
  EXPECT_EQ(nested[1].map().size(), 0u);
}

TEST_F(commands, results) {
  EXPECT_EQ(s.call("reply.result", 4), 8);
  EXPECT_EQ(s.call("reply.result", -1).error(), "ERR negative");
  EXPECT_EQ(s.call("reply.result-void", 1), "OK");
  EXPECT_EQ(s.call("reply.result-void", -1).error(), "ERR negative");
  EXPECT_TRUE(s.call("reply.result-optional", 0).is_null());
  EXPECT_EQ(s.call("reply.result-optional", 1), 0);
  EXPECT_EQ(s.call("reply.result-optional", -1).error(), "ERR negative");
  const rt::reply results = s.call("reply.results");
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[1].error(), "ERR second");
  EXPECT_EQ(results[2], 3);
}

TEST_F(commands, streamed_replies) {
  for (int protocol : {2, 3}) {
    s.call("HELLO", protocol);
    const bool resp3 = protocol == 3 && has_resp3_replies();
    EXPECT_EQ(s.call("stream.array", 0), std::vector<int>{});
    EXPECT_EQ(s.call("stream.array", 3), (std::vector<int>{0, 1, 2}));
    const rt::reply map = s.call("stream.map");
    EXPECT_EQ(map.type(), resp3 ? kind::map : kind::array);
    EXPECT_EQ(map.at("one"), std::vector<int>{1});
    EXPECT_EQ(map.at("two"), 2);
    EXPECT_EQ(s.call("stream.set").type(), resp3 ? kind::set : kind::array);
    EXPECT_EQ(s.call("stream.set"), std::vector<int>{1});
    EXPECT_EQ(s.call("PING"), "PONG");
  }
}

// --- What the server knows of a command ---

std::vector<std::string> flags_of(rt::server& s, const std::string& command) {
  std::vector<std::string> flags;
  const rt::reply info = s.call("COMMAND", "INFO", command);
  for (const rt::reply& flag : info[0][2].array()) flags.push_back(flag.str());
  std::sort(flags.begin(), flags.end());
  return flags;
}

bool contains(const std::vector<std::string>& list, const std::string& wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

TEST_F(commands, flags_and_arity) {
  EXPECT_TRUE(contains(flags_of(s, "flag.write"), "write"));
  // On 6.0, COMMAND shows the names of its own time.
  EXPECT_TRUE(contains(flags_of(s, "flag.write"), "denyoom"));
  EXPECT_FALSE(contains(flags_of(s, "flag.frees"), "denyoom"));
  EXPECT_FALSE(contains(flags_of(s, "flag.none"), "write"));
  EXPECT_TRUE(contains(flags_of(s, "flag.all"), "readonly"));
  EXPECT_TRUE(contains(flags_of(s, "flag.all"), "fast"));
  if (!has_resp3_replies()) return;
  EXPECT_TRUE(contains(flags_of(s, "flag.all"), "allow_busy"));
  auto arity = [&](const std::string& name) { return s.call("COMMAND", "INFO", name)[0][1].integer(); };
  EXPECT_EQ(arity("reply.void"), 1);
  EXPECT_EQ(arity("arg.int8"), 2);
  EXPECT_EQ(arity("opt.add"), -2);
  EXPECT_EQ(arity("rest.sum"), -1);
  EXPECT_EQ(arity("rest.count"), -3);
  EXPECT_EQ(arity("rest.one-pair"), -3);
}

TEST_F(commands, documentation) {
  if (const auto what = s.lacks("SetCommandInfo"); !what.empty()) GTEST_SKIP() << what;
  const rt::reply docs = s.call("COMMAND", "DOCS", "flag.all").at("flag.all");
  EXPECT_EQ(docs.at("summary"), "All of it");
  EXPECT_EQ(docs.at("complexity"), "O(1)");
  EXPECT_EQ(docs.at("since"), "1.2.3");

  const rt::reply three = s.call("COMMAND", "DOCS", "rest.opt").at("rest.opt").at("arguments");
  ASSERT_EQ(three.size(), 3u);
  EXPECT_EQ(three[0].at("name"), "a");
  EXPECT_EQ(three[0].at("type"), "integer");
  EXPECT_EQ(three[1].at("flags"), std::vector<std::string>{"optional"});
  EXPECT_EQ(three[2].at("flags").size(), 2u);

  const rt::reply pairs = s.call("COMMAND", "DOCS", "rest.pairs").at("rest.pairs").at("arguments");
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[1].at("type"), "block");
  EXPECT_EQ(pairs[1].at("arguments")[0].at("name"), "field");
  EXPECT_EQ(pairs[1].at("arguments")[1].at("type"), "integer");
}

TEST_F(commands, writing_is_denied_out_of_memory) {
  s.call("CONFIG", "SET", "maxmemory", 1);
  EXPECT_EQ(s.call("flag.write").error().substr(0, 3), "OOM");
  EXPECT_EQ(s.call("flag.frees"), "OK");
  EXPECT_GT(s.call("memory.pressure").real(), 1);
  s.call("CONFIG", "SET", "maxmemory", 0);
  EXPECT_EQ(s.call("flag.write"), "OK");
  EXPECT_EQ(s.call("memory.pressure").real(), 0);
}

TEST_F(commands, the_module_shows_itself) {
  EXPECT_EQ(s.info("everything", "commands_version"), "7");
  EXPECT_NE(s.info("everything", "commands_memory_source"), "");
}

}  // namespace
