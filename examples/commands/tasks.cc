// Lists of tasks, the most urgent first: keyword options, an enum, keys in options, and subcommands.
#include <redismodule/redismodule.h>
namespace rm = redismodule;

enum class urgency { someday, soon, now };
constexpr auto describe(rm::of<urgency>) {
  return rm::names<urgency>({{"someday", urgency::someday}, {"soon", urgency::soon}, {"now", urgency::now}});
}

struct add_options {
  rm::one_of<rm::flag<"NX">, rm::flag<"XX">> condition;
  rm::option<"URGENCY", urgency> urgent;
  rm::option<"EXPIRE", rm::with_unit<rm::milliseconds>, rm::named<"lifetime">> lifetime;
  rm::option<"NOTES", rm::write<rm::hash, rm::access::insert>> notes;
  rm::repeated<"TAG", std::string_view, rm::needs<"NOTES">> tags;
};

// What nobody means is refused before anything is written: an error replicates nothing.
std::optional<rm::error_reply> fault_of(rm::string_ref list, const add_options& options) {
  if (options.lifetime && options.lifetime->value > std::chrono::hours{24 * 36500})
    return rm::error_reply{"ERR a list of tasks lives for up to a hundred years (option 'EXPIRE')"};
  if (options.notes && options.notes->name() == list)
    return rm::error_reply{"ERR a list of tasks and its notes are two keys (option 'NOTES')"};
  return std::nullopt;
}

std::string joined(const add_options& options) {
  std::string tags;
  for (std::string_view tag : options.tags) tags.append(tags.empty() ? "" : " ").append(tag);
  return tags;
}

// Whether a task is new. What may run out of memory comes before the first change.
rm::result<bool> add(rm::context& ctx, rm::write<rm::sorted_set> list, const add_options& options,
                     rm::string_ref task) {
  if (auto fault = fault_of(list->name(), options)) return *fault;
  const bool is_known = list->contains(task);
  const auto& condition = options.condition;
  if ((condition.get<"NX">() && is_known) || (condition.get<"XX">() && !is_known)) return false;
  const urgency urgent = options.urgent.value_or(urgency::soon);
  const std::string tags = joined(options);
  if (auto added = list->add(task, static_cast<double>(urgent)); !added) return added.error();
  if (options.lifetime) list->expire_in(options.lifetime->value);
  if (options.notes) options.notes->set(task, tags);
  ctx.replicate_verbatim();
  // Whoever reads that later would count the lifetime from then on.
  if (const auto end = list->expires_at(); end && options.lifetime)
    if (auto sent = ctx.replicate("PEXPIREAT", list->name(), end->time_since_epoch().count()); !sent)
      return sent.error();
  return !is_known;
}

struct find_options {
  rm::option<"LIMIT", std::pair<std::size_t, std::size_t>, rm::named<"offset count">> limit;
  rm::option<"ATLEAST", urgency, rm::named<"urgency">> at_least;
};

// Scores that are no urgency may have been written by others.
urgency urgency_of(double score) {
  if (score < 1) return urgency::someday;
  return score < 2 ? urgency::soon : urgency::now;
}

// The most urgent tasks.
void find(rm::reply& out, rm::read<rm::sorted_set> list, const find_options& options) {
  const auto least =
      options.at_least ? rm::score_bound{static_cast<double>(*options.at_least)} : rm::score_bound{rm::lowest};
  auto [skipped, left] = options.limit.value_or(std::pair<std::size_t, std::size_t>{0, 10});
  auto found = out.array();
  for (const auto [task, urgent] : list->by_score_reversed(least)) {
    if (skipped != 0) {
      --skipped;
    } else {
      if (left-- == 0) return;
      found.push(std::pair{task, urgency_of(urgent)});
    }
  }
}

std::size_t done(rm::context& ctx, rm::write<rm::sorted_set> list, rm::at_least_one<rm::string_ref> tasks) {
  std::size_t gone = 0;
  for (rm::string_ref task : tasks) gone += list->erase(task);
  if (gone != 0) ctx.replicate_verbatim();
  return gone;
}

std::size_t count(rm::count_then<rm::read<rm::sorted_set>> lists) {
  std::size_t all = 0;
  for (const auto& list : lists) all += list->size();
  return all;
}

REDISMODULE_MODULE(tasks, 1, m) {
  m.command<add>("tasks.add list task", {.summary = "Adds a task, or says anew how urgent it is"});
  m.command<find>("tasks.find list", {.summary = "The most urgent tasks"});
  m.command<done>("tasks.done list task...", {.summary = "Takes tasks out"});
  auto all = m.command_group("tasks.all", {.summary = "What concerns several lists"});
  all.command<count>("count numlists list...", {.summary = "How many tasks they have together"});
}
