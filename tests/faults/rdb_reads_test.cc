// RDB data that end early or are something else, at each read in turn: the server lives, nothing is lost.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "redismodule/testing/faults.h"
#include "redismodule/testing/server.h"

namespace {

using redismodule::testing::connection_lost;
using redismodule::testing::faults;
using redismodule::testing::reply;
using redismodule::testing::server;
using redismodule::testing::server_options;

constexpr int records_in_key = 3;
constexpr std::uint64_t reads_of_key = 1 + 6 * records_in_key;

// Redis 6 ends itself where a module's value does not end with its marker, in an orderly way, whatever the module says.
constexpr std::string_view redis_6_says = "that is not terminated by the proper module value EOF marker";

bool ends_itself(const server& s) { return s.version().is_redis() && s.version().number.major < 7; }

#define SKIP_WHERE_THE_SERVER_ENDS_ITSELF() \
  if (ends_itself(s)) GTEST_SKIP() << "Redis 6 ends itself at a value " << redis_6_says

reply restore(server& s, const std::string& payload) { return s.call("RESTORE", "copy", 0, payload, "REPLACE"); }

class rdb_reads : public testing::Test {
 protected:
  server s{RECORDS_MODULE};
  faults f{s, "records"};
  std::string original;
  std::string payload;

  void SetUp() override {
    s.call("records.set", "key", records_in_key);
    original = s.call("records.get", "key").str();
    payload = s.call("DUMP", "key").str();
  }
};

TEST_F(rdb_reads, what_is_not_cut_is_read_whole) {
  f.cut_read(reads_of_key + 1);
  EXPECT_EQ(restore(s, payload), "OK");
  EXPECT_EQ(f.reads(), reads_of_key);
  EXPECT_EQ(f.fired(), 0);
  EXPECT_EQ(s.call("records.get", "copy"), original);
}

TEST_F(rdb_reads, data_that_end_at_any_read_are_refused) {
  SKIP_WHERE_THE_SERVER_ENDS_ITSELF();
  for (std::uint64_t n = 1; n <= reads_of_key; ++n) {
    f.cut_read(n);
    EXPECT_TRUE(restore(s, payload).is_error()) << n;
    EXPECT_EQ(f.fired("LoadUnsigned"), 1) << n;
    EXPECT_EQ(s.call("EXISTS", "copy"), 0) << n;
    EXPECT_EQ(s.call("records.live"), 1) << n;
  }
  f.reset();
  EXPECT_EQ(restore(s, payload), "OK");
  EXPECT_EQ(s.call("records.get", "copy"), original);
}

TEST_F(rdb_reads, data_may_end_or_be_others_by_a_load_argument) {
  SKIP_WHERE_THE_SERVER_ENDS_ITSELF();
  for (const char* argument : {"fault:cut-read=2", "fault:corrupt-read=2,7"}) {
    server other{server_options{.modules = {{RECORDS_MODULE, {argument}}}}};
    const bool refused = restore(other, payload).is_error();
    EXPECT_TRUE(refused || other.call("records.get", "copy") != original) << argument;
    EXPECT_EQ(faults(other, "records").fired("LoadUnsigned"), 1) << argument;
  }
}

TEST_F(rdb_reads, data_that_are_others_at_any_read_are_survived) {
  SKIP_WHERE_THE_SERVER_ENDS_ITSELF();
  int others = 0;
  for (std::uint64_t n = 1; n <= reads_of_key; ++n) {
    for (const std::uint64_t seed : {1, 2, 3, 4, 5, 6, 7, 8}) {
      f.corrupt_read(n, seed);
      s.call("DEL", "copy");
      const bool refused = restore(s, payload).is_error();
      EXPECT_EQ(f.fired("LoadUnsigned"), 1) << n;
      EXPECT_EQ(s.call("records.live"), refused ? 1 : 2) << n << ", seed " << seed;
      if (refused || s.call("records.get", "copy") != original) ++others;
    }
  }
  EXPECT_EQ(others, reads_of_key * 8) << "each is another value, or refused";
  f.corrupt_read(reads_of_key + 1);
  EXPECT_EQ(restore(s, payload), "OK");
  EXPECT_EQ(s.call("records.get", "copy"), original);
}

TEST_F(rdb_reads, the_same_seed_reads_the_same) {
  SKIP_WHERE_THE_SERVER_ENDS_ITSELF();
  const auto read_with = [&](std::uint64_t seed) {
    f.corrupt_read(2, seed);
    restore(s, payload);
    return s.call("records.get", "copy");
  };
  const reply first = read_with(3);
  EXPECT_EQ(read_with(3), first);
  EXPECT_NE(read_with(4), first);
}

TEST_F(rdb_reads, redis_6_ends_itself_in_words_where_later_servers_refuse) {
  if (!ends_itself(s)) GTEST_SKIP() << "this server refuses the value and goes on";
  f.cut_read(4);
  EXPECT_THROW(restore(s, payload), connection_lost);
  EXPECT_NE(s.log().find(redis_6_says), std::string::npos);
}

// It reads nothing, so that what follows reads what it should have read.
TEST_F(rdb_reads, a_single_function_that_fails_is_survived) {
  SKIP_WHERE_THE_SERVER_ENDS_ITSELF();
  for (const std::string_view name : {"LoadUnsigned", "LoadSigned", "LoadDouble", "LoadFloat", "LoadLongDouble",
                                      "LoadString", "LoadStringBuffer", "IsIOError"}) {
    f.fail(name);
    EXPECT_TRUE(restore(s, payload).is_error()) << name;
    EXPECT_EQ(f.fired(name), 1) << name;
    EXPECT_EQ(s.call("records.live"), 1) << name;
    f.reset();
  }
}

TEST_F(rdb_reads, allocations_that_fail_while_reading_are_survived) {
  SKIP_WHERE_THE_SERVER_ENDS_ITSELF();
  if (const auto what = s.lacks("TryAlloc"); !what.empty()) GTEST_SKIP() << what;
  std::uint64_t n = 1;
  for (;; ++n) {
    f.fail(faults::memory, n);
    const bool refused = restore(s, payload).is_error();
    if (f.fired() == 0) break;
    EXPECT_TRUE(refused) << n;
    EXPECT_EQ(s.call("records.live"), 1) << n;
    f.reset();
  }
  EXPECT_GT(n, 3u);
}

TEST_F(rdb_reads, a_whole_file_is_read_back_by_debug_reload) {
  f.cut_read(reads_of_key + 1);
  s.reload();
  EXPECT_EQ(f.reads(), reads_of_key);
  EXPECT_EQ(s.call("records.get", "key"), original);
}

// A file that cannot be read to its end is for every server a reason to end itself, in an orderly way and in words; the
// module has no say in it.
TEST_F(rdb_reads, a_file_that_ends_early_is_refused_by_the_server_itself) {
  f.cut_read(5);
  EXPECT_THROW(
      {
        const reply answer = s.call("DEBUG", "RELOAD");
        if (answer.is_error()) throw connection_lost{answer.error()};
      },
      redismodule::testing::error);
  const std::string log = s.log();
  EXPECT_EQ(log.find("crashed by signal"), std::string::npos) << log;
  EXPECT_EQ(log.find("ASSERTION FAILED"), std::string::npos) << log;
}

// Without the option to handle I/O errors it is the server that ends itself, in its own words, at the read that is cut.
TEST(rdb_reads_careless, without_the_option_the_server_ends_itself) {
  server s{server_options{.modules = {{RECORDS_MODULE, {"careless"}}}}};
  faults f{s, "records"};
  s.call("records.set", "key", records_in_key);
  const std::string payload = s.call("DUMP", "key").str();
  f.cut_read(reads_of_key + 1);
  EXPECT_EQ(restore(s, payload), "OK");
  f.cut_read(4);
  EXPECT_THROW(restore(s, payload), connection_lost);
  EXPECT_NE(s.log().find("Error loading data from RDB (short read or EOF). Read performed by module 'records'"),
            std::string::npos);
}

}  // namespace
