// Values to bytes and back, without a server: what is read is believed in nothing.
#include "redismodule/codec.h"
#include "redismodule/detail/measure.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

namespace {

namespace rm = redismodule;

enum class color { red, green };
[[maybe_unused]] constexpr auto describe(rm::of<color>) {
  return rm::names<color>({{"red", color::red}, {"green", color::green}});
}

struct point {
  int x = 0;
  int y = 0;
  bool operator==(const point&) const = default;
  static constexpr auto fields = rm::fields(rm::field<&point::x>, rm::field<&point::y>);
};

// Lies in itself.
struct node {
  int value = 0;
  std::vector<node> below;
  std::unique_ptr<node> next;
  static constexpr auto fields = rm::fields(rm::field<&node::value>, rm::field<&node::below>, rm::field<&node::next>);
};

// Lay in itself in its first version.
struct shrunk {
  int value = 0;
  static constexpr auto fields = rm::fields(rm::field<&shrunk::value>, rm::removed_field<std::vector<shrunk>, 1, 2>);
};

// Empty in version 3 but for `added`, which is not there in version 1.
struct evolving {
  int added = 7;
  long taken = 0;
  void take(long old) { taken = old; }
  long give() const { return 5; }
  bool operator==(const evolving&) const = default;
  static constexpr auto fields =
      rm::fields(rm::removed_field<long, 1, 3, rm::loaded_by<&evolving::take>, rm::saved_by<&evolving::give>>,
                 rm::field<&evolving::added, rm::since_version<2>>);
};

struct everything {
  std::int8_t small = -3;
  std::uint64_t large = ~0ull;
  float real = 1.5f;
  double zero = 0;
  bool yes = true;
  color named = color::green;
  std::string text = "text";
  std::optional<int> maybe = 3;
  std::variant<std::monostate, int, std::string> either = "hello";
  std::vector<point> points{{1, 2}, {3, 4}};
  std::deque<int> deque{1, -2};
  std::array<int, 3> array{1, 2, 3};
  std::array<unsigned char, 4> bytes{1, 2, 3, 4};
  std::vector<std::byte> more_bytes{std::byte{9}};
  std::map<std::string, double> map{{"a", 1}, {"b", -2}};
  std::unordered_map<int, std::vector<int>> unordered{{1, {2}}, {3, {}}};
  std::set<int> set{5, -6};
  std::pair<int, std::string> pair{1, "second"};
  std::tuple<int, double> tuple{3, 4.5};
  std::vector<bool> bits{true, false, true};
  std::chrono::milliseconds duration{77};
  std::chrono::system_clock::time_point time{std::chrono::seconds{5}};
  std::vector<std::monostate> nothings{3};
  std::unordered_set<std::string> words{"word"};
  std::multimap<int, int> multi{{1, 1}, {1, 2}};
  bool operator==(const everything&) const = default;
};
[[maybe_unused]] constexpr auto describe(rm::of<everything>) {
  return rm::fields(rm::field<&everything::small>, rm::field<&everything::large>, rm::field<&everything::real>,
                    rm::field<&everything::zero>, rm::field<&everything::yes>, rm::field<&everything::named>,
                    rm::field<&everything::text>, rm::field<&everything::maybe>, rm::field<&everything::either>,
                    rm::field<&everything::points>, rm::field<&everything::deque>, rm::field<&everything::array>,
                    rm::field<&everything::bytes>, rm::field<&everything::more_bytes>, rm::field<&everything::map>,
                    rm::field<&everything::unordered>, rm::field<&everything::set>, rm::field<&everything::pair>,
                    rm::field<&everything::tuple>, rm::field<&everything::bits>, rm::field<&everything::duration>,
                    rm::field<&everything::time>, rm::field<&everything::nothings>, rm::field<&everything::words>,
                    rm::field<&everything::multi>);
}

// Lies in itself, and is no struct.
struct lists : std::vector<lists> {};

// Lies in itself by its codec.
struct chain {
  std::unique_ptr<chain> next;
};

}  // namespace

template <>
struct rm::codec<chain> {
  static void save(rm::rdb_writer& to, const chain& value) { to.save(value.next); }
  static rm::result<chain> load(rm::rdb_reader& from) {
    auto next = from.load<std::unique_ptr<chain>>();
    if (!next) return next.error();
    return chain{std::move(*next)};
  }
};

namespace {

// Looks like a container, and is what its fields are.
struct series {
  using value_type = int;
  std::string name;
  std::vector<int> all;
  std::size_t size() const { return all.size(); }
  auto begin() const { return all.begin(); }
  auto end() const { return all.end(); }
  void push_back(int value) { all.push_back(value); }
  bool operator==(const series&) const = default;
  static constexpr auto fields = rm::fields(rm::field<&series::name>, rm::field<&series::all>);
};

// Of others', and migrated by a function beside it.
struct foreign {
  int cents = 0;
};
[[maybe_unused]] constexpr auto describe(rm::of<foreign>) { return rm::fields(rm::field<&foreign::cents>); }
void migrate(foreign& value, int from) { value.cents += 100 * from; }

// Read by who asks once, at the end.
struct asked_once {
  std::uint64_t first = 0;
  std::string second;
  bool operator==(const asked_once&) const = default;
};

// Lies in itself by its codec, and takes much of the stack.
struct wide_chain {
  std::array<char, 16 * 1024> room{};
  std::unique_ptr<wide_chain> next;
};

}  // namespace

template <>
struct rm::codec<asked_once> {
  static void save(rm::rdb_writer& to, const asked_once& value) {
    to.save_unsigned(value.first);
    to.save_string(value.second);
  }
  static rm::result<asked_once> load(rm::rdb_reader& from) {
    asked_once value;
    if (!from.read(value.first) || !from.read(value.second)) return rm::error_reply{"ERR not read"};
    return value;
  }
  static std::size_t free_effort(const asked_once&) { return 1000; }
};

template <>
struct rm::codec<wide_chain> {
  static void save(rm::rdb_writer& to, const wide_chain& value) { to.save(value.next); }
  static rm::result<wide_chain> load(rm::rdb_reader& from) {
    auto next = from.load<std::unique_ptr<wide_chain>>();
    if (!next) return next.error();
    wide_chain value;
    value.next = std::move(*next);
    return value;
  }
};

namespace {

struct characters {
  char letter = 'a';
  char high = static_cast<char>(0xe4);
  wchar_t wide = L'\u20ac';
  std::array<char, 2> bytes{'b', static_cast<char>(0xff)};
  enum class kind : char { low = 'x', high = static_cast<char>(0x80) } by_char = kind::high;
  bool operator==(const characters&) const = default;
  static constexpr auto fields =
      rm::fields(rm::field<&characters::letter>, rm::field<&characters::high>, rm::field<&characters::wide>,
                 rm::field<&characters::bytes>, rm::field<&characters::by_char>);
};

template <class T>
std::string saved(const T& value, int version = 1, const char** why = nullptr) {
  std::string bytes;
  char buffer[61];
  const auto append = [](void* to, std::string_view more, bool) { *static_cast<std::string*>(to) += more; };
  rm::detail::byte_sink sink{buffer, sizeof buffer, append, &bytes};
  rm::rdb_writer to{sink, version};
  rm::detail::save_value(to, value);
  sink.finish();
  if (why != nullptr) *why = to.why();
  return bytes;
}

struct outcome {
  bool good;
  std::string_view why;
};

// In pieces of seven bytes, so that parts lie across their borders.
template <class T>
outcome load(const std::string& bytes, T& into, int version = 1, int newest = 1) {
  std::vector<std::string_view> pieces;
  for (std::size_t i = 0; i < bytes.size(); i += 7) pieces.push_back(std::string_view{bytes}.substr(i, 7));
  const auto at = [](const void* all, std::size_t i) { return static_cast<const std::string_view*>(all)[i]; };
  rm::detail::byte_source source{at, pieces.data(), pieces.size(), bytes.size()};
  rm::rdb_reader from{source, version, newest};
  const bool good = rm::detail::load_value(from, into);
  return {good && source.at_end(), from.why() != nullptr ? from.why() : ""};
}

std::string count_of(std::uint64_t count) { return saved(count); }

TEST(codec, what_is_saved_is_loaded) {
  everything other;
  other.small = 0;
  other.either = 4;
  other.points.clear();
  other.map = {{"c", 3}};
  other.set = {1};
  other.nothings.clear();
  EXPECT_NE(other, everything{});
  const outcome loaded = load(saved(everything{}), other);
  EXPECT_TRUE(loaded.good) << loaded.why;
  EXPECT_EQ(other, everything{});
}

TEST(codec, data_that_are_cut_anywhere_are_refused) {
  const std::string bytes = saved(everything{});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    everything value;
    const outcome loaded = load(bytes.substr(0, size), value);
    EXPECT_FALSE(loaded.good) << size;
    EXPECT_FALSE(loaded.why.empty()) << size;
  }
}

TEST(codec, data_that_are_changed_anywhere_are_a_value_or_refused) {
  const std::string bytes = saved(everything{});
  int good = 0;
  int refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int other = 1; other < 256; ++other) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ other);
      everything value;
      ++(load(changed, value).good ? good : refused);
    }
  }
  EXPECT_GT(good, 1000);
  EXPECT_GT(refused, 1000);
}

// Seven bits in a byte, however many there are.
TEST(codec, numbers_of_every_length_are_as_they_were) {
  for (int bits = 0; bits <= 64; ++bits) {
    const std::uint64_t number = bits == 64 ? ~0ull : (1ull << bits) - 1;
    for (const std::uint64_t each : {number, number + 1}) {
      const std::string bytes = saved(each);
      std::size_t length = 1;
      for (std::uint64_t rest = each; rest >= 128; rest >>= 7) ++length;
      EXPECT_EQ(bytes.size(), 1 + length) << each;
      std::uint64_t loaded = 0;
      EXPECT_TRUE(load(bytes, loaded).good) << each;
      EXPECT_EQ(loaded, each);
    }
  }
}

TEST(codec, counts_that_are_lies_take_neither_time_nor_memory) {
  const std::string huge = count_of(~0ull);
  std::vector<point> points;
  EXPECT_FALSE(load(huge, points).good);
  EXPECT_LE(points.capacity(), 4096 / sizeof(point));
  std::vector<std::monostate> nothings;
  EXPECT_FALSE(load(huge, nothings).good);
  std::map<int, int> map;
  EXPECT_FALSE(load(huge, map).good);
  std::string text;
  std::string claim = huge;
  claim[0] = 's';
  EXPECT_FALSE(load(claim, text).good);
  EXPECT_LT(text.capacity(), 100u);
}

TEST(codec, values_out_of_range_are_refused) {
  std::int8_t small = 0;
  EXPECT_EQ(load(saved(std::int64_t{128}), small).why, "an integer is out of range");
  EXPECT_TRUE(load(saved(std::int64_t{-128}), small).good);
  bool yes = false;
  EXPECT_FALSE(load(saved(2u), yes).good);
  color named{};
  EXPECT_EQ(load(saved(2), named).why, "an enum has none of its values");
  std::variant<int, bool> either;
  EXPECT_EQ(load(saved(2u), either).why, "a variant has none of its alternatives");
  std::array<int, 2> array{};
  EXPECT_FALSE(load(saved(std::vector<int>{1, 2, 3}), array).good);
  EXPECT_TRUE(load(saved(std::vector<int>{1, 2}), array).good);
}

TEST(codec, a_key_that_comes_twice_is_refused) {
  std::set<int> set;
  EXPECT_EQ(load(saved(std::vector<int>{1, 2, 1}), set).why, "a key is there twice");
  std::unordered_map<int, int> map;
  const std::multimap<int, int> twice{{1, 1}, {1, 2}};
  EXPECT_EQ(load(saved(twice), map).why, "a key is there twice");
  std::set<int> any_order;
  EXPECT_TRUE(load(saved(std::vector<int>{3, 1, 2}), any_order).good);
  EXPECT_EQ(any_order, (std::set<int>{1, 2, 3}));
}

std::string times(std::string_view text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

constexpr int most = rm::rdb_reader::most_levels;

// A struct and its pointer are a level each.
node chain_of(int length) {
  node first;
  node* last = &first;
  for (int i = 1; i < length; ++i) {
    last->next = std::make_unique<node>();
    last = last->next.get();
  }
  return first;
}

TEST(codec, what_lies_in_its_own_type_is_saved_as_deep_as_it_can_be_loaded) {
  const char* why = nullptr;
  const std::string deepest = saved(chain_of(most / 2), 1, &why);
  EXPECT_EQ(why, nullptr);
  node value;
  const outcome loaded = load(deepest, value);
  EXPECT_TRUE(loaded.good) << loaded.why;
  EXPECT_FALSE(rm::is_too_deep(value));

  EXPECT_TRUE(rm::is_too_deep(chain_of(most / 2 + 1)));
  saved(chain_of(most / 2 + 1), 1, &why);
  EXPECT_STREQ(why, "values lie deeper in values of their own type than can be loaded again");
}

TEST(codec, claims_of_any_depth_are_refused) {
  const std::string level = saved(7) + count_of(0) + count_of(1);  // a node without any below, and a next one
  node value;
  EXPECT_FALSE(load(times(level, 100'000), value).good);
  shrunk small;
  EXPECT_EQ(load(times(saved(7) + count_of(1), 1'000'000), small, 1, 2).why,
            "values lie deeper in values of their own type than can be loaded again");
  lists nested;
  EXPECT_EQ(load(times(count_of(1), 100'000), nested).why,
            "values lie deeper in values of their own type than can be loaded again");
  EXPECT_TRUE(load(times(count_of(1), most - 1) + count_of(0), nested).good);
  chain links;
  EXPECT_FALSE(load(times(count_of(1), 100'000), links).good);
  EXPECT_TRUE(load(times(count_of(1), most / 2 - 1) + count_of(0), links).good);
}

TEST(codec, only_what_can_lie_in_itself_counts_as_deep) {
  using rm::detail::is_level;
  static_assert(is_level<node>() && is_level<lists>() && is_level<std::unique_ptr<node>>() && is_level<chain>());
  static_assert(!is_level<point>() && !is_level<everything>() && !is_level<std::vector<std::vector<int>>>());
}

// The same bytes whether `char` is signed or not: this file is compiled for both.
TEST(codec, characters_are_the_same_on_every_platform) {
  const std::string bytes = saved(characters{});
  EXPECT_EQ(bytes, saved(std::int64_t{'a'}) + saved(std::int64_t{0xe4 - 256}) + saved(std::int64_t{0x20ac}) +
                       saved(std::string{"b\xff"}) + saved(std::int64_t{-128}));
  characters value{.letter = 0, .high = 0, .wide = 0, .bytes = {}, .by_char = {}};
  EXPECT_TRUE(load(bytes, value).good);
  EXPECT_EQ(value, characters{});

  // As it was written where it is unsigned.
  char high = 0;
  EXPECT_TRUE(load(saved(0xe4u), high).good);
  EXPECT_EQ(high, static_cast<char>(0xe4));
  EXPECT_FALSE(load(saved(0x100u), high).good);
  EXPECT_FALSE(load(saved(std::int64_t{-129}), high).good);
  wchar_t wide = 0;
  EXPECT_TRUE(load(saved(0x20acu), wide).good);
  EXPECT_EQ(wide, L'\u20ac');
  EXPECT_FALSE(load(saved(std::uint64_t{1} << 32), wide).good);
}

TEST(codec, fields_come_and_go_by_version) {
  const std::vector<evolving> values{{.added = 1}, {.added = 2}};
  std::vector<evolving> loaded;
  ASSERT_TRUE(load(saved(values, 1), loaded, 1, 3).good);
  EXPECT_EQ(loaded, (std::vector<evolving>{{7, 5}, {7, 5}}));
  ASSERT_TRUE(load(saved(values, 2), loaded, 2, 3).good);
  EXPECT_EQ(loaded, (std::vector<evolving>{{1, 5}, {2, 5}}));
  ASSERT_TRUE(load(saved(values, 3), loaded, 3, 3).good);
  EXPECT_EQ(loaded, values);
}

TEST(codec, a_struct_that_is_described_is_its_fields_whatever_else_it_is) {
  const series value{"name", {1, 2}};
  series loaded;
  ASSERT_TRUE(load(saved(value), loaded).good);
  EXPECT_EQ(loaded, value);
  EXPECT_EQ(saved(value), saved(value.name) + saved(value.all));
}

TEST(codec, a_type_of_others_is_migrated_by_a_function_beside_it) {
  foreign value;
  ASSERT_TRUE(load(saved(foreign{7}), value, 2, 3).good);
  EXPECT_EQ(value.cents, 207);
  ASSERT_TRUE(load(saved(foreign{7}, 3), value, 3, 3).good);
  EXPECT_EQ(value.cents, 7);
}

TEST(codec, elements_of_a_codec_that_asks_once_are_loaded) {
  const std::vector<asked_once> values{{0, ""}, {7, "seven"}};
  std::vector<asked_once> loaded;
  const outcome done = load(saved(values), loaded);
  ASSERT_TRUE(done.good) << done.why;
  EXPECT_EQ(loaded, values);
  EXPECT_FALSE(load(saved(values).substr(0, 8), loaded).good);
  EXPECT_GE(rm::detail::effort_of(values), 2'000u) << "by the codec's own word";
}

TEST(codec, an_enum_without_a_name_is_not_saved_since_it_could_not_be_loaded) {
  const char* why = nullptr;
  saved(color::green, 1, &why);
  EXPECT_EQ(why, nullptr);
  saved(std::vector{color::red, static_cast<color>(7)}, 1, &why);
  EXPECT_STREQ(why, "an enum has none of its values");
}

TEST(codec, levels_that_fill_the_stack_are_refused_before_it_is_full) {
  wide_chain links;
  EXPECT_EQ(load(times(count_of(1), most / 2 - 1) + count_of(0), links).why,
            "values lie deeper in values of their own type than can be loaded again");
  EXPECT_TRUE(load(times(count_of(1), 20) + count_of(0), links).good);
}

TEST(codec, a_failed_read_lets_all_that_follow_fail) {
  const std::string bytes = saved(3);
  const auto at = [](const void* all, std::size_t) { return std::string_view{*static_cast<const std::string*>(all)}; };
  rm::detail::byte_source source{at, &bytes, 1, bytes.size()};
  rm::rdb_reader from{source, 1, 1};
  EXPECT_FALSE(from.load_unsigned());
  EXPECT_TRUE(from.failed());
  EXPECT_FALSE(from.load_signed());
  EXPECT_FALSE(from.load_string());
}

}  // namespace
