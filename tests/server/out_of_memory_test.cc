// Memory that runs out, at each allocation in turn: the server lives, the client is told, nothing is lost.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "redismodule/testing/faults.h"
#include "redismodule/testing/leak_watch.h"
#include "redismodule/testing/server.h"

namespace {

using redismodule::testing::faults;
using redismodule::testing::server;

struct outcome {
  long long correct = 0;
  long long refused = 0;
};

// One run of OOM.WORK with the n-th allocation failing, or all from the n-th on.
void run_with_fault(server& s, faults& f, bool lasting, std::uint64_t n, const std::string& expected, outcome& counts) {
  lasting ? f.fail_from(faults::memory, n) : f.fail(faults::memory, n);
  const auto answer = s.call("oom.work");
  EXPECT_GE(f.fired("TryAlloc"), 1) << "at allocation " << n;
  f.reset();
  if (answer.is_error()) {
    ++counts.refused;
    EXPECT_EQ(answer.error().substr(0, 4), "OOM ") << answer.error() << " at allocation " << n;
    return;
  }
  ++counts.correct;
  EXPECT_EQ(answer.str(), expected) << "a wrong answer at allocation " << n;
  EXPECT_FALSE(lasting) << "a lasting shortage from allocation " << n << " on was not reported";
}

long long allocations_of_work(server& s, faults& f) {
  f.count(faults::memory);
  s.call("oom.work");
  return f.calls("TryAlloc");
}

void run_all(server& s, faults& f, long long count, const std::string& expected) {
  for (const bool lasting : {false, true}) {
    outcome counts;
    for (long long n = 1; n <= count; ++n) {
      run_with_fault(s, f, lasting, static_cast<std::uint64_t>(n), expected, counts);
    }
    // A single failure may be survived: the library's pool gives the exception object.
    EXPECT_GE(counts.refused, lasting ? count : count / 2);
  }
}

void fail_each_allocation_in_turn(server& s, bool accounted) {
  faults f{s, "out_of_memory"};
  const auto expected = s.call("oom.work").str();
  const auto count = allocations_of_work(s, f);
  EXPECT_GE(count, 200);
  run_all(s, f, count, expected);
  const auto held = s.call("oom.held").array();
  EXPECT_EQ(held[0].integer() > 0, accounted);
  EXPECT_LE(std::abs(redismodule::testing::memory_growth(s, [&] { run_all(s, f, count, expected); })),
            redismodule::testing::memory_noise);
  EXPECT_EQ(s.call("oom.held").array(), held);
  EXPECT_EQ(s.call("oom.work"), expected);
  EXPECT_TRUE(s.alive());
}

TEST(out_of_memory, every_allocation_may_fail) {
  server s{OUT_OF_MEMORY_MODULE};
  if (const auto what = s.lacks("TryAlloc"); !what.empty()) GTEST_SKIP() << what;
  fail_each_allocation_in_turn(s, false);
}

TEST(out_of_memory, every_allocation_may_fail_with_accounting_on) {
  server s{OUT_OF_MEMORY_ACCOUNTED_MODULE};
  if (const auto what = s.lacks("TryAlloc"); !what.empty()) GTEST_SKIP() << what;
  fail_each_allocation_in_turn(s, true);
}

TEST(out_of_memory, more_than_there_is_is_refused_in_words) {
  server s{OUT_OF_MEMORY_MODULE};
  if (const auto what = s.lacks("TryAlloc"); !what.empty()) GTEST_SKIP() << what;
  const auto answer = s.call("oom.huge", "4000000000000000000");
  EXPECT_TRUE(answer.is_error());
  EXPECT_EQ(answer.error().substr(0, 4), "OOM ");
  EXPECT_EQ(s.call("oom.huge", 1000), 1);
}

// Redis 6 has no function that fails: its allocator ends the process, whatever a module does. What can be known to be
// impossible is refused before it is asked.
TEST(out_of_memory, redis_6_ends_itself_where_later_servers_answer) {
  server s{OUT_OF_MEMORY_MODULE};
  if (s.lacks("TryAlloc").empty()) GTEST_SKIP() << "this server has TryAlloc";
  EXPECT_EQ(s.call("oom.huge", "18000000000000000000").error().substr(0, 4), "OOM ");
  EXPECT_TRUE(s.alive());
  EXPECT_THROW(s.call("oom.huge", "4000000000000000000"), redismodule::testing::connection_lost);
  EXPECT_NE(s.log().find("Out Of Memory"), std::string::npos);
}

TEST(out_of_memory, a_budget_is_kept_and_given_back) {
  server s{OUT_OF_MEMORY_ACCOUNTED_MODULE};
  const auto spent = s.call("oom.budget", 100'000, 1000).array();
  EXPECT_GT(spent[0].integer(), 50);
  EXPECT_LT(spent[0].integer(), 100);
  EXPECT_LE(spent[1].integer(), 100'000);
  EXPECT_EQ(spent[2], 0);
  EXPECT_LE(spent[3].integer(), 100'000);
  EXPECT_EQ(s.call("oom.budget", 10'000'000, 1000).array()[0], 1000);
  EXPECT_EQ(s.call("oom.budget", 0, 1000).array()[0], 1000);
}

TEST(out_of_memory, accounting_shows_in_info) {
  server s{OUT_OF_MEMORY_ACCOUNTED_MODULE};
  s.call("oom.budget", 100'000, 1000);
  const auto all = s.call("INFO", "modules").str() + s.call("INFO", "everything").str();
  EXPECT_NE(all.find("memory_bytes:"), std::string::npos);
  EXPECT_NE(all.find("memory_arena_used:"), std::string::npos);
  EXPECT_NE(all.find("memory_scope_limited:bytes="), std::string::npos);
}

}  // namespace
