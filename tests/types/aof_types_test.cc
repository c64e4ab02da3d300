// The restore command while an append-only file is loaded: what it refuses is not lost. And what replicas make of it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "redismodule/testing/server.h"

namespace {

using redismodule::testing::aof;
using redismodule::testing::reply;
using redismodule::testing::server;
using redismodule::testing::server_options;
using redismodule::testing::start_failed;

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

// Everything that belongs to the append-only file.
std::map<std::string, std::string> append_only_files(const std::string& directory) {
  std::map<std::string, std::string> all;
  for (const auto& each : std::filesystem::recursive_directory_iterator{directory}) {
    const std::string name = each.path().filename();
    if (each.is_regular_file() && name.find("aof") != std::string::npos) all[name] = bytes_of(each.path());
  }
  return all;
}

server_options commands_only(const char* module) {
  return {.modules = {{module}}, .config = {"aof-use-rdb-preamble no"}, .aof = aof::always};
}

void expect_no_start(server_options options, const std::string& directory, std::string_view why) {
  const auto before = append_only_files(directory);
  options.config.push_back("dir " + directory);
  try {
    server s{std::move(options)};
    ADD_FAILURE() << "started from what it cannot read";
  } catch (const start_failed& failure) {
    EXPECT_NE(std::string_view{failure.what()}.find(why), std::string::npos) << failure.what();
    EXPECT_NE(std::string_view{failure.what()}.find("a value in the AOF cannot be loaded. Terminating the server"),
              std::string::npos)
        << failure.what();
  }
  EXPECT_EQ(append_only_files(directory), before);
}

TEST(aof_types, a_server_does_not_start_from_a_value_of_a_newer_version) {
  server s{commands_only(EVOLVING_3_MODULE)};
  s.call("account.add", "key", 300, "gift");
  s.rewrite_aof();
  s.kill();
  expect_no_start(commands_only(EVOLVING_1_MODULE), s.directory(),
                  "the value is of a later version than this module knows");
  s.start();
  EXPECT_EQ(s.call("account.show", "key"), "300 gift=300");
}

TEST(aof_types, a_server_does_not_start_from_a_value_that_is_broken) {
  server s{commands_only(TYPES_MODULE)};
  s.call("counter.fill", "key", 2, "a note that is found again");
  s.rewrite_aof();
  s.kill();
  for (const auto& each : std::filesystem::recursive_directory_iterator{s.directory()}) {
    if (!each.is_regular_file()) continue;
    std::string text = bytes_of(each.path());
    const std::size_t at = text.find("sa note that");
    const std::size_t length = text.find("a note that");
    if (length == std::string::npos || text.find("hellocntr.restore") == std::string::npos) continue;
    ASSERT_EQ(at, std::string::npos);
    text[length - 1] = 0x70;  // the note's length
    std::ofstream{each.path(), std::ios::binary} << text;
  }
  expect_no_start(commands_only(TYPES_MODULE), s.directory(), "the data end early, or are of another kind");
}

TEST(aof_types, a_server_does_not_start_where_memory_runs_out_for_a_value) {
  server s{commands_only(TYPES_MODULE)};
  if (const auto what = s.lacks("TryAlloc"); !what.empty()) GTEST_SKIP() << what;
  s.call("counter.fill", "key", 2000, "a note");
  s.rewrite_aof();
  s.kill();
  server_options short_of_memory = commands_only(TYPES_MODULE);
  short_of_memory.modules[0].args = {"fault:fail-from=TryAlloc,1000"};
  expect_no_start(std::move(short_of_memory), s.directory(), "out of memory");
  s.start();
  EXPECT_EQ(s.call("counter.visits", "key"), 2000);
}

// Nothing changes where the command answers an error: neither here, nor on a replica, nor in the AOF.
TEST(aof_types, a_last_part_that_is_refused_is_refused_everywhere) {
  server s{commands_only(TYPES_MODULE)};
  server replica = s.add_replica();
  EXPECT_EQ(s.call("hellocntr.restore", "key", 1, 0, 0, "u"), "OK");
  EXPECT_TRUE(s.call("hellocntr.restore", "key", 1, 1, 1, "not the rest").is_error());
  s.wait_for_sync(replica);
  const std::string digest = s.call("DEBUG", "DIGEST").str();
  EXPECT_EQ(s.call("EXISTS", "key"), 1);
  EXPECT_EQ(replica.call("DEBUG", "DIGEST"), digest);
  s.crash();
  EXPECT_EQ(s.call("DEBUG", "DIGEST"), digest);
  EXPECT_EQ(s.call("DEL", "key"), 1);
}

}  // namespace
