// Twenty data types, which have between them all that a field can be.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "codec_kinds.h"
#include "peak.h"
#include "redismodule/memory/allocator.h"
#include "redismodule/redismodule.h"

namespace rm = redismodule;

// --- Numbers and text ---

struct integers {
  static constexpr rm::type_info redis_type{.name = "tw-intege"};
  std::int8_t i8 = -8;
  std::int16_t i16 = -1600;
  std::int32_t i32 = -320'000;
  std::int64_t i64 = INT64_MIN;
  std::uint8_t u8 = 200;
  std::uint16_t u16 = 60'000;
  std::uint32_t u32 = 3'000'000'000;
  std::uint64_t u64 = UINT64_MAX;
  long long longest = 1;
  unsigned long unsigned_long = 2;
  char letter = 'x';
  char8_t utf8 = u8'8';
  char16_t utf16 = u'6';
  char32_t utf32 = U'2';
  wchar_t wide = L'w';
  bool yes = true;
  static constexpr auto fields = rm::fields(
      rm::field<&integers::i8>, rm::field<&integers::i16>, rm::field<&integers::i32>, rm::field<&integers::i64>,
      rm::field<&integers::u8>, rm::field<&integers::u16>, rm::field<&integers::u32>, rm::field<&integers::u64>,
      rm::field<&integers::longest>, rm::field<&integers::unsigned_long>, rm::field<&integers::letter>,
      rm::field<&integers::utf8>, rm::field<&integers::utf16>, rm::field<&integers::utf32>, rm::field<&integers::wide>,
      rm::field<&integers::yes>);
};

struct reals {
  static constexpr rm::type_info redis_type{.name = "tw-reals-"};
  float small = 0.5f;
  double large = -1e300;
  std::vector<double> many = std::vector<double>(20, 1.5);
  std::chrono::milliseconds duration{-5};
  std::chrono::duration<double> real_duration{2.5};
  std::chrono::duration<std::int8_t, std::ratio<3600>> narrow_duration{100};
  std::chrono::system_clock::time_point point{std::chrono::hours{480'000}};
  std::vector<std::chrono::seconds> durations{std::chrono::seconds{1}, std::chrono::seconds{-1}};
  static constexpr auto fields =
      rm::fields(rm::field<&reals::small>, rm::field<&reals::large>, rm::field<&reals::many>,
                 rm::field<&reals::duration>, rm::field<&reals::real_duration>, rm::field<&reals::narrow_duration>,
                 rm::field<&reals::point>, rm::field<&reals::durations>);
};

using own_string = std::basic_string<char, std::char_traits<char>, rm::allocator<char>>;

struct texts {
  static constexpr rm::type_info redis_type{.name = "tw-texts-"};
  std::string short_text = "short";
  std::string long_text = std::string(300, 'l');
  std::string mixed = "a text that is long enough to be on the heap, and is not the same letter again and again";
  rm::string of_server{"the server's own"};
  own_string of_another_class = "a string with another allocator, on the heap too";
  static constexpr auto fields =
      rm::fields(rm::field<&texts::short_text>, rm::field<&texts::long_text>, rm::field<&texts::mixed>,
                 rm::field<&texts::of_server>, rm::field<&texts::of_another_class>);
};

enum class color : std::uint8_t { red, green, blue = 200 };
constexpr auto describe(rm::of<color>) {
  return rm::names<color>({{"red", color::red}, {"green", color::green}, {"blue", color::blue}});
}
enum class unnamed : std::int16_t { one, another = -300 };
enum class flag : bool { down, up };
enum plain { first_plain, second_plain = 5, third_plain };
constexpr auto describe(rm::of<plain>) {
  return rm::names<plain>({{"first", first_plain}, {"second", second_plain}, {"third", third_plain}});
}

struct enums {
  static constexpr rm::type_info redis_type{.name = "tw-enums-"};
  color with_names = color::blue;
  unnamed without = unnamed::another;
  flag of_bool = flag::up;
  plain old = third_plain;
  std::byte byte{7};
  std::vector<color> many{color::red, color::green};
  static constexpr auto fields =
      rm::fields(rm::field<&enums::with_names>, rm::field<&enums::without>, rm::field<&enums::of_bool>,
                 rm::field<&enums::old>, rm::field<&enums::byte>, rm::field<&enums::many>);
};

// --- What may be there or not, or be one of several ---

struct optionals {
  static constexpr rm::type_info redis_type{.name = "tw-option"};
  std::optional<int> number = 1;
  std::optional<std::string> text = "text";
  std::optional<bool> yes = false;
  std::optional<std::optional<int>> twice = std::optional<int>{};
  std::vector<std::optional<std::int64_t>> many{1, std::nullopt, 3};
  static constexpr auto fields =
      rm::fields(rm::field<&optionals::number>, rm::field<&optionals::text>, rm::field<&optionals::yes>,
                 rm::field<&optionals::twice>, rm::field<&optionals::many>);
};

struct variants {
  using either = std::variant<std::monostate, std::int64_t, std::string, std::vector<int>, bool>;
  static constexpr rm::type_info redis_type{.name = "tw-varian"};
  either text = "text";
  std::vector<either> many{{}, std::int64_t{5}, "more text", std::vector<int>{1, 2}, true};
  std::variant<int, int> same{std::in_place_index<1>, 4};
  static constexpr auto fields =
      rm::fields(rm::field<&variants::text>, rm::field<&variants::many>, rm::field<&variants::same>);
};

struct nothing {};
struct point {
  std::int32_t x = 1;
  std::int32_t y = 2;
};
constexpr auto describe(rm::of<point>) { return rm::fields(rm::field<&point::x>, rm::field<&point::y>); }

struct pointers {
  static constexpr rm::type_info redis_type{.name = "tw-pointe"};
  std::unique_ptr<int> number = std::make_unique<int>(5);
  std::unique_ptr<std::string> none;
  std::unique_ptr<point> described = std::make_unique<point>();
  std::vector<std::unique_ptr<std::string>> many;
  std::unique_ptr<std::unique_ptr<int>> twice = std::make_unique<std::unique_ptr<int>>();
  pointers() {
    many.push_back(std::make_unique<std::string>("pointed to"));
    many.push_back(nullptr);
  }
  static constexpr auto fields =
      rm::fields(rm::field<&pointers::number>, rm::field<&pointers::none>, rm::field<&pointers::described>,
                 rm::field<&pointers::many>, rm::field<&pointers::twice>);
};

// --- Containers ---

struct vectors {
  static constexpr rm::type_info redis_type{.name = "tw-vector"};
  std::vector<std::int64_t> numbers;
  std::vector<std::string> texts{"one", "two", "three, which is a text on the heap"};
  std::vector<std::vector<std::vector<std::uint16_t>>> nested{{{1, 2}, {}}, {}, {{3}}};
  std::vector<bool> bits{true, false, true};
  std::vector<nothing> nothings = std::vector<nothing>(3);
  std::vector<std::array<double, 4>> arrays{{1, 2, 3, 4}};
  vectors() {
    for (int i = 0; i < 50; ++i) numbers.push_back(std::int64_t{1} << i);
  }
  static constexpr auto fields =
      rm::fields(rm::field<&vectors::numbers>, rm::field<&vectors::texts>, rm::field<&vectors::nested>,
                 rm::field<&vectors::bits>, rm::field<&vectors::nothings>, rm::field<&vectors::arrays>);
};

struct deques {
  static constexpr rm::type_info redis_type{.name = "tw-deques"};
  std::deque<std::int32_t> numbers{1, -2, 3};
  std::deque<std::string> texts{"one", "two, which is a text on the heap"};
  std::deque<std::byte> bytes{std::byte{1}, std::byte{2}};
  static constexpr auto fields =
      rm::fields(rm::field<&deques::numbers>, rm::field<&deques::texts>, rm::field<&deques::bytes>);
};

struct arrays {
  static constexpr rm::type_info redis_type{.name = "tw-arrays"};
  std::array<double, 3> reals{1, 2, 3};
  std::array<std::string, 2> texts{"one", "two, which is a text on the heap"};
  std::array<std::array<int, 2>, 2> nested{{{1, 2}, {3, 4}}};
  std::array<bool, 3> bits{true, false, true};
  std::array<nothing, 3> nothings;
  std::array<int, 0> none;
  static constexpr auto fields =
      rm::fields(rm::field<&arrays::reals>, rm::field<&arrays::texts>, rm::field<&arrays::nested>,
                 rm::field<&arrays::bits>, rm::field<&arrays::nothings>, rm::field<&arrays::none>);
};

struct bytes {
  static constexpr rm::type_info redis_type{.name = "tw-bytes-"};
  std::vector<std::byte> of_byte = std::vector<std::byte>(40, std::byte{'b'});
  std::vector<char> letters{'a', 'b'};
  std::vector<unsigned char> octets{1, 2, 3};
  std::vector<signed char> numbers{-1, 2};
  std::array<unsigned char, 16> address{1, 2, 3};
  std::array<char, 4> tag{'t', 'a', 'g'};
  static constexpr auto fields =
      rm::fields(rm::field<&bytes::of_byte>, rm::field<&bytes::letters>, rm::field<&bytes::octets>,
                 rm::field<&bytes::numbers>, rm::field<&bytes::address>, rm::field<&bytes::tag>);
};

struct maps {
  static constexpr rm::type_info redis_type{.name = "tw-maps--"};
  std::map<std::string, std::int64_t> by_name{{"one", 1}, {"two", 2}, {"a key that is on the heap", 3}};
  std::map<int, std::map<int, std::string>> nested{{1, {{2, "two"}}}, {3, {}}};
  std::multimap<int, std::string> many{{1, "one"}, {1, "one again"}};
  std::map<double, bool> by_real{{0.5, true}, {1.5, false}};
  static constexpr auto fields = rm::fields(rm::field<&maps::by_name>, rm::field<&maps::nested>, rm::field<&maps::many>,
                                            rm::field<&maps::by_real>);
};

struct unordered_containers {
  static constexpr rm::type_info redis_type{.name = "tw-unorde"};
  std::unordered_map<std::string, std::vector<int>> by_name{{"one", {1}}, {"two", {2, 2}}};
  std::unordered_multimap<int, std::string> many{{1, "one"}, {1, "one again"}};
  std::unordered_set<double> reals{1.5, 2.5};
  std::unordered_multiset<std::string> texts{"twice", "twice"};
  static constexpr auto fields =
      rm::fields(rm::field<&unordered_containers::by_name>, rm::field<&unordered_containers::many>,
                 rm::field<&unordered_containers::reals>, rm::field<&unordered_containers::texts>);
};

struct sets {
  static constexpr rm::type_info redis_type{.name = "tw-sets--"};
  std::set<std::string> texts{"one", "two", "a text that is on the heap"};
  std::multiset<double> reals{1, 1, 2};
  std::set<std::pair<int, std::string>> pairs{{1, "one"}, {2, "two"}};
  std::set<bool> bits{false, true};
  static constexpr auto fields =
      rm::fields(rm::field<&sets::texts>, rm::field<&sets::reals>, rm::field<&sets::pairs>, rm::field<&sets::bits>);
};

struct tuples {
  static constexpr rm::type_info redis_type{.name = "tw-tuples"};
  std::pair<int, std::string> pair{1, "one"};
  std::tuple<int, std::tuple<bool, std::string>, double> nested{1, {true, "two"}, 3};
  std::tuple<> none;
  std::vector<std::pair<nothing, std::tuple<>>> nothings = std::vector<std::pair<nothing, std::tuple<>>>(2);
  std::map<int, std::pair<int, int>> pairs{{1, {2, 3}}};
  static constexpr auto fields =
      rm::fields(rm::field<&tuples::pair>, rm::field<&tuples::nested>, rm::field<&tuples::none>,
                 rm::field<&tuples::nothings>, rm::field<&tuples::pairs>);
};

// --- Structs ---

struct segment {
  point from;
  point to{3, 4};
  nothing mark;
  static constexpr auto fields =
      rm::fields(rm::field<&segment::from>, rm::field<&segment::to>, rm::field<&segment::mark>);
};
struct layer {
  std::vector<layer> below;
  static constexpr auto fields = rm::fields(rm::field<&layer::below>);
};
struct nested {
  static constexpr rm::type_info redis_type{.name = "tw-nested"};
  layer first;
  segment one;
  std::vector<segment> path = std::vector<segment>(3);
  std::map<std::string, segment> named{{"s", {}}};
  nothing mark;
  static constexpr auto fields =
      rm::fields(rm::field<&nested::first>, rm::field<&nested::one>, rm::field<&nested::path>,
                 rm::field<&nested::named>, rm::field<&nested::mark>);
};

struct tree {
  static constexpr rm::type_info redis_type{.name = "tw-trees-"};
  std::string name;
  std::vector<tree> below;
  std::map<std::string, tree> named;
  std::unique_ptr<tree> next;
  std::variant<std::monostate, std::unique_ptr<tree>, std::vector<tree>> either;
  static constexpr auto fields = rm::fields(rm::field<&tree::name>, rm::field<&tree::below>, rm::field<&tree::named>,
                                            rm::field<&tree::next>, rm::field<&tree::either>);
};
static tree grown(int levels) {
  tree made;
  made.name = "of level " + std::to_string(levels);
  if (levels == 0) return made;
  for (int i = 0; i < 2; ++i) made.below.push_back(grown(levels - 1));
  made.named.emplace("named", grown(0));
  made.next = std::make_unique<tree>(grown(0));
  made.either = std::make_unique<tree>(grown(0));
  return made;
}

// --- By their authors ---

struct ip_address {
  std::array<unsigned char, 4> octets{};
};
template <>
struct rm::codec<ip_address> {
  static void save(rm::rdb_writer& to, const ip_address& value) {
    to.save_unsigned(4);
    to.save_string({reinterpret_cast<const char*>(value.octets.data()), value.octets.size()});
  }
  static rm::result<ip_address> load(rm::rdb_reader& from) {
    const auto family = from.load_unsigned();
    const auto text = from.load_string();
    if (!text) return text.error();
    if (*family != 4 || text->size() != 4) return from.refuse("it is no address");
    ip_address value;
    std::copy(text->begin(), text->end(), value.octets.begin());
    return value;
  }
  static void digest(rm::digest& to, const ip_address& value) {
    to.add({reinterpret_cast<const char*>(value.octets.data()), value.octets.size()});
  }
  static std::size_t mem_usage(const ip_address&) { return 0; }
};
struct with_codec {
  static constexpr rm::type_info redis_type{.name = "tw-codecs"};
  ip_address one{{127, 0, 0, 1}};
  std::vector<ip_address> many = std::vector<ip_address>(3);
  std::map<std::string, ip_address> named{{"localhost", {{127, 0, 0, 1}}}};
  std::optional<ip_address> perhaps = ip_address{};
  static constexpr auto fields = rm::fields(rm::field<&with_codec::one>, rm::field<&with_codec::many>,
                                            rm::field<&with_codec::named>, rm::field<&with_codec::perhaps>);
};

struct versioned {
  static constexpr rm::type_info redis_type{.name = "tw-versio", .version = 3};
  std::int64_t first = 1;
  std::string second = "second";
  std::vector<std::string> third{"third"};
  int came_from = 0;
  void take(std::string old) { third.assign(1, std::move(old)); }
  std::string give() const { return third.empty() ? "" : third.front(); }
  static constexpr auto fields = rm::fields(
      rm::field<&versioned::first>,
      rm::removed_field<std::string, 1, 3, rm::loaded_by<&versioned::take>, rm::saved_by<&versioned::give>>,
      rm::removed_field<std::map<int, int>, 1, 2>, rm::field<&versioned::second, rm::since_version<2>>,
      rm::field<&versioned::third, rm::since_version<3>>, rm::field<&versioned::came_from, rm::since_version<3>>);
  static rm::result<void> migrate(versioned& value, int from) {
    if (value.first < 0) return rm::error_reply{"ERR it was positive then"};
    value.came_from = from;
    return {};
  }
};

struct by_hand {
  static constexpr rm::type_info redis_type{.name = "tw-byhand"};
  std::vector<std::string> lines{"one", "two", "three, which is a text on the heap"};
  void rdb_save(rm::rdb_writer& to) const {
    to.save_signed(static_cast<std::int64_t>(lines.size()));
    for (const std::string& each : lines) to.save_string(each);
    to.save_double(0.5);
  }
  static rm::result<by_hand> rdb_load(rm::rdb_reader& from) {
    const auto count = from.load_signed();
    by_hand value;
    value.lines.clear();
    for (std::int64_t i = 0; i < (count ? *count : 0); ++i) {
      auto line = from.load_string();
      if (!line) return line.error();
      value.lines.push_back(std::move(*line));
    }
    if (from.load_double().value_or(0) != 0.5) return from.refuse("it does not end in a half");
    return value;
  }
  by_hand copy() const { return *this; }
  void digest(rm::digest& to) const {
    for (const std::string& each : lines) to.add(each);
  }
  std::size_t mem_usage(std::size_t) const { return sizeof *this + lines.size() * 40; }
  std::size_t free_effort() const { return lines.size(); }
};

template <class... Types>
struct type_list {};
using twenty_types =
    type_list<integers, reals, texts, enums, optionals, variants, pointers, vectors, deques, arrays, bytes, maps,
              unordered_containers, sets, tuples, nested, tree, with_codec, versioned, by_hand>;

// --- Nothing is forgotten ---

// Whether some field of these is of this kind, one that the library's loading tells from others.
template <class T, int Kind>
constexpr bool has_kind() {
  if constexpr (rm::detail::described<T>) {
    return []<class... Fields>(rm::field_list<Fields...>) {
      return ((codec_kinds::kind_of<T>() == Kind) || ... || (codec_kinds::kind_of<typename Fields::value>() == Kind));
    }(rm::detail::fields_of<T>());
  } else {
    return false;
  }
}
template <int Kind, class... Types>
constexpr bool some_has_kind(type_list<Types...>) {
  static_assert((false || ... || has_kind<Types, Kind>()),
                "codec.h loads a kind of value that is not in these types: give one of them a field of it");
  return true;
}
template <int... Kinds>
constexpr bool all_kinds_are_there(std::integer_sequence<int, Kinds...>) {
  return (true && ... && some_has_kind<Kinds>(twenty_types{}));
}
static_assert(all_kinds_are_there(std::make_integer_sequence<int, codec_kinds::count>{}));

// --- Commands ---

namespace {

// More of what is in it, where there may be any number.
template <class T>
void enlarge(T&, int) {}
void enlarge(tree& value, int) { value = grown(2); }
void enlarge(texts& value, int count) {
  std::uint32_t random = 1;
  for (int i = 0; i < count * 10; ++i)
    value.mixed += static_cast<char>((random = random * 1'664'525 + 1'013'904'223) >> 24);
  value.long_text.assign(static_cast<std::size_t>(count) * 10, 'l');
}
void enlarge(vectors& value, int count) {
  for (int i = 0; i < count; ++i) {
    value.numbers.push_back(std::int64_t{i} * 1'000'000'007);
    value.texts.push_back("a text with the number " + std::to_string(i));
  }
}
void enlarge(bytes& value, int count) { value.octets.resize(static_cast<std::size_t>(count) * 10, 7); }
void enlarge(maps& value, int count) {
  for (int i = 0; i < count; ++i) value.by_name.emplace("a key with the number " + std::to_string(i), i);
}

template <class T>
T filled(int count) {
  T made{};
  if (count != 0) enlarge(made, count);
  return made;
}

template <class T>
bool fill_if_meant(rm::context& ctx, rm::string_ref key, std::string_view type, int count) {
  if (type != T::redis_type.name.c_str()) return false;
  auto opened = ctx.open<rm::write<T>>(key);
  if (!opened) return false;
  (*opened)->set(filled<T>(count));
  return true;
}

template <class... Types>
bool fill_one(rm::context& ctx, rm::string_ref key, std::string_view type, int count, type_list<Types...>) {
  return (false || ... || fill_if_meant<Types>(ctx, key, type, count));
}

bool fill(rm::context& ctx, rm::string_ref key, std::string_view type, int count) {
  return fill_one(ctx, key, type, count, twenty_types{});
}

template <class... Types>
std::vector<std::string> names(type_list<Types...>) {
  return {Types::redis_type.name.c_str()...};
}

template <class... Types>
void add(rm::module_builder& m, type_list<Types...>) {
  (m.data_type<Types>(), ...);
}

}  // namespace

REDISMODULE_MODULE(twenty, 1, m) {
  peak::count();
  add(m, twenty_types{});
  m.command<fill>("twenty.fill key type count");
  m.command("twenty.types", [] { return names(twenty_types{}); });
  // With a context, which gives back strings that another thread let go of.
  m.command("twenty.peak", [](rm::context&) { return peak::since_asked(); });
}
