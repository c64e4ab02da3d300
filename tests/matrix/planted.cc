// One test of each outcome, for the table of tests to tell apart.
#include <gtest/gtest.h>

#include <cstdio>

TEST(planted, passes) { std::printf("words without an end of line"); }
TEST(planted, fails) { FAIL() << "planted"; }
TEST(planted, skips) { GTEST_SKIP() << "needs RedisModule_Planted: Redis 99; this is Redis 7.0.15"; }
