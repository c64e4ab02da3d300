// From nothing to a cluster: servers that are started at once, told their slots, introduced to each other, and given
// masters. redis-cli is not needed for it, and would take longer.
#include <future>
#include <thread>

#include "cluster_state.h"
#include "configuration.h"

namespace redismodule::testing::detail {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto introduction_limit = 500ms;
constexpr int port_tries = 3;

slot_range share_of(int master, int masters) {
  return {master * slot_count / masters, (master + 1) * slot_count / masters - 1};
}

// ADDSLOTSRANGE came with Redis 7.0.
std::vector<std::string> words_to_add(const slot_range& slots, const server_version& version) {
  if (version.is_valkey() || version.number >= version_number{7, 0, 0}) {
    return {"CLUSTER", "ADDSLOTSRANGE", std::to_string(slots.first), std::to_string(slots.last)};
  }
  std::vector<std::string> words{"CLUSTER", "ADDSLOTS"};
  for (int slot = slots.first; slot <= slots.last; ++slot) words.push_back(std::to_string(slot));
  return words;
}

}  // namespace

cluster_state::cluster_state(cluster_options wanted) : options{std::move(wanted)} {
  if (options.masters < 1 || options.masters > slot_count || options.replicas_per_master < 0) {
    throw start_failed{"a cluster has a master at least, and no fewer than no replicas"};
  }
  const std::string timeout = configured(options.server.config, "cluster-node-timeout");
  if (!timeout.empty()) options.node_timeout = std::chrono::milliseconds{std::strtoll(timeout.c_str(), nullptr, 10)};
  start_all();
  reporting([this] {
    assign_slots();
    own.emplace(places);
    clock::time_point met{};
    wait("the cluster to form", [&] {
      meet(met);
      attach_replicas();
      return flaw();
    });
    served_by.assign(slot_count, 0);
    for (int slot = 0; slot < slot_count; ++slot) served_by[slot] = places->owners[slot];
  });
}

server_options cluster_state::options_of(int port) const {
  server_options node = options.server;
  node.config = {"port " + std::to_string(port), "bind 127.0.0.1", "cluster-enabled yes",
                 "cluster-config-file nodes.conf", "cluster-announce-ip 127.0.0.1",
                 "cluster-node-timeout " + std::to_string(options.node_timeout.count()),
                 // A replica stands for election however long a debugger has held it.
                 "cluster-replica-validity-factor 0",
                 // By a socket, a first copy begins on a tick of the clock, by default after five seconds.
                 "repl-diskless-sync no"};
  node.config.insert(node.config.end(), options.server.config.begin(), options.server.config.end());
  return node;
}

// Another program may take the port between its lease and the server's start.
server cluster_state::start_node(std::size_t index) {
  for (int tries = 1;; ++tries) {
    try {
      return server{options_of(leases[index].port())};
    } catch (const start_failed& failed) {
      const std::string why = failed.what();
      if (tries == port_tries || why.find("ddress already in use") == std::string::npos) {
        throw start_failed{name_of(index, leases[index].port()) + ": " + why};
      }
      leases[index] = port_lease{port_lease::extent::port_and_bus};
    }
  }
}

void cluster_state::start_all() {
  const auto count = static_cast<std::size_t>(options.masters * (1 + options.replicas_per_master));
  for (std::size_t i = 0; i < count; ++i) leases.emplace_back(port_lease::extent::port_and_bus);
  std::vector<std::future<server>> started;
  for (std::size_t i = 0; i < count; ++i) {
    started.push_back(std::async(std::launch::async, [this, i] { return start_node(i); }));
  }
  for (std::size_t i = 0; i < count; ++i) {
    server one = started[i].get();
    const int port = leases[i].port();
    const reply id = one.call("CLUSTER", "MYID");
    if (id.is_error()) throw start_failed{name_of(i, port) + " answers CLUSTER MYID with " + id.error()};
    cluster_place& place = places->nodes.emplace_back();
    place.port = leases[i].port();
    place.socket = one.socket();
    place.log = one.directory() + "/log";
    pids.push_back(one.pid());
    nodes.push_back(std::make_unique<cluster_node>(std::move(one), i, port, id.str()));
  }
  places->patience = options.patience;
  places->answer_timeout = options.server.answer_timeout;
  places->password = password_in(options.server.config);
  places->owners.assign(slot_count, 0);
}

// Epochs differ from the beginning; the nodes would otherwise have to settle that among themselves.
void cluster_state::assign_slots() {
  for (const auto& node : nodes) {
    order(*node, {"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(node->index() + 1)});
  }
  for (int master = 0; master < options.masters; ++master) {
    const slot_range share = share_of(master, options.masters);
    order(*nodes[master], words_to_add(share, nodes[master]->version()));
    for (int slot = share.first; slot <= share.last; ++slot) places->owners[slot] = static_cast<std::uint16_t>(master);
  }
}

// Everybody is introduced to everybody: it takes one handshake, where hearsay takes several rounds. A handshake that
// was not done in its time is forgotten by the servers, and is begun again.
void cluster_state::meet(clock::time_point& last) {
  if (clock::now() - last < introduction_limit) return;
  last = clock::now();
  for (const auto& node : nodes) {
    const cluster_view view = look_from(*node).view;
    for (std::size_t other = node->index() + 1; other < nodes.size(); ++other) {
      if (view.contains(nodes[other]->id())) continue;
      order(*node, {"CLUSTER", "MEET", "127.0.0.1", std::to_string(nodes[other]->port())});
    }
  }
}

cluster_node& cluster_state::master_for(std::size_t replica) {
  return *nodes[(replica - options.masters) / options.replicas_per_master];
}

void cluster_state::attach_replicas() {
  for (std::size_t i = options.masters; i < nodes.size(); ++i) {
    const look seen = look_from(*nodes[i]);
    if (!seen.self().has("master")) continue;
    const auto master = seen.view.find(master_for(i).id());
    if (master == seen.view.end() || master->second.has("handshake")) continue;
    order(*nodes[i], {"CLUSTER", "REPLICATE", master->first});
  }
}

}  // namespace redismodule::testing::detail
