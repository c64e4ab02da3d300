// A leaderboard: a sorted set of players, and a hash of what is known of each.
#include <redismodule/redismodule.h>
namespace rm = redismodule;

// Keeps a player's best score only.
rm::result<double> play(rm::context& ctx, rm::write<rm::sorted_set> board, rm::string_ref player, double score) {
  if (auto before = board->score(player); before && *before >= score) return *before;
  if (auto added = board->add(player, score); !added) return added.error();
  ctx.replicate_verbatim();
  return score;
}

rm::result<void> rename_player(rm::context& ctx, rm::write<rm::sorted_set> board, rm::string_ref from,
                               rm::string_ref to) {
  const auto score = board->score(from);
  if (!score) return rm::error_reply{"ERR no such player"};
  if (from == to) return {};
  if (auto added = board->add(to, *score); !added) return added.error();
  board->erase(from);  // last: a board that gets empty is gone, with its expiry
  ctx.replicate_verbatim();
  return {};
}

// The best players, each with a field of what is known of them.
void top(rm::reply& out, rm::read<rm::sorted_set> board, rm::read<rm::hash> notes, std::size_t count) {
  auto players = out.array();
  for (const auto [player, score] : board->by_score_reversed()) {
    if (count-- == 0) return;
    players.push(std::tuple{player, score, notes->get(player)});
  }
}

// Takes out everybody below a score, while walking over the board. How many.
std::size_t cut(rm::context& ctx, rm::write<rm::sorted_set> board, double score) {
  std::size_t gone = 0;
  for (const auto [player, points] : board->by_score(rm::lowest, rm::score_bound::beyond(score))) {
    gone += board->erase(player);
  }
  if (gone != 0) ctx.replicate_verbatim();
  return gone;
}

REDISMODULE_MODULE(board, 1, m) {
  m.command<play>("board.play board player score", {.summary = "Enters a score", .flags = rm::flags::write});
  m.command<rename_player>("board.rename board from to", {.summary = "Renames a player", .flags = rm::flags::write});
  m.command<top>("board.top board notes count", {.summary = "The best players", .flags = rm::flags::readonly});
  m.command<cut>("board.cut board score", {.summary = "Takes out whoever is below", .flags = rm::flags::write});
}
