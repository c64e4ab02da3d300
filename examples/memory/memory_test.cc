// What the module holds is the server's memory, and it gives all of it back.
#include <gtest/gtest.h>
#include <redismodule/testing/leak_watch.h>
#include <redismodule/testing/server.h>

namespace rt = redismodule::testing;

TEST(memory, what_sqlite_holds_is_the_servers_and_goes_back) {
  rt::server s{MEMORY_MODULE};
  s.call("memory.sqlite", 1);
  s.call("memory.release");
  rt::leak_watch watch{s, {.memory = 64 << 10}};
  const long long before = s.memory();
  EXPECT_GE(s.call("memory.sqlite", 8).as<long long>(), 8'000'000);
  EXPECT_GE(s.memory() - before, 8'000'000);
  EXPECT_GT(s.call("memory.rows").as<long long>(), 1000);
  EXPECT_EQ(s.call("memory.release"), 0);
  watch.check();
}
