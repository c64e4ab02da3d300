// Payloads that were cut or changed: an error or a value, and nothing of it stays behind.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

#include "lazy_free.h"
#include "payloads.h"
#include "redismodule/testing/faults.h"
#include "redismodule/testing/leak_watch.h"
#include "redismodule/testing/server.h"

namespace {

using payloads::changed_at;
using payloads::cut_at;
using payloads::footer_size;
using payloads::header_size;
using redismodule::testing::faults;
using redismodule::testing::leak_watch;
using redismodule::testing::reply;
using redismodule::testing::server;

// Redis 6 ends itself at values that do not end where they should, whatever the module says.
#define SKIP_ON_REDIS_6() \
  if (s.version().is_redis() && s.version().number.major < 7) GTEST_SKIP() << "Redis 6 ends itself at such payloads"

// What is flipped in each byte: all that there is, where the tests may take long.
std::vector<int> other_bits() {
  if (std::getenv("REDISMODULE_LONG_TESTS") == nullptr) return {1, 2, 4, 8, 16, 32, 64, 128, 0x55, 0xff};
  std::vector<int> all(255);
  std::iota(all.begin(), all.end(), 1);
  return all;
}

class broken_types : public testing::Test {
 protected:
  server s{TYPES_MODULE};
  std::vector<std::string> payloads;
  int values = 0;
  int errors = 0;

  void SetUp() override {
    s.call("counter.fill", "small", 3, "a note");
    s.call("counter.fill", "empty", 0, "");
    s.call("tree.plant", "tree", 1);
    s.call("byhand.set", "hand", "some text");
    for (const char* key : {"small", "empty", "tree", "hand"}) payloads.push_back(s.call("DUMP", key).str());
  }

  void restore_all(const std::vector<std::string>& broken) {
    std::vector<redismodule::testing::command> commands;
    for (const std::string& each : broken) {
      commands.push_back({"RESTORE", "broken", "0", each, "REPLACE"});
    }
    values = errors = 0;
    for (const reply& each : s.pipeline(commands)) ++(each.is_error() ? errors : values);
    s.call("DEL", "broken");
  }

  // The first time fills the server's caches.
  void expect_nothing_lost(const std::vector<std::string>& broken) {
    restore_all(broken);
    leak_watch watch{s};
    restore_all(broken);
    watch.check();
  }
};

TEST_F(broken_types, the_checksum_is_the_servers) {
  for (const std::string& each : payloads) {
    EXPECT_EQ(changed_at(each, header_size, 0), each);
    EXPECT_EQ(s.call("RESTORE", "copy", 0, changed_at(each, header_size, 0), "REPLACE"), "OK");
  }
}

TEST_F(broken_types, cut_anywhere_they_are_refused) {
  SKIP_ON_REDIS_6();
  std::vector<std::string> broken;
  for (const std::string& each : payloads) {
    for (std::size_t size = header_size; size + footer_size < each.size(); ++size) broken.push_back(cut_at(each, size));
  }
  expect_nothing_lost(broken);
  // Without its last two bytes a value can end in the footer: the RDB's version is a number, and then an end.
  EXPECT_LE(values, static_cast<int>(payloads.size()));
  EXPECT_GT(errors, 100);
}

TEST_F(broken_types, changed_anywhere_they_are_a_value_or_refused) {
  SKIP_ON_REDIS_6();
  std::vector<std::string> broken;
  for (const std::string& each : payloads) {
    for (std::size_t at = header_size; at + footer_size < each.size(); ++at) {
      for (const int other : other_bits()) broken.push_back(changed_at(each, at, other));
    }
  }
  expect_nothing_lost(broken);
  EXPECT_GT(values, 100);
  EXPECT_GT(errors, 100);
}

// The rest of such a value is made by a command with its type's name, which has to be there.
TEST_F(broken_types, parts_of_a_value_are_of_a_type_of_the_module) {
  SKIP_ON_REDIS_6();
  ASSERT_EQ(s.call("hellocntr.restore", "parts", 1, 0, 0, "u"), "OK");
  const std::string payload = s.call("DUMP", "parts").str();
  const std::size_t name = payload.find("hellocntr");
  ASSERT_NE(name, std::string::npos);
  EXPECT_EQ(s.call("RESTORE", "same", 0, changed_at(payload, name, 0)), "OK");
  EXPECT_TRUE(s.call("RESTORE", "other", 0, changed_at(payload, name, 1)).is_error());
}

TEST_F(broken_types, data_that_end_at_any_read_are_refused) {
  SKIP_ON_REDIS_6();
  faults f{s, "types"};
  for (const std::string& each : payloads) {
    f.cut_read(1'000'000);
    ASSERT_EQ(s.call("RESTORE", "copy", 0, each, "REPLACE"), "OK");
    const auto reads = static_cast<std::uint64_t>(f.reads());
    ASSERT_GT(reads, 1u);
    s.call("DEL", "copy");
    leak_watch watch{s};
    for (std::uint64_t n = 1; n <= reads; ++n) {
      f.cut_read(n);
      EXPECT_TRUE(s.call("RESTORE", "copy", 0, each).is_error()) << n << " of " << reads;
      EXPECT_EQ(s.call("EXISTS", "copy"), 0) << n;
    }
    f.reset();
    watch.check();
  }
}

TEST_F(broken_types, memory_that_runs_out_while_they_are_read_or_copied_is_survived) {
  SKIP_ON_REDIS_6();
  faults f{s, "types"};
  const std::vector<std::string> attempts[] = {{"RESTORE", "copy", "0", payloads[2]}, {"COPY", "small", "copy"}};
  for (const auto& attempt : attempts) {
    for (std::uint64_t n = 1;; ++n) {
      ASSERT_LT(n, 1000u);
      s.call("DEL", "copy");
      wait_for_lazy_free(s, {"counter.forget", "none"});  // which allocates, in another thread
      f.fail(faults::memory, n);
      const bool refused = s.call(attempt).is_error();
      const bool has_fired = f.fired() != 0;
      f.reset();
      if (!has_fired) break;
      EXPECT_TRUE(refused) << attempt[0] << ' ' << n;
    }
  }
}

}  // namespace
