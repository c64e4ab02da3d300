// What a node thinks of its cluster: CLUSTER NODES, read. Internal to the kit.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "redismodule/testing/cluster.h"

namespace redismodule::testing::detail {

inline constexpr int slot_count = 16'384;

// One line of CLUSTER NODES.
struct peer {
  std::string id;
  std::vector<std::string> flags;
  std::string master_id;  // `-`: of none
  std::string epoch;
  bool linked = false;
  std::vector<slot_range> slots;

  bool has(std::string_view flag) const;
  bool serves(int slot) const;
};

// By id. A node knows itself too, by the flag `myself`.
using cluster_view = std::map<std::string, peer>;

// Fails: `testing::error`, on text that is not of CLUSTER NODES.
cluster_view parse_cluster_nodes(const std::string& text);

}  // namespace redismodule::testing::detail
