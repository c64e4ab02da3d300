#include "redismodule/result.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace {

namespace rm = redismodule;

rm::result<int> half(int n) {
  if (n % 2 != 0) return rm::error_reply{"ERR odd"};
  return n / 2;
}

TEST(result, holds_a_value_or_an_error) {
  const rm::result<int> value = 3;
  EXPECT_TRUE(value);
  EXPECT_TRUE(value.has_value());
  EXPECT_EQ(*value, 3);
  EXPECT_EQ(value.value(), 3);
  const rm::result<int> error = rm::error_reply{"ERR none"};
  EXPECT_FALSE(error);
  EXPECT_EQ(error.error().text(), "ERR none");
  EXPECT_EQ(error.value_or(7), 7);
  EXPECT_EQ(value.value_or(7), 3);
}

TEST(result, asking_for_a_value_that_is_not_there_throws) {
  const rm::result<int> error = rm::error_reply{"ERR none"};
  try {
    static_cast<void>(error.value());
    FAIL();
  } catch (const rm::bad_result_access& thrown) {
    EXPECT_STREQ(thrown.what(), "ERR none");
  }
  EXPECT_THROW(rm::result<void>{rm::error_reply{"ERR none"}}.value(), rm::bad_result_access);
}

TEST(result, and_then) {
  EXPECT_EQ(half(8).and_then(half), rm::result<int>{2});
  EXPECT_EQ(half(6).and_then(half).error().text(), "ERR odd");
  EXPECT_EQ(half(3).and_then(half).error().text(), "ERR odd");
  const rm::result<void> done = half(2).and_then([](int) { return rm::result<void>{}; });
  EXPECT_TRUE(done);
  EXPECT_EQ(*done.and_then([] { return rm::result<int>{5}; }), 5);
}

TEST(result, transform) {
  EXPECT_EQ(*half(8).transform([](int n) { return std::to_string(n); }), "4");
  EXPECT_FALSE(half(1).transform([](int n) { return n; }));
  int seen = 0;
  const rm::result<void> done = half(8).transform([&](int n) { seen = n; });
  EXPECT_TRUE(done);
  EXPECT_EQ(seen, 4);
  EXPECT_EQ(*done.transform([] { return true; }), true);
}

TEST(result, or_else) {
  EXPECT_EQ(*half(1).or_else([](const rm::error_reply&) { return rm::result<int>{0}; }), 0);
  EXPECT_EQ(*half(4).or_else([](const rm::error_reply&) { return rm::result<int>{0}; }), 2);
}

TEST(result, of_bool_and_optional_keep_their_two_questions_apart) {
  const rm::result<bool> no = false;
  EXPECT_TRUE(no.has_value());
  EXPECT_FALSE(*no);
  const rm::result<std::optional<int>> absent = std::nullopt;
  EXPECT_TRUE(absent.has_value());
  EXPECT_FALSE(absent->has_value());
  const rm::result<std::optional<int>> present = 4;
  EXPECT_EQ(**present, 4);
}

TEST(result, moves_what_cannot_be_copied) {
  rm::result<std::unique_ptr<int>> first = std::make_unique<int>(1);
  rm::result<std::unique_ptr<int>> second = std::move(first);
  EXPECT_EQ(**second, 1);
  first = rm::error_reply{"ERR gone"};
  second = std::move(first);
  EXPECT_FALSE(second);
  const std::unique_ptr<int> out = rm::result<std::unique_ptr<int>>{std::make_unique<int>(2)}.value();
  EXPECT_EQ(*out, 2);
}

TEST(result, copies_between_all_states) {
  const rm::result<std::string> value = std::string(100, 'x');
  const rm::result<std::string> error = rm::error_reply{std::string(100, 'y')};
  for (const auto& from : {value, error}) {
    for (const auto& to : {value, error}) {
      rm::result<std::string> copy = to;
      copy = from;
      EXPECT_EQ(copy, from);
      rm::result<std::string>& itself = copy;
      copy = std::move(itself);
      EXPECT_EQ(copy, from);
    }
  }
  EXPECT_NE(value, error);
}

struct throws_when_moved {
  throws_when_moved() = default;
  throws_when_moved(const throws_when_moved&) = default;
  throws_when_moved(throws_when_moved&& other) noexcept(false) {
    if (other.armed) throw std::runtime_error{"no"};
  }
  bool armed = false;
};

TEST(result, survives_a_move_that_throws) {
  rm::result<throws_when_moved> from;
  rm::result<throws_when_moved> to;
  from->armed = true;
  EXPECT_THROW(to = std::move(from), std::runtime_error);
  EXPECT_FALSE(to);
  to = rm::result<throws_when_moved>{};
  EXPECT_TRUE(to);
}

TEST(error_reply, keeps_its_text_on_one_line) {
  EXPECT_EQ(rm::error_reply{"ERR plain"}.text(), "ERR plain");
  EXPECT_EQ(rm::error_reply{std::string{"ERR a\r\nb"}}.text(), "ERR a  b");
  EXPECT_EQ(rm::error_reply{std::string("ERR \0\x7f", 6)}.text(), "ERR \\x00\\x7f");
  EXPECT_EQ(rm::error_reply{std::string_view{"ERR \xc3\xa9"}}.text(), "ERR \xc3\xa9");
  const char* pointer = "ERR\tx";
  EXPECT_EQ(rm::error_reply{pointer}.text(), "ERR\\x09x");
}

TEST(error_reply, copies_and_moves) {
  rm::error_reply owned{std::string(1000, 'x')};
  rm::error_reply copy = owned;
  EXPECT_EQ(copy, owned);
  rm::error_reply moved = std::move(owned);
  EXPECT_EQ(moved, copy);
  copy = rm::error_reply{"ERR literal"};
  EXPECT_EQ(copy.text(), "ERR literal");
  EXPECT_EQ(moved.text().size(), 1000u);
}

constinit rm::error_reply constant{"ERR made when compiled"};

TEST(error_reply, a_literal_costs_nothing) { EXPECT_EQ(constant.text(), "ERR made when compiled"); }

TEST(escaped, shows_all_bytes_and_cuts) {
  EXPECT_EQ(rm::escaped("plain"), "plain");
  EXPECT_EQ(rm::escaped(std::string_view("\0\r\n\t\x1b\x7f\x80\xff", 8)), "\\x00\\x0d\\x0a\\x09\\x1b\\x7f\\x80\\xff");
  EXPECT_EQ(rm::escaped("\\x00"), "\\\\x00");
  EXPECT_EQ(rm::escaped(std::string(64, 'a')), std::string(64, 'a'));
  EXPECT_EQ(rm::escaped(std::string(65, 'a')), std::string(64, 'a') + "...");
  EXPECT_EQ(rm::escaped(std::string(63, 'a') + "\n"), std::string(63, 'a') + "...");
}

}  // namespace
