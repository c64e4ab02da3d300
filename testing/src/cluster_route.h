// Where commands go in a cluster, and how they find there. Internal to the kit.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster_view.h"

namespace redismodule::testing::detail {

// Where one node is. Only the number of its life changes, so any thread may read it.
struct cluster_place {
  std::uint16_t port = 0;
  std::string socket;
  std::string log;
  std::atomic<unsigned> life{0};  // counts starts and ends: connections of another life are dead
};

struct cluster_places {
  std::deque<cluster_place> nodes;
  std::vector<std::uint16_t> owners;  // of each slot, in the beginning: a place to start from
  std::atomic<std::chrono::milliseconds> patience{};
  std::chrono::milliseconds answer_timeout{};
  std::string password;  // empty: none is asked for
};

// "node 2 (127.0.0.1:11702)"
std::string name_of(std::size_t index, int port);
inline std::string name_of(const cluster_node& node) { return name_of(node.index(), node.port()); }

// What an answer sends its client to.
struct redirection {
  enum class kind : std::uint8_t { none, moved, ask, try_again };
  kind where_to = kind::none;
  int slot = -1;
  int port = -1;
};
redirection redirection_of(const reply& answer);

// The state of a client of the whole cluster.
struct cluster_route {
  explicit cluster_route(std::shared_ptr<cluster_places> all);

  reply call(const std::vector<std::string>& words);
  // Where slots are now, for who knows better than the answers have told.
  void learn(const std::vector<std::size_t>& owners) { owners_.assign(owners.begin(), owners.end()); }

  std::size_t redirections = 0;

 private:
  struct link {
    client connection;
    unsigned life;
  };

  client* connect(std::size_t node);
  bool log_in(std::size_t node);
  [[noreturn]] void lose(std::size_t node, const timed_out& late);
  std::size_t any_master();
  std::size_t first_guess(const std::vector<std::string>& words);
  std::size_t any_that_runs();
  std::size_t node_at(int port) const;
  std::size_t follow(const redirection& to);
  reply ask(std::size_t node, const std::vector<std::string>& words, bool asking);

  std::shared_ptr<cluster_places> places_;
  std::vector<std::uint16_t> owners_;
  std::vector<std::optional<link>> links_;
};

}  // namespace redismodule::testing::detail
