// What the nodes of a cluster think of it, and waiting until they think alike.
#include <algorithm>
#include <thread>
#include <utility>

#include "cluster_state.h"
#include "process.h"

namespace redismodule::testing::detail {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto poll_every = 5ms;
constexpr auto report_limit = 1s;
// The servers' cluster-node-timeout while their judgement is waited for: less, and a busy machine fakes failures.
constexpr std::chrono::milliseconds brisk_timeout = 1s;

void set_node_timeout(cluster_node& node, std::chrono::milliseconds timeout) {
  node.call("CONFIG", "SET", "cluster-node-timeout", timeout.count());
}

// Lets the nodes that run judge sooner, until the end of the scope.
class brisk {
 public:
  brisk(std::vector<std::unique_ptr<cluster_node>>& nodes, std::chrono::milliseconds usual)
      : nodes_{nodes}, usual_{usual} {
    set_all<connection_lost>(std::min(brisk_timeout, usual_));
  }
  brisk(const brisk&) = delete;
  brisk& operator=(const brisk&) = delete;
  ~brisk() { set_all<testing::error>(usual_); }

 private:
  // A node may die meanwhile, or at the end hang: the next call to it says so.
  template <class Forgiven>
  void set_all(std::chrono::milliseconds timeout) {
    for (const auto& node : nodes_) {
      try {
        if (node->alive()) set_node_timeout(*node, timeout);
      } catch (const Forgiven&) {
      }
    }
  }

  std::vector<std::unique_ptr<cluster_node>>& nodes_;
  std::chrono::milliseconds usual_;
};

// Asked through a connection of its own, for a moment only: it is for nodes with which something is wrong.
std::string nodes_as_seen_by(const cluster_node& node, const std::string& password) {
  try {
    client asking{node.socket()};
    asking.set_timeout(report_limit);
    if (!password.empty()) asking.auth(password);
    return asking.call("CLUSTER", "NODES").str();
  } catch (const testing::error& why) {
    return std::string{"CLUSTER NODES: "} + why.what() + "\n";
  }
}

}  // namespace

// A replica that loads what its master has sent answers nothing else: there is nothing to look at then.
std::optional<cluster_state::look> cluster_state::glance_from(cluster_node& node) {
  const reply view = node.call("CLUSTER", "NODES"), info = node.call("CLUSTER", "INFO");
  for (const reply* answer : {&view, &info}) {
    if (!answer->is_error()) continue;
    if (answer->error().starts_with("LOADING")) return std::nullopt;
    fail(name_of(node) + " answers CLUSTER with " + answer->error());
  }
  look seen{.node = &node, .view = parse_cluster_nodes(view.str()), .ok = info.str().starts_with("cluster_state:ok")};
  if (!seen.view.contains(node.id())) throw error{name_of(node) + " has taken another id"};
  return seen;
}

cluster_state::look cluster_state::look_from(cluster_node& node) {
  const auto deadline = clock::now() + options.patience;
  for (;;) {
    if (auto seen = glance_from(node)) return std::move(*seen);
    if (clock::now() > deadline) fail(name_of(node) + " still loads");
    std::this_thread::sleep_for(poll_every);
  }
}

std::vector<cluster_state::look> cluster_state::look_around() {
  std::vector<look> looks;
  for (const auto& node : nodes) {
    if (node->alive()) looks.push_back(look_from(*node));
  }
  return looks;
}

cluster_node* cluster_state::find(const std::string& id) {
  for (const auto& node : nodes) {
    if (node->id() == id) return node.get();
  }
  return nullptr;
}

std::string cluster_state::flaw_of_peer(const look& seen, const cluster_node& other) {
  const auto found = seen.view.find(other.id());
  if (found == seen.view.end()) return " does not know " + name_of(other);
  const peer& p = found->second;
  const bool thought_dead = p.has("fail") || p.has("fail?");
  if (other.alive()) {
    if (thought_dead) return " holds " + name_of(other) + " for dead";
    if (!p.linked) return " has no connection to " + name_of(other);
    return {};
  }
  if (!thought_dead) return " has not noticed that " + name_of(other) + " is down";
  if (!p.slots.empty()) return " knows nobody who took over the slots of " + name_of(other) + ", which is down";
  return {};
}

std::string cluster_state::flaw_of_replica(const look& seen) {
  cluster_node* master = find(seen.self().master_id);
  if (master == nullptr) return " is a replica of nobody";
  if (!master->alive()) return " is a replica of " + name_of(*master) + ", which is down";
  if (seen.node->info("replication", "master_link_status") != "up") {
    return " is not in sync with " + name_of(*master);
  }
  return {};
}

std::string cluster_state::flaw_in(const look& seen) {
  if (!seen.ok) return " says that the cluster's state is not ok";
  for (const auto& [id, p] : seen.view) {
    if (find(id) == nullptr) return " is still meeting somebody";
  }
  for (const auto& other : nodes) {
    std::string why = flaw_of_peer(seen, *other);
    if (!why.empty()) return why;
  }
  return seen.self().has("slave") ? flaw_of_replica(seen) : flaw_of_master(seen);
}

std::string cluster_state::flaw_of_master(const look& seen) {
  for (const auto& [id, p] : seen.view) {
    if (id == seen.node->id() || !p.has("master") || p.epoch != seen.self().epoch) continue;
    return " and " + name_of(*find(id)) + " have the same epoch";
  }
  return {};
}

// What all must see alike: who is who's replica, who serves what, and since which epoch. While a node does not know
// another's, it may take the same for itself; who is then made to give way loses slots that it has just been given.
std::string cluster_state::agreement(const look& seen) {
  std::string text;
  for (const auto& [id, p] : seen.view) {
    if (cluster_node* node = find(id); node == nullptr || !node->alive()) continue;
    text += id + (p.has("master") ? " master since " + p.epoch : " replica of " + p.master_id);
    for (const slot_range& range : p.slots)
      text += ' ' + std::to_string(range.first) + '-' + std::to_string(range.last);
    text += '\n';
  }
  return text;
}

std::string cluster_state::flaw() {
  std::vector<look> looks;
  for (const auto& node : nodes) {
    if (!node->alive()) continue;
    auto seen = glance_from(*node);
    if (!seen) return name_of(*node) + " still loads";
    looks.push_back(std::move(*seen));
  }
  if (looks.empty()) return "no node runs";
  for (const look& seen : looks) {
    const std::string why = flaw_in(seen);
    if (!why.empty()) return name_of(*seen.node) + why;
  }
  for (const look& seen : looks) {
    if (agreement(seen) == agreement(looks[0])) continue;
    return name_of(*looks[0].node) + " and " + name_of(*seen.node) + " do not agree";
  }
  return {};
}

std::size_t cluster_state::server_of(int slot) {
  for (const auto& node : nodes) {
    if (!node->alive()) continue;
    const look seen = look_from(*node);
    if (seen.self().has("master") && seen.self().serves(slot)) return node->index();
  }
  fail("no node that runs serves slot " + std::to_string(slot));
}

// --- waiting ---

void cluster_state::wait(const std::string& what, const std::function<std::string()>& flaw) {
  const auto deadline = clock::now() + options.patience;
  std::string why = flaw();
  if (why.empty()) return;
  const brisk until_then{nodes, options.node_timeout};
  while (!why.empty()) {
    if (clock::now() > deadline) {
      fail("waited " + std::to_string(options.patience.count()) + " ms in vain for " + what + ": " + why);
    }
    std::this_thread::sleep_for(poll_every);
    why = flaw();
  }
}

void cluster_state::wait_until_well(const std::string& what) {
  wait(what, [this] { return flaw(); });
  for (const look& seen : look_around()) {
    for (const slot_range& range : seen.self().slots) {
      for (int slot = range.first; slot <= range.last; ++slot) served_by[slot] = seen.node->index();
    }
  }
  own->route_->learn(served_by);
}

reply cluster_state::order(cluster_node& node, const std::vector<std::string>& words) {
  reply answer = node.call(words);
  if (!answer.is_error()) return answer;
  std::string text;
  for (std::size_t i = 0; i < words.size() && i < 4; ++i) text += words[i] + ' ';
  fail(name_of(node) + " answers " + text + "with " + answer.error());
}

void cluster_state::fail(const std::string& why) { throw error{why + "\n" + report()}; }

std::string cluster_state::report() {
  std::string text;
  for (const auto& node : nodes) {
    text += "--- " + name_of(*node) + ", process " + std::to_string(node->pid());
    text += node->alive() ? ", runs:\n" + nodes_as_seen_by(*node, places->password) : ", does not run\n";
    text += "its log ends:\n" + log_end(places->nodes[node->index()].log);
    if (!text.ends_with('\n')) text += '\n';
  }
  return text;
}

// A node may also die, or be restarted, without the cluster being asked.
void cluster_state::note_lives() {
  for (const auto& node : nodes) {
    const pid_t now = node->alive() ? node->pid() : -1;
    if (std::exchange(pids[node->index()], now) == now) continue;
    places->nodes[node->index()].life.fetch_add(1, std::memory_order_release);
  }
}

}  // namespace redismodule::testing::detail
