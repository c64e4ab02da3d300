// Replies beyond plain values, in both protocols.
#include <gtest/gtest.h>

#include <string>

#include "redismodule/testing/server.h"

namespace {

namespace rt = redismodule::testing;
using kind = rt::reply::kind;

struct replies : testing::Test {
  replies() {
    three.call("HELLO", "3");
    has_resp3 = s.version().is_valkey() || s.version().number >= rt::version_number{7, 0, 0};
  }
  rt::server s{REPLIES_MODULE};
  rt::client three = s.connect();
  bool has_resp3 = false;
};

TEST_F(replies, texts_and_numbers) {
  EXPECT_EQ(s.call("RE.VERBATIM"), "some text");
  EXPECT_EQ(three.call("RE.VERBATIM").verbatim_format(), "txt");
  EXPECT_EQ(s.call("RE.VERBATIM-MD"), "# text");
  const rt::reply markdown = three.call("RE.VERBATIM-MD");
  EXPECT_EQ(markdown, "# text");
  EXPECT_EQ(markdown.type(), has_resp3 ? kind::verbatim : kind::string);
  if (has_resp3) {
    EXPECT_EQ(markdown.verbatim_format(), "mkd");
  }
  const std::string digits = "-123456789012345678901234567890";
  EXPECT_EQ(s.call("RE.BIG-NUMBER", digits), digits);
  EXPECT_EQ(three.call("RE.BIG-NUMBER", digits).type(), has_resp3 ? kind::big_number : kind::string);
  for (const char* bad : {"", "-", "12a", "1\r\n+forged", "1.5"}) {
    EXPECT_EQ(three.call("RE.BIG-NUMBER", bad).error(), "ERR internal error: a big number is no number") << bad;
  }
  EXPECT_EQ(s.call("RE.C-STRING"), "a literal");
  EXPECT_EQ(s.call("RE.LONG-DOUBLE", "0.1"), "0.1");
  EXPECT_EQ(three.call("RE.LONG-DOUBLE", "2.5").real(), 2.5);
  EXPECT_EQ(s.call("PING"), "PONG");
}

TEST_F(replies, what_is_empty) {
  for (rt::reply null :
       {s.call("RE.NULL"), s.call("RE.NULL-ARRAY"), three.call("RE.NULL"), three.call("RE.NULL-ARRAY")}) {
    EXPECT_TRUE(null.is_null());
  }
  EXPECT_EQ(s.call("RE.EMPTY-ARRAY").array().size(), 0u);
  EXPECT_EQ(s.call("RE.EMPTY-TEXT"), "");
}

TEST_F(replies, what_is_empty_inside_of_others) {
  for (const rt::reply& all : {s.call("RE.EMPTIES"), three.call("RE.EMPTIES")}) {
    ASSERT_EQ(all.size(), 3u);
    EXPECT_TRUE(all[0].is_null());
    EXPECT_EQ(all[1].array().size(), 0u);
    EXPECT_EQ(all[2], "");
  }
}

TEST_F(replies, variants_and_structs) {
  EXPECT_EQ(s.call("RE.VARIANT", 0), 5);
  EXPECT_EQ(s.call("RE.VARIANT", 1), "text");
  EXPECT_EQ(s.call("RE.VARIANT", 2).error(), "ERR neither");
  EXPECT_EQ(to_string(s.call("RE.STRUCT")), "[\"name\", \"ada\", \"at\", [\"x\", (integer) 1, \"height\", \"2.5\"]]");
  const rt::reply person = three.call("RE.STRUCT");
  EXPECT_EQ(person.is_map(), has_resp3);
  EXPECT_EQ(person.at("name"), "ada");
  EXPECT_EQ(person.at("at").at("x"), 1);
  EXPECT_EQ(s.call("RE.STRUCTS").size(), 2u);
}

TEST_F(replies, attributes_are_for_those_who_have_them) {
  EXPECT_EQ(s.call("RE.ATTRIBUTE"), "the value");
  EXPECT_EQ(to_string(s.call("RE.ATTRIBUTE-POSTPONED")), "[\"inside\"]");
  EXPECT_EQ(s.call("RE.ATTRIBUTE-TOO-MUCH"), 1);
  EXPECT_EQ(s.log().find("dropped"), std::string::npos);
  const rt::reply value = three.call("RE.ATTRIBUTE");
  EXPECT_EQ(value, "the value");
  const rt::reply inside = three.call("RE.ATTRIBUTE-POSTPONED");
  EXPECT_EQ(inside[0], "inside");
  EXPECT_EQ(three.call("RE.ATTRIBUTE-TOO-MUCH"), 1);
  EXPECT_EQ(three.call("PING"), "PONG");
  if (const auto what = s.lacks("ReplyWithAttribute"); !what.empty()) GTEST_SKIP() << what;
  EXPECT_EQ(value.attributes().at("ttl"), 5);
  EXPECT_EQ(inside[0].attributes().size(), 2u);
  EXPECT_EQ(inside[0].attributes().at("a")[1], 2);
}

TEST_F(replies, errors_that_are_no_news_are_not_counted) {
  EXPECT_EQ(s.call("RE.UNCOUNTED").error(), "OWN no news");
  EXPECT_EQ(s.call("RE.COUNTED").error(), "OTHER news");
  if (const auto what = s.lacks("ReplyWithCustomErrorFormat"); !what.empty()) {
    GTEST_SKIP() << what;
  }
  const auto errors = s.info("errorstats");
  EXPECT_TRUE(errors.contains("errorstat_OTHER"));
  EXPECT_FALSE(errors.contains("errorstat_OWN"));
}

}  // namespace
