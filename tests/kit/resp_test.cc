#include "redismodule/testing/resp.h"

#include <gtest/gtest.h>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace redismodule::testing {
namespace {

using kind = reply::kind;
using namespace std::string_literals;

class end_of_input : public error {
 public:
  using error::error;
};

// Hands out `bytes`, at most `step` at a time.
reply_reader::source source_of(std::string bytes, std::size_t step) {
  return [bytes = std::move(bytes), step, at = std::size_t{0}](char* into, std::size_t size) mutable {
    const std::size_t count = std::min({size, step, bytes.size() - at});
    if (count == 0) throw end_of_input{"no more input"};
    std::memcpy(into, bytes.data() + at, count);
    at += count;
    return count;
  };
}

// The one reply in `bytes`, the same however the bytes are cut.
reply parse(const std::string& bytes) {
  reply_reader whole{source_of(bytes, bytes.size())};
  const reply result = whole.next();
  EXPECT_FALSE(whole.has_buffered()) << "bytes left of " << bytes;
  for (const std::size_t step : {1, 2, 3, 7}) {
    reply_reader cut{source_of(bytes, step)};
    EXPECT_EQ(cut.next(), result) << "in steps of " << step << ": " << bytes;
  }
  return result;
}

TEST(resp, encodes_commands_as_arrays_of_bulk_strings) {
  EXPECT_EQ(encode_command({"SET", "k", std::string{"a\0\r\n", 4}}),
            "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\0\r\n\r\n"s);
  EXPECT_EQ(encode_command({""}), "*1\r\n$0\r\n\r\n");
}

TEST(resp, writes_numbers_so_that_they_read_back) {
  EXPECT_EQ(to_word(std::numeric_limits<long long>::min()), "-9223372036854775808");
  EXPECT_EQ(to_word(std::numeric_limits<unsigned long long>::max()), "18446744073709551615");
  EXPECT_EQ(to_word(0.1), "0.1");
  EXPECT_EQ(std::stod(to_word(1.0 / 3)), 1.0 / 3);
  EXPECT_EQ(to_word("text"), "text");
  EXPECT_EQ(to_word(std::string_view{"a\0b", 3}), std::string("a\0b", 3));
}

static_assert(command_word<int> && command_word<double> && command_word<std::string> && command_word<char[4]>);
static_assert(!command_word<bool> && !command_word<char> && !command_word<std::vector<std::string>>);

TEST(resp, reads_every_scalar_of_both_protocols) {
  EXPECT_EQ(parse("+OK\r\n"), reply::of_text(kind::simple, "OK"));
  EXPECT_EQ(parse("+\r\n"), "");
  EXPECT_EQ(parse("-ERR no\r\n").error(), "ERR no");
  EXPECT_EQ(parse(":-9223372036854775808\r\n"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse(":+7\r\n"), 7);
  EXPECT_EQ(parse("$5\r\nhello\r\n"), "hello");
  EXPECT_EQ(parse("$0\r\n\r\n"), "");
  EXPECT_EQ(parse("$4\r\n\r\n\r\n\r\n"), "\r\n\r\n");
  EXPECT_TRUE(parse("$-1\r\n").is_null());
  EXPECT_TRUE(parse("*-1\r\n").is_null());
  EXPECT_TRUE(parse("_\r\n").is_null());
  EXPECT_EQ(parse("#t\r\n"), true);
  EXPECT_EQ(parse("#f\r\n"), false);
  EXPECT_EQ(parse(",1.5\r\n"), 1.5);
  EXPECT_EQ(parse(",inf\r\n"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(parse(",-inf\r\n"), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(parse(",nan\r\n").real()));
  EXPECT_EQ(parse("(-3492890328409238509324850943850943825024385\r\n"), "-3492890328409238509324850943850943825024385");
  EXPECT_EQ(parse("!8\r\nERR a\r\nb\r\n").error(), "ERR a\r\nb");
  EXPECT_EQ(parse("=8\r\nmkd:# hi\r\n"), "# hi");
  EXPECT_EQ(parse("=8\r\nmkd:# hi\r\n").verbatim_format(), "mkd");
}

TEST(resp, reads_nested_aggregates) {
  const reply r = parse("*3\r\n*2\r\n:1\r\n$1\r\na\r\n%2\r\n+k\r\n:5\r\n+l\r\n~1\r\n#t\r\n*0\r\n");
  EXPECT_EQ(r.size(), 3U);
  EXPECT_EQ(r[0][0], 1);
  EXPECT_EQ(r[0][1], "a");
  EXPECT_EQ(r[1].size(), 2U);
  EXPECT_EQ(r[1].at("k"), 5);
  EXPECT_EQ(r[1].at("l")[0], true);
  EXPECT_EQ(r[2].size(), 0U);
  EXPECT_EQ(to_string(r), R"([[(integer) 1, "a"], {"k" => (integer) 5, "l" => (set) [(true)]}, []])");
}

TEST(resp, keeps_attributes_with_what_they_are_about) {
  const reply r = parse("*2\r\n|1\r\n+ttl\r\n:60\r\n$1\r\na\r\n:2\r\n");
  EXPECT_EQ(r[0], "a");
  EXPECT_EQ(r[0].attributes().at("ttl"), 60);
  EXPECT_TRUE(r[1].attributes().is_null());
}

TEST(resp, reads_pushes_and_replies_one_after_another) {
  reply_reader reader{source_of(">2\r\n+invalidate\r\n*1\r\n+k\r\n+OK\r\n:1\r\n", 4)};
  EXPECT_EQ(reader.next().type(), kind::push);
  EXPECT_EQ(reader.next(), "OK");
  EXPECT_EQ(reader.next(), 1);
  EXPECT_THROW(reader.next(), end_of_input);
}

TEST(resp, reads_what_is_big) {
  std::string blob(8 << 20, 'x');
  blob[12345] = '\r';
  blob[12346] = '\n';
  reply_reader one{source_of("$" + std::to_string(blob.size()) + "\r\n" + blob + "\r\n", 100'000)};
  EXPECT_EQ(one.next(), blob);

  std::string many = "*200000\r\n";
  for (int i = 0; i < 200'000; ++i) many += ":" + std::to_string(i) + "\r\n";
  reply_reader list{source_of(many, 1000)};
  const reply r = list.next();
  EXPECT_EQ(r.size(), 200'000U);
  EXPECT_EQ(r[199'999], 199'999);
}

TEST(resp, refuses_what_is_malformed) {
  const char* const malformed[] = {
      "\r\n",
      "x1\r\n",
      ":\r\n",
      ":1x\r\n",
      ":+-1\r\n",
      ":9223372036854775808\r\n",
      "$-2\r\n",
      "*-2\r\n",
      "$x\r\n",
      "$3\r\nabcd\r\n",
      "$1\r\na\r\r",
      "#true\r\n",
      "#\r\n",
      ",1.5x\r\n",
      ",\r\n",
      "_x\r\n",
      "(12a\r\n",
      "(\r\n",
      "=3\r\ntxt\r\n",
      "=4\r\ntxt;\r\n",
      "+a\rb\r\n",
      "+a\nb\r\n",
      "%9223372036854775807\r\n",
      "(-\r\n",
  };
  for (const char* bytes : malformed) {
    reply_reader reader{source_of(bytes, 100)};
    EXPECT_THROW(reader.next(), protocol_error) << bytes;
  }
}

TEST(resp, waits_for_the_last_byte) {
  const std::string whole = "*2\r\n$3\r\nabc\r\n|1\r\n+k\r\n:1\r\n%1\r\n+k\r\n,1\r\n";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    reply_reader reader{source_of(whole.substr(0, length), 100)};
    EXPECT_THROW(reader.next(), end_of_input) << "the first " << length;
  }
  EXPECT_EQ(parse(whole).size(), 2U);
}

TEST(resp, does_not_believe_claimed_sizes) {
  // Neither takes the memory it announces: 4 EiB and 2^60 elements.
  reply_reader text{source_of("$4611686018427387904\r\nabc", 100)};
  EXPECT_THROW(text.next(), end_of_input);
  reply_reader list{source_of("*1152921504606846976\r\n:1\r\n", 100)};
  EXPECT_THROW(list.next(), end_of_input);
}

TEST(resp, bounds_the_depth_and_the_line) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "*1\r\n";
  reply_reader nested{source_of(deep, 4096)};
  EXPECT_THROW(nested.next(), protocol_error);
  reply_reader endless{source_of("+" + std::string(4 << 20, 'x'), 4096)};
  EXPECT_THROW(endless.next(), protocol_error);

  std::string fine;
  for (int i = 0; i < 100; ++i) fine += "*1\r\n";
  EXPECT_EQ(parse(fine + ":1\r\n").size(), 1U);
}

}  // namespace
}  // namespace redismodule::testing
