// Data types to be defragmented: by a server that can, or by functions in its place that move whatever they are given.
#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <initializer_list>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

struct track {
  std::string title;
  std::vector<int> plays;
  std::optional<std::string> note;
  static constexpr auto fields =
      rm::fields(rm::field<&track::title>, rm::field<&track::plays>, rm::field<&track::note>);
};

// A comparison that does not say that it throws nothing.
struct loud_less {
  bool operator()(const std::string& a, const std::string& b) const { return a < b; }
};

struct shelf {
  static constexpr rm::type_info redis_type{.name = "shelf-tst"};
  std::map<std::string, std::string> names;
  std::vector<track> tracks;
  std::optional<std::string> note;
  std::unordered_map<std::string, track> by_title;
  std::set<std::string> labels;
  std::multimap<int, std::string> by_year;
  std::unordered_multimap<std::string, std::string> tags;
  std::unordered_set<std::string> words;
  std::map<std::pair<std::string, int>, std::map<int, std::vector<std::string>>> deep;
  std::vector<std::unique_ptr<track>> pointers;
  std::vector<rm::string> server_strings;
  std::vector<rm::string_buffer> buffers;
  std::list<std::string> listed;
  std::deque<std::string> queue;
  std::variant<std::int64_t, std::string> either;
  std::map<std::string, std::string, loud_less> loud;
  std::map<std::string, std::deque<int>> unmovable;
  std::vector<std::array<std::string, 2>> arrays;
  std::vector<bool> bits;
  static constexpr auto fields = rm::fields(
      rm::field<&shelf::names>, rm::field<&shelf::tracks>, rm::field<&shelf::note>, rm::field<&shelf::by_title>,
      rm::field<&shelf::labels>, rm::field<&shelf::by_year>, rm::field<&shelf::tags>, rm::field<&shelf::words>,
      rm::field<&shelf::deep>, rm::field<&shelf::pointers>, rm::field<&shelf::server_strings>,
      rm::field<&shelf::buffers>, rm::field<&shelf::listed>, rm::field<&shelf::queue>, rm::field<&shelf::either>,
      rm::field<&shelf::loud>, rm::field<&shelf::unmovable>, rm::field<&shelf::arrays>, rm::field<&shelf::bits>);
};

namespace {

std::string text(std::string_view what, long long i) {
  std::string made{what};
  made += " no. " + std::to_string(i);
  made.append(static_cast<std::size_t>(i % 7) * 9, '.');
  return made;
}

track make_track(long long i) {
  return {text("a title", i), std::vector<int>(static_cast<std::size_t>(i % 9), static_cast<int>(i)),
          i % 2 == 0 ? std::optional{text("a note on the track", i)} : std::nullopt};
}

void add(shelf& to, long long i) {
  const auto year = static_cast<int>(i % 10);
  to.names[text("key", i)] = text("a name that is not short", i);
  to.tracks.push_back(make_track(i));
  to.by_title[text("title", i)] = make_track(i);
  to.labels.insert(text("a label", i));
  to.by_year.emplace(year, text("of the year", i));
  to.tags.emplace(text("a tag", i / 3), text("tagged", i));
  to.words.insert(text("word", i));
  to.deep[{text("outer", year), year}][static_cast<int>(i)] = {text("first", i), text("second", i)};
  to.pointers.push_back(i % 5 == 0 ? nullptr : std::make_unique<track>(make_track(i)));
  to.server_strings.push_back(rm::string{text("a string of the server's", i)});
  to.buffers.emplace_back(text("a buffer of the server's", i));
  to.listed.push_back(text("in a list", i));
  to.queue.push_back(text("queued", i));
  to.loud[text("loud", i)] = text("a value behind a loud key", i);
  to.unmovable[text("unmovable", i)].push_back(year);
  to.arrays.push_back({text("left", i), text("right", i)});
  to.bits.push_back(i % 3 == 0);
}

template <class T>
void thin(T& all) {
  bool keep = false;
  for (auto at = all.begin(); at != all.end();) at = (keep = !keep) ? std::next(at) : all.erase(at);
}
template <class T>
void thin_vector(T& all) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < all.size(); i += 2) {
    if (kept != i) all[kept] = std::move(all[i]);
    ++kept;
  }
  all.erase(all.begin() + static_cast<std::ptrdiff_t>(kept), all.end());
}

void thin_out(shelf& value) {
  thin(value.names);
  thin_vector(value.tracks);
  thin(value.by_title);
  thin(value.labels);
  thin(value.by_year);
  thin(value.tags);
  thin(value.words);
  for (auto& each : value.deep) thin(each.second);
  thin_vector(value.pointers);
  thin_vector(value.server_strings);
  thin_vector(value.buffers);
  thin(value.listed);
  thin_vector(value.queue);
  thin(value.loud);
  thin(value.unmovable);
  thin_vector(value.arrays);
  thin_vector(value.bits);
}

void fill(rm::write<shelf> key, long long from, long long count) {
  shelf& value = key->value_or_create();
  for (long long i = from; i < from + count; ++i) add(value, i);
  value.note = text("a note on all of it", from);
  value.either = text("either this or a number", from);
}

// Whether what is in the containers is found there.
template <class T>
bool finds_all(T& all) {
  std::size_t count = 0;
  for (const auto& each : all) {
    ++count;
    if constexpr (requires { each.second; }) {
      if (all.count(each.first) == 0) return false;
    } else {
      if (all.count(each) == 0) return false;
    }
  }
  return count == all.size();
}

bool is_whole(const shelf& value) {
  return finds_all(value.names) && finds_all(value.by_title) && finds_all(value.labels) && finds_all(value.by_year) &&
         finds_all(value.tags) && finds_all(value.words) && finds_all(value.deep) && finds_all(value.loud) &&
         finds_all(value.unmovable) && std::is_sorted(value.labels.begin(), value.labels.end());
}

// --- Which blocks were offered ---

std::unordered_set<const void*> offered;
void* (*defrag_alloc)(rm::abi::ModuleDefragCtx*, void*) = nullptr;
long long calls = 0;
long long moves = 0;

void* count_offered(rm::abi::ModuleDefragCtx* ctx, void* block) {
  ++calls;
  void* moved = defrag_alloc(ctx, block);
  offered.insert(moved != nullptr ? moved : block);
  moves += moved != nullptr;
  return moved;
}

void exchange(rm::abi::function which, void* by) { static_cast<void>(rm::exchange(which, by)); }

void watch() {
  offered.clear();
  calls = moves = 0;
  if (defrag_alloc != nullptr || rm::api.DefragAlloc == nullptr) return;
  defrag_alloc = rm::api.DefragAlloc;
  exchange(rm::abi::function::DefragAlloc, reinterpret_cast<void*>(&count_offered));
}

// Of 1000. libstdc++ has 32 bytes before the element of a tree's node, 8 before that of a hash table's.
template <class T>
long long share_of(const T& all, std::size_t before) {
  std::size_t found = 0;
  for (const auto& each : all) found += offered.count(reinterpret_cast<const char*>(&each) - before);
  return static_cast<long long>(found * 1000 / (all.empty() ? 1 : all.size()));
}

std::vector<long long> shares(rm::read<shelf> key) {
  const shelf& value = key->value();
  std::size_t texts = 0;
  std::size_t found = 0;
  const auto look_at = [&](const std::string& text) {
    if (text.capacity() < 16) return;
    ++texts;
    found += offered.count(text.data());
  };
  for (const auto& [name, text] : value.names) {
    look_at(name);
    look_at(text);
  }
  for (const track& each : value.tracks) look_at(each.title);
  for (const rm::string_buffer& each : value.buffers) {
    ++texts;
    found += offered.count(each.data());
  }
  return {share_of(value.names, 32),   share_of(value.labels, 32),
          share_of(value.by_year, 32), share_of(value.by_title, 8),
          share_of(value.tags, 8),     static_cast<long long>(found * 1000 / texts),
          share_of(value.loud, 32),    static_cast<long long>(offered.count(&value))};
}

// --- Functions in the place of a server's that can ---

unsigned long cursor = 0;
long long patience = 0;
long long asked = 0;
long long moved = 0;

// Two of three blocks are moved.
void* move_block(rm::abi::ModuleDefragCtx*, void* block) {
  if (++asked % 3 == 0) return nullptr;
  ++moved;
  const std::size_t size = (rm::api.MallocUsableSize != nullptr ? rm::api.MallocUsableSize : rm::api.MallocSize)(block);
  void* there = rm::api.Alloc(size);
  std::memcpy(there, block, size);
  std::memset(block, 0xdd, size);
  rm::api.Free(block);
  return there;
}
rm::abi::ModuleString* move_string(rm::abi::ModuleDefragCtx*, rm::abi::ModuleString* string) {
  std::size_t size = 0;
  const char* bytes = rm::api.StringPtrLen(string, &size);
  rm::abi::ModuleString* there = rm::api.CreateString(nullptr, bytes, size);
  rm::api.FreeString(nullptr, string);
  return there;
}
int should_stop(rm::abi::ModuleDefragCtx*) { return patience >= 0 && --patience < 0 ? 1 : 0; }
int cursor_get(rm::abi::ModuleDefragCtx*, unsigned long* at) {
  *at = cursor;
  return rm::abi::MODULE_OK;
}
int cursor_set(rm::abi::ModuleDefragCtx*, unsigned long at) {
  cursor = at;
  return rm::abi::MODULE_OK;
}

class moving_server {
 public:
  moving_server() {
    using enum rm::abi::function;
    put(DefragAlloc, &move_block);
    put(DefragRedisModuleString, &move_string);
    put(DefragValkeyModuleString, &move_string);
    put(DefragShouldStop, &should_stop);
    put(DefragCursorGet, &cursor_get);
    put(DefragCursorSet, &cursor_set);
  }
  ~moving_server() {
    for (std::size_t i = 0; i < count_; ++i) exchange(before_[i].which, before_[i].function);
  }

 private:
  template <class Function>
  void put(rm::abi::function which, Function* by) {
    before_[count_++] = {which, rm::exchange(which, reinterpret_cast<void*>(by))};
  }
  struct entry {
    rm::abi::function which;
    void* function;
  };
  entry before_[6]{};
  std::size_t count_ = 0;
};

template <class T>
bool defrag_once(rm::write<T>& key) {
  void* value = key->get();
  char context[64];
  const int more =
      rm::detail::data_type_callbacks<T>::defrag(reinterpret_cast<rm::abi::ModuleDefragCtx*>(context), nullptr, &value);
  if (more == 0) cursor = 0;
  void* old = nullptr;
  if (value != key->get()) rm::api.ModuleTypeReplaceValue(key->raw(), rm::detail::state_of<T>.type, value, &old);
  return more != 0;
}

// In calls that each ask so many times before they stop; without an end where it is negative. Changed in between: what
// was said, and how often.
template <auto Change>
std::vector<long long> force(rm::write<shelf> key, long long steps) {
  moving_server there;
  asked = moved = 0;
  cursor = 0;
  long long rounds = 0;
  bool more = true;
  while (more && rounds < 100'000) {
    patience = steps;
    more = defrag_once(key);
    ++rounds;
    if (more) Change(**key, rounds);
  }
  return {rounds, asked, moved, is_whole(**key) ? 1 : 0};
}

void change_nothing(shelf&, long long) {}
void change(shelf& value, long long round) {
  switch (round % 5) {
    case 0: add(value, 1'000'000 + round); break;
    case 1: value.names.erase(value.names.begin()); break;
    case 2: value.deep.clear(); break;
    case 3: value.either = std::int64_t{round}; break;
    default: thin_vector(value.tracks);
  }
}

}  // namespace

// Has a defrag of its own, and is not moved itself.
struct anchored {
  static constexpr rm::type_info redis_type{.name = "anchored1"};
  std::string text = "a text that is too long for a string's own room";
  anchored() = default;
  anchored(anchored&&) noexcept(false) {}
  anchored(const anchored& other) : text{other.text} {}
  static inline long long defragmented = 0;
  bool defrag(rm::defragmenter& by) {
    if (by.cursor().value_or(0) == 0) {
      ++defragmented;
      return by.set_cursor(7);
    }
    defragmented += static_cast<long long>(*by.cursor());
    return by.value(text);
  }
  static constexpr auto fields = rm::fields(rm::field<&anchored::text>);
};

// Asks for its name wherever it can: where the server says something else in its place, there is none.
struct curious {
  static constexpr rm::type_info redis_type{.name = "curious-t"};
  std::vector<std::string> texts;
  static inline std::string seen;
  static inline int database = -1;
  std::size_t free_effort(const rm::key_context& of) const {
    if (of.key()) seen = std::string{of.key().view()};
    return texts.size();
  }
  bool defrag(rm::defragmenter& by) {
    seen = std::string{by.key().value_or(rm::string_ref{}).view()};
    database = by.database().value_or(-2);
    return by.value(texts);
  }
  static constexpr auto fields = rm::fields(rm::field<&curious::texts>);
};

// Of which braces make another one, with this one in it.
struct tree {
  std::vector<tree> parts;
  std::string leaf;
  tree() = default;
  tree(std::initializer_list<tree> from) : parts(from) {}
  explicit tree(std::string text) : leaf{std::move(text)} {}
  friend bool operator==(const tree& a, const tree& b) noexcept { return a.leaf == b.leaf; }
  friend bool operator<(const tree& a, const tree& b) noexcept { return a.leaf < b.leaf; }
  static constexpr auto fields = rm::fields(rm::field<&tree::parts>, rm::field<&tree::leaf>);
};
struct tree_hash {
  std::size_t operator()(const tree& of) const noexcept { return std::hash<std::string>{}(of.leaf); }
};

// Of which what it has allocated cannot be moved, now and then.
struct brittle {
  std::string text;
  static inline long long throws_after = -1;
  friend bool operator==(const brittle& a, const brittle& b) noexcept { return a.text == b.text; }
  friend bool operator<(const brittle& a, const brittle& b) noexcept { return a.text < b.text; }
};
struct brittle_hash {
  std::size_t operator()(const brittle& of) const noexcept { return of.text.size(); }
};
template <>
struct rm::codec<brittle> {
  static void save(rdb_writer& to, const brittle& value) { to.save_string(std::string_view{value.text}); }
  static result<brittle> load(rdb_reader& from) {
    auto text = from.load_string();
    if (!text) return text.error();
    return brittle{std::move(*text)};
  }
  static std::size_t mem_usage(const brittle&) { return 0; }
  static void defrag(defragmenter& by, brittle& value) {
    if (brittle::throws_after >= 0 && brittle::throws_after-- == 0) throw std::bad_alloc{};
    by.whole(value.text);
  }
};

struct oddities {
  static constexpr rm::type_info redis_type{.name = "odd-types"};
  std::map<int, tree> trees;
  std::set<tree> set;
  std::unordered_map<tree, tree, tree_hash> hashed;
  std::map<brittle, int> ordered;
  std::unordered_set<brittle, brittle_hash> bucket;  // in a few
  std::vector<std::string> first, second;
  static inline long long least_of_second = 0;

  // The second is not stopped, though the first was.
  bool defrag(rm::defragmenter& by) {
    const bool more = by.value(trees, set, hashed, ordered, bucket, first);
    const std::size_t before = by.offered();
    by.whole(second);
    least_of_second = std::min(least_of_second, static_cast<long long>(by.offered() - before));
    return more;
  }
  static constexpr auto fields =
      rm::fields(rm::field<&oddities::trees>, rm::field<&oddities::set>, rm::field<&oddities::hashed>,
                 rm::field<&oddities::ordered>, rm::field<&oddities::bucket>, rm::field<&oddities::first>,
                 rm::field<&oddities::second>);
};

namespace {

void fill_oddities(rm::write<oddities> key, int count) {
  oddities& value = key->value_or_create();
  for (int i = 0; i < count; ++i) {
    const tree leaf(text("leaf", i));
    value.trees.emplace(i, tree{leaf, leaf});
    value.set.insert(leaf);
    value.hashed.emplace(leaf, leaf);
    value.ordered.emplace(brittle{text("key", i)}, i);
    value.bucket.insert(brittle{text("key", i)});
    value.first.push_back(text("one", i));
    value.second.push_back(text("two", i));
  }
}

// The sizes of what was broken off, in calls that stop after so many questions.
std::vector<long long> force_oddities(rm::write<oddities> key, long long steps, long long throws_after) {
  moving_server there;
  cursor = 0;
  oddities::least_of_second = 1'000'000;
  brittle::throws_after = throws_after;
  for (int round = 0; round < 100'000; ++round) {
    patience = steps;
    if (!defrag_once(key)) break;
  }
  const oddities& value = **key;
  return {static_cast<long long>(value.ordered.size()), static_cast<long long>(value.bucket.size()),
          brittle::throws_after, oddities::least_of_second};
}

}  // namespace

// --- What is in no key ---

std::map<std::string, std::vector<std::string>> global;
struct {
  long long calls, resumed, whole, offered, moved, begun, ended;
} globals;

bool defrag_globals(rm::defragmenter& by) {
  ++globals.calls;
  globals.resumed += by.cursor().value_or(0) != 0;
  const bool more = by.value(global);
  globals.whole += !more;
  globals.offered += static_cast<long long>(by.offered());
  globals.moved += static_cast<long long>(by.moved());
  return more;
}

void fill_globals(long long count) {
  for (long long i = 0; i < count; ++i) global[text("global", i)] = {text("one", i), text("two", i)};
  thin(global);
}

struct left_alone {
  static constexpr rm::type_info redis_type{.name = "leftalone"};
  std::map<std::string, std::string> all;
  static constexpr auto fields = rm::fields(rm::field<&left_alone::all>);
};

REDISMODULE_MODULE(defrag, 1, m) {
  m.data_type<shelf>();
  m.data_type<anchored>();
  m.data_type<left_alone>({.defrag = false});
  m.data_type<curious>();
  m.data_type<oddities>();
  m.command<fill_oddities>("odd.fill key count");
  m.command<force_oddities>("odd.force key steps throws-after");
  m.command("curious.fill key count", [](rm::write<curious> key, long long count) {
    for (long long i = 0; i < count; ++i) key->value_or_create().texts.push_back(text("curious", i));
  });
  m.command("curious.seen", [] { return curious::seen + '/' + std::to_string(curious::database); });
  if (rm::has(rm::abi::function::RegisterDefragFunc)) m.defrag<defrag_globals>();
  if (rm::has(rm::abi::function::RegisterDefragCallbacks)) {
    m.around_defrag<[](rm::defragmenter&) { ++globals.begun; }, [](rm::defragmenter&) { ++globals.ended; }>();
  }
  m.command<fill_globals>("globals.fill count");
  m.command("globals.seen", [] {
    return std::vector<long long>{globals.calls, globals.resumed, globals.whole, globals.offered,
                                  globals.moved, globals.begun,   globals.ended};
  });
  m.command<fill>("shelf.fill key from count");
  m.command("shelf.thin key", [](rm::write<shelf> key) { thin_out(**key); });
  m.command("shelf.whole key", [](rm::read<shelf> key) { return is_whole(**key); });
  m.command<shares>("shelf.shares key");
  m.command<force<change_nothing>>("shelf.force key steps");
  m.command<force<change>>("shelf.forcechanging key steps");
  m.command<watch>("defrag.watch");
  m.command("defrag.calls", [] { return calls; });
  m.command("defrag.moves", [] { return moves; });
  m.command("anchored.force key", [](rm::write<anchored> key) {
    moving_server there;
    cursor = 0;
    patience = -1;
    anchored::defragmented = 0;
    const void* before = &key->value_or_create();
    const bool more = defrag_once(key);
    const bool still = defrag_once(key);
    return std::vector<long long>{more, still, anchored::defragmented, before == key->get()};
  });
}
