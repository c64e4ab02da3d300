// The nodes of a cluster, and what is asked of all of them. Internal to the kit.
#pragma once

#include <sys/types.h>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster_route.h"
#include "cluster_view.h"
#include "ports.h"

namespace redismodule::testing::detail {

struct cluster_state {
  // What a node that runs holds for true.
  struct look {
    cluster_node* node;
    cluster_view view;
    bool ok;

    // The node in its own view.
    const peer& self() const { return view.at(node->id()); }
  };

  explicit cluster_state(cluster_options wanted);
  cluster_state(const cluster_state&) = delete;
  cluster_state& operator=(const cluster_state&) = delete;

  // --- forming ---
  void start_all();
  server start_node(std::size_t index);
  server_options options_of(int port) const;
  void assign_slots();
  void meet(std::chrono::steady_clock::time_point& last);
  void attach_replicas();
  cluster_node& master_for(std::size_t replica);

  // --- looking ---
  // Nothing while it loads.
  std::optional<look> glance_from(cluster_node& node);
  // Waits until it has loaded.
  look look_from(cluster_node& node);
  std::vector<look> look_around();
  cluster_node* find(const std::string& id);
  // What keeps the cluster from being well, in words; empty when it is.
  std::string flaw();
  std::string flaw_in(const look& seen);
  std::string flaw_of_peer(const look& seen, const cluster_node& other);
  std::string flaw_of_replica(const look& seen);
  std::string flaw_of_master(const look& seen);
  std::string agreement(const look& seen);

  // --- waiting ---
  // Until `flaw` says nothing. Fails: `testing::error`, with the last that it said.
  void wait(const std::string& what, const std::function<std::string()>& flaw);
  void wait_until_well(const std::string& what);
  // Calls `f`; what it throws of the kit's is thrown on with `report()`.
  template <class F>
  decltype(auto) reporting(F f) {
    try {
      return f();
    } catch (const start_failed&) {
      throw;
    } catch (const connection_lost& lost) {
      throw connection_lost{lost.what() + ("\n" + report())};
    } catch (const timed_out& late) {
      throw timed_out{late.what() + ("\n" + report())};
    }
  }
  // A command that must succeed. Fails: `testing::error`, with `report()`.
  reply order(cluster_node& node, const std::vector<std::string>& words);
  [[noreturn]] void fail(const std::string& why);
  std::string report();

  void note_lives();
  std::size_t server_of(int slot);

  cluster_options options;
  std::vector<port_lease> leases;
  std::vector<std::unique_ptr<cluster_node>> nodes;
  std::vector<pid_t> pids;
  std::shared_ptr<cluster_places> places = std::make_shared<cluster_places>();
  std::optional<cluster_client> own;
  std::vector<std::size_t> served_by;  // of each slot, when all was well last
};

}  // namespace redismodule::testing::detail
