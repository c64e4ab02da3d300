// What belongs to the data set beside its keys is saved, loaded, replicated, emptied and swapped with it.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

#include "../asan_options.h"
#include "redismodule/testing/leak_watch.h"
#include "redismodule/testing/server.h"

namespace {

using namespace std::chrono_literals;
using redismodule::testing::aof;
using redismodule::testing::leak_watch;
using redismodule::testing::server;
using redismodule::testing::server_options;
using redismodule::testing::start_failed;

void fill(server& s) {
  s.call("beside.limit", "ada", 7);
  s.call("beside.limit", "bob", 12);
  s.call("beside.remark", "a remark");
  s.call("SET", "key", "value");
}

constexpr std::string_view all_limits = "ada=7 bob=12 ";

void expect_filled(server& s) {
  EXPECT_EQ(s.call("beside.limits"), all_limits);
  EXPECT_EQ(s.call("beside.lastremark"), "a remark");
  EXPECT_EQ(s.call("GET", "key"), "value");
}

template <class F>
bool becomes_true(F f) {
  for (int i = 0; i < 2'000; ++i, std::this_thread::sleep_for(5ms)) {
    if (f()) return true;
  }
  return false;
}

// Starts another server on the files of this one, which is shut down.
void start_on_files_of(server& s, server_options options) {
  options.config.push_back("dir " + s.directory());
  server another{options};
}

TEST(aux_values, that_cannot_be_saved_fail_the_save) {
  server s{BESIDE_1_MODULE};
  fill(s);
  s.save();
  s.call("beside.remark", "unsavable");
  EXPECT_TRUE(s.call("SAVE").is_error());
  EXPECT_NE(s.log().find("it is not to be saved"), std::string::npos);
  s.crash();
  expect_filled(s);
}

TEST(aux_values, survive_a_save_and_a_crash) {
  server s{BESIDE_1_MODULE};
  fill(s);
  s.save();
  s.crash();
  expect_filled(s);
  s.reload();
  expect_filled(s);
}

TEST(aux_values, survive_in_an_aof_that_begins_with_an_rdb) {
  server s{server_options{.modules = {{BESIDE_1_MODULE}}, .config = {"aof-use-rdb-preamble yes"}, .aof = aof::always}};
  fill(s);
  s.rewrite_aof();
  s.call("beside.limit", "carl", 1);
  s.crash();
  EXPECT_EQ(s.call("beside.limits"), "ada=7 bob=12 carl=1 ");
  EXPECT_EQ(s.call("beside.lastremark"), "a remark");
}

TEST(aux_values, are_on_a_replica) {
  server s{BESIDE_1_MODULE};
  fill(s);
  server replica = s.add_replica();
  expect_filled(replica);
  s.call("beside.limit", "ada", 8);
  s.wait_for_sync(replica);
  EXPECT_EQ(replica.call("beside.limits"), "ada=8 bob=12 ");
}

TEST(aux_values, go_with_the_whole_data_set_and_not_with_one_database) {
  server s{BESIDE_1_MODULE};
  fill(s);
  s.call("FLUSHDB");
  EXPECT_EQ(s.call("beside.limits"), all_limits);
  s.call("FLUSHALL");
  EXPECT_EQ(s.call("beside.limits"), "");
  EXPECT_EQ(s.call("beside.lastremark"), "");
  s.reload();
  EXPECT_EQ(s.call("beside.limits"), "");
}

TEST(aux_values, are_not_there_any_more_where_what_is_loaded_has_none) {
  server s{BESIDE_1_MODULE};
  fill(s);
  server another{BESIDE_1_MODULE};
  another.call("SET", "another", "value");
  s.call("REPLICAOF", "127.0.0.1", another.port());
  s.wait_for_sync();
  EXPECT_EQ(s.call("GET", "another"), "value");
  EXPECT_EQ(s.call("beside.limits"), "");
  EXPECT_EQ(s.call("beside.lastremark"), "");
}

TEST(aux_values, leave_no_trace_where_nothing_was_written) {
  server s{BESIDE_1_MODULE};
  // As old as aux_save2.
  if (const auto what = s.lacks("RdbSave"); !what.empty()) GTEST_SKIP() << what;
  fill(s);
  s.save();
  s.stop();
  EXPECT_THROW(start_on_files_of(s, {}), start_failed) << "a control: a value is in the file";
  s.start();
  s.call("FLUSHALL");
  s.call("beside.lastremark");
  EXPECT_EQ(s.call("beside.move-limits"), "OK");
  s.call("SET", "key", "value");
  s.save();
  s.stop();
  EXPECT_NO_THROW(start_on_files_of(s, {}));
}

TEST(aux_values, are_saved_always_where_that_is_said) {
  server s{server_options{.modules = {{BESIDE_1_MODULE, {"always"}}}}};
  s.save();
  s.stop();
  EXPECT_THROW(start_on_files_of(s, {}), start_failed);
  s.start();
  EXPECT_EQ(s.call("beside.lastremark"), "");
}

TEST(aux_values, are_refused_where_they_are_of_a_later_version) {
  server s{BESIDE_2_MODULE};
  s.call("beside.limit", "ada", 7);
  s.save();
  s.stop();
  try {
    start_on_files_of(s, {.modules = {{BESIDE_1_MODULE}}});
    FAIL() << "it was loaded";
  } catch (const start_failed& failure) {
    EXPECT_NE(std::string{failure.what()}.find("beside-li: the value is of version 2"), std::string::npos)
        << failure.what();
  }
}

TEST(aux_values, of_an_earlier_version_are_read) {
  server s{BESIDE_1_MODULE};
  s.call("beside.limit", "ada", 7);
  s.save();
  s.stop();
  server newer{server_options{.modules = {{BESIDE_2_MODULE}}, .config = {"dir " + s.directory()}}};
  EXPECT_EQ(newer.call("beside.limits"), "ada=7 ");
}

// What stands for a data type in a payload.
std::string id_of(std::string_view type, int version) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::uint64_t id = 0;
  for (const char each : type) id = id << 6 | letters.find(each);
  id = id << 10 | static_cast<std::uint64_t>(version);
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(id >> shift & 0xff);
  return bytes;
}

TEST(aux_values, are_in_no_key_whatever_a_payload_says) {
  server s{BESIDE_1_MODULE};
  if (const auto what = s.lacks("GetDbIdFromIO"); !what.empty()) GTEST_SKIP() << what;  // Redis 6 would end itself
  s.call("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", 1);
  s.call("beside.name", "key", "text");
  std::string payload = s.call("DUMP", "key").str();
  const std::size_t at = payload.find(id_of("beside-na", 1));
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(s.call("RESTORE", "copy", 0, payload), "OK") << "a control";
  payload.replace(at, 8, id_of("beside-li", 1));
  EXPECT_EQ(s.call("RESTORE", "other", 0, payload).error(), "ERR Bad data format");
  EXPECT_EQ(s.call("EXISTS", "other"), 0);
}

// Redis 7.0 and before unsubscribe nothing of a module that they unmap because it did not load.
// A server drops its description of the data types of a module that refuses to be loaded, and says so to LeakSanitizer.
TEST(aux_values, of_a_module_that_did_not_load_are_not_called) {
  server s{server_options{.environment = {with_asan_options("detect_leaks=0")}}};
  ASSERT_TRUE(s.call("MODULE", "LOAD", BESIDE_1_MODULE, "fail").is_error());
  EXPECT_NE(s.log().find("it was told to fail"), std::string::npos) << "after it had registered the values";
  EXPECT_FALSE(s.maps("beside_1.so"));
  s.call("FLUSHALL");
  ASSERT_TRUE(s.alive());
  s.load(BESIDE_1_MODULE);
  fill(s);
  s.call("FLUSHALL");
  EXPECT_EQ(s.call("beside.limits"), "");
}

TEST(aux_values, that_the_builder_wrote_are_there_until_the_data_set_has_another) {
  server s;
  s.call("SET", "key", "value");
  s.save();
  s.stop();
  server without{server_options{.modules = {{BESIDE_1_MODULE, {"everyone"}}}, .config = {"dir " + s.directory()}}};
  EXPECT_EQ(without.call("GET", "key"), "value");
  EXPECT_EQ(without.call("beside.limits"), "everyone=1 ");
  without.call("beside.limit", "ada", 7);
  without.reload();
  EXPECT_EQ(without.call("beside.limits"), "ada=7 everyone=1 ");
  without.call("FLUSHALL");
  EXPECT_EQ(without.call("beside.limits"), "");
  without.call("beside.limit", "ada", 7);
  without.save();
  without.crash();
  EXPECT_EQ(without.call("beside.limits"), "ada=7 ") << "what was loaded has them";
}

TEST(aux_values, leave_nothing_when_they_go) {
  server s{BESIDE_1_MODULE};
  fill(s);
  s.reload();
  s.call("FLUSHALL");
  leak_watch watch{s};
  for (int i = 0; i < 3; ++i) {
    fill(s);
    s.reload();
    s.call("FLUSHALL");
  }
  watch.check();
}

// --- While a replica loads ---

// A primary that sends its data set slowly, and a replica that reads it as it comes.
class loading_replica : public testing::Test {
 protected:
  server s{server_options{.modules = {{BESIDE_1_MODULE}},
                          .config = {"repl-diskless-sync yes", "repl-diskless-sync-delay 0", "rdbcompression no"}}};
  server replica = synced("swapdb");

  server synced(const char* how) {
    fill(s);
    server made = s.add_replica();
    made.call("CONFIG", "SET", "repl-diskless-load", how);
    // So that it answers clients often meanwhile; Redis 6 does so after every 2 MiB.
    made.call("CONFIG", "SET", "loading-process-events-interval-bytes", 1'024);
    // In Redis 8 a child of the primary's writes to the replica itself, and goes on when the primary has died.
    s.call("CONFIG", "SET", "repl-rdb-channel", "no");
    made.call("CONFIG", "SET", "repl-rdb-channel", "no");
    return made;
  }

  // Another data set than the replica's, which it has to read from the beginning.
  void send_all_again(int delay_us) {
    for (int i = 0; i < 200; ++i) s.call("SET", "key" + std::to_string(i), std::string(10'000, 'x'));
    s.wait_for_sync(replica);
    s.call("CONFIG", "SET", "rdb-key-save-delay", delay_us);
    s.call("CONFIG", "SET", "repl-backlog-size", 16'384);
    s.call("MULTI");
    s.call("CLIENT", "KILL", "TYPE", "replica");
    s.call("beside.limit", "ada", 1'000);
    s.call("beside.remark", "another remark");
    for (int i = 0; i < 10; ++i) s.call("SET", "more" + std::to_string(i), std::string(16'384, 'x'));
    s.call("EXEC");
  }
  // What is being loaded and what is served, at one moment.
  bool serves_old_while_new_is_there() {
    replica.call("MULTI");
    replica.call("beside.loading");
    replica.call("beside.limits");
    replica.call("beside.lastremark");
    replica.call("GET", "key");
    const auto seen = replica.call("EXEC");
    return seen.size() == 4 && seen[0] == "ada=1000 bob=12 " && seen[1] == all_limits && seen[2] == "a remark" &&
           seen[3] == "value";
  }
  bool is_loading() { return replica.info("persistence", "async_loading") == "1"; }
  bool link_is_up() { return replica.info("replication", "master_link_status") == "up"; }
};

TEST_F(loading_replica, serves_what_it_had_until_all_is_there) {
  if (const auto what = s.lacks("GetDbIdFromIO"); !what.empty()) GTEST_SKIP() << what;  // as old as the event
  send_all_again(5'000);
  ASSERT_TRUE(becomes_true([&] { return serves_old_while_new_is_there(); }));
  ASSERT_TRUE(becomes_true([&] { return link_is_up(); }));
  EXPECT_EQ(replica.call("beside.limits"), "ada=1000 bob=12 ");
  EXPECT_EQ(replica.call("beside.lastremark"), "another remark");
  EXPECT_EQ(replica.call("beside.loading"), "none");
}

// Each in the data set that it belongs to.
TEST_F(loading_replica, may_be_written_to_meanwhile) {
  if (const auto what = s.lacks("GetDbIdFromIO"); !what.empty()) GTEST_SKIP() << what;  // as old as the event
  replica.call("CONFIG", "SET", "replica-read-only", "no");
  send_all_again(20'000);
  ASSERT_TRUE(becomes_true([&] { return serves_old_while_new_is_there(); }));
  replica.call("MULTI");
  replica.call("beside.loadowner", "carl");
  replica.call("beside-ow.restore", "owner", 1, 0, 1, "s\4dora");
  replica.call("beside.limits");
  replica.call("beside.loading");
  replica.call("FLUSHALL");
  replica.call("beside.limits");
  replica.call("beside.loading");
  const auto seen = replica.call("EXEC");
  ASSERT_EQ(seen.size(), 7u);
  EXPECT_EQ(seen[0], "carl");
  EXPECT_EQ(seen[1], "OK");
  EXPECT_EQ(seen[2], "ada=7 bob=12 carl=0 dora=0 ");
  EXPECT_EQ(seen[3], "ada=1000 bob=12 ");
  EXPECT_EQ(seen[5], "");
  EXPECT_EQ(seen[6], "ada=1000 bob=12 ");
  ASSERT_TRUE(becomes_true([&] { return link_is_up(); }));
  EXPECT_EQ(replica.call("beside.limits"), "ada=1000 bob=12 ");
}

TEST_F(loading_replica, serves_what_it_had_where_not_all_comes) {
  if (const auto what = s.lacks("GetDbIdFromIO"); !what.empty()) GTEST_SKIP() << what;  // as old as the event
  send_all_again(100'000);
  ASSERT_TRUE(becomes_true([&] { return serves_old_while_new_is_there(); }));
  s.kill();
  ASSERT_TRUE(becomes_true([&] { return !is_loading(); }));
  expect_filled(replica);
  EXPECT_EQ(replica.call("beside.loading"), "none");
}

TEST_F(loading_replica, keeps_what_it_had_where_a_value_is_refused) {
  if (const auto what = s.lacks("GetDbIdFromIO"); !what.empty()) GTEST_SKIP() << what;  // as old as the event
  replica.call("beside.refuse", "yes");
  send_all_again(0);
  ASSERT_TRUE(becomes_true([&] { return replica.log().find("it was to be refused") != std::string::npos; }));
  ASSERT_TRUE(becomes_true([&] { return !is_loading(); }));
  expect_filled(replica);
}

// Where there is nothing to fall back on, nothing is left of either.
TEST_F(loading_replica, has_no_half_of_what_was_refused) {
  replica.call("CONFIG", "SET", "repl-diskless-load", "on-empty-db");
  replica.call("REPLICAOF", "NO", "ONE");
  replica.call("FLUSHALL");
  replica.call("beside.limit", "old", 1);
  replica.call("beside.refuse", "yes");
  replica.call("REPLICAOF", "127.0.0.1", s.port());
  ASSERT_TRUE(becomes_true([&] { return replica.log().find("it was to be refused") != std::string::npos; }));
  replica.call("REPLICAOF", "NO", "ONE");
  EXPECT_EQ(replica.call("beside.limitswhenrefused"), all_limits) << "a control: a half was there";
  EXPECT_EQ(replica.call("beside.limits"), "") << "which was read before the other was refused";
  EXPECT_EQ(replica.call("beside.lastremark"), "");
  EXPECT_EQ(replica.call("DBSIZE"), 0);
}

}  // namespace
