#include "redismodule/testing/reply.h"

#include <gtest/gtest.h>
#include <limits>

namespace redismodule::testing {
namespace {

using kind = reply::kind;

const reply integer = reply::of_integer(42);
const reply text = reply::of_text(kind::string, "42");
const reply failure = reply::of_text(kind::error, "ERR no");

reply array_of(std::vector<reply> elements) { return reply::of_elements(kind::array, std::move(elements)); }

TEST(reply, compares_with_plain_values_of_its_kind_only) {
  EXPECT_EQ(integer, 42);
  EXPECT_EQ(42, integer);
  EXPECT_EQ(integer, 42U);
  EXPECT_NE(integer, 43);
  EXPECT_NE(integer, "42");
  EXPECT_NE(integer, 42.0);
  EXPECT_NE(integer, true);
  EXPECT_EQ(text, "42");
  EXPECT_EQ("42", text);
  EXPECT_EQ(text, std::string{"42"});
  EXPECT_EQ(text, std::string_view{"42"});
  EXPECT_NE(text, 42);
  EXPECT_NE(failure, "ERR no");
  EXPECT_EQ(reply{}, nullptr);
  EXPECT_NE(text, nullptr);
  EXPECT_EQ(reply::of_boolean(true), true);
  EXPECT_NE(reply::of_boolean(true), 1);
  EXPECT_EQ(reply::of_real(0.5), 0.5);
}

TEST(reply, does_not_wrap_integers_when_it_compares) {
  EXPECT_NE(reply::of_integer(-1), std::numeric_limits<std::uint64_t>::max());
  EXPECT_NE(reply::of_integer(256), std::uint8_t{0});
}

TEST(reply, compares_with_lists) {
  const reply numbers = array_of({reply::of_integer(1), reply::of_integer(2)});
  EXPECT_EQ(numbers, (std::vector{1, 2}));
  EXPECT_NE(numbers, (std::vector{1, 2, 3}));
  EXPECT_NE(numbers, (std::vector{1, 3}));
  EXPECT_NE(integer, std::vector{42});
  EXPECT_EQ(array_of({text}), std::vector<std::string>{"42"});
}

TEST(reply, compares_kind_and_content_with_another) {
  EXPECT_EQ(array_of({text, integer}), array_of({text, integer}));
  EXPECT_NE(array_of({text, integer}), array_of({integer, text}));
  EXPECT_NE(text, reply::of_text(kind::simple, "42"));
  EXPECT_NE(array_of({}), reply::of_elements(kind::set, {}));
}

TEST(reply, throws_in_words_when_read_as_something_else) {
  try {
    failure.integer();
    FAIL() << "an error was read as an integer";
  } catch (const error& thrown) {
    EXPECT_STREQ(thrown.what(), "wanted an integer, got (error) \"ERR no\"");
  }
  EXPECT_THROW(integer.str(), error);
  EXPECT_THROW(integer.array(), error);
  EXPECT_THROW(integer.map(), error);
  EXPECT_THROW(integer.boolean(), error);
  EXPECT_THROW(text.error(), error);
  EXPECT_THROW(text.verbatim_format(), error);
  EXPECT_THROW(array_of({text})[1], error);
  EXPECT_THROW(array_of({text, text, text}).map(), error);
  EXPECT_THROW(array_of({text, integer}).at("43"), error);
  EXPECT_THROW(reply::of_text(kind::string, "4x").real(), error);
}

TEST(reply, reads_what_resp2_makes_of_maps_and_doubles) {
  EXPECT_EQ(array_of({text, integer}).at("42"), 42);
  EXPECT_EQ(array_of({text, integer}).map().at(0).second, 42);
  EXPECT_EQ(reply::of_text(kind::string, "1.5").real(), 1.5);
  EXPECT_EQ(integer.real(), 42.0);
}

reply text_of(std::string content) { return reply::of_text(kind::string, std::move(content)); }
reply map_of(std::vector<reply> elements) { return reply::of_elements(kind::map, std::move(elements)); }

template <class T>
std::string why_not(const reply& r) {
  try {
    r.as<T>();
  } catch (const error& thrown) {
    return thrown.what();
  }
  return "it was converted";
}

TEST(reply, gives_values_where_it_is_about_to_go) {
  const auto answer = [] { return array_of({text_of("a"), text_of("b")}); };
  std::string all;
  for (const reply& each : answer().array()) all += each.str();
  EXPECT_EQ(all, "ab");
  const reply& first = answer()[0];
  EXPECT_EQ(first, "a");
  const std::string& second = answer().at("a").str();
  EXPECT_EQ(second, "b");
}

TEST(reply_as, converts_scalars_in_both_protocols) {
  EXPECT_EQ(integer.as<int>(), 42);
  EXPECT_EQ(integer.as<unsigned char>(), 42);
  EXPECT_EQ(text.as<long long>(), 42);
  EXPECT_EQ(text_of("18446744073709551615").as<std::uint64_t>(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(reply::of_integer(std::numeric_limits<std::int64_t>::min()).as<std::int64_t>(),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(reply::of_real(1.5).as<double>(), 1.5);
  EXPECT_EQ(text_of("1.5").as<double>(), 1.5);
  EXPECT_EQ(integer.as<float>(), 42.0F);
  EXPECT_TRUE(reply::of_boolean(true).as<bool>());
  EXPECT_TRUE(reply::of_integer(1).as<bool>());
  EXPECT_FALSE(reply::of_integer(0).as<bool>());
  EXPECT_EQ(text.as<std::string>(), "42");
  EXPECT_EQ(reply::of_text(kind::big_number, "12345678901234567890123").as<std::string>(), "12345678901234567890123");
  EXPECT_EQ(text.as<std::optional<int>>(), 42);
  EXPECT_EQ(reply{}.as<std::optional<int>>(), std::nullopt);
  EXPECT_EQ(integer.as<reply>(), 42);
}

TEST(reply_as, converts_trees) {
  const reply list = array_of({integer, text});
  EXPECT_EQ(list.as<std::vector<int>>(), (std::vector{42, 42}));
  EXPECT_EQ(reply::of_elements(kind::set, {text_of("b"), text_of("a")}).as<std::set<std::string>>(),
            (std::set<std::string>{"a", "b"}));
  EXPECT_EQ((list.as<std::pair<int, std::string>>()), (std::pair{42, std::string{"42"}}));
  EXPECT_EQ((array_of({integer, text, reply{}}).as<std::tuple<int, std::string, std::optional<int>>>()),
            (std::tuple{42, std::string{"42"}, std::optional<int>{}}));
  const std::map<std::string, int> pairs{{"a", 1}, {"b", 2}};
  EXPECT_EQ((map_of({text_of("a"), text_of("1"), text_of("b"), reply::of_integer(2)}).as<std::map<std::string, int>>()),
            pairs);
  EXPECT_EQ((array_of({text_of("a"), text_of("1"), text_of("b"), text_of("2")}).as<std::map<std::string, int>>()),
            pairs);
  EXPECT_EQ((map_of({text, integer}).as<std::unordered_map<std::string, int>>().at("42")), 42);
  EXPECT_EQ((array_of({list, list}).as<std::vector<std::vector<int>>>()[1][0]), 42);
}

TEST(reply_as, refuses_what_does_not_fit_and_says_where) {
  EXPECT_EQ(why_not<signed char>(reply::of_integer(128)), "wanted an integer from -128 to 127, got (integer) 128");
  EXPECT_EQ(why_not<unsigned>(reply::of_integer(-1)), "wanted an integer of 0 or more, got (integer) -1");
  EXPECT_EQ(why_not<unsigned char>(reply::of_integer(256)), "wanted an integer up to 255, got (integer) 256");
  EXPECT_EQ(why_not<int>(text_of("4x")), "wanted an integer, got \"4x\"");
  EXPECT_EQ(why_not<int>(failure), "wanted an integer, got (error) \"ERR no\"");
  EXPECT_EQ(why_not<int>(reply{}), "wanted an integer, got (nil)");
  EXPECT_EQ(why_not<bool>(integer), "wanted a boolean, or 0 or 1, got (integer) 42");
  EXPECT_EQ(why_not<std::string>(integer), "wanted a string, got (integer) 42");
  EXPECT_EQ((why_not<std::pair<int, int>>(array_of({integer}))), "wanted an array of 2 elements, got [(integer) 42]");
  EXPECT_EQ(why_not<std::vector<int>>(array_of({integer, text_of("x")})),
            "wanted an integer, got \"x\", which is element 1 of [(integer) 42, \"x\"]");
  EXPECT_EQ((why_not<std::map<std::string, int>>(map_of({text_of("k"), text_of("x")}))),
            "wanted an integer, got \"x\", which is the pair of \"k\" of {\"k\" => \"x\"}");
  EXPECT_LT(why_not<std::vector<int>>(array_of(std::vector(100'000, text_of("x")))).size(), 3000U);
}

TEST(reply, prints_what_cannot_be_printed) {
  EXPECT_EQ(to_string(reply::of_text(kind::string, std::string{"a\"\\\r\n\0\xff", 7})), R"("a\"\\\r\n\x00\xff")");
  EXPECT_EQ(to_string(reply{}), "(nil)");
  EXPECT_EQ(to_string(failure), "(error) \"ERR no\"");
}

struct point {
  int x, y;
};

}  // namespace

template <>
struct reply_as<point> {
  static point from(const reply& r) {
    const auto [x, y] = r.as<std::pair<int, int>>();
    return {x, y};
  }
};

namespace {

TEST(reply_as, is_extended_for_types_of_ones_own) {
  const auto points = array_of({array_of({integer, text})}).as<std::vector<point>>();
  EXPECT_EQ(points.at(0).y, 42);
}

}  // namespace
}  // namespace redismodule::testing
