#include "cluster_route.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <thread>

#include "process.h"

namespace redismodule::testing::detail {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

// As many answers as point elsewhere are followed at once; further ones, while the nodes disagree, after a moment.
constexpr int redirections_at_once = 4;

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string name_of(std::size_t index, int port) {
  return "node " + std::to_string(index) + " (127.0.0.1:" + std::to_string(port) + ")";
}

// "MOVED 3999 127.0.0.1:6381"; the address may be empty, the port is always there.
redirection redirection_of(const reply& answer) {
  using kind = redirection::kind;
  if (!answer.is_error()) return {};
  std::istringstream words{answer.error()};
  std::string code, slot, address;
  words >> code >> slot >> address;
  if (code == "TRYAGAIN") return {.where_to = kind::try_again};
  if (code != "MOVED" && code != "ASK") return {};
  const auto slot_number = number(slot);
  const auto port = number(std::string_view{address}.substr(address.rfind(':') + 1));
  if (!slot_number || *slot_number < 0 || *slot_number >= slot_count || !port) {
    throw error{"cannot read the redirection " + answer.error()};
  }
  return {.where_to = code == "MOVED" ? kind::moved : kind::ask, .slot = *slot_number, .port = *port};
}

cluster_route::cluster_route(std::shared_ptr<cluster_places> all)
    : places_{std::move(all)}, owners_{places_->owners}, links_(places_->nodes.size()) {}

// Null where nobody listens. A connection to a node's earlier life is not used: what it was sent would be lost, or not.
client* cluster_route::connect(std::size_t node) {
  const cluster_place& place = places_->nodes[node];
  const unsigned life = place.life.load(std::memory_order_acquire);
  std::optional<link>& known = links_[node];
  if (known && known->life == life) return &known->connection;
  known.reset();
  try {
    known.emplace(link{client{place.socket, [&place] { return "its log ends:\n" + log_end(place.log); }}, life});
  } catch (const testing::error&) {
    return nullptr;
  }
  known->connection.set_timeout(places_->answer_timeout);
  return places_->password.empty() || log_in(node) ? &known->connection : nullptr;
}

// Where the password is refused, so are the commands, in words. False where the node has died meanwhile.
bool cluster_route::log_in(std::size_t node) {
  try {
    links_[node]->connection.auth(places_->password);
    return true;
  } catch (const timed_out& late) {
    lose(node, late);
  } catch (const testing::error&) {
    links_[node].reset();
    return false;
  }
}

void cluster_route::lose(std::size_t node, const timed_out& late) {
  const cluster_place& place = places_->nodes[node];
  links_[node].reset();
  throw timed_out{name_of(node, place.port) + ": " + late.what() + "; its log ends:\n" + log_end(place.log)};
}

std::size_t cluster_route::any_that_runs() {
  std::vector<std::size_t> nodes{owners_.begin(), owners_.end()};  // masters, as far as is known, before the others
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  for (std::size_t node = 0; node < links_.size(); ++node) nodes.push_back(node);
  for (const std::size_t node : nodes) {
    if (connect(node) != nullptr) return node;
  }
  throw connection_lost{"no node of the cluster runs"};
}

// Most commands, of modules too, have their first key in second place. Where that is wrong, the answer is MOVED.
std::size_t cluster_route::first_guess(const std::vector<std::string>& words) {
  const std::size_t guess = owners_[words.size() > 1 ? cluster::slot(words[1]) : 0];
  return connect(guess) != nullptr ? guess : any_that_runs();
}

std::size_t cluster_route::node_at(int port) const {
  for (std::size_t node = 0; node < places_->nodes.size(); ++node) {
    if (places_->nodes[node].port == port) return node;
  }
  throw error{"redirected to port " + std::to_string(port) + ", which is none of the cluster's"};
}

std::size_t cluster_route::follow(const redirection& to) {
  const std::size_t node = node_at(to.port);
  if (to.where_to == redirection::kind::moved) owners_[to.slot] = static_cast<std::uint16_t>(node);
  ++redirections;
  return node;
}

reply cluster_route::ask(std::size_t node, const std::vector<std::string>& words, bool asking) {
  const std::string name = name_of(node, places_->nodes[node].port);
  client* to = connect(node);
  if (to == nullptr) throw connection_lost{name + ", which must answer, is down"};
  try {
    if (!asking) return to->call(words);
    to->send("ASKING");
    to->send(words);
    static_cast<void>(to->receive());
    return to->receive();
  } catch (const connection_lost& lost) {
    links_[node].reset();
    throw connection_lost{name + ": " + lost.what()};
  } catch (const timed_out& late) {
    lose(node, late);
  }
}

// Of those that were masters, as far as was known, some may be replicas now.
std::size_t cluster_route::any_master() {
  for (std::size_t node = 0; node < links_.size(); ++node) {
    if (connect(node) == nullptr) continue;
    const reply role = ask(node, {"ROLE"}, false);
    if (role.size() > 0 && role[0] == "master") return node;
  }
  throw connection_lost{"no master of the cluster runs"};
}

reply cluster_route::call(const std::vector<std::string>& words) {
  using kind = redirection::kind;
  const auto deadline = clock::now() + places_->patience.load();
  std::size_t node = first_guess(words);
  bool asking = false;
  bool is_first = true;
  for (int count = 0;; ++count) {
    reply answer = ask(node, words, asking);
    // From a replica, and of no key of another's: those are MOVED.
    if (std::exchange(is_first, false) && answer.is_error() && answer.error().starts_with("READONLY")) {
      node = any_master();
      continue;
    }
    const redirection to = redirection_of(answer);
    if (to.where_to == kind::none) return answer;
    if (clock::now() > deadline) throw timed_out{"still redirected after a long while: " + answer.error()};
    if (to.where_to == kind::try_again || count >= redirections_at_once) std::this_thread::sleep_for(1ms);
    if (to.where_to == kind::try_again) continue;
    node = follow(to);
    asking = to.where_to == kind::ask;
  }
}

}  // namespace redismodule::testing::detail
