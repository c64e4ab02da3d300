// A server with two modules linked into it (tools/static-server makes it): both are there, answer and unload; the
// server allocates as the same server without them.
#include <gtest/gtest.h>

#include "../isolation.h"
#include "redismodule/testing/leak_watch.h"

namespace {

using isolation::kit::server;

bool is_listed(server& s, const std::string& name) {
  std::ostringstream modules;
  modules << s.call("MODULE", "LIST");
  return modules.str().find("\"" + name + "\"") != std::string::npos;
}

TEST(linked_statically, both_modules_load_answer_and_unload) {
  server s{isolation::quiet()};
  ASSERT_TRUE(is_listed(s, "static_one")) << s.log();
  ASSERT_TRUE(is_listed(s, "static_two")) << s.log();
  EXPECT_EQ(s.call("static_one.combine", 2, 3, 4), 9);
  EXPECT_EQ(s.call("static_two.combine", 2, 3, 4), 24);
  EXPECT_EQ(s.call("static_one.tell", "x"), "x thrown in one of one");
  EXPECT_EQ(s.call("static_two.tell", "x"), "x thrown in two of two");
  EXPECT_TRUE(s.call("static_one.combine", "x").is_error());

  s.unload("static_one");
  EXPECT_FALSE(is_listed(s, "static_one"));
  EXPECT_TRUE(s.call("static_one.tell", "x").is_error());
  EXPECT_EQ(s.call("static_two.tell", "y"), "y thrown in two of two");
  s.unload("static_two");
  EXPECT_FALSE(is_listed(s, "static_two"));
  EXPECT_EQ(s.call("PING"), "PONG");
}

// What used_memory, without the clients' buffers, grows by for the same commands.
long long memory_of_work(server& s) {
  const auto before = redismodule::testing::settled_memory(s);
  for (int i = 0; i < 2000; ++i) s.call("SET", "key" + std::to_string(i), std::string(100, 'v'));
  for (int i = 0; i < 500; ++i) s.call("HSET", "hash", "field" + std::to_string(i), "value");
  return redismodule::testing::settled_memory(s) - before;
}

TEST(linked_statically, the_server_allocates_as_without_them) {
  const char* stock = std::getenv("REDISMODULE_STOCK_SERVER");
  ASSERT_NE(stock, nullptr);
  server with{isolation::quiet()};
  auto options = isolation::quiet();
  options.binary = stock;
  server without{options};
  ASSERT_FALSE(is_listed(without, "static_one"));
  EXPECT_EQ(with.info("memory", "mem_allocator"), without.info("memory", "mem_allocator"));
  const auto grown = memory_of_work(with), grown_without = memory_of_work(without);
  isolation::figures("static", with, "used_memory growth\tgrowth of stock server", grown, grown_without);
  EXPECT_LE(std::abs(grown - grown_without), 4096);
}

}  // namespace
