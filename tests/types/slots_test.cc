// Values of data types move with their slots, where the module says that it can bear it.
#include <gtest/gtest.h>

#include <string>

#include "redismodule/testing/cluster.h"

namespace {

using redismodule::testing::cluster;
using redismodule::testing::cluster_node;

std::string large_text() {
  std::string text;
  for (int i = 0; text.size() < 1'500'000; ++i) text += std::to_string(i) + ' ';
  return text;
}

class slots : public testing::Test {
 protected:
  void fill() {
    for (int i = 0; i < 50; ++i) {
      const std::string number = std::to_string(i);
      c.call("beside.name", "named" + number, "text " + number);
      c.call("beside.move", "moved" + number, "text " + number);
    }
    c.call("beside.name", large_key, large);
    c.node(0).call("beside.limit", "ada", 7);
  }
  void expect_filled() {
    for (int i = 0; i < 50; ++i) {
      const std::string number = std::to_string(i);
      EXPECT_EQ(c.call("beside.nameof", "named" + number), "text " + number);
      const std::string key = "moved" + number;
      const std::string text = c.call("beside.moved", key).str();
      EXPECT_TRUE(text.starts_with("text " + number)) << text;
      EXPECT_TRUE(text == "text " + number || text.ends_with(" <" + key + " >" + key))
          << "known to both ends: " << text;
    }
    EXPECT_EQ(c.call("beside.nameof", large_key), large);
  }

  cluster c{{.masters = 2, .server = {.modules = {{BESIDE_1_MODULE}}}}};
  std::string large = large_text();
  std::string large_key = "large";
};

TEST_F(slots, move_at_once) {
  if (const std::string lack = c.lacks_atomic_migration(); !lack.empty()) GTEST_SKIP() << lack;
  fill();
  for (int from : {0, 1}) {
    cluster_node& source = c.node(static_cast<std::size_t>(from));
    const auto ranges = c.slots_of(source);
    for (const auto& range : ranges)
      c.migrate_slots_atomically({range.first, range.last - 1}, c.node(1 - static_cast<std::size_t>(from)));
    EXPECT_LT(source.call("DBSIZE").integer(), 5);
    expect_filled();
  }
  EXPECT_EQ(c.node(0).call("beside.limits"), "ada=7 ") << "what is in no slot stays where it is";
  EXPECT_EQ(c.node(1).call("beside.limits"), "");
}

TEST_F(slots, move_key_by_key) {
  fill();
  const int slot = cluster::slot(large_key);
  cluster_node& from = c.master_of_slot(slot);
  cluster_node& to = &from == &c.node(0) ? c.node(1) : c.node(0);
  c.migrate_slot(slot, to);
  EXPECT_EQ(&c.master_of(large_key), &to);
  expect_filled();
}

}  // namespace
