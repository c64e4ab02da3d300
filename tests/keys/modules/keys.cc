// A command for each member of each view of a key.
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

using texts = std::vector<std::string>;

std::string text_of(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}
std::string text_of(const rm::stream_id& id) {
  return std::to_string(id.milliseconds) + "-" + std::to_string(id.sequence);
}
std::string text_of(std::string_view bytes) { return std::string{bytes}; }

rm::stream_id id_of(std::string_view text) {
  const std::size_t dash = text.find('-');
  return {std::stoull(std::string{text.substr(0, dash)}), std::stoull(std::string{text.substr(dash + 1)})};
}

// --- All keys ---

std::string_view name_of(rm::key_type type) {
  constexpr std::string_view names[] = {"empty", "string", "list", "hash", "set", "sorted_set", "module", "stream"};
  return names[static_cast<int>(type)];
}

std::tuple<bool, std::string_view, std::size_t, rm::string_ref, int> describe(rm::read<rm::any_key> key) {
  return {key->exists(), name_of(key->type()), key->size(), key->name(), key->database()};
}

std::optional<rm::milliseconds> ttl(rm::read<rm::any_key> key) { return key->time_to_live(); }
std::optional<rm::time_point> ends(rm::read<rm::any_key> key) { return key->expires_at(); }
bool expire_in(rm::write<rm::any_key> key, long long ms) { return key->expire_in(rm::milliseconds{ms}); }
bool expire_at(rm::write<rm::any_key> key, long long ms) {
  return key->expire_at(rm::time_point{rm::milliseconds{ms}});
}
bool persist(rm::write<rm::any_key> key) { return key->persist(); }
bool remove_key(rm::write<rm::any_key> key) {
  key->remove();
  return key->exists();
}
bool unlink_key(rm::write<rm::any_key> key) {
  key->unlink();
  return key->exists();
}
void overwrite(rm::write<rm::any_key> key, rm::string_ref value) { key->set(value); }

using untouched = rm::read<rm::any_key, rm::access::read, rm::open_mode::notouch>;
std::optional<rm::milliseconds> idle(untouched key) { return key->idle_time(); }
bool set_idle(rm::read<rm::any_key> key, long long ms) { return key->set_idle_time(rm::milliseconds{ms}); }
std::optional<int> frequency(rm::context& ctx, rm::string_ref name) {
  const auto key = ctx.open<rm::read<rm::any_key>>(name, rm::open_mode::notouch);
  return (*key)->frequency();
}
bool set_frequency(rm::read<rm::any_key> key, int count) { return key->set_frequency(count); }
void touch(rm::read<rm::any_key> key) { key->touch(); }

// --- The keys of a database ---

bool has_key(rm::context& ctx, rm::string_ref name) { return ctx.has_key(name); }
std::optional<rm::string> random_key(rm::context& ctx) { return ctx.random_key(); }
unsigned long long key_count(rm::context& ctx) { return ctx.key_count(); }
void modified(rm::context& ctx, rm::string_ref name) { ctx.signal_modified(name); }

texts scan_range(rm::context& ctx) {
  texts all;
  for (const auto [name, type] : ctx.keys()) all.push_back(text_of(name) + " " + std::string{name_of(type)});
  return all;
}
texts scan_each(rm::context& ctx, std::size_t most) {
  texts all;
  ctx.keys().for_each([&](rm::string_ref name, rm::key_type type) {
    all.push_back(text_of(name) + " " + std::string{name_of(type)});
    return all.size() < most;
  });
  return all;
}
// Twice, by steps: the cursor begins again.
std::pair<long long, long long> scan_steps(rm::context& ctx) {
  rm::scan_cursor cursor;
  const rm::key_range keys = ctx.keys();
  long long counts[2] = {};
  for (long long& count : counts) {
    while (keys.step(cursor, [&](const rm::scanned_key&) { ++count; })) {
    }
    cursor.restart();
  }
  return {counts[0], counts[1]};
}
// Removes every key while the database is walked over.
unsigned long long scan_remove(rm::context& ctx) {
  ctx.keys().for_each([&](rm::string_ref name, rm::key_type) { (*ctx.open<rm::write<rm::any_key>>(name))->remove(); });
  return ctx.key_count();
}
// A view of one database goes on in it whatever is selected.
texts two_databases(rm::context& ctx, rm::write<rm::string_key> key) {
  const int before = ctx.database();
  key->set("first");
  if (!ctx.select_database(before + 1)) return {"no such database"};
  auto other = *ctx.open<rm::write<rm::string_key>>(key->name());
  other->set("second");
  texts seen{text_of(key->view()), text_of(other->view()), std::to_string(ctx.database()),
             std::to_string(other->database()), std::to_string(key->database())};
  seen.push_back(ctx.select_database(1 << 20) ? "selected" : "not selected");
  ctx.select_database(before);
  return seen;
}

// --- Opening ---

rm::result<std::size_t> open_list(rm::context& ctx, std::string_view name) {
  auto list = ctx.open<rm::read<rm::list>>(name);
  if (!list) return list.error();
  return (*list)->size();
}
rm::result<bool> open_mode(rm::context& ctx, rm::string_ref name, int bits) {
  rm::flag_set<rm::open_mode> flags;
  flags.bits = static_cast<std::uint64_t>(bits);
  auto key = ctx.open<rm::read<rm::any_key>>(name, flags);
  if (!key) return key.error();
  return (*key)->exists();
}
// Opened keys move, and take their names with them.
texts moved(rm::context& ctx) {
  std::vector<rm::opened<rm::write<rm::string_key>>> all;
  for (int i = 0; i < 20; ++i) {
    const rm::string name{"moved:" + std::to_string(i)};
    all.push_back(*ctx.open<rm::write<rm::string_key>>(name));
    all.back()->set(name);
  }
  rm::detail::close_open_keys();
  texts seen;
  for (const auto& each : all) seen.push_back(text_of(each->view()));
  return seen;
}
unsigned long long open_modes() { return rm::known_open_modes().bits; }

// Wherever a view stands in a signature, its mode counts: the idle times, in seconds, of all that are named.
struct untouched_options {
  rm::option<"ALSO", untouched> also;
};
using seconds = std::optional<std::chrono::seconds>;
template <class Key>
seconds idle_seconds(const Key& key) {
  return std::chrono::duration_cast<std::chrono::seconds>(key->idle_time().value());
}
template <class Keys>
std::vector<seconds> idle_of_all(const Keys& keys) {
  std::vector<seconds> all;
  for (const auto& each : keys) all.push_back(idle_seconds(each));
  return all;
}
std::vector<seconds> idle_of_rest(rm::rest<untouched> keys) { return idle_of_all(keys); }
std::vector<seconds> idle_of_count(rm::count_then<untouched> keys) { return idle_of_all(keys); }
seconds idle_of_optional(std::optional<untouched> key) { return key ? idle_seconds(*key) : std::nullopt; }
seconds idle_of_option(const untouched_options& options) { return idle_seconds(options.also); }
seconds idle_of_opened(rm::context& ctx, rm::string_ref name) { return idle_seconds(*ctx.open<untouched>(name)); }
// What no released server knows.
void read_trimmed(rm::read<rm::any_key, rm::access::read, rm::open_mode::access_trimmed>) {}

// --- Strings ---

std::string_view string_view_of(rm::read<rm::string_key> key) { return key->view(); }
void string_set(rm::write<rm::string_key> key, rm::string_ref value) { key->set(value); }
void string_set_text(rm::write<rm::string_key> key, std::string_view value) { key->set(value); }
void string_swap(rm::reply& out, rm::write<rm::string_key> key, rm::string_ref value) {
  out.text(key->view());
  key->set(value);
}
rm::result<std::size_t> string_resize(rm::write<rm::string_key> key, std::size_t size) {
  return key->resize(size).transform([](std::span<char> bytes) { return bytes.size(); });
}
void string_upper(rm::write<rm::string_key> key) {
  for (char& each : key->bytes()) each = static_cast<char>(each >= 'a' && each <= 'z' ? each - 32 : each);
}
rm::result<void> string_assign(rm::write<rm::string_key> key, std::string_view value) { return key->assign(value); }
rm::result<void> string_append(rm::write<rm::string_key> key, std::string_view value) { return key->append(value); }
rm::result<void> string_double(rm::write<rm::string_key> key) { return key->append(key->view()); }
rm::result<void> string_tail(rm::write<rm::string_key> key, std::size_t from) {
  return key->assign(key->view().substr(from));
}

// --- Lists ---

std::size_t list_size(rm::read<rm::list> key) { return key->size(); }
std::optional<rm::string> list_get(rm::read<rm::list> key, long index) { return key->get(index); }
std::pair<std::optional<rm::string>, std::optional<rm::string>> list_ends(rm::read<rm::list> key) {
  return {key->front(), key->back()};
}
std::size_t list_push(rm::write<rm::list> key, std::string_view where, rm::rest<rm::string_ref> values) {
  for (rm::string_ref value : values) where == "front" ? key->push_front(value) : key->push_back(value);
  return key->size();
}
std::optional<rm::string> list_pop(rm::write<rm::list> key, std::string_view where) {
  return where == "front" ? key->pop_front() : key->pop_back();
}
bool list_set(rm::write<rm::list> key, long index, std::string_view value) { return key->set(index, value); }
bool list_insert(rm::write<rm::list> key, long index, std::string_view value) { return key->insert(index, value); }
bool list_erase(rm::write<rm::list> key, long index) { return key->erase(index); }
texts list_range(rm::read<rm::list> key) {
  texts all;
  for (rm::string_ref each : *key) all.push_back(text_of(each));
  return all;
}
texts list_each(rm::read<rm::list> key, std::size_t most) {
  texts all;
  key->for_each([&](rm::string_ref each) {
    all.push_back(text_of(each));
    return all.size() < most;
  });
  return all;
}
// Elements tell by their first letter what becomes of them.
void list_edit(rm::write<rm::list> key) {
  for (auto& each : *key) {
    const std::string value = text_of(each);
    if (value[0] == 'x') each.erase();
    if (value[0] == 'r') each.replace(value + "!");
    if (value[0] == 'b') each.insert_before("<" + value);
    if (value[0] == 'a') each.insert_after(value + ">");
  }
}
// With the server's iterator in the handle.
void list_get_then_remove(rm::write<rm::list> key, std::string_view how) {
  key->get(0);
  if (how == "remove") key->remove();
  if (how == "unlink") key->unlink();
  if (how == "expire") key->expire_in(rm::milliseconds{100'000});
  if (how == "erase") key->erase(0);
  key->push_back("pushed");
  if (how == "expire") key->get(-1);
}

// --- Hashes ---

std::optional<rm::string> hash_get(rm::read<rm::hash> key, rm::string_ref field) { return key->get(field); }
std::optional<rm::string> hash_get_name(rm::read<rm::hash> key) { return key->get("name"); }
std::pair<bool, bool> hash_contains(rm::read<rm::hash> key, std::string_view field) {
  return {key->contains(field), key->contains("name")};
}
void hash_get_each(rm::reply& out, rm::read<rm::hash> key, rm::rest<rm::string_ref> fields) {
  auto array = out.array(fields.size());
  key->get_each(fields, [&](rm::string_ref, rm::string_ref value) { value ? array.push(value) : array.push(nullptr); });
}
bool hash_set(rm::write<rm::hash> key, rm::string_ref field, rm::string_ref value) { return key->set(field, value); }
bool hash_set_new(rm::write<rm::hash> key, std::string_view field, std::string_view value) {
  return key->set_new(field, value);
}
bool hash_set_existing(rm::write<rm::hash> key, std::string_view field, std::string_view value) {
  return key->set_existing(field, value);
}
std::size_t hash_set_each(rm::write<rm::hash> key, rm::rest<std::pair<rm::string_ref, rm::string_ref>> pairs) {
  return key->set_each(pairs);
}
bool hash_erase(rm::write<rm::hash> key, rm::string_ref field) { return key->erase(field); }
bool hash_erase_name(rm::write<rm::hash> key) { return key->erase("name"); }
std::size_t hash_erase_each(rm::write<rm::hash> key, rm::rest<rm::string_ref> fields) {
  return key->erase_each(fields);
}
texts hash_range(rm::read<rm::hash> key) {
  texts all;
  for (const auto [field, value] : *key) all.push_back(text_of(field) + "=" + text_of(value));
  return all;
}
texts hash_each(rm::read<rm::hash> key, std::size_t most) {
  texts all;
  key->for_each([&](rm::string_ref field, rm::string_ref value) {
    all.push_back(text_of(field) + "=" + text_of(value));
    return all.size() < most;
  });
  return all;
}
// Writes to the hash while it is walked over.
std::size_t hash_rewrite(rm::write<rm::hash> key) {
  key->for_each([&](rm::hash_field each) {
    key->erase(each.field);
    key->set("new:" + text_of(each.field).substr(0, 4), text_of(each.value));
  });
  return key->size();
}
std::optional<rm::time_point> hash_field_end(rm::read<rm::hash> key, rm::string_ref field) {
  return key->field_expires_at(field);
}
using past_end = rm::read<rm::hash, rm::access::read, rm::open_mode::access_expired>;
std::optional<rm::string> hash_get_ended(past_end key, rm::string_ref field) { return key->get(field); }
std::optional<rm::time_point> hash_ended(past_end key, rm::string_ref field) { return key->field_expires_at(field); }
std::optional<rm::time_point> hash_first_end(rm::read<rm::hash> key) { return key->first_field_expires_at(); }
constexpr std::string_view shared_bytes = "bytes of the module's own";
rm::result<void> hash_refer(rm::write<rm::hash> key, rm::string_ref field) {
  return key->set_reference(field, shared_bytes);
}
rm::result<bool> hash_refers(rm::read<rm::hash> key, rm::string_ref field) { return key->has_reference(field); }

// --- Sorted sets ---

rm::add_if condition_of(std::string_view word) {
  if (word == "xx") return rm::add_if::exists;
  if (word == "nx") return rm::add_if::is_new;
  if (word == "gt") return rm::add_if::greater;
  if (word == "lt") return rm::add_if::less;
  return word == "nxgt" ? rm::add_if::is_new | rm::add_if::greater : rm::add_if::always;
}
double double_of(std::string_view text) { return std::stod(std::string{text}); }

rm::result<std::string_view> zset_add(rm::write<rm::sorted_set> key, rm::string_ref member, std::string_view score,
                                      std::string_view condition) {
  constexpr std::string_view names[] = {"unchanged", "added", "updated", "refused"};
  return key->add(member, double_of(score), condition_of(condition)).transform([&](rm::add_outcome outcome) {
    return names[static_cast<int>(outcome)];
  });
}
rm::result<std::optional<double>> zset_increment(rm::write<rm::sorted_set> key, rm::string_ref member,
                                                 std::string_view by, std::string_view condition) {
  return key->increment(member, double_of(by), condition_of(condition));
}
std::optional<double> zset_score(rm::read<rm::sorted_set> key, rm::string_ref member) { return key->score(member); }
bool zset_erase(rm::write<rm::sorted_set> key, rm::string_ref member) { return key->erase(member); }

template <class Range>
texts all_of(const Range& range) {
  texts all;
  for (const auto [member, score] : range) all.push_back(text_of(member) + "=" + text_of(score));
  return all;
}
texts zset_range(rm::read<rm::sorted_set> key, rm::score_bound min, rm::score_bound max) {
  return all_of(key->by_score(min, max));
}
texts zset_range_reversed(rm::read<rm::sorted_set> key, rm::score_bound min, rm::score_bound max) {
  return all_of(key->by_score_reversed(min, max));
}
texts zset_lex(rm::read<rm::sorted_set> key, rm::lex_bound min, rm::lex_bound max) {
  return all_of(key->by_lex(min, max));
}
rm::result<texts> zset_lex_reversed(rm::read<rm::sorted_set> key, std::string_view min, std::string_view max) {
  const auto first = rm::lex_bound::parse(min), last = rm::lex_bound::parse(max);
  if (!first || !last) return rm::error_reply{"no range"};
  return all_of(key->by_lex_reversed(*first, *last));
}
texts zset_lex_from(rm::read<rm::sorted_set> key, std::string_view from) {
  texts all = all_of(key->by_lex(rm::lex_bound::at(from), rm::lex_bound::at(from)));
  for (const std::string& each : all_of(key->by_lex(rm::lex_bound::beyond(from), "+"))) all.push_back(each);
  return all;
}
texts zset_ranks(rm::read<rm::sorted_set> key, long long first, long long last) {
  return all_of(key->by_rank(first, last));
}
std::pair<std::optional<std::size_t>, std::optional<std::size_t>> zset_rank(rm::read<rm::sorted_set> key,
                                                                            rm::string_ref member) {
  return {key->rank(member), key->rank(member, true)};
}
texts zset_all(rm::read<rm::sorted_set> key) { return all_of(*key); }
texts zset_each(rm::read<rm::sorted_set> key, std::size_t most) {
  texts all;
  key->for_each([&](rm::string_ref member, double score) {
    all.push_back(text_of(member) + "=" + text_of(score));
    return all.size() < most;
  });
  return all;
}
texts zset_scan(rm::read<rm::sorted_set> key) {
  texts all;
  key->scan_each([&](rm::scored each) { all.push_back(text_of(each.member) + "=" + text_of(each.score)); });
  return all;
}
// Erases and adds while walking, up or down, by score or by bytes.
texts zset_edit(rm::write<rm::sorted_set> key, std::string_view how) {
  texts seen;
  auto edit = [&](const auto& range) {
    for (const auto [member, score] : range) {
      seen.push_back(text_of(member));
      if (seen.size() % 2 == 0) key->erase(member);
      if (seen.size() == 3) static_cast<void>(key->add("zz", score));
      if (seen.size() > 200) return;
    }
  };
  if (how == "up") edit(key->by_score());
  if (how == "down") edit(key->by_score_reversed());
  if (how == "lex") edit(key->by_lex("-", "+"));
  if (how == "lexdown") edit(key->by_lex_reversed("-", "+"));
  return seen;
}
// Two walks over one view, in turn.
texts zset_two_walks(rm::read<rm::sorted_set> key) {
  texts seen;
  auto up = key->by_score().begin();
  const auto down_range = key->by_score_reversed();
  auto down = down_range.begin();
  for (; up != std::default_sentinel && down != std::default_sentinel; ++up, ++down) {
    seen.push_back(text_of((*up).member) + text_of((*down).member));
  }
  return seen;
}
// The last member goes while a walk by bytes holds memory in the handle; then the same with the key.
bool zset_empty_in_walk(rm::write<rm::sorted_set> key, bool all_at_once) {
  for (const auto [member, score] : key->by_lex("-", "+")) {
    all_at_once ? key->remove() : static_cast<void>(key->erase(member));
  }
  return key->exists();
}

// --- Sets ---

texts set_range(rm::read<rm::set> key) {
  texts all;
  for (rm::string_ref each : *key) all.push_back(text_of(each));
  return all;
}
texts set_each(rm::read<rm::set> key, std::size_t most) {
  texts all;
  key->for_each([&](rm::string_ref each) {
    all.push_back(text_of(each));
    return all.size() < most;
  });
  return all;
}

// --- Streams ---

std::vector<rm::string_ref> list_of(const rm::rest<rm::string_ref>& values) { return {values.begin(), values.end()}; }

rm::result<std::string> stream_add(rm::write<rm::stream> key, rm::rest<rm::string_ref> pairs) {
  return key->add(list_of(pairs)).transform([](const rm::stream_id& id) { return text_of(id); });
}
rm::result<std::string> stream_add_id(rm::write<rm::stream> key, std::string_view id, rm::rest<rm::string_ref> pairs) {
  return key->add(id_of(id), list_of(pairs)).transform([](const rm::stream_id& added) { return text_of(added); });
}
using field_pairs = rm::rest<std::pair<rm::string_ref, rm::string_ref>>;
rm::result<rm::stream_id> stream_add_pairs(rm::write<rm::stream> key, field_pairs pairs) { return key->add(pairs); }
rm::result<rm::stream_id> stream_add_id_pairs(rm::write<rm::stream> key, rm::stream_id id, field_pairs pairs) {
  return key->add(id, pairs);
}
std::size_t stream_trim_by(rm::write<rm::stream> key, rm::trim how, rm::stream_id id) {
  return key->trim_before(id, how);
}
bool stream_erase(rm::write<rm::stream> key, std::string_view id) { return key->erase(id_of(id)); }
std::size_t stream_trim_size(rm::write<rm::stream> key, std::size_t size, bool about) {
  return key->trim_to_size(size, about ? rm::trim::approximately : rm::trim::exactly);
}
std::size_t stream_trim_id(rm::write<rm::stream> key, std::string_view id, bool about) {
  return key->trim_before(id_of(id), about ? rm::trim::approximately : rm::trim::exactly);
}
template <class Entry>
std::string text_of_entry(const Entry& entry) {
  std::string text = text_of(entry.id()) + "/" + std::to_string(entry.size());
  for (const auto [field, value] : entry.fields()) text += " " + text_of(field) + "=" + text_of(value);
  return text;
}
rm::stream_bounds bounds_of(std::string_view first, std::string_view last) {
  rm::stream_bounds bounds;
  bounds.exclusive = first[0] == '(' || last[0] == '(';
  auto plain = [](std::string_view text) { return id_of(text[0] == '(' ? text.substr(1) : text); };
  if (first != "-" && first != "(") bounds.first = plain(first);
  if (last != "+" && last != "(") bounds.last = plain(last);
  return bounds;
}
texts stream_range(rm::read<rm::stream> key, std::string_view first, std::string_view last) {
  texts all;
  for (const auto& each : key->entries(bounds_of(first, last))) all.push_back(text_of_entry(each));
  return all;
}
texts stream_range_reversed(rm::read<rm::stream> key, std::string_view first, std::string_view last) {
  texts all;
  for (const auto& each : key->entries_reversed(bounds_of(first, last))) all.push_back(text_of_entry(each));
  return all;
}
texts stream_each(rm::read<rm::stream> key, std::size_t most) {
  texts all;
  key->for_each([&](const auto& each) {
    all.push_back(text_of_entry(each));
    return all.size() < most;
  });
  return all;
}
// Erases every other entry while walking: `itself` by the entry, else by its id, which disturbs the walk. A new one is
// added on the way, and the fields of the entry at hand are read before and after.
texts stream_edit(rm::write<rm::stream> key, bool itself, bool reversed) {
  const rm::string added{"added"};
  texts seen;
  auto edit = [&](auto&& range) {
    for (const auto& each : range) {
      seen.push_back(text_of(each.id()));
      if (seen.size() == 1) {
        auto field = each.fields().begin();
        static_cast<void>(key->add({added, added}).has_value());
        seen.push_back(text_of((*field).field));
        ++field;
        seen.push_back(field == std::default_sentinel ? "no second field" : text_of((*field).field));
        seen.push_back(text_of_entry(each));
      }
      if (seen.size() % 2 == 0) itself ? static_cast<void>(each.erase()) : static_cast<void>(key->erase(each.id()));
      if (seen.size() > 200) return;
    }
  };
  reversed ? edit(key->entries_reversed()) : edit(key->entries({{}, rm::stream_id{1000, 0}}));
  return seen;
}
bool stream_remove_in_walk(rm::write<rm::stream> key) {
  for (const auto& each : *key) {
    static_cast<void>(each.id());
    key->remove();
  }
  return key->exists();
}

REDISMODULE_MODULE(keys, 1, m) {
  m.command<describe>("key.describe key");
  m.command<ttl>("key.ttl key");
  m.command<ends>("key.ends key");
  m.command<expire_in>("key.expirein key ms");
  m.command<expire_at>("key.expireat key ms");
  m.command<persist>("key.persist key");
  m.command<remove_key>("key.remove key");
  m.command<unlink_key>("key.unlink key");
  m.command<overwrite>("key.overwrite key value");
  m.command<idle>("key.idle key");
  m.command<set_idle>("key.setidle key ms");
  m.command<frequency>("key.frequency key");
  m.command<set_frequency>("key.setfrequency key count");
  m.command<touch>("key.touch key");

  m.command<has_key>("db.has name");
  m.command<random_key>("db.random");
  m.command<key_count>("db.count");
  m.command<modified>("db.modified name");
  m.command<scan_range>("db.scan");
  m.command<scan_each>("db.each most");
  m.command<scan_steps>("db.steps");
  m.command<scan_remove>("db.removeall");
  m.command<two_databases>("db.two key");

  m.command<open_list>("open.list name");
  m.command<open_mode>("open.mode name bits");
  m.command<moved>("open.moved");
  m.command<open_modes>("open.modes");
  m.command<idle_of_rest>("open.restidle [key...]");
  m.command<idle_of_count>("open.countidle numkeys key...");
  m.command<idle_of_optional>("open.optionalidle [key]");
  m.command<idle_of_option>("open.optionidle");
  m.command<idle_of_opened>("open.namedidle name");
  if (!m.args().empty()) m.command<read_trimmed>("open.trimmed key");
  if (rm::known_open_modes().has(rm::open_mode::access_expired)) {
    m.command<hash_get_ended>("hash.getended key field");
    m.command<hash_ended>("hash.ended key field");
  }

  m.command<string_view_of>("string.view key");
  m.command<string_set>("string.set key value");
  m.command<string_set_text>("string.settext key value");
  m.command<string_swap>("string.swap key value");
  m.command<string_resize>("string.resize key size");
  m.command<string_upper>("string.upper key");
  m.command<string_assign>("string.assign key value");
  m.command<string_append>("string.append key value");
  m.command<string_double>("string.double key");
  m.command<string_tail>("string.tail key from");

  m.command<list_size>("list.size key");
  m.command<list_get>("list.get key index");
  m.command<list_ends>("list.ends key");
  m.command<list_push>("list.push key where [value...]");
  m.command<list_pop>("list.pop key where");
  m.command<list_set>("list.set key index value");
  m.command<list_insert>("list.insert key index value");
  m.command<list_erase>("list.erase key index");
  m.command<list_range>("list.range key");
  m.command<list_each>("list.each key most");
  m.command<list_edit>("list.edit key");
  m.command<list_get_then_remove>("list.getthen key how");

  m.command<hash_get>("hash.get key field");
  m.command<hash_get_name>("hash.getname key");
  m.command<hash_contains>("hash.contains key field");
  m.command<hash_get_each>("hash.geteach key [field...]");
  m.command<hash_set>("hash.set key field value");
  m.command<hash_set_new>("hash.setnew key field value");
  m.command<hash_set_existing>("hash.setexisting key field value");
  m.command<hash_set_each>("hash.seteach key [field value...]");
  m.command<hash_erase>("hash.erase key field");
  m.command<hash_erase_name>("hash.erasename key");
  m.command<hash_erase_each>("hash.eraseeach key [field...]");
  m.command<hash_range>("hash.range key");
  m.command<hash_each>("hash.each key most");
  m.command<hash_rewrite>("hash.rewrite key");
  m.command<hash_field_end>("hash.fieldend key field");
  m.command<hash_first_end>("hash.firstend key");
  m.command<hash_refer>("hash.refer key field");
  m.command<hash_refers>("hash.refers key field");

  m.command<zset_add>("zset.add key member score condition");
  m.command<zset_increment>("zset.increment key member by condition");
  m.command<zset_score>("zset.score key member");
  m.command<zset_erase>("zset.erase key member");
  m.command<zset_range>("zset.range key min max");
  m.command<zset_range_reversed>("zset.revrange key min max");
  m.command<zset_lex>("zset.lex key min max");
  m.command<zset_lex_reversed>("zset.revlex key min max");
  m.command<zset_lex_from>("zset.lexfrom key from");
  m.command<zset_ranks>("zset.ranks key first last");
  m.command<zset_rank>("zset.rank key member");
  m.command<zset_all>("zset.all key");
  m.command<zset_each>("zset.each key most");
  m.command<zset_scan>("zset.scan key");
  m.command<zset_edit>("zset.edit key how");
  m.command<zset_two_walks>("zset.twowalks key");
  m.command<zset_empty_in_walk>("zset.empty key at-once");

  m.command<set_range>("set.range key");
  m.command<set_each>("set.each key most");

  m.command<stream_add>("stream.add key [text...]");
  m.command<stream_add_id>("stream.addid key id [text...]");
  m.command<stream_add_pairs>("stream.addpairs key [field value...]");
  m.command<stream_add_id_pairs>("stream.addidpairs key id [field value...]");
  m.command<stream_trim_by>("stream.trimby key how id");
  m.command<stream_erase>("stream.erase key id");
  m.command<stream_trim_size>("stream.trimsize key size about");
  m.command<stream_trim_id>("stream.trimid key id about");
  m.command<stream_range>("stream.range key first last");
  m.command<stream_range_reversed>("stream.revrange key first last");
  m.command<stream_each>("stream.each key most");
  m.command<stream_edit>("stream.edit key itself reversed");
  m.command<stream_remove_in_walk>("stream.removeinwalk key");
}
