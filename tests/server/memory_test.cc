// What allocators of modules are known to get wrong, done on a real server: each fault is counted, and counts zero.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "redismodule/testing/leak_watch.h"
#include "redismodule/testing/server.h"

namespace {

namespace testing_kit = redismodule::testing;
using testing_kit::memory_growth;
using testing_kit::memory_noise;
using testing_kit::server;
using testing_kit::settled_memory;

constexpr const char* module_name = "a_module_with_a_name_that_is_longer_than_sixty_four_bytes_and_then_some_more";

// Every fault is looked for with the server's functions called directly, and behind the headers of accounting.
class memory : public ::testing::TestWithParam<const char*> {
 protected:
  static std::string module_path() { return GetParam(); }
  static server quiet_server();
};
INSTANTIATE_TEST_SUITE_P(direct, memory, ::testing::Values(MEMORY_FAULTS_MODULE));
INSTANTIATE_TEST_SUITE_P(counted, memory, ::testing::Values(MEMORY_FAULTS_COUNTED_MODULE));

// A server with the module, whose threads from before the load have ended, so that used_memory stands still.
server memory::quiet_server() {
  server s{module_path()};
  s.call("mem.threads");
  return s;
}

TEST_P(memory, blocks_are_aligned_by_every_method_on_this_allocator) {
  auto s = quiet_server();
  for (const auto* method : {"new", "new_nothrow", "aligned_alloc", "memalign", "posix_memalign"}) {
    for (long long alignment = 16; alignment <= 65536; alignment *= 2) {
      EXPECT_EQ(s.call("mem.align", method, alignment), 0) << method << " " << alignment;
    }
  }
}

TEST_P(memory, the_control_of_alignment_finds_misaligned_blocks) {
  auto s = quiet_server();
  EXPECT_GT(s.call("mem.align", "rounded_up_size", 65536).integer(), 0);
}

TEST_P(memory, over_aligned_blocks_are_resized_by_realloc_with_their_content) {
  auto s = quiet_server();
  for (long long alignment = 16; alignment <= 65536; alignment *= 2) {
    EXPECT_EQ(s.call("mem.align.realloc", alignment), 0) << alignment;
  }
}

TEST_P(memory, aligning_leaks_nothing) {
  auto s = quiet_server();
  // The index of displaced blocks grows with the addresses that the server gives, and says so.
  const auto index_bytes = [&s] { return s.call("mem.stats").array()[7].integer(); };
  const auto align_all = [&s] {
    for (long long alignment = 16; alignment <= 65536; alignment *= 4) {
      s.call("mem.align", "new", alignment);
      s.call("mem.align", "posix_memalign", alignment);
      s.call("mem.align.realloc", alignment);
    }
  };
  // 16,000 blocks a run: glibc's sizes of freed and split blocks differ by some bytes from run to run.
  EXPECT_LE(std::abs(memory_growth(s, align_all, index_bytes)), 4 * memory_noise);
}

TEST_P(memory, blocks_from_before_the_load_are_freed_and_resized_after_it) {
  auto s = quiet_server();
  const auto before = s.call("mem.stats").array();
  EXPECT_GT(before[0].integer(), 1 << 20) << "the arena did not grow past its first size";
  EXPECT_GT(before[4].integer(), 0);
  EXPECT_EQ(s.call("mem.early"), 0);
  const auto after = s.call("mem.stats").array();
  EXPECT_LT(after[2].integer(), before[2].integer()) << "live bytes did not fall";
  EXPECT_EQ(after[1].integer(), before[1].integer()) << "the arena was used after the load";
  EXPECT_EQ(after[5], 0);
}

TEST_P(memory, threads_that_started_before_the_load_go_on_through_it) {
  for (int i = 0; i < 20; ++i) {
    server s{module_path()};
    EXPECT_EQ(s.call("mem.threads"), 0);
  }
}

TEST_P(memory, limits_of_the_malloc_family_are_errors_and_not_accidents) {
  auto s = quiet_server();
  if (const auto lacking = s.lacks("TryAlloc"); !lacking.empty()) {
    GTEST_SKIP() << lacking << ": sizes that no server could have are refused, PTRDIFF_MAX is not";
  }
  EXPECT_TRUE(s.call("mem.limits").array().empty()) << s.call("mem.limits");
}

TEST_P(memory, calloc_of_bytes_takes_no_more_than_those_bytes) {
  auto s = quiet_server();
  EXPECT_LE(s.call("mem.calloc.size", 100000).integer(), 131072);
  EXPECT_GE(s.call("mem.calloc.size", 100000).integer(), 100000);
}

TEST_P(memory, free_is_found_as_a_deleter_and_left_alone_as_a_member) {
  auto s = quiet_server();
  EXPECT_EQ(s.call("mem.names"), 0);
  EXPECT_LE(std::abs(memory_growth(s,
                                   [&s] {
                                     for (int i = 0; i < 10; ++i) s.call("mem.names");
                                   })),
            memory_noise);
}

TEST_P(memory, what_libc_hands_out_comes_from_the_server_and_goes_back) {
  auto s = quiet_server();
  EXPECT_EQ(s.call("mem.handouts", 300), 0);
  EXPECT_LE(std::abs(memory_growth(s, [&s] { s.call("mem.handouts", 300); })), memory_noise);
}

TEST_P(memory, the_control_of_handouts_drifts_or_ends_the_server) {
  auto s = quiet_server();
  try {
    EXPECT_GT(std::abs(memory_growth(s, [&s] { s.call("mem.foreign", 300); })), memory_noise);
  } catch (const testing_kit::connection_lost&) {
    SUCCEED();
  }
  s.take_reports();  // a sanitizer sees it too
}

TEST_P(memory, what_the_cpp_library_allocates_comes_from_the_server_and_goes_back) {
  auto s = quiet_server();
  EXPECT_EQ(s.call("mem.library", 300), 0);
  EXPECT_LE(std::abs(memory_growth(s, [&s] { s.call("mem.library", 300); })), memory_noise);
}

TEST_P(memory, what_the_module_holds_is_in_used_memory) {
  auto s = quiet_server();
  EXPECT_LE(std::abs(memory_growth(s,
                                   [&s] {
                                     const auto before = settled_memory(s);
                                     s.call("mem.take", 16 << 20);
                                     EXPECT_GE(settled_memory(s) - before, 16 << 20);
                                     s.call("mem.release");
                                   })),
            memory_noise);
}

TEST_P(memory, the_control_of_leaks_sees_one) {
  auto s = quiet_server();
  // More than the server gives back in between, such as the buffer of a client.
  EXPECT_GT(memory_growth(s, [&s] { s.call("mem.leak", 300, 1024); }), memory_noise);
  s.stop();
  s.take_reports();  // a sanitizer sees it too
}

TEST_P(memory, unloading_gives_everything_back_and_unmaps_the_module) {
  server s;
  s.load(module_path());
  s.unload(module_name);
  EXPECT_FALSE(s.maps("memory_faults"));
  const auto before = s.memory();
  s.load(module_path());
  EXPECT_TRUE(s.maps("memory_faults"));
  s.call("mem.early");
  s.call("mem.align", "posix_memalign", 4096);
  s.call("mem.take", 1 << 20);
  s.unload(module_name);
  EXPECT_FALSE(s.maps("memory_faults"));
  EXPECT_LE(std::abs(s.memory() - before), 65536);
}

}  // namespace
