// What sanitizers report in a server, which here only says what they would say: any server will do.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "redismodule/testing/server.h"

namespace rt = redismodule::testing;

namespace {

rt::server_options saying(const std::string& line) {
  return {.launcher = {"sh", "-c", "echo \"$0\" >&2; exec \"$@\"", line}};
}

TEST(reports, are_found_in_what_a_server_writes_and_taken_once) {
  for (const char* line : {"==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1",
                           "==7==ERROR: LeakSanitizer: detected memory leaks", "WARNING: ThreadSanitizer: data race",
                           "/src/some.cc:12:3: runtime error: signed integer overflow"}) {
    rt::server s{saying(line)};
    EXPECT_TRUE(s.take_reports().starts_with(line)) << s.log();
    EXPECT_EQ(s.take_reports(), "");
  }
}

TEST(reports, are_taken_all_at_once) {
  std::string many;
  for (int i = 0; i < 60; ++i) many += "WARNING: ThreadSanitizer: data race\n  of number " + std::to_string(i) + "\n";
  rt::server s{saying(many)};
  const std::string taken = s.take_reports();
  EXPECT_NE(taken.find("of number 0\n"), std::string::npos);
  EXPECT_NE(taken.find("of number 59\n"), std::string::npos);
}

TEST(reports, are_not_made_of_other_words) {
  rt::server s{saying("1:M 01 Jan 2026 # Script failed: runtime error: AddressSanitizer is a word as well")};
  EXPECT_EQ(s.take_reports(), "");
}

TEST(reports, fail_a_test_that_takes_none) {
  const auto pass = [](const char* line) {
    { rt::server s{saying(line)}; }
    std::exit(0);
  };
  EXPECT_EXIT(pass("==7==ERROR: AddressSanitizer: heap-use-after-free"), testing::ExitedWithCode(1),
              "AddressSanitizer: heap-use-after-free[^$]*fails, whatever it says");
  EXPECT_EXIT(pass("nothing"), testing::ExitedWithCode(0), "");
}

TEST(reports, fail_a_test_whose_server_did_not_start) {
  rt::server_options options{.launcher = {"sh", "-c", "echo 'WARNING: ThreadSanitizer: data race' >&2; exit 3"}};
  const auto expect_no_start = [&] {
    try {
      rt::server s{options};
    } catch (const rt::start_failed&) {
    }
    std::exit(0);
  };
  EXPECT_EXIT(expect_no_start(), testing::ExitedWithCode(1), "ThreadSanitizer: data race");
}

}  // namespace
