// What arguments become, where it is not the server that says so: ranges, booleans, what a float can hold. Text is read
// by two functions in the place of the server's, as strict as these.
#include <gtest/gtest.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "redismodule/args.h"

namespace raw = redismodule::abi;

namespace {

std::string_view text_of(const raw::ModuleString* text) { return *reinterpret_cast<const std::string_view*>(text); }

const char* string_ptr_len(const raw::ModuleString* text, std::size_t* size) {
  if (size) *size = text_of(text).size();
  return text_of(text).data();
}

bool is_canonical(std::string_view text) {
  if (text.starts_with('-')) return text.size() > 1 && text[1] != '0' && is_canonical(text.substr(1));
  return text == "0" || (!text.empty() && text[0] != '0' && text[0] != '+');
}

int string_to_long_long(const raw::ModuleString* text, long long* value) {
  const auto bytes = text_of(text);
  const auto end = bytes.data() + bytes.size();
  const auto [stopped, failed] = std::from_chars(bytes.data(), end, *value);
  return is_canonical(bytes) && failed == std::errc{} && stopped == end ? raw::MODULE_OK : raw::MODULE_ERR;
}

int string_to_double(const raw::ModuleString* text, double* value) {
  const std::string bytes{text_of(text)};
  char* stopped = nullptr;
  *value = std::strtod(bytes.c_str(), &stopped);
  return !bytes.empty() && *stopped == 0 && *value == *value ? raw::MODULE_OK : raw::MODULE_ERR;
}

template <class T>
std::optional<T> decode(std::string_view text) {
  redismodule::api.StringPtrLen = string_ptr_len;
  redismodule::api.StringToLongLong = string_to_long_long;
  redismodule::api.StringToDouble = string_to_double;
  T value{};
  const redismodule::string_ref argument{reinterpret_cast<raw::ModuleString*>(&text)};
  if (!redismodule::arg_traits<T>::decode(argument, value).good()) return std::nullopt;
  return value;
}

// The number one further from 0, in digits, since no integer type may hold it.
std::string one_more(std::string digits) {
  for (auto at = digits.size(); at-- > 0 && digits[at] != '-';) {
    if (digits[at] != '9') {
      ++digits[at];
      return digits;
    }
    digits[at] = '0';
  }
  return digits.insert(digits[0] == '-' ? 1 : 0, "1");
}

}  // namespace

template <class T>
class integer_argument : public testing::Test {};
using integers = testing::Types<signed char, unsigned char, short, unsigned short, int, unsigned, long, unsigned long,
                                long long, unsigned long long>;
TYPED_TEST_SUITE(integer_argument, integers);

TYPED_TEST(integer_argument, reaches_the_ends_of_its_type_and_not_beyond) {
  using limits = std::numeric_limits<TypeParam>;
  const std::string least = std::to_string(limits::min()), most = std::to_string(limits::max());
  EXPECT_EQ(decode<TypeParam>(least), limits::min());
  EXPECT_EQ(decode<TypeParam>(most), limits::max());
  EXPECT_EQ(decode<TypeParam>(one_more(most)), std::nullopt);
  EXPECT_EQ(decode<TypeParam>(std::is_signed_v<TypeParam> ? one_more(least) : "-1"), std::nullopt);
  EXPECT_EQ(decode<TypeParam>("99999999999999999999999999"), std::nullopt);
}

TYPED_TEST(integer_argument, is_digits_alone) {
  EXPECT_EQ(decode<TypeParam>("0"), TypeParam{0});
  EXPECT_EQ(decode<TypeParam>("42"), TypeParam{42});
  for (const char* wrong : {"", " 1", "1 ", "+1", "01", "00", "-0", "1.0", "1e3", "0x1", "one", "-", "--1"}) {
    EXPECT_EQ(decode<TypeParam>(wrong), std::nullopt) << '\'' << wrong << '\'';
  }
}

TEST(unsigned_argument, takes_no_sign_above_the_signed_range) {
  EXPECT_EQ(decode<unsigned long long>("9223372036854775808"), 9223372036854775808u);
  EXPECT_EQ(decode<unsigned long long>("+9223372036854775808"), std::nullopt);
  EXPECT_EQ(decode<unsigned long long>("09223372036854775808"), std::nullopt);
  EXPECT_EQ(decode<unsigned long long>("-9223372036854775809"), std::nullopt);
  EXPECT_EQ(decode<unsigned long long>("-18446744073709551615"), std::nullopt);
}

TEST(float_argument, is_rounded_but_not_to_infinity) {
  EXPECT_EQ(decode<float>("0.1"), 0.1f);
  EXPECT_EQ(decode<float>("3.4028234663852886e38"), std::numeric_limits<float>::max());
  EXPECT_EQ(decode<float>("3.5e38"), std::nullopt);
  EXPECT_EQ(decode<float>("-3.5e38"), std::nullopt);
  EXPECT_EQ(decode<float>("1e-60"), 0.0f);
  EXPECT_EQ(decode<float>("inf"), std::numeric_limits<float>::infinity());
  EXPECT_EQ(decode<float>("-inf"), -std::numeric_limits<float>::infinity());
  EXPECT_EQ(decode<float>("x"), std::nullopt);
}

TEST(double_argument, is_what_the_server_reads) {
  EXPECT_EQ(decode<double>("0.1"), 0.1);
  EXPECT_EQ(decode<double>("-1.5e300"), -1.5e300);
  EXPECT_EQ(decode<double>("nan"), std::nullopt);
  EXPECT_EQ(decode<double>(""), std::nullopt);
}

TEST(bool_argument, knows_six_words_in_any_case) {
  for (const char* yes : {"yes", "true", "1", "YES", "True"}) EXPECT_EQ(decode<bool>(yes), true) << yes;
  for (const char* no : {"no", "false", "0", "No", "FALSE"}) EXPECT_EQ(decode<bool>(no), false) << no;
  for (const char* wrong : {"", "2", "y", "on", "yes ", "\u00fdes"}) EXPECT_EQ(decode<bool>(wrong), std::nullopt);
}

TEST(text_argument, is_all_of_the_bytes) {
  const std::string_view bytes{"a\0b\xff", 4};
  EXPECT_EQ(decode<std::string_view>(bytes), bytes);
  EXPECT_EQ(decode<std::string>(bytes), bytes);
}
