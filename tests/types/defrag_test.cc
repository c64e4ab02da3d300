// Values are moved in memory, block by block, and are the same afterwards.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "redismodule/testing/leak_watch.h"
#include "redismodule/testing/server.h"

namespace {

using redismodule::testing::leak_watch;
using redismodule::testing::reply;
using redismodule::testing::server;

std::string digest_of(server& s, std::string_view key) {
  return s.call("DEBUG", "DIGEST-VALUE", key).array().at(0).str();
}

struct forced {
  long long rounds, asked, moved, whole;
};
forced force(server& s, std::string_view key, long long steps, std::string_view command = "shelf.force") {
  const reply r = s.call(command, key, steps);
  return {r[0].integer(), r[1].integer(), r[2].integer(), r[3].integer()};
}

// --- Moved by force: on any server ---

TEST(defrag, every_block_is_moved_and_the_value_is_the_same) {
  server s{DEFRAG_MODULE};
  s.call("shelf.fill", "key", 0, 500);
  s.call("shelf.thin", "key");
  const std::string digest = digest_of(s, "key");
  const forced once = force(s, "key", -1);
  EXPECT_EQ(once.rounds, 1);
  EXPECT_GT(once.moved, 250 * 15) << "a shelf has more blocks than that for each track";
  EXPECT_EQ(once.whole, 1);
  EXPECT_EQ(digest_of(s, "key"), digest);
}

TEST(defrag, goes_on_where_it_was_stopped) {
  server s{DEFRAG_MODULE};
  s.call("shelf.fill", "key", 0, 500);
  const std::string digest = digest_of(s, "key");
  const forced once = force(s, "key", -1);
  for (const long long steps : {1, 2, 5}) {
    const forced parts = force(s, "key", steps);
    EXPECT_GT(parts.rounds, 20);
    EXPECT_LT(parts.rounds, 100'000) << "it comes to an end";
    EXPECT_GE(parts.asked, once.asked - 50) << "nothing is left out";
    EXPECT_LE(parts.asked, once.asked + parts.rounds + 50) << "nothing is done again";
    EXPECT_EQ(parts.whole, 1);
    EXPECT_EQ(digest_of(s, "key"), digest);
  }
}

TEST(defrag, a_value_that_changes_meanwhile_does_no_harm) {
  server s{DEFRAG_MODULE};
  s.call("shelf.fill", "key", 0, 500);
  const forced parts = force(s, "key", 1, "shelf.forcechanging");
  EXPECT_GT(parts.rounds, 10);
  EXPECT_LT(parts.rounds, 100'000);
  EXPECT_EQ(parts.whole, 1);
}

// Strings of values that another thread has freed are given back by the module's next command.
void wait_for_lazy_free(server& s) {
  for (int i = 0; i < 1000 && s.info("memory", "lazyfree_pending_objects") != "0"; ++i) s.call("PING");
  s.call("defrag.calls");
}

TEST(defrag, leaves_nothing_behind) {
  server s{DEFRAG_MODULE};
  const auto run = [&] {
    s.call("shelf.fill", "key", 0, 200);
    force(s, "key", 1);
    s.call("shelf.thin", "key");
    force(s, "key", -1);
    s.call("DEL", "key");
    wait_for_lazy_free(s);
  };
  run();
  leak_watch watch{s};
  for (int i = 0; i < 3; ++i) run();
  watch.check();
}

TEST(defrag, is_replaced_by_a_member) {
  server s{DEFRAG_MODULE};
  const reply r = s.call("anchored.force", "key");
  EXPECT_EQ(r[0], 1);
  EXPECT_EQ(r[1], 0);
  EXPECT_EQ(r[2], 1 + 7);
  EXPECT_EQ(r[3], 1) << "what has no move constructor that cannot throw stays";
}

// --- By a server that can ---

std::string why_not(server& s) {
  const reply r = s.call("CONFIG", "SET", "activedefrag", "yes");
  if (!r.is_error()) return {};
  return "this server's allocator cannot defragment";
}

long long hits(server& s) { return std::stoll(s.info("stats", "active_defrag_hits")); }

void configure(server& s) {
  for (const auto& [name, value] :
       std::vector<std::pair<const char*, const char*>>{{"hz", "100"},
                                                        {"active-defrag-ignore-bytes", "1"},
                                                        {"active-defrag-threshold-lower", "0"},
                                                        {"active-defrag-cycle-min", "75"},
                                                        {"active-defrag-cycle-max", "99"}}) {
    s.call("CONFIG", "SET", name, value);
  }
}

TEST(defrag, the_server_moves_what_is_fragmented) {
  server s{DEFRAG_MODULE};
  if (const auto why = why_not(s); !why.empty()) GTEST_SKIP() << why;
  s.call("CONFIG", "SET", "activedefrag", "no");
  configure(s);
  s.call("shelf.fill", "key", 0, 20'000);
  s.call("shelf.thin", "key");
  const std::string digest = digest_of(s, "key");
  const long long before = hits(s);
  s.call("defrag.watch");
  s.call("CONFIG", "SET", "activedefrag", "yes");
  for (int i = 0; i < 300; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    const reply r = s.call("shelf.shares", "key");
    bool all = true;
    for (int j = 0; j < 6; ++j) all = all && r[j].integer() >= 950;
    if (all) break;
  }
  s.call("CONFIG", "SET", "activedefrag", "no");
  const reply shares = s.call("shelf.shares", "key");
  for (int i = 0; i < 6; ++i) EXPECT_GE(shares[i].integer(), 900) << "of 1000 blocks, container " << i;
  EXPECT_EQ(shares[6], 0) << "a loud comparison";
  EXPECT_GT(hits(s), before);
  EXPECT_EQ(s.call("shelf.whole", "key"), 1);
  EXPECT_EQ(digest_of(s, "key"), digest);
  RecordProperty("hits", std::to_string(hits(s) - before));
  RecordProperty("calls", std::to_string(s.call("defrag.calls").integer()));
}

}  // namespace
