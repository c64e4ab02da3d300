// A module with the official header that takes the allocator alone.
#include <gtest/gtest.h>
#include <redismodule/testing/server.h>

namespace {

using redismodule::testing::server;

TEST(legacy, its_memory_is_the_servers) {
  server s;
  s.load(LEGACY_MODULE);
  EXPECT_EQ(s.call("legacy.note", "a", "first"), "OK");
  EXPECT_EQ(s.call("legacy.read", "a"), "first");
  EXPECT_TRUE(s.call("legacy.read", "none").is_null());
  const auto before = s.memory();
  EXPECT_EQ(s.call("legacy.note", "large", std::string(8 << 20, 'x')), "OK");
  EXPECT_GE(s.memory() - before, 8 << 20);
  EXPECT_EQ(s.call("legacy.clear"), 2);
  EXPECT_NE(s.call("INFO", "legacy").str().find("memory_"), std::string::npos);
  s.unload("legacy");
  EXPECT_FALSE(s.maps("legacy.so"));
}

TEST(legacy, it_refuses_to_grow_past_maxmemory) {
  server s{{.config = {"maxmemory 20mb"}}};
  s.load(LEGACY_MODULE);
  auto answer = s.call("legacy.note", "first", "x");
  int kept = 1;
  for (; kept < 20 && !answer.is_error(); ++kept) {
    answer = s.call("legacy.note", "note" + std::to_string(kept), std::string(2 << 20, 'x'));
  }
  ASSERT_TRUE(answer.is_error()) << "40 MiB fitted into 20";
  EXPECT_EQ(answer.error().rfind("OOM ", 0), 0u) << answer;
  EXPECT_EQ(s.call("legacy.clear"), kept - 1);
  EXPECT_EQ(s.call("legacy.note", "more", "x"), "OK");
}

}  // namespace
