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

TEST(reply, prints_what_cannot_be_printed) {
  EXPECT_EQ(to_string(reply::of_text(kind::string, std::string{"a\"\\\r\n\0\xff", 7})), R"("a\"\\\r\n\x00\xff")");
  EXPECT_EQ(to_string(reply{}), "(nil)");
  EXPECT_EQ(to_string(failure), "(error) \"ERR no\"");
}

}  // namespace
}  // namespace redismodule::testing
