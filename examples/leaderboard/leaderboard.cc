// Leaderboards: players by their scores, as a data type of its own. The higher score is first; of equal ones the one
// that was reached earlier. Ranks are counted from 1 and cost O(log n), as everything does that concerns one player.
//
// A season is a key of its own with an EXPIRE; LEADERBOARD.MERGE makes one of many. A board without players and
// without a capacity is no key. So a score that comes after the end begins a new board, which has neither EXPIRE nor
// capacity: let a board outlive its season by as much as scores may be late.
#include "standings.h"

#include <algorithm>
#include <vector>

namespace rm = redismodule;
using milliseconds = std::chrono::milliseconds;
using unix_time = std::chrono::sys_time<milliseconds>;

// While modules of the first version have to read what is written. They know no capacity: it is not written then.
bool writes_first_version = false;

// More than that is asked for page by page: nobody else is served while a reply is made.
using count_to_show = rm::bounded<std::size_t, 1, 1000>;
using count_on_each_side = rm::bounded<std::size_t, 0, 500>;

// The second version: the first one had no capacity. What it has written is still read.
struct leaderboard {
  static constexpr rm::type_info redis_type{.name = "leaderbrd", .version = 2};
  standings players;
  std::uint64_t capacity = 0;  // 0: any number
  static constexpr auto fields =
      rm::fields(rm::field<&leaderboard::players>, rm::field<&leaderboard::capacity, rm::since_version<2>>);

  std::size_t mem_usage(std::size_t) const { return sizeof *this + players.mem_usage(); }
  std::size_t free_effort() const { return players.size(); }

  bool is_nothing() const { return players.size() == 0 && capacity == 0; }
  // Whether anything has changed: of equal scores the time of the earlier one stays, and who is worse than all of a
  // full board does not get onto it.
  bool enter(std::string_view player, achievement what) {
    what.score += 0.0;  // of the two zeros the one without a sign
    const achievement* before = players.find(player);
    if (before != nullptr && before->score == what.score && !what.beats(*before)) return false;
    const bool was_there = before != nullptr;
    players.set(player, what);
    return drop_surplus() != 1 || was_there || players.find(player) != nullptr;
  }
  std::size_t drop_surplus() noexcept {
    std::size_t dropped = 0;
    for (; capacity != 0 && players.size() > capacity; ++dropped) players.erase_last();
    return dropped;
  }
};

// What a player has, as commands show it.
struct standing {
  std::string_view player;
  std::size_t rank;
  double score;
  unix_time reached;
  static constexpr auto fields = rm::fields(rm::field<&standing::player>, rm::field<&standing::rank>,
                                            rm::field<&standing::score>, rm::field<&standing::reached>);
};

std::vector<standing> show(const standings& players, std::size_t first, std::size_t count) {
  std::vector<standing> shown;
  for (auto at = players.at_rank(first); at != players.end() && count-- != 0; ++at) {
    shown.push_back({*at->player, ++first, at->what.score, unix_time{milliseconds{at->what.reached}}});
  }
  return shown;
}

// For who listens to events of keys, where another command is replicated than the one that runs. Of the same kind as
// those of ctx.changed(): Redis 6.0 has none of modules.
void notify(rm::context& ctx, const char* event, rm::write<leaderboard>& board) {
  const bool knows_modules = rm::server().number >= rm::version{6, 2, 0};
  static_cast<void>(ctx.notify(knows_modules ? rm::key_event::module : rm::key_event::generic, event, board->name()));
}

// Tells of a change at the end of a command, however it ends.
class announcement {
 public:
  announcement(rm::context& ctx, const char* event, rm::write<leaderboard>& board) noexcept
      : ctx_{ctx}, event_{event}, board_{board} {}
  announcement(const announcement&) = delete;
  announcement& operator=(const announcement&) = delete;
  ~announcement() {
    if (is_due_) notify(ctx_, event_, board_);
  }
  void is_due() noexcept { is_due_ = true; }

 private:
  rm::context& ctx_;
  const char* event_;
  rm::write<leaderboard>& board_;
  bool is_due_ = false;
};

// The primary, the AOF and a slot that another node hands over tell what has been done: refused, it would be lost here.
bool is_from_a_client(const rm::context& ctx) {
  const auto flags = ctx.flags();
  return !flags.has(rm::context_flag::replica) && !flags.has(rm::context_flag::loading) &&
         !flags.has(rm::context_flag::slot_import_client);
}

// What the first version does not know is refused while it is written: its modules have no such command to replicate.
std::optional<rm::error_reply> refused_for_first_version(const rm::context& ctx) {
  if (!writes_first_version || !is_from_a_client(ctx)) return std::nullopt;
  return rm::error_reply{"ERR not while values are written for modules of the first version (written-version 1)"};
}

// After a command that may have taken out the last player.
void remove_if_nothing(rm::context& ctx, rm::write<leaderboard>& board) {
  if (!board->value().is_nothing()) return;
  board->remove();
  static_cast<void>(ctx.notify(rm::key_event::generic, "del", board->name()));
}

using at_option = rm::option<"AT", unix_time, rm::named<"milliseconds">>;

// On replicas and in the AOF the time is in the command: they never ask for it.
std::int64_t time_of(const at_option& at) { return (at ? at->time_since_epoch() : rm::unix_time()).count(); }

const achievement* find(const leaderboard* board, std::string_view player) {
  return board != nullptr ? board->players.find(player) : nullptr;
}

// The board to write to, and its end where nothing came of it, whatever the reason: memory that ran out, too.
class board_in_work {
 public:
  explicit board_in_work(rm::write<leaderboard>& board) : board_{board}, value_{board->value_or_create()} {}
  board_in_work(const board_in_work&) = delete;
  board_in_work& operator=(const board_in_work&) = delete;
  ~board_in_work() {
    if (value_.is_nothing()) board_->remove();
  }
  leaderboard* operator->() const noexcept { return &value_; }

 private:
  rm::write<leaderboard>& board_;
  leaderboard& value_;
};

// Whether anything has changed. What is replicated is what came of a command, entry by entry: neither the time nor a
// condition is looked at twice, and where memory runs out in between, replicas have what is here.
rm::result<bool> enter(rm::context& ctx, rm::write<leaderboard>& board, rm::string_ref player,
                       const achievement& what) {
  board_in_work value{board};
  if (!value->enter(player, what)) return false;
  const auto sent = ctx.replicate("LEADERBOARD.ADD", board->name(), "AT", what.reached, what.score, player);
  if (!sent) return sent.error();
  return true;
}

struct add_options {
  rm::one_of<rm::flag<"NX">, rm::flag<"XX">, rm::flag<"GT">> condition;
  at_option at;

  bool allows(const achievement* before, double score) const {
    if (condition.get<"NX">()) return before == nullptr;
    if (condition.get<"XX">()) return before != nullptr;
    return !condition.get<"GT">() || before == nullptr || score > before->score;
  }
};

// How many players have another score, time or place than before.
rm::result<std::size_t> add(rm::context& ctx, rm::write<leaderboard> board, const add_options& options,
                            rm::at_least_one<std::pair<double, rm::string_ref>> scores) {
  const std::int64_t now = time_of(options.at);
  announcement told{ctx, "leaderboard.add", board};
  std::size_t changed = 0;
  for (const auto& [score, player] : scores) {
    if (!options.allows(find(board->get(), player), score)) continue;
    const auto entered = enter(ctx, board, player, {score, now});
    if (!entered) return entered.error();
    changed += *entered;
    if (*entered) told.is_due();
  }
  return changed;
}

struct increment_options {
  at_option at;
};

// The new score; nothing where it is not enough for a full board.
rm::result<std::optional<double>> increment(rm::context& ctx, rm::write<leaderboard> board,
                                            const increment_options& options, double by, rm::string_ref player) {
  const achievement* before = find(board->get(), player);
  const achievement now{(before != nullptr ? before->score : 0) + by, time_of(options.at)};
  if (std::isnan(now.score)) return rm::error_reply{"ERR resulting score is not a number (NaN)"};
  const auto entered = enter(ctx, board, player, now);
  if (!entered) return entered.error();
  if (find(board->get(), player) == nullptr) return std::nullopt;
  if (*entered) notify(ctx, "leaderboard.incr", board);
  return now.score;
}

std::size_t remove_players(rm::context& ctx, rm::write<leaderboard> board, rm::at_least_one<std::string_view> players) {
  leaderboard* value = board->get();
  if (value == nullptr) return 0;
  std::size_t gone = 0;
  for (std::string_view player : players) gone += value->players.erase(player);
  if (gone == 0) return 0;
  ctx.changed(*board, "leaderboard.remove");
  if (board->exists()) remove_if_nothing(ctx, board);
  return gone;
}

// How many fall off, all of them before anybody else is served. Allowed where memory has run out, as it gives some
// back; but not to make a board then.
rm::result<std::size_t> set_capacity(rm::context& ctx, rm::write<leaderboard> board, std::uint32_t players) {
  if (auto refused = refused_for_first_version(ctx)) return *refused;
  if (players == 0 && !board->exists()) return 0;
  if (!board->exists() && ctx.flags().has(rm::context_flag::oom) && is_from_a_client(ctx))
    return rm::error_reply{"OOM command not allowed when used memory > 'maxmemory'."};
  leaderboard& value = board->value_or_create();
  value.capacity = players;
  const std::size_t gone = value.drop_surplus();
  ctx.changed(*board, "leaderboard.capacity");
  if (board->exists()) remove_if_nothing(ctx, board);
  return gone;
}

// Every player's best of all boards. How many are in the destination then. Made aside, so that a board of another type,
// or memory that runs out, leaves the destination as it was: it takes the room of the result once more, and nobody else
// is served meanwhile.
rm::result<std::size_t> merge(rm::context& ctx, rm::write<leaderboard> destination,
                              rm::at_least_one<rm::read<leaderboard>> sources) {
  if (auto refused = refused_for_first_version(ctx)) return *refused;
  leaderboard merged = destination->value_or({});
  for (const auto& source : sources) {
    const leaderboard* board = source->get();
    if (board == nullptr) continue;
    for (const auto& [player, what] : board->players.players()) {
      const achievement* before = merged.players.find(player);
      if (before == nullptr || what.beats(*before)) merged.enter(player, what);
    }
  }
  const std::size_t size = merged.players.size();
  if (merged.is_nothing()) return 0;
  destination->value_or_create() = std::move(merged);  // which takes no memory
  ctx.changed(*destination, "leaderboard.merge");      // the same comes of it wherever the boards are the same
  return size;
}

std::optional<standing> rank(rm::read<leaderboard> board, std::string_view player) {
  const leaderboard* value = board->get();
  if (find(value, player) == nullptr) return std::nullopt;
  return show(value->players, value->players.rank(player), 1).front();
}

// From a rank on, the first if none is given.
rm::result<std::vector<standing>> top(rm::read<leaderboard> board, count_to_show count,
                                      std::optional<std::size_t> first_rank) {
  if (first_rank == 0u) return rm::error_reply{"ERR ranks are counted from 1"};
  const leaderboard* value = board->get();
  if (value == nullptr) return std::vector<standing>{};
  return show(value->players, first_rank.value_or(1) - 1, count);
}

// A player, and so many above and below.
std::optional<std::vector<standing>> around(rm::read<leaderboard> board, std::string_view player,
                                            count_on_each_side count) {
  const leaderboard* value = board->get();
  if (find(value, player) == nullptr) return std::nullopt;
  const std::size_t middle = value->players.rank(player);
  const std::size_t above = std::min<std::size_t>(middle, count);
  const std::size_t below = std::min<std::size_t>(value->players.size() - middle, count);
  return show(value->players, middle - above, above + 1 + below);
}

struct board_info {
  std::size_t players;
  std::uint64_t capacity;
  std::optional<double> best_score;
  std::optional<double> last_score;
  static constexpr auto fields = rm::fields(rm::field<&board_info::players>, rm::field<&board_info::capacity>,
                                            rm::field<&board_info::best_score>, rm::field<&board_info::last_score>);
};

std::optional<board_info> info(rm::read<leaderboard> board) {
  const leaderboard* value = board->get();
  if (value == nullptr) return std::nullopt;
  const standings& players = value->players;
  board_info about{players.size(), value->capacity, std::nullopt, std::nullopt};
  if (players.size() != 0) {
    about.best_score = players.at_rank(0)->what.score;
    about.last_score = players.at_rank(players.size() - 1)->what.score;
  }
  return about;
}

// `loadmodule leaderboard.so written-version 1`, for as long as modules of the first version have to read what is
// written: while servers are exchanged one by one.
int written_version(const rm::args& arguments) {
  if (arguments.empty()) return 0;
  const auto version = arguments.at<int>(1);
  if (arguments.size() != 2 || arguments[0] != "written-version" || !version)
    throw rm::load_error{"the only argument is: written-version <number>"};
  return *version;
}

REDISMODULE_MODULE(leaderboard, 2, m) {
  const int version = written_version(m.args());
  writes_first_version = version == 1;
  m.data_type<leaderboard>(
      {.written_version = version, .async_loading = true, .slot_migration = true, .defrag = false});

  m.acl_category("leaderboard");
  constexpr auto *reading = "read leaderboard", *writing = "write leaderboard";
  constexpr auto *fast_reading = "read fast leaderboard", *fast_writing = "write fast leaderboard";

  m.command<add>("leaderboard.add board score player...",
                 {.summary = "Enters scores, or replaces them, and says how many have changed",
                  .complexity = "O(log n) for each score",
                  .since = "1",
                  .flags = rm::flags::fast,
                  .acl_categories = fast_writing});
  m.command<increment>(
      "leaderboard.incr board by player",
      {.summary = "Adds to a player's score. Null where that is not enough for a full board, which keeps nothing of it",
       .complexity = "O(log n)",
       .since = "1",
       .flags = rm::flags::fast,
       .acl_categories = fast_writing});
  m.command<remove_players>("leaderboard.remove board player...", {.summary = "Takes players off a board",
                                                                   .complexity = "O(log n) for each player",
                                                                   .since = "1",
                                                                   .flags = rm::flags::fast | rm::flags::allow_oom,
                                                                   .acl_categories = fast_writing});
  m.command<set_capacity>(
      "leaderboard.capacity board players",
      {.summary = "Says how many players a board has at most; the last ones fall off, at once. 0 is any number",
       .complexity = "O(log n) for each that falls off",
       .since = "2",
       .flags = rm::flags::allow_oom,
       .acl_categories = writing});
  m.command<merge>(
      "leaderboard.merge destination source...",
      {.summary = "Enters into a board what is better on others, of which neither capacity nor expiry is taken",
       .complexity = "O(m log n), m being the players on all boards together",
       .since = "2",
       .acl_categories = writing});
  m.command<rank>("leaderboard.rank board player", {.summary = "A player's rank, score, and when it was reached",
                                                    .complexity = "O(log n)",
                                                    .since = "1",
                                                    .flags = rm::flags::fast,
                                                    .acl_categories = fast_reading});
  m.command<top>("leaderboard.top board count [first-rank]",
                 {.summary = "The best players, or those from a rank on, a thousand at most",
                  .complexity = "O(log n + count)",
                  .since = "1",
                  .acl_categories = reading});
  m.command<around>("leaderboard.around board player count",
                    {.summary = "A player and those above and below, 500 each at most",
                     .complexity = "O(log n + count)",
                     .since = "1",
                     .acl_categories = reading});
  m.command<info>("leaderboard.info board",
                  {.summary = "How many players a board has and may have, and the best and the last score",
                   .complexity = "O(log n)",
                   .since = "2",
                   .flags = rm::flags::fast,
                   .acl_categories = fast_reading});
}
