// Values at the edges: they are saved and loaded, or refused in words, and none ends the server.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "redismodule/testing/faults.h"
#include "redismodule/testing/leak_watch.h"
#include "redismodule/testing/server.h"

namespace {

using redismodule::testing::aof;
using redismodule::testing::faults;
using redismodule::testing::leak_watch;
using redismodule::testing::reply;
using redismodule::testing::server;
using redismodule::testing::server_options;

constexpr int most_levels = 1000;

std::string digest_of(server& s) { return s.call("DEBUG", "DIGEST").str(); }
std::string digest_of(server& s, std::string_view key) {
  return s.call("DEBUG", "DIGEST-VALUE", key).array().at(0).str();
}

std::string bytes_of(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

bool is_redis_6(const server& s) { return s.version().is_redis() && s.version().number.major < 7; }

// The child's exit, as the server says it.
std::string outcome(server& s, const char* command, const char* running, const char* status) {
  s.call(command);
  while (s.info("persistence", running) != "0") std::this_thread::sleep_for(std::chrono::milliseconds{10});
  return s.info("persistence", status);
}
std::string background_save(server& s) {
  return outcome(s, "BGSAVE", "rdb_bgsave_in_progress", "rdb_last_bgsave_status");
}
std::string background_rewrite(server& s) {
  return outcome(s, "BGREWRITEAOF", "aof_rewrite_in_progress", "aof_last_bgrewrite_status");
}

// --- What cannot be saved ---

TEST(edge_types, what_cannot_be_saved_fails_every_save_and_the_file_stays) {
  server s{server_options{.modules = {{EDGES_MODULE}}, .config = {"stop-writes-on-bgsave-error no"}}};
  s.call("stubborn.set", "key", "saved");
  s.save();
  const std::string file = s.directory() + "/dump.rdb";
  const std::string before = bytes_of(file);
  for (const char* how : {"throw", "refuse"}) {
    s.call("stubborn.set", "key", how);
    EXPECT_TRUE(s.call("SAVE").is_error()) << how;
    EXPECT_EQ(background_save(s), "err") << how;
    EXPECT_TRUE(s.call("DEBUG", "RELOAD").is_error()) << how;
    EXPECT_TRUE(s.call("SHUTDOWN", "SAVE").is_error()) << how;
    EXPECT_EQ(s.call("EXISTS", "key"), 1) << how;
    EXPECT_EQ(bytes_of(file), before) << how;
    if (!is_redis_6(s)) {
      const std::string payload = s.call("DUMP", "key").str();
      EXPECT_TRUE(s.call("RESTORE", "copy", 0, payload).is_error()) << how;
    }
  }
  EXPECT_NE(s.log().find("stubborn1: a value cannot be saved, and so nothing is: it does not want to"),
            std::string::npos);
  s.call("stubborn.set", "key", "saved again");
  EXPECT_EQ(background_save(s), "ok");
  s.save();
  EXPECT_NE(bytes_of(file), before);
}

TEST(edge_types, what_cannot_be_saved_fails_the_rewrite_of_the_aof) {
  server s{
      server_options{.modules = {{EDGES_MODULE}}, .config = {"aof-use-rdb-preamble no"}, .aof = aof::every_second}};
  for (const char* how : {"throw", "refuse"}) {
    s.call("stubborn.set", "key", how);
    EXPECT_EQ(background_rewrite(s), "err") << how;
  }
  s.call("stubborn.set", "key", "saved");
  EXPECT_EQ(background_rewrite(s), "ok");
}

// --- Depth ---

TEST(edge_types, as_deep_as_they_can_be_they_are_saved_loaded_copied_and_freed) {
  server s{server_options{.modules = {{EDGES_MODULE}}, .config = {"aof-use-rdb-preamble no"}, .aof = aof::always}};
  s.call("chain.make", "chain", most_levels / 2);
  EXPECT_EQ(s.call("boxes.make", "boxes", most_levels / 2), 0);
  const std::string digest = digest_of(s);
  s.reload();
  EXPECT_EQ(digest_of(s), digest);
  s.rewrite_aof();
  s.crash();
  EXPECT_EQ(digest_of(s), digest);
  if (!is_redis_6(s)) {
    for (const char* key : {"chain", "boxes"}) {
      EXPECT_EQ(s.call("COPY", key, "copy", "REPLACE"), 1) << key;
      EXPECT_EQ(digest_of(s, "copy"), digest_of(s, key)) << key;
    }
  }
  EXPECT_GT(s.call("MEMORY", "USAGE", "chain", "SAMPLES", 0).integer(), most_levels / 2 * 16);
  EXPECT_EQ(s.call("UNLINK", "chain"), 1);
  EXPECT_EQ(s.call("UNLINK", "boxes"), 1);
}

TEST(edge_types, deeper_ones_are_neither_saved_nor_copied_and_end_no_server) {
  server s{server_options{.modules = {{EDGES_MODULE}}, .config = {"stop-writes-on-bgsave-error no"}}};
  s.call("chain.make", "key", 10);
  s.save();
  const std::string before = bytes_of(s.directory() + "/dump.rdb");
  const auto expect_refused = [&] {
    EXPECT_TRUE(s.call("SAVE").is_error());
    EXPECT_EQ(background_save(s), "err");
    EXPECT_EQ(bytes_of(s.directory() + "/dump.rdb"), before);
    if (!is_redis_6(s)) {
      EXPECT_NE(s.call("COPY", "key", "copy"), 1);
      EXPECT_TRUE(s.call("RESTORE", "copy", 0, s.call("DUMP", "key").str()).is_error());
    }
    EXPECT_GT(s.call("MEMORY", "USAGE", "key", "SAMPLES", 0).integer(), 0);
    digest_of(s, "key");
    EXPECT_EQ(s.call("UNLINK", "key"), 1);
  };
  for (const int length : {most_levels / 2 + 1, 5'000}) {
    s.call("chain.make", "key", length);
    expect_refused();
  }
  EXPECT_EQ(s.call("boxes.make", "key", most_levels / 2 + 1), 1) << "rm::is_too_deep says so";
  expect_refused();
  EXPECT_NE(s.log().find("values lie deeper in values of their own type than can be loaded again"), std::string::npos);
  s.call("chain.make", "key", most_levels / 2);
  s.save();
}

// --- Codecs of authors ---

TEST(edge_types, elements_read_by_the_servers_own_functions_are_read) {
  server s{EDGES_MODULE};
  s.call("raw.fill", "key", 100);
  const std::string payload = s.call("DUMP", "key").str();
  EXPECT_EQ(s.call("RESTORE", "copy", 0, payload), "OK");
  EXPECT_EQ(s.call("raw.sum", "copy"), 99 * 50);
  s.reload();
  EXPECT_EQ(s.call("raw.sum", "key"), 99 * 50);
  if (is_redis_6(s)) return;
  faults f{s, "edges"};
  for (std::uint64_t n = 1; n <= 101; ++n) {
    f.cut_read(n);
    EXPECT_TRUE(s.call("RESTORE", "copy", 0, payload, "REPLACE").is_error()) << n;
  }
}

TEST(edge_types, elements_made_of_nothing_cannot_be_asked_for_without_end) {
  server s{EDGES_MODULE};
  if (is_redis_6(s)) GTEST_SKIP() << "Redis 6 ends itself at such payloads";
  s.call("hollow.fill", "key", 1'000'000);
  const std::string payload = s.call("DUMP", "key").str();
  EXPECT_TRUE(s.call("RESTORE", "copy", 0, payload).is_error());
  EXPECT_NE(s.log().find("an element was made of nothing"), std::string::npos);
}

// --- Memory ---

TEST(edge_types, blocks_of_others_are_not_asked_for_their_size) {
  server s{EDGES_MODULE};
  s.call("arena.fill", "key", 1000);
  EXPECT_GT(s.call("MEMORY", "USAGE", "key", "SAMPLES", 0).integer(), 1000 * 47);
  EXPECT_LT(s.call("MEMORY", "USAGE", "key", "SAMPLES", 0).integer(), 1000 * 500);
}

// Without a command of the module's, which would look after them.
TEST(edge_types, server_strings_that_another_thread_lets_go_of_are_given_back) {
  server s{EDGES_MODULE};
  if (const auto what = s.lacks("EventLoopAddOneShot"); !what.empty()) GTEST_SKIP() << what;
  const long long before = redismodule::testing::settled_memory(s);
  s.call("strings.fill", "key", 10'000, std::string(100, 'x'));
  ASSERT_GT(redismodule::testing::settled_memory(s), before + 1'000'000);
  s.call("UNLINK", "key");
  long long left = 0;
  for (int i = 0; i < 100; ++i) {
    left = redismodule::testing::settled_memory(s) - before;
    if (left < 100'000) break;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  EXPECT_LT(left, 100'000) << "what a server keeps of the first use of another thread is less";
}

TEST(edge_types, few_elements_that_hold_much_are_freed_by_another_thread) {
  server s{EDGES_MODULE};
  if (const auto what = s.lacks("GetTypeMethodVersion"); !what.empty()) GTEST_SKIP() << what;
  const auto freed_lazily = [&] {
    for (int i = 0; i < 200 && s.info("memory", "lazyfreed_objects") == "0"; ++i) s.call("PING");
    return s.info("memory", "lazyfreed_objects");
  };
  s.call("CONFIG", "RESETSTAT");
  s.call("shelves.fill", "few", 10);
  s.call("UNLINK", "few");
  EXPECT_EQ(freed_lazily(), "0");
  s.call("shelves.fill", "many", 10'000);
  s.call("UNLINK", "many");
  EXPECT_EQ(freed_lazily(), "1");
}

// --- Types of others ---

TEST(edge_types, functions_beside_a_type_stand_for_its_members) {
  server s{server_options{.modules = {{EDGES_MODULE}}, .config = {"aof-use-rdb-preamble no"}, .aof = aof::always}};
  s.call("others.set", "key", "some text");
  s.call("point.set", "point", 3, 4);
  const std::string digest = digest_of(s);
  const std::string payload = s.call("DUMP", "key").str();
  EXPECT_NE(payload.find("others"), std::string::npos) << "its rdb_save";
  EXPECT_EQ(s.call("RESTORE", "restored", 0, payload), "OK");
  EXPECT_EQ(s.call("others.get", "restored"), "some text");
  s.call("DEL", "restored");
  s.rewrite_aof();
  s.crash();
  EXPECT_EQ(s.call("others.get", "key"), "some text") << "its aof_rewrite";
  EXPECT_EQ(s.call("point.x", "point"), 3);
  EXPECT_EQ(digest_of(s), digest);
  EXPECT_EQ(s.call("TYPE", "key"), "others--1");
  EXPECT_GE(s.call("MEMORY", "USAGE", "key").integer(), 70'000) << "its mem_usage";
  if (is_redis_6(s)) return;
  EXPECT_EQ(s.call("COPY", "key", "copy"), 1);
  EXPECT_EQ(s.call("others.get", "copy"), "some text (copy)");
  s.call("CONFIG", "RESETSTAT");
  s.call("UNLINK", "key");
  EXPECT_EQ(s.call("others.unlinked"), 1);
  for (int i = 0; i < 500 && s.info("memory", "lazyfreed_objects") == "0"; ++i) s.call("PING");
  EXPECT_EQ(s.info("memory", "lazyfreed_objects"), "1") << "its free_effort";
}

}  // namespace
