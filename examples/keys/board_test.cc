#include <gtest/gtest.h>
#include <redismodule/testing/server.h>

TEST(board, keeps_the_best) {
  redismodule::testing::server s{BOARD_MODULE};
  s.call("HSET", "notes", "ann", "left-handed");
  EXPECT_EQ(s.call("board.play", "b", "ann", 10).real(), 10);
  EXPECT_EQ(s.call("board.play", "b", "ann", 7).real(), 10);
  s.call("board.play", "b", "bob", 20);
  s.call("board.play", "b", "cid", 1);

  const auto top = s.call("board.top", "b", "notes", 2);
  ASSERT_EQ(top.size(), 2u);
  EXPECT_EQ(top[0][0], "bob");
  EXPECT_TRUE(top[0][2].is_null());
  EXPECT_EQ(top[1][0], "ann");
  EXPECT_EQ(top[1][1].real(), 10);
  EXPECT_EQ(top[1][2], "left-handed");

  EXPECT_EQ(s.call("board.rename", "b", "bob", "rob"), "OK");
  EXPECT_EQ(s.call("board.rename", "b", "bob", "rob").error(), "ERR no such player");
  EXPECT_EQ(s.call("ZSCORE", "b", "rob"), "20");
  EXPECT_EQ(s.call("board.cut", "b", 10), 1);
  EXPECT_EQ(s.call("ZCARD", "b"), 2);
  EXPECT_EQ(s.call("board.top", "notes", "notes", 2).error(),
            "WRONGTYPE Operation against a key holding the wrong kind of value");
}

TEST(board, keeps_its_end_when_its_only_player_is_renamed) {
  redismodule::testing::server s{BOARD_MODULE};
  s.call("board.play", "b", "ann", 10);
  s.call("EXPIRE", "b", 1000);
  EXPECT_EQ(s.call("board.rename", "b", "ann", "anna"), "OK");
  EXPECT_EQ(s.call("board.rename", "b", "anna", "anna"), "OK");
  EXPECT_EQ(s.call("ZSCORE", "b", "anna"), "10");
  EXPECT_EQ(s.call("ZCARD", "b"), 1);
  EXPECT_GT(s.call("TTL", "b").integer(), 0);
}
