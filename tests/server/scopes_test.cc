// Accounting: who holds how much, compared with what the server says.
#include <gtest/gtest.h>

#include <vector>

#include "redismodule/testing/leak_watch.h"
#include "redismodule/testing/server.h"

namespace {

using redismodule::testing::server;

std::vector<long long> held(server& s, const char* name) {
  std::vector<long long> figures;
  const auto answer = s.call("scope.held", name);
  for (const auto& figure : answer.array()) figures.push_back(figure.integer());
  return figures;
}

TEST(scopes, a_container_is_charged_to_its_own_account) {
  server s{SCOPES_COUNTED_MODULE};
  s.call("scope.rows", 1'000'000);
  const auto rows = held(s, "rows");
  EXPECT_GE(rows[0], 8'000'000);
  EXPECT_LE(rows[0], 8'000'000 * 5 / 4);
  EXPECT_EQ(rows[1], 1);
  EXPECT_EQ(held(s, "names"), (std::vector<long long>{0, 0, 0, 0}));
}

TEST(scopes, nodes_and_over_aligned_nodes_are_counted_one_by_one) {
  server s{SCOPES_COUNTED_MODULE};
  s.call("scope.names", 1000);
  EXPECT_EQ(held(s, "names")[1], 1100);
  EXPECT_GE(held(s, "names")[0], 1000 * 40 + 100 * 128);
}

TEST(scopes, what_a_c_library_allocates_in_a_scope_stays_charged_to_it) {
  server s{SCOPES_COUNTED_MODULE};
  s.call("scope.library", 100, 10'000);
  EXPECT_EQ(held(s, "library")[1], 100);
  EXPECT_GE(held(s, "library")[0], 100 * 20'000);
}

TEST(scopes, blocks_are_credited_to_their_account_wherever_they_are_freed) {
  server s{SCOPES_COUNTED_MODULE};
  const auto before = held(s, "total");
  s.call("scope.rows", 1000);
  s.call("scope.names", 1000);
  s.call("scope.library", 100, 1000);
  EXPECT_GT(held(s, "total")[0], before[0]);
  s.call("scope.clear");
  for (const auto* name : {"rows", "names", "library"}) {
    const auto figures = held(s, name);
    EXPECT_EQ(figures[0], 0) << name;
    EXPECT_EQ(figures[1], 0) << name;
    EXPECT_GT(figures[2], 0) << name << ": the peak is kept";
    EXPECT_GT(figures[3], 0) << name << ": the peak is kept";
  }
  EXPECT_EQ(held(s, "total")[0], before[0]);
  EXPECT_EQ(held(s, "total")[1], before[1]);
}

TEST(scopes, a_resized_block_stays_within_the_budget) {
  server s{SCOPES_COUNTED_MODULE};
  for (const int aligned : {0, 1}) {
    const auto grown = s.call("scope.resize", 1'200'000, 600'000, 1'190'000, aligned).array();
    EXPECT_EQ(grown[0], 0);
    EXPECT_LE(grown[1].integer(), 1'200'000);
    EXPECT_EQ(grown[2], 0);
    const auto room = s.call("scope.resize", 1'200'000, 100'000, 500'000, aligned).array();
    EXPECT_EQ(room[0], 1);
    EXPECT_EQ(room[2], 0);
    const auto shrunk = s.call("scope.resize", 300'000, 200'000, 150'000, aligned).array();
    EXPECT_EQ(shrunk[0], 1) << "making a block smaller never fails";
    EXPECT_EQ(shrunk[2], 0);
  }
}

TEST(scopes, a_memory_resource_charges_its_scope) {
  server s{SCOPES_COUNTED_MODULE};
  const auto figures = s.call("scope.pmr", 1000).array();
  EXPECT_GE(figures[0].integer(), 1000 * 50);
  EXPECT_EQ(figures[1], 0);
}

TEST(scopes, the_modules_figure_grows_by_what_used_memory_grows_by) {
  server s{SCOPES_COUNTED_MODULE};
  s.call("scope.names", 100'000);
  s.call("scope.clear");
  const auto server_before = redismodule::testing::settled_memory(s);
  const auto module_before = held(s, "total")[0];
  s.call("scope.names", 100'000);
  s.call("scope.library", 100, 100'000);
  const auto in_server = redismodule::testing::settled_memory(s) - server_before;
  const auto in_module = held(s, "total")[0] - module_before;
  EXPECT_GT(in_module, 24'000'000);
  // The rest is the index of displaced blocks, where the allocator does not align, and the server's own.
  EXPECT_NEAR(static_cast<double>(in_server), static_cast<double>(in_module), 0.01 * static_cast<double>(in_module));
}

TEST(scopes, nothing_is_counted_without_accounting) {
  server s{SCOPES_PLAIN_MODULE};
  s.call("scope.rows", 1000);
  s.call("scope.names", 1000);
  EXPECT_EQ(held(s, "rows"), (std::vector<long long>{0, 0, 0, 0}));
  EXPECT_EQ(held(s, "total"), (std::vector<long long>{0, 0, 0, 0}));
  s.call("scope.clear");
}

}  // namespace
