// What leaderboards have to have in them, told from the commands alone. Nothing here is shared with the module: plain
// maps, sorted anew where an order is asked for.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "server_digest.h"

namespace model {

using words = std::vector<std::string>;

struct entry {
  double score = 0;
  std::int64_t reached = 0;
  friend bool operator==(const entry&, const entry&) = default;
};

struct board {
  std::map<std::string, entry> players;
  std::uint64_t capacity = 0;

  // From the first rank on.
  std::vector<std::pair<std::string, entry>> ranking() const;
  value_digest digest() const;
};

// Boards by their keys.
class boards {
 public:
  // leaderboard.add key [GT] AT ms score player, .incr key AT ms by player, .remove key player...,
  // .capacity key players, .merge destination source..., DEL key. Fails: throws std::invalid_argument for any other.
  void apply(const words& command);
  // Null where there is none.
  const board* find(const std::string& key) const;
  const std::map<std::string, board>& all() const noexcept { return all_; }

 private:
  void enter(board& into, const std::string& player, const entry& what);

  std::map<std::string, board> all_;
};

// A command of those that the model knows, on these boards, which are in one slot of a cluster; at a time that goes on.
words make_command(std::mt19937_64& random, std::int64_t& milliseconds, std::span<const std::string> keys);

}  // namespace model
