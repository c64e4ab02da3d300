// Examples where memory runs out at any allocation of a command: the client is told, and the replica has what is here.
#include <gtest/gtest.h>

#include "redismodule/testing/faults.h"

namespace {

namespace rt = redismodule::testing;
using words = std::vector<std::string>;

const std::string long_name(100, 'n');

// What each is called on: a full board, and one of another capacity.
void fill(rt::server& s) {
  s.call("FLUSHALL");
  for (const char* board : {"b", "c"}) {
    for (int i = 0; i < 5; ++i) s.call("leaderboard.add", board, "AT", 1000 + i, i, long_name + std::to_string(i));
  }
  s.call("leaderboard.capacity", "b", 5);
}

// Every player is found by name and by rank.
void expect_whole(rt::server& s, const std::string& board) {
  const rt::reply info = s.call("leaderboard.info", board);
  if (info.is_null()) return;
  const rt::reply top = s.call("leaderboard.top", board, 1000);
  EXPECT_EQ(static_cast<std::int64_t>(top.size()), info.at("players").integer());
  int rank = 0;
  for (const rt::reply& each : top.array()) {
    EXPECT_EQ(s.call("leaderboard.rank", board, each.at("player").str()).at("rank"), ++rank);
  }
}

TEST(short_memory, leaves_a_leaderboard_whole_and_as_its_replica_has_it) {
  rt::server s{LEADERBOARD_WITH_FAULTS_MODULE};
  if (const std::string lacking = s.lacks("TryAlloc"); !lacking.empty()) GTEST_SKIP() << lacking;
  rt::server replica = s.add_replica();
  rt::faults f{s, "leaderboard"};
  const std::vector<words> commands = {
      {"leaderboard.add", "b", "5.5", long_name, "6.5", "ann", "7", long_name + "3", "0", "too late"},
      {"leaderboard.add", "new", "5.5", long_name, "6.5", "ann"},
      {"leaderboard.incr", "new", "5.5", long_name},
      {"leaderboard.incr", "b", "5.5", long_name + "1"},
      {"leaderboard.merge", "b", "c", "new"},
      {"leaderboard.merge", "new", "b", "c"},
      {"leaderboard.capacity", "new", "3"},
      {"leaderboard.remove", "b", long_name + "1", long_name + "2"},
      {"COPY", "b", "new"},
  };
  int failed = 0;
  for (const words& command : commands) {
    for (int n = 1;; ++n) {
      fill(s);
      f.fail(f.memory, static_cast<std::uint64_t>(n));
      const rt::reply answer = s.call(command);
      const bool has_fired = f.fired("TryAlloc") != 0;
      f.reset();
      for (const char* board : {"b", "c", "new"}) expect_whole(s, board);
      s.wait_for_sync(replica);
      ASSERT_EQ(s.call("DEBUG", "DIGEST"), replica.call("DEBUG", "DIGEST").str()) << command[0] << ", " << n;
      if (!has_fired) break;
      failed += answer.is_error();
    }
  }
  EXPECT_GT(failed, 50);
}

TEST(short_memory, leaves_a_list_of_tasks_as_its_replica_has_it) {
  rt::server s{TASKS_WITH_FAULTS_MODULE};
  if (const std::string lacking = s.lacks("TryAlloc"); !lacking.empty()) GTEST_SKIP() << lacking;
  rt::server replica = s.add_replica();
  rt::faults f{s, "tasks"};
  int failed = 0;
  for (int n = 1;; ++n) {
    s.call("FLUSHALL");
    f.fail(f.memory, static_cast<std::uint64_t>(n));
    const rt::reply answer =
        s.call("tasks.add", "home", "EXPIRE", "1h", "NOTES", "notes", "TAG", long_name, "TAG", long_name, "paint");
    const bool has_fired = f.fired("TryAlloc") != 0;
    f.reset();
    EXPECT_EQ(s.call("DBSIZE"), answer.is_error() ? 0 : 2) << n;
    s.wait_for_sync(replica);
    ASSERT_EQ(s.call("DEBUG", "DIGEST"), replica.call("DEBUG", "DIGEST").str()) << n;
    if (!has_fired) break;
    failed += answer.is_error();
  }
  EXPECT_GT(failed, 0);
}

}  // namespace
