// Each planted fault is reported, with the function it is in; what is no fault is not.
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "../asan_options.h"
#include "redismodule/testing/server.h"

namespace rt = redismodule::testing;

namespace {

using words = std::vector<std::string>;

struct fault {
  words command;
  std::string kind;   // in the words of the sanitizer
  std::string where;  // a function of the module's, or its source
};

std::ostream& operator<<(std::ostream& out, const fault& planted) {
  for (const std::string& word : planted.command) out << word << ' ';
  return out;
}

// The sanitizer ends the server, or goes on and has it answer.
std::string report_of(rt::server& s, const words& command) {
  try {
    s.call(command);
    s.stop();
  } catch (const rt::connection_lost&) {
  }
  return s.take_reports();
}

// Packaged servers have no frame pointers, which the quick way of noting where a block was allocated goes by.
rt::server_options with_whole_stacks(const std::string& module) {
  return {.modules = {{module}}, .environment = {with_asan_options("fast_unwind_on_malloc=0")}};
}

void expect_reported(const std::string& module, const fault& planted) {
  rt::server s{with_whole_stacks(module)};
  const std::string report = report_of(s, planted.command);
  EXPECT_NE(report.find(planted.kind), std::string::npos) << "wanted " << planted.kind << ", got: " << report;
  // At its exit Valkey 9 unloads its modules, and only then looks for leaks: their functions have no names any more.
  if (s.log().find("Module planted unloaded") != std::string::npos) return;
  EXPECT_NE(report.find(planted.where), std::string::npos) << "wanted " << planted.where << ", got: " << report;
}

// Whatever is no fault, and the end of the server with its search for leaks.
void expect_silence(const std::string& module, const std::vector<words>& commands) {
  rt::server s{module};
  for (const words& command : commands) ASSERT_FALSE(s.call(command).is_error()) << command.front();
  EXPECT_EQ(s.stop(), 0) << s.log();
  EXPECT_EQ(s.take_reports(), "");
}

class planted : public testing::TestWithParam<fault> {};

#ifdef PLANT_IN_MEMORY

TEST_P(planted, is_reported) { expect_reported(PLANTED_MODULE, GetParam()); }

INSTANTIATE_TEST_SUITE_P(
    behind_a_block, planted,
    testing::Values(fault{{"plant.new", "1", "1"}, "heap-buffer-overflow", "planted::new_byte"},
                    fault{{"plant.new", "13", "13"}, "heap-buffer-overflow", "planted::new_byte"},
                    fault{{"plant.new", "16", "16"}, "heap-buffer-overflow", "planted::new_byte"},
                    fault{{"plant.new", "4099", "4099"}, "heap-buffer-overflow", "planted::new_byte"},
                    fault{{"plant.malloc", "13", "13"}, "heap-buffer-overflow", "planted::malloc_byte"},
                    fault{{"plant.calloc", "13", "13"}, "heap-buffer-overflow", "planted::calloc_byte"},
                    fault{{"plant.realloc", "13", "13"}, "heap-buffer-overflow", "planted::realloc_byte"},
                    fault{{"plant.aligned", "13", "13"}, "use-after-poison", "planted::aligned_byte"},
                    fault{{"plant.stack", "16"}, "stack-buffer-overflow", "planted::stack_byte"}));

INSTANTIATE_TEST_SUITE_P(
    before_a_block, planted,
    testing::Values(fault{{"plant.new", "13", "-1"}, "heap-buffer-overflow", "planted::new_byte"},
                    fault{{"plant.malloc", "13", "-1"}, "heap-buffer-overflow", "planted::malloc_byte"},
                    fault{{"plant.early", "-1"}, "use-after-poison", "planted::early_byte"}));

INSTANTIATE_TEST_SUITE_P(
    before_the_load, planted,
    testing::Values(fault{{"plant.early", "21"}, "use-after-poison", "planted::early_byte"},
                    fault{{"plant.large", "3145733"}, "use-after-poison", "planted::early_and_large_byte"},
                    fault{{"plant.early-freed"}, "use-after-poison", "planted::early_and_freed_byte"},
                    fault{{"plant.free-early-twice"}, "use-after-poison", "planted::free_early_twice"}));

INSTANTIATE_TEST_SUITE_P(
    freed, planted,
    testing::Values(fault{{"plant.freed"}, "heap-use-after-free", "planted::freed_byte"},
                    fault{{"plant.free-twice"}, "pointer which is not owned", "planted::free_twice"}));

INSTANTIATE_TEST_SUITE_P(lost, planted,
                         testing::Values(fault{{"plant.lose.new"}, "leak of 77 byte", "planted::lose_new"},
                                         fault{{"plant.lose.malloc"}, "leak of 77 byte", "planted::lose_malloc"},
                                         fault{{"plant.lose.aligned"}, "LeakSanitizer", "planted::lose_aligned"},
                                         fault{{"plant.lose.directory"}, "LeakSanitizer", "planted::lose_directory"}));

INSTANTIATE_TEST_SUITE_P(undefined, planted,
                         testing::Values(fault{{"plant.overflow"}, "signed integer overflow", "/planted.cc:"},
                                         fault{{"plant.misaligned"}, "misaligned address", "/planted.cc:"},
                                         fault{{"plant.shift"}, "shift exponent 40", "/planted.cc:"}));

// A module with accounts has two words of its own before each block, and none behind.
TEST(planted_accounted, is_reported) {
  for (const fault& planted : {fault{{"plant.new", "13", "13"}, "heap-buffer-overflow", "planted::new_byte"},
                               fault{{"plant.malloc", "13", "13"}, "heap-buffer-overflow", "planted::malloc_byte"},
                               fault{{"plant.aligned", "13", "13"}, "use-after-poison", "planted::aligned_byte"},
                               fault{{"plant.freed"}, "heap-use-after-free", "planted::freed_byte"},
                               fault{{"plant.lose.new"}, "leak of 93 byte", "planted::lose_new"}}) {
    expect_reported(PLANTED_ACCOUNTED_MODULE, planted);
  }
}

TEST(planted_system, is_reported) {
  for (const fault& planted : {fault{{"plant.new", "13", "13"}, "heap-buffer-overflow", "planted::new_byte"},
                               fault{{"plant.early", "21"}, "heap-buffer-overflow", "planted::early_byte"},
                               fault{{"plant.aligned", "13", "13"}, "heap-buffer-overflow", "planted::aligned_byte"},
                               fault{{"plant.lose.new"}, "leak of 77 byte", "planted::lose_new"}}) {
    expect_reported(PLANTED_SYSTEM_MODULE, planted);
  }
}

TEST(planted, is_silent_within_bounds) {
  const std::vector<words> harmless{
      {"plant.early", "20"}, {"plant.early", "0"}, {"plant.large", "3145732"}, {"plant.stack", "15"}, {"plant.keep"}};
  expect_silence(PLANTED_MODULE, harmless);
  expect_silence(PLANTED_ACCOUNTED_MODULE, harmless);
  expect_silence(PLANTED_SYSTEM_MODULE, harmless);
}

#endif
#ifdef PLANT_RACES

TEST_P(planted, is_reported) { expect_reported(PLANTED_MODULE, GetParam()); }

INSTANTIATE_TEST_SUITE_P(race, planted,
                         testing::Values(fault{{"plant.race"}, "data race", "planted::add_to"},
                                         fault{{"plant.race-for-a-block"}, "data race", "planted::add_to"}));

TEST(planted_accounted, is_reported) {
  expect_reported(PLANTED_ACCOUNTED_MODULE, {{"plant.race-for-a-block"}, "data race", "planted::add_to"});
}

TEST(planted_system, is_reported) {
  expect_reported(PLANTED_SYSTEM_MODULE, {{"plant.race-for-a-block"}, "data race", "planted::add_to"});
}

TEST(planted, is_silent_without_a_race) { expect_silence(PLANTED_MODULE, {{"plant.early", "0"}, {"plant.keep"}}); }

#endif

}  // namespace
