#include "board_model.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <tuple>

namespace model {
namespace {

bool is_above(const entry& one, const entry& other) {
  return std::tuple{-one.score, one.reached} < std::tuple{-other.score, other.reached};
}

}  // namespace

std::vector<std::pair<std::string, entry>> board::ranking() const {
  std::vector<std::pair<std::string, entry>> ranked(players.begin(), players.end());
  std::sort(ranked.begin(), ranked.end(), [](const auto& one, const auto& other) {
    if (is_above(one.second, other.second)) return true;
    return !is_above(other.second, one.second) && one.first < other.first;
  });
  return ranked;
}

value_digest board::digest() const {
  value_digest digest;
  digest.add(static_cast<std::int64_t>(players.size()));
  for (const auto& [player, what] : players) {
    digest.add(player);
    digest.add(std::bit_cast<std::int64_t>(what.score));
    digest.add(what.reached);
  }
  digest.add(static_cast<std::int64_t>(capacity));
  return digest;
}

void boards::enter(board& into, const std::string& player, const entry& what) {
  const auto known = into.players.find(player);
  const bool is_same_score = known != into.players.end() && known->second.score == what.score;
  if (is_same_score && known->second.reached <= what.reached) return;
  into.players[player] = what;
  while (into.capacity != 0 && into.players.size() > into.capacity) into.players.erase(into.ranking().back().first);
}

void boards::apply(const words& command) {
  const std::string& name = command.at(0);
  const std::string& key = command.at(1);
  if (name == "DEL") {
    all_.erase(key);
    return;
  }
  board& value = all_[key];
  if (name == "leaderboard.add") {
    const bool only_greater = command.at(2) == "GT";
    const words rest(command.begin() + (only_greater ? 3 : 2), command.end());
    const entry what{std::stod(rest.at(2)), std::stoll(rest.at(1))};
    const auto known = value.players.find(rest.at(3));
    const bool is_allowed = !only_greater || known == value.players.end() || what.score > known->second.score;
    if (is_allowed) enter(value, rest.at(3), what);
  } else if (name == "leaderboard.incr") {
    const auto known = value.players.find(command.at(5));
    const double before = known == value.players.end() ? 0 : known->second.score;
    enter(value, command.at(5), {before + std::stod(command.at(4)), std::stoll(command.at(3))});
  } else if (name == "leaderboard.remove") {
    for (std::size_t i = 2; i < command.size(); ++i) value.players.erase(command[i]);
  } else if (name == "leaderboard.capacity") {
    value.capacity = std::stoull(command.at(2));
    while (value.capacity != 0 && value.players.size() > value.capacity)
      value.players.erase(value.ranking().back().first);
  } else if (name == "leaderboard.merge") {
    for (std::size_t i = 2; i < command.size(); ++i) {
      const board* source = find(command[i]);
      if (source == nullptr || source == &value) continue;
      for (const auto& [player, what] : source->players) {
        const auto known = value.players.find(player);
        if (known == value.players.end() || is_above(what, known->second)) enter(value, player, what);
      }
    }
  } else {
    throw std::invalid_argument{"the model knows no " + name};
  }
  if (value.players.empty() && value.capacity == 0) all_.erase(key);
}

const board* boards::find(const std::string& key) const {
  const auto found = all_.find(key);
  return found == all_.end() ? nullptr : &found->second;
}

words make_command(std::mt19937_64& random, std::int64_t& milliseconds, std::span<const std::string> keys) {
  const auto key = [&] { return keys[random() % keys.size()]; };
  const auto player = [&] { return "player " + std::to_string(random() % 20); };
  const auto score = [&] {
    const std::string text = std::to_string(random() % 200);
    return random() % 2 == 0 ? text : text + ".5";
  };
  const auto time = [&] { return std::to_string(milliseconds += static_cast<std::int64_t>(random() % 3)); };
  const unsigned kind = random() % 100;
  if (kind < 25) return {"leaderboard.add", key(), "AT", time(), score(), player()};
  if (kind < 50) return {"leaderboard.add", key(), "GT", "AT", time(), score(), player()};
  if (kind < 65) return {"leaderboard.incr", key(), "AT", time(), score(), player()};
  if (kind < 77) return {"leaderboard.remove", key(), player(), player()};
  if (kind < 86) return {"leaderboard.capacity", key(), std::to_string(random() % 4 * 5)};
  if (kind < 97) return {"leaderboard.merge", key(), key(), key()};
  return {"DEL", key()};
}

}  // namespace model
