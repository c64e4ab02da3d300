// Slots on their way from one master to another.
#include <charconv>

#include "cluster_state.h"

namespace redismodule::testing {
namespace {

constexpr version_number first_atomic{9, 0, 0};
constexpr auto migrate_limit = std::chrono::milliseconds{10'000};

std::string text_of(const server_version& version) {
  return (version.is_valkey() ? "Valkey " : "Redis ") + std::to_string(version.number.major) + '.' +
         std::to_string(version.number.minor) + '.' + std::to_string(version.number.patch);
}

bool is_over(const std::string& state) { return state == "success" || state == "failed" || state == "cancelled"; }

}  // namespace

// --- key by key ---

slot_migration::slot_migration(detail::cluster_state& state, int slot, cluster_node& from, cluster_node& to)
    : state_{&state}, slot_{slot}, from_{&from}, to_{&to} {
  const std::string number = std::to_string(slot);
  // In this order: as soon as the source sends clients on, the target must be ready for them.
  state_->order(to, {"CLUSTER", "SETSLOT", number, "IMPORTING", from.id()});
  state_->order(from, {"CLUSTER", "SETSLOT", number, "MIGRATING", to.id()});
}

std::size_t slot_migration::move_keys(std::size_t at_most) {
  const reply keys =
      state_->order(*from_, {"CLUSTER", "GETKEYSINSLOT", std::to_string(slot_), std::to_string(at_most)});
  if (keys.size() == 0) return 0;
  std::vector<std::string> words{"MIGRATE", "127.0.0.1", std::to_string(to_->port()),
                                 "",        "0",         std::to_string(migrate_limit.count())};
  if (const std::string& password = state_->places->password; !password.empty()) {
    words.insert(words.end(), {"AUTH", password});
  }
  words.emplace_back("KEYS");
  for (const reply& key : keys.array()) words.push_back(key.str());
  state_->order(*from_, words);
  return keys.size();
}

void slot_migration::finish() {
  while (move_keys() > 0) {
  }
  const std::vector<std::string> words{"CLUSTER", "SETSLOT", std::to_string(slot_), "NODE", to_->id()};
  // The new owner first: until the old one is told, it sends clients there by ASK. The others would find out by
  // themselves, later.
  state_->order(*to_, words);
  state_->order(*from_, words);
  for (const auto& seen : state_->look_around()) {
    if (seen.node == to_ || seen.node == from_ || !seen.self().has("master")) continue;
    state_->order(*seen.node, words);
  }
  state_->wait_until_well("all to know that slot " + std::to_string(slot_) + " has moved");
}

void slot_migration::cancel() {
  for (cluster_node* node : {from_, to_}) state_->order(*node, {"CLUSTER", "SETSLOT", std::to_string(slot_), "STABLE"});
}

slot_migration cluster::begin_slot_migration(int slot, cluster_node& to) {
  return state_->reporting([&] {
    cluster_node& from = master_of_slot(slot);
    if (&from == &to) state_->fail("slot " + std::to_string(slot) + " is where it shall go");
    return slot_migration{*state_, slot, from, to};
  });
}

void cluster::migrate_slot(int slot, cluster_node& to) {
  slot_migration moving = begin_slot_migration(slot, to);
  state_->reporting([&] { moving.finish(); });
}

// --- as one ---

std::string cluster::lacks_atomic_migration() const {
  const server_version& version = state_->nodes[0]->version();
  if (version.is_valkey() && version.number >= first_atomic) return {};
  return "needs CLUSTER MIGRATESLOTS: Valkey 9.0; this is " + text_of(version);
}

atomic_migration cluster::begin_atomic_migration(slot_range slots, cluster_node& to) {
  return state_->reporting([&] {
    if (const std::string lack = lacks_atomic_migration(); !lack.empty()) throw error{lack};
    cluster_node& from = master_of_slot(slots.first);
    state_->order(from, {"CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", std::to_string(slots.first),
                         std::to_string(slots.last), "NODE", to.id()});
    // The newest is the first.
    const reply all = state_->order(from, {"CLUSTER", "GETSLOTMIGRATIONS"});
    return atomic_migration{*state_, from, all[0].at("name").str()};
  });
}

void cluster::migrate_slots_atomically(slot_range slots, cluster_node& to) { begin_atomic_migration(slots, to).wait(); }

atomic_migration::atomic_migration(detail::cluster_state& state, cluster_node& from, std::string name)
    : state_{&state}, from_{&from}, name_{std::move(name)} {}

reply atomic_migration::entry() {
  const reply all = state_->order(*from_, {"CLUSTER", "GETSLOTMIGRATIONS"});
  for (const reply& one : all.array()) {
    if (one.at("name") == name_) return one;
  }
  state_->fail("the server has forgotten the migration " + name_);
}

std::string atomic_migration::state() { return entry().at("state").str(); }

void atomic_migration::wait() {
  state_->reporting([this] {
    state_->wait("the slots to move", [this] {
      const std::string now = state();
      return is_over(now) ? std::string{} : "the migration is " + now;
    });
    const reply end = entry();
    if (end.at("state") != "success") {
      state_->fail("the migration of slots " + end.at("slot_ranges").str() + " has " + end.at("state").str() + ": " +
                   end.at("message").str());
    }
    state_->wait_until_well("all to know that slots " + end.at("slot_ranges").str() + " have moved");
  });
}

void atomic_migration::cancel() { state_->order(*from_, {"CLUSTER", "CANCELSLOTMIGRATIONS"}); }

}  // namespace redismodule::testing
