#include "redismodule/handle.h"

#include <gtest/gtest.h>

#include <type_traits>
#include <utility>
#include <vector>

namespace {

namespace rm = redismodule;

std::vector<int*> closed;

struct recording_policy {
  using pointer = int*;
  static void close(int* owned) { closed.push_back(owned); }
};
using recorded = rm::handle<recording_policy>;

static_assert(sizeof(recorded) == sizeof(int*));
static_assert(!std::is_copy_constructible_v<recorded> && std::is_nothrow_move_constructible_v<recorded>);

struct handle : testing::Test {
  void SetUp() override { closed.clear(); }
  int a = 0, b = 0;
};

TEST_F(handle, closes_what_it_owns_once) {
  {
    recorded none;
    recorded one{&a};
    EXPECT_FALSE(none);
    EXPECT_TRUE(one);
    EXPECT_EQ(one.raw(), &a);
  }
  EXPECT_EQ(closed, std::vector<int*>{&a});
}

TEST_F(handle, moves_what_it_owns) {
  {
    recorded first{&a};
    recorded second{std::move(first)};
    EXPECT_FALSE(first);
    recorded third{&b};
    third = std::move(second);
    EXPECT_EQ(closed, std::vector<int*>{&b});
    recorded& itself = third;
    third = std::move(itself);
    EXPECT_EQ(third.raw(), &a);
  }
  EXPECT_EQ(closed, (std::vector<int*>{&b, &a}));
}

TEST_F(handle, gives_up_what_it_owns) {
  recorded one{&a};
  EXPECT_EQ(one.release(), &a);
  one.reset(&b);
  one.reset();
  EXPECT_EQ(closed, std::vector<int*>{&b});
}

}  // namespace
