#include "cluster_view.h"

#include <algorithm>
#include <charconv>
#include <sstream>

namespace redismodule::testing::detail {
namespace {

int parse_slot(std::string_view text) {
  int slot = -1;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), slot);
  if (failure != std::errc{} || end != text.data() + text.size() || slot < 0 || slot >= slot_count) {
    throw error{"no slot: '" + std::string{text} + "'"};
  }
  return slot;
}

// "0-5460", "5461".
slot_range parse_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return {parse_slot(text), parse_slot(text)};
  return {parse_slot(text.substr(0, dash)), parse_slot(text.substr(dash + 1))};
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream in{text};
  for (std::string part; std::getline(in, part, at);) parts.push_back(part);
  return parts;
}

// id, address, flags, master, ping sent, pong received, epoch, link, slots…
peer parse_line(const std::string& line) {
  const std::vector<std::string> words = split(line, ' ');
  if (words.size() < 8) throw error{"no line of CLUSTER NODES: " + line};
  peer p{.id = words[0],
         .flags = split(words[2], ','),
         .master_id = words[3],
         .epoch = words[6],
         .linked = words[7] == "connected",
         .slots = {}};
  for (std::size_t i = 8; i < words.size(); ++i) {
    // "[93-<-id]" and "[93->-id]" are slots on their way.
    if (!words[i].starts_with('[')) p.slots.push_back(parse_range(words[i]));
  }
  return p;
}

}  // namespace

bool peer::has(std::string_view flag) const { return std::find(flags.begin(), flags.end(), flag) != flags.end(); }

bool peer::serves(int slot) const {
  return std::any_of(slots.begin(), slots.end(),
                     [slot](const slot_range& range) { return range.first <= slot && slot <= range.last; });
}

cluster_view parse_cluster_nodes(const std::string& text) {
  cluster_view view;
  for (const std::string& line : split(text, '\n')) {
    if (line.empty()) continue;
    peer p = parse_line(line);
    view.insert_or_assign(p.id, std::move(p));
  }
  return view;
}

}  // namespace redismodule::testing::detail
