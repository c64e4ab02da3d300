// Faults in a module that takes the allocator alone.
#include <gtest/gtest.h>

#include "redismodule/testing/faults.h"
#include "redismodule/testing/server.h"

namespace {

using redismodule::testing::error;
using redismodule::testing::faults;
using redismodule::testing::server;

TEST(own_onload, allocations_fail_as_they_are_told_to) {
  server s{OWN_ONLOAD_WITH_FAULTS_MODULE};
  if (const auto what = s.lacks("TryAlloc"); !what.empty()) GTEST_SKIP() << what;
  faults f{s, "own"};
  EXPECT_EQ(s.call("own.allocate"), 1);
  f.fail(faults::memory, 2);
  EXPECT_EQ(s.call("own.allocate"), 1);
  EXPECT_EQ(s.call("own.allocate"), 0);
  EXPECT_EQ(s.call("own.allocate"), 1);
  f.reset();
  EXPECT_EQ(s.call("own.allocate"), 1);
}

TEST(own_onload, load_arguments_are_obeyed_before_memory_is_had) {
  server s;
  EXPECT_THROW(s.load(OWN_ONLOAD_WITH_FAULTS_MODULE, "fault:hide=Alloc"), error);
  EXPECT_TRUE(s.alive());
  EXPECT_THROW(s.load(OWN_ONLOAD_WITH_FAULTS_MODULE, "fault:nothing"), error);
  EXPECT_NE(s.log().find("no such fault: 'nothing'"), std::string::npos);
  s.load(OWN_ONLOAD_WITH_FAULTS_MODULE, "fault:count=CreateCommand");
  EXPECT_EQ((faults{s, "own"}).calls("CreateCommand"), 1);
}

TEST(own_onload, without_faults_there_is_no_command) {
  server s{OWN_ONLOAD_MODULE};
  EXPECT_EQ(s.call("own.allocate"), 1);
  EXPECT_THROW((faults{s, "own"}), error);
}

}  // namespace
