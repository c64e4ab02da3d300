// A real cluster of one's own, for the length of a scope: masters and replicas, slots, failover, resharding.
//
//   redismodule::testing::cluster c{{.masters = 3, .replicas_per_master = 1, .server = {.modules = {{HELLO_MODULE}}}}};
//   c.call("HELLO.SET", "key", "value");
//   c.kill(c.master_of("key"));
//   c.wait_for_failover();
//   EXPECT_EQ(c.call("HELLO.GET", "key"), "value");
#pragma once

#include <chrono>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "redismodule/testing/client.h"
#include "redismodule/testing/reply.h"
#include "redismodule/testing/server.h"

namespace redismodule::testing {

struct cluster_options {
  int masters = 3;
  int replicas_per_master = 0;
  // Of every node. Its configuration lines come after, and so are stronger than, those of the kit.
  server_options server = {};
  // The servers' cluster-node-timeout while nothing is waited for. While the kit waits for a node to be noticed as dead
  // or back it is at most a second, so that this one can be long enough for no busy machine to fake a failure.
  std::chrono::milliseconds node_timeout{5'000};
  // How long each wait may take.
  std::chrono::milliseconds patience{30'000};
};

// Both ends included.
struct slot_range {
  int first = 0;
  int last = 0;
  auto operator<=>(const slot_range&) const = default;
};

// One server of a cluster. Stays where it is as long as its cluster, running or not, whatever its role.
class cluster_node : public server {
 public:
  cluster_node(server started, std::size_t index, int port, std::string id)
      : server{std::move(started)}, index_{index}, port_{port}, id_{std::move(id)} {}

  // In `cluster::node()`: the masters of the beginning come first.
  std::size_t index() const noexcept { return index_; }
  // Its port of 127.0.0.1, over restarts too.
  int port() const noexcept { return port_; }
  // Its forty digits in CLUSTER NODES.
  const std::string& id() const noexcept { return id_; }

 private:
  std::size_t index_;
  int port_;
  std::string id_;
};

namespace detail {
struct cluster_places;
struct cluster_route;
struct cluster_state;
}  // namespace detail

// A client of the whole cluster, with connections of its own: follows MOVED and ASK. For one thread at a time, but any:
// it runs beside the cluster's own calls, and outlives nodes that die and come back. Moved, not copied.
class cluster_client {
 public:
  explicit cluster_client(std::shared_ptr<detail::cluster_places> places);
  cluster_client(cluster_client&&) noexcept;
  cluster_client& operator=(cluster_client&&) noexcept;
  ~cluster_client();

  // Sends one command to the master that serves its keys, and waits for the answer. Any command will do, of a module
  // too: it goes where its second word would be at home if it were a key, and from there where the servers point. One
  // without keys goes to a node that was a master when this client last heard of it; where that refuses to write, to
  // another that is one. Waits where the answer is TRYAGAIN. Every other error is a value.
  // Fails: `connection_lost`, where the node that must answer is down or dies meanwhile; `timed_out`.
  template <command_word... Words>
  requires(sizeof...(Words) > 0) reply call(const Words&... words) {
    return call(std::vector<std::string>{to_word(words)...});
  }
  reply call(const std::vector<std::string>& words);

  // How many answers so far were MOVED or ASK.
  std::size_t redirections() const noexcept;

 private:
  friend struct detail::cluster_state;
  std::unique_ptr<detail::cluster_route> route_;
};

// A slot on its way from one master to another, key by key, by SETSLOT and MIGRATE. It stays between the two until it
// is finished or cancelled; must not outlive its cluster.
class slot_migration {
 public:
  int slot() const noexcept { return slot_; }
  cluster_node& from() const noexcept { return *from_; }
  cluster_node& to() const noexcept { return *to_; }

  // Moves keys that are still at `from()`, and returns how many: none when all have been moved.
  std::size_t move_keys(std::size_t at_most = 100);
  // Moves the rest, gives the slot to `to()`, and waits until every node knows.
  void finish();
  // Leaves the slot with `from()`, keys that were moved with `to()`.
  void cancel();

 private:
  friend class cluster;
  slot_migration(detail::cluster_state& state, int slot, cluster_node& from, cluster_node& to);

  detail::cluster_state* state_;
  int slot_;
  cluster_node* from_;
  cluster_node* to_;
};

// Slots on their way as one, by Valkey's CLUSTER MIGRATESLOTS. Must not outlive its cluster.
// Since: Valkey 9.0.
class atomic_migration {
 public:
  // The server's word for where it stands: `snapshotting`, `replicating`, … and in the end `success`, `failed` or
  // `cancelled`.
  std::string state();
  // Waits for the end. Fails: `testing::error` with the server's reason, unless it is success and every node knows.
  void wait();
  // With every other one from the same master. Fails: `testing::error`, where all are over already.
  void cancel();

 private:
  friend class cluster;
  atomic_migration(detail::cluster_state& state, cluster_node& from, std::string name);
  reply entry();

  detail::cluster_state* state_;
  cluster_node* from_;
  std::string name_;
};

// Servers in cluster mode on 127.0.0.1, formed and ready: every node is up, knows and agrees with every other. They die
// with the object, or with the test's process. A wait that is in vain, an order that a node refuses and a
// command of call() that gets no answer say which node, with what each node thinks of the cluster and the end of its
// log. Owns: the nodes. Moved, not copied.
class cluster {
 public:
  // (A template, so that `cluster{{.masters = …}}` can mean nothing but the options.)
  template <class Path>
  requires std::constructible_from<std::string, const Path&>
  explicit cluster(const Path& module_path, int masters = 3, int replicas_per_master = 0)
      : cluster{cluster_options{.masters = masters,
                                .replicas_per_master = replicas_per_master,
                                .server = {.modules = {{std::string{module_path}}}}}} {}
  // Fails: `start_failed`.
  explicit cluster(cluster_options options);
  cluster(cluster&&) noexcept;
  cluster& operator=(cluster&&) noexcept;
  ~cluster();

  // The slot of a key, by its hash tag where it has one.
  static int slot(std::string_view key) noexcept;

  // As `cluster_client::call`, through a client of the cluster's own.
  template <command_word... Words>
  requires(sizeof...(Words) > 0) reply call(const Words&... words) {
    return call(std::vector<std::string>{to_word(words)...});
  }
  reply call(const std::vector<std::string>& words);
  // To the master that serves this slot. What it answers is the answer: MOVED and ASK are not followed.
  template <command_word... Words>
  requires(sizeof...(Words) > 0) reply call_on(int slot, const Words&... words) {
    return master_of_slot(slot).call(words...);
  }
  // One more client.
  cluster_client connect();

  // Every node, by number, whether it runs or not.
  std::size_t size() const noexcept;
  cluster_node& node(std::size_t index);
  // The nodes that run and hold themselves for a master; for a replica; for a replica of this node.
  std::vector<cluster_node*> masters();
  std::vector<cluster_node*> replicas();
  std::vector<cluster_node*> replicas_of(const cluster_node& master);
  // The running master that holds itself for the one who serves the key's slot. Fails: `testing::error`, without one.
  cluster_node& master_of(std::string_view key);
  cluster_node& master_of_slot(int slot);
  // The slots that a node holds itself for the master of.
  std::vector<slot_range> slots_of(cluster_node& node);

  // SIGKILL. The node stays down until `start()`.
  void kill(cluster_node& node);
  // Starts a node that is down, with what it had saved. `wait_until_ok()` waits until the others have taken it back;
  // a former master that was replaced is a replica then.
  void start(cluster_node& node);
  // Waits until all is well: every running node holds the cluster for ok, all agree on who serves what, replicas are in
  // sync, and the nodes that do not run are known to be gone and serve nothing.
  // Fails: `testing::error`, with what was missing, after `cluster_options::patience`.
  void wait_until_ok();
  // After a master has died: waits until replicas have taken over and all is well. Returns who serves now what the dead
  // master served when all was well last; where several died, the first one's successor.
  // Fails: as `wait_until_ok()`; and where no master is down.
  cluster_node& wait_for_failover();
  // CLUSTER FAILOVER: the replica and its master change places, in agreement; `how` may be FORCE or TAKEOVER. Returns
  // when all is well.
  void failover(cluster_node& replica, std::string_view how = {});

  // Moves a slot with its keys, while clients go on. The server that serves it sends them on by DUMP and RESTORE, which
  // for a module's type are `rdb_save` and `rdb_load`. Returns when every node knows.
  void migrate_slot(int slot, cluster_node& to);
  // The same in steps. Between them a key that was moved, or is new, is at `to`: `from` answers ASK.
  slot_migration begin_slot_migration(int slot, cluster_node& to);

  // Moves slots of one master to another, all at once for whoever looks. The keys travel as commands, which for a
  // module's type are those of its `aof_rewrite`. Returns when every node knows. The server refuses where a module has
  // not declared that it can bear it (MODULE_OPTIONS_HANDLE_ATOMIC_SLOT_MIGRATION).
  // Fails: `testing::error`, with the server's reason or `lacks_atomic_migration()`. Since: Valkey 9.0.
  void migrate_slots_atomically(slot_range slots, cluster_node& to);
  // The same without waiting.
  atomic_migration begin_atomic_migration(slot_range slots, cluster_node& to);
  // Why the servers cannot, in words for a skipped test; empty where they can.
  std::string lacks_atomic_migration() const;

  // From now on, instead of `cluster_options::patience`.
  void set_patience(std::chrono::milliseconds patience);

  // Of every node: whether it runs, CLUSTER NODES as it answers, and the end of its log.
  std::string report();

 private:
  std::unique_ptr<detail::cluster_state> state_;
};

}  // namespace redismodule::testing
