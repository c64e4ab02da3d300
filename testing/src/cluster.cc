#include "redismodule/testing/cluster.h"

#include "cluster_state.h"

namespace redismodule::testing {
namespace {

using detail::cluster_state;
using detail::name_of;
using detail::slot_count;

}  // namespace

cluster::cluster(cluster_options options) : state_{std::make_unique<cluster_state>(std::move(options))} {}
cluster::cluster(cluster&&) noexcept = default;
cluster& cluster::operator=(cluster&&) noexcept = default;
cluster::~cluster() = default;

reply cluster::call(const std::vector<std::string>& words) {
  state_->note_lives();
  return state_->reporting([&] { return state_->own->call(words); });
}

cluster_client cluster::connect() { return cluster_client{state_->places}; }

std::size_t cluster::size() const noexcept { return state_->nodes.size(); }

cluster_node& cluster::node(std::size_t index) {
  if (index >= size()) throw error{"the cluster has no node " + std::to_string(index)};
  return *state_->nodes[index];
}

std::vector<cluster_node*> cluster::masters() {
  std::vector<cluster_node*> found;
  for (const cluster_state::look& seen : state_->look_around()) {
    if (seen.self().has("master")) found.push_back(seen.node);
  }
  return found;
}

std::vector<cluster_node*> cluster::replicas() {
  std::vector<cluster_node*> found;
  for (const cluster_state::look& seen : state_->look_around()) {
    if (seen.self().has("slave")) found.push_back(seen.node);
  }
  return found;
}

std::vector<cluster_node*> cluster::replicas_of(const cluster_node& master) {
  std::vector<cluster_node*> found;
  for (const cluster_state::look& seen : state_->look_around()) {
    if (seen.self().has("slave") && seen.self().master_id == master.id()) found.push_back(seen.node);
  }
  return found;
}

cluster_node& cluster::master_of(std::string_view key) { return master_of_slot(slot(key)); }

cluster_node& cluster::master_of_slot(int slot) { return *state_->nodes[state_->server_of(slot)]; }

std::vector<slot_range> cluster::slots_of(cluster_node& node) { return state_->look_from(node).self().slots; }

void cluster::kill(cluster_node& node) {
  if (!node.alive()) throw error{name_of(node) + " is down already"};
  node.kill();
  state_->note_lives();
}

void cluster::start(cluster_node& node) {
  if (node.alive()) throw error{name_of(node) + " runs already"};
  node.start();
  state_->note_lives();
}

void cluster::wait_until_ok() {
  state_->reporting([this] { state_->wait_until_well("all to be well"); });
}

cluster_node& cluster::wait_for_failover() {
  return state_->reporting([this]() -> cluster_node& {
    for (int slot = 0; slot < slot_count; ++slot) {
      if (state_->nodes[state_->served_by[slot]]->alive()) continue;
      state_->wait_until_well("a replica to take over");
      return *state_->nodes[state_->served_by[slot]];
    }
    state_->fail("there is no failover to wait for: no node that served slots is down");
  });
}

void cluster::failover(cluster_node& replica, std::string_view how) {
  std::vector<std::string> words{"CLUSTER", "FAILOVER"};
  if (!how.empty()) words.emplace_back(how);
  state_->reporting([&] {
    state_->order(replica, words);
    state_->wait(name_of(replica) + " to become a master",
                 [&] { return state_->look_from(replica).self().has("master") ? std::string{} : "it is a replica"; });
    state_->wait_until_well("all to be well after " + name_of(replica) + " became a master");
  });
}

void cluster::set_patience(std::chrono::milliseconds patience) {
  state_->options.patience = patience;
  state_->places->patience = patience;
}

std::string cluster::report() { return state_->report(); }

// --- a client of it ---

cluster_client::cluster_client(std::shared_ptr<detail::cluster_places> places)
    : route_{std::make_unique<detail::cluster_route>(std::move(places))} {}
cluster_client::cluster_client(cluster_client&&) noexcept = default;
cluster_client& cluster_client::operator=(cluster_client&&) noexcept = default;
cluster_client::~cluster_client() = default;

reply cluster_client::call(const std::vector<std::string>& words) { return route_->call(words); }

std::size_t cluster_client::redirections() const noexcept { return route_->redirections; }

}  // namespace redismodule::testing
