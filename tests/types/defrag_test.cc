// Values are moved in memory, block by block, and are the same afterwards.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "lazy_free.h"
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

TEST(defrag, leaves_nothing_behind) {
  server s{DEFRAG_MODULE};
  const auto run = [&] {
    s.call("shelf.fill", "key", 0, 200);
    force(s, "key", 1);
    s.call("shelf.thin", "key");
    force(s, "key", -1);
    s.call("DEL", "key");
    wait_for_lazy_free(s, {"defrag.calls"});
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

TEST(defrag, moves_what_could_be_wrapped_in_a_list_of_itself) {
  server s{DEFRAG_MODULE};
  s.call("odd.fill", "key", 100);
  const std::string digest = digest_of(s, "key");
  for (int i = 0; i < 3; ++i) s.call("odd.force", "key", -1, -1);
  EXPECT_EQ(digest_of(s, "key"), digest);
}

TEST(defrag, loses_nothing_where_a_key_cannot_be_moved) {
  server s{DEFRAG_MODULE};
  s.call("odd.fill", "key", 100);
  const std::string digest = digest_of(s, "key");
  for (const int after : {0, 1, 50, 99, 100, 101, 150, 199}) {
    const reply r = s.call("odd.force", "key", -1, after);
    EXPECT_EQ(r[0], 100);
    EXPECT_EQ(r[1], 100);
    EXPECT_EQ(r[2], -1) << "it has thrown";
    EXPECT_EQ(digest_of(s, "key"), digest);
  }
}

TEST(defrag, does_not_stop_in_what_is_to_be_moved_whole) {
  server s{DEFRAG_MODULE};
  s.call("odd.fill", "key", 100);
  EXPECT_GT(s.call("odd.force", "key", 1, -1)[3].integer(), 80) << "of a hundred texts, one in seven is short";
}

// --- By a server that can ---

class defrag_by_the_server : public testing::Test {
 protected:
  void SetUp() override {
    if (s.call("CONFIG", "SET", "activedefrag", "yes").is_error())
      GTEST_SKIP() << "this server's allocator cannot defragment";
    activate(false);
    set("hz", "100");
    set("active-defrag-ignore-bytes", "1");
    set("active-defrag-threshold-lower", "0");
    set("active-defrag-cycle-min", "75");
    set("active-defrag-cycle-max", "99");
  }
  void set(const char* name, const char* value) { s.call("CONFIG", "SET", name, value); }
  void activate(bool on) { set("activedefrag", on ? "yes" : "no"); }
  long long hits() { return std::stoll(s.info("stats", "active_defrag_hits")); }
  // Whether it comes to be so within a minute.
  template <class Condition>
  bool comes(Condition condition) {
    for (int i = 0; i < 3'000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    return false;
  }

  server s{DEFRAG_MODULE};
};

TEST_F(defrag_by_the_server, moves_what_is_fragmented) {
  s.call("shelf.fill", "key", 0, 10'000);
  s.call("shelf.thin", "key");
  const std::string digest = digest_of(s, "key");
  const long long before = hits();
  s.call("defrag.watch");
  activate(true);
  const bool offered = comes([&] {
    const reply shares = s.call("shelf.shares", "key");
    for (std::size_t i = 0; i < 6; ++i) {
      if (shares[i].integer() < 950) return false;
    }
    return true;
  });
  activate(false);
  const reply shares = s.call("shelf.shares", "key");
  EXPECT_TRUE(offered) << "of 1000 blocks each " << shares;
  EXPECT_EQ(shares[6], 0) << "a comparison that may throw";
  EXPECT_GT(hits(), before);
  EXPECT_GT(s.call("defrag.moves").integer(), 100) << "of the value's own blocks";
  EXPECT_EQ(s.call("shelf.whole", "key"), 1);
  EXPECT_EQ(digest_of(s, "key"), digest);
  RecordProperty("hits", std::to_string(hits() - before));
  RecordProperty("calls", std::to_string(s.call("defrag.calls").integer()));
}

TEST_F(defrag_by_the_server, names_the_key_where_the_server_does) {
  s.call("SELECT", 2);
  s.call("curious.fill", "the key", 3'000);
  activate(true);
  EXPECT_TRUE(comes([&] { return s.call("curious.seen").str().ends_with("/2"); }));
  const bool is_named = s.version().is_redis() && s.version().number.major >= 8;
  EXPECT_EQ(s.call("curious.seen"), is_named ? "the key/2" : "/2");
}

TEST_F(defrag_by_the_server, moves_globals) {
  s.call("globals.fill", 100'000);
  const auto ratio = [&] { return std::stod(s.info("memory", "allocator_frag_ratio")); };
  EXPECT_TRUE(comes([&] { return ratio() > 1.5; })) << "every other of them is gone";
  activate(true);
  EXPECT_TRUE(comes([&] { return s.call("globals.seen")[2].integer() > 0; })) << "it comes to an end";
  EXPECT_TRUE(comes([&] { return ratio() < 1.25; })) << ratio();
  activate(false);
  const reply seen = s.call("globals.seen");
  EXPECT_GE(seen[3].integer(), 50'000 * 4) << "a node, a key, a buffer, two texts; one in seven is short";
  EXPECT_GT(seen[4].integer(), 0);
  if (s.lacks("RegisterDefragFunc2").empty()) {
    EXPECT_GT(seen[1].integer(), 1) << "in parts";
  } else {
    EXPECT_EQ(seen[1], 0);
  }
  if (s.lacks("RegisterDefragCallbacks").empty()) {
    EXPECT_GT(seen[5].integer(), 0);
  }
}

// Values that others write to while the server moves them: what is not written to stays what it is.
TEST_F(defrag_by_the_server, moves_values_under_writes) {
  const auto length = std::chrono::seconds{std::getenv("REDISMODULE_LONG_TESTS") != nullptr ? 120 : 3};
  s.call("shelf.fill", "still", 0, 3'000);
  s.call("shelf.thin", "still");
  const std::string digest = digest_of(s, "still");
  const long long usage = s.call("MEMORY", "USAGE", "still", "SAMPLES", 0).integer();
  const std::string keys[] = {"a", "b", "c", "d"};
  std::minstd_rand random{1};
  activate(true);
  const long long before = hits();
  long long writes = 0;
  const auto end = std::chrono::steady_clock::now() + length;
  while (std::chrono::steady_clock::now() < end) {
    const std::string& key = keys[random() % 4];
    switch (random() % 6) {
      case 0: s.call("DEL", key); break;
      case 1:
      case 2: s.call("EXISTS", key) == 1 ? s.call("shelf.thin", key) : s.call("PING"); break;
      case 3: s.call("COPY", "still", key, "REPLACE"); break;
      default: s.call("shelf.fill", key, random() % 10'000, random() % 500);
    }
    if (++writes % 50 != 0) continue;
    ASSERT_EQ(digest_of(s, "still"), digest);
    for (const std::string& each : keys) {
      if (s.call("EXISTS", each) == 1) {
        ASSERT_EQ(s.call("shelf.whole", each), 1);
      }
    }
  }
  EXPECT_EQ(digest_of(s, "still"), digest);
  EXPECT_EQ(s.call("shelf.whole", "still"), 1);
  EXPECT_NEAR(static_cast<double>(s.call("MEMORY", "USAGE", "still", "SAMPLES", 0).integer()),
              static_cast<double>(usage), static_cast<double>(usage) / 50);
  EXPECT_GT(hits(), before);
  RecordProperty("hits", std::to_string(hits() - before));
  RecordProperty("writes", std::to_string(writes));
}

}  // namespace
