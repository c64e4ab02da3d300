// A data type that changes: what older versions have written is read, what newer ones have written is refused.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "redismodule/testing/server.h"

namespace {

using redismodule::testing::aof;
using redismodule::testing::server;
using redismodule::testing::server_options;
using redismodule::testing::start_failed;

std::string payload_of(server& s) {
  s.call("account.add", "key", 300, "gift");
  return s.call("DUMP", "key").str();
}

std::string shown_after(server& s, const std::string& payload) {
  EXPECT_EQ(s.call("RESTORE", "old", 0, payload), "OK");
  return s.call("account.show", "old").str();
}

std::string bytes_of(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

TEST(evolving_types, older_versions_are_read) {
  server first{EVOLVING_1_MODULE};
  server second{EVOLVING_2_MODULE};
  server third{EVOLVING_3_MODULE};
  const std::string one = payload_of(first);
  const std::string two = payload_of(second);
  EXPECT_EQ(shown_after(second, one), "300 unknown");
  EXPECT_EQ(shown_after(third, one), "300 unknown=300");
  third.call("DEL", "old");
  EXPECT_EQ(shown_after(third, two), "300 gift=300");
}

TEST(evolving_types, an_older_version_is_written_where_that_is_asked_for) {
  server first{EVOLVING_1_MODULE};
  server third{server_options{.modules = {{EVOLVING_3_MODULE, {"write=1"}}}}};
  EXPECT_EQ(shown_after(first, payload_of(third)), "300");
  const std::string back = first.call("DUMP", "old").str();
  EXPECT_EQ(shown_after(third, back), "300 unknown=300");
}

// One that goes on from the files of another, which has been killed.
server with_the_files_of(server& other, const std::string& directory, const std::string& module, aof kept) {
  other.kill();
  return server{server_options{
      .modules = {{module}}, .config = {"dir " + directory, "aof-use-rdb-preamble no"}, .rdb = true, .aof = kept}};
}

// An AOF of restore commands, or an RDB.
void write_files(server& s, aof kept) { kept == aof::off ? s.save() : s.rewrite_aof(); }

TEST(evolving_types, files_of_older_versions_are_started_from) {
  const std::pair<std::string, std::string> olds[] = {{EVOLVING_1_MODULE, "300 unknown=300"},
                                                      {EVOLVING_2_MODULE, "300 gift=300"}};
  for (const aof kept : {aof::off, aof::always}) {
    for (const auto& [module, shown] : olds) {
      server old{
          server_options{.modules = {{module}}, .config = {"aof-use-rdb-preamble no"}, .rdb = true, .aof = kept}};
      old.call("account.add", "key", 300, "gift");
      write_files(old, kept);
      server fresh = with_the_files_of(old, old.directory(), EVOLVING_3_MODULE, kept);
      EXPECT_EQ(fresh.call("account.show", "key"), shown);
      write_files(fresh, kept);
      server newest = with_the_files_of(fresh, old.directory(), EVOLVING_3_MODULE, kept);
      EXPECT_EQ(newest.call("account.show", "key"), shown) << "of files in its own version";
    }
  }
}

TEST(evolving_types, files_of_a_pinned_version_are_started_from_by_that_version) {
  const std::pair<std::string, std::string> olds[] = {{EVOLVING_1_MODULE, "300"}, {EVOLVING_2_MODULE, "300 gift"}};
  int version = 0;
  for (const auto& [module, shown] : olds) {
    const std::string pin = "write=" + std::to_string(++version);
    for (const aof kept : {aof::off, aof::always}) {
      server fresh{server_options{
          .modules = {{EVOLVING_3_MODULE, {pin}}}, .config = {"aof-use-rdb-preamble no"}, .rdb = true, .aof = kept}};
      fresh.call("account.add", "key", 300, "gift");
      write_files(fresh, kept);
      server old = with_the_files_of(fresh, fresh.directory(), module, kept);
      EXPECT_EQ(old.call("account.show", "key"), shown);
    }
  }
}

TEST(evolving_types, old_and_new_replicate_each_other_meanwhile) {
  server old_master{EVOLVING_1_MODULE};
  old_master.call("account.add", "key", 100, "x");
  server fresh{server_options{.modules = {{EVOLVING_3_MODULE, {"write=1"}}}, .tcp = true}};
  fresh.call("REPLICAOF", "127.0.0.1", old_master.port());
  fresh.wait_for_sync();
  EXPECT_EQ(fresh.call("account.show", "key"), "100 unknown=100");
  fresh.promote();
  fresh.call("account.add", "key", 1, "y");
  old_master.call("REPLICAOF", "127.0.0.1", fresh.port());
  old_master.wait_for_sync();
  EXPECT_EQ(old_master.call("account.show", "key"), "101");
}

TEST(evolving_types, a_newer_version_is_refused_and_left_as_it_is) {
  server third{EVOLVING_3_MODULE};
  const std::string payload = payload_of(third);
  server first{EVOLVING_1_MODULE};
  if (!(first.version().is_redis() && first.version().number.major < 7)) {
    EXPECT_TRUE(first.call("RESTORE", "new", 0, payload).is_error());
    EXPECT_EQ(first.call("EXISTS", "new"), 0);
    EXPECT_NE(first.log().find("the value is of version 3, this module knows no later one than 1"), std::string::npos);
  }

  third.save();
  const std::string file = third.directory() + "/dump.rdb";
  const std::string before = bytes_of(file);
  ASSERT_FALSE(before.empty());
  third.kill();
  try {
    server s{server_options{.modules = {{EVOLVING_1_MODULE}}, .config = {"dir " + third.directory()}, .rdb = true}};
    ADD_FAILURE() << "started from what it cannot read";
  } catch (const start_failed& failure) {
    EXPECT_NE(std::string{failure.what()}.find("version 3"), std::string::npos) << failure.what();
  }
  EXPECT_EQ(bytes_of(file), before);
}

TEST(evolving_types, a_newer_version_ends_an_older_replica) {
  server third{EVOLVING_3_MODULE};
  payload_of(third);
  for (const char* how : {"disabled", "on-empty-db"}) {
    server first{{.modules = {{EVOLVING_1_MODULE}}, .config = {std::string{"repl-diskless-load "} + how}}};
    first.call("REPLICAOF", "127.0.0.1", third.port());
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (first.alive() && std::chrono::steady_clock::now() < limit) {
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    EXPECT_FALSE(first.alive()) << how;
    EXPECT_NE(first.log().find("the value is of version 3"), std::string::npos) << how;
  }
}

TEST(evolving_types, a_way_back_leads_over_a_file_that_was_written_for_it) {
  server third{EVOLVING_3_MODULE};
  payload_of(third);
  third.save();
  third.kill();
  const std::string there = "dir " + third.directory();
  server pinned{{.modules = {{EVOLVING_3_MODULE, {"write=1"}}}, .config = {there}, .rdb = true}};
  EXPECT_EQ(pinned.call("account.show", "key"), "300 gift=300");
  EXPECT_THROW((server{{.modules = {{EVOLVING_1_MODULE}}, .config = {there}, .rdb = true}}), start_failed);
  pinned.save();
  pinned.kill();
  server first{{.modules = {{EVOLVING_1_MODULE}}, .config = {there}, .rdb = true}};
  EXPECT_EQ(first.call("account.show", "key"), "300");
}

}  // namespace
