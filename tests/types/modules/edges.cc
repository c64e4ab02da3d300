// Data types at the edges of what can be: deep ones, such as cannot be saved, with memory of others, described by
// others.
#include <map>
#include <memory>
#include <memory_resource>
#include <stdexcept>
#include <string>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

// --- Values in values of their own type ---

struct chain {
  static constexpr rm::type_info redis_type{.name = "chains--1"};
  std::string text = "a link";
  std::unique_ptr<chain> next;
  static constexpr auto fields = rm::fields(rm::field<&chain::text>, rm::field<&chain::next>);
};
// The same with a copy constructor, and so large that the stack would not hold many of them.
struct boxes {
  static constexpr rm::type_info redis_type{.name = "boxes---1"};
  std::array<char, 30'000> label{};
  std::map<int, boxes> inside;
  static constexpr auto fields = rm::fields(rm::field<&boxes::label>, rm::field<&boxes::inside>);
};

namespace {

void make_chain(rm::context& ctx, rm::write<chain> key, int length) {
  chain* last = &key->set(chain{});
  for (int i = 1; i < length; ++i) last = (last->next = std::make_unique<chain>()).get();
  ctx.replicate_verbatim();
}

int length_of(rm::read<chain> key) {
  int length = 0;
  for (const chain* each = key->get(); each != nullptr; each = each->next.get()) ++length;
  return length;
}

bool make_boxes(rm::context& ctx, rm::write<boxes> key, int depth) {
  boxes* last = &key->set(boxes{});
  for (int i = 1; i < depth; ++i) last = &last->inside[i];
  ctx.replicate_verbatim();
  return rm::is_too_deep(key->value());
}

}  // namespace

// --- What cannot be saved ---

struct stubborn {
  static constexpr rm::type_info redis_type{.name = "stubborn1"};
  std::string text;
  void rdb_save(rm::rdb_writer& to) const {
    if (text == "throw") throw std::runtime_error{"no"};
    if (text == "refuse") return to.refuse("it does not want to");
    to.save_string(text);
  }
  static rm::result<stubborn> rdb_load(rm::rdb_reader& from) {
    auto text = from.load_string();
    if (!text) return text.error();
    return stubborn{std::move(*text)};
  }
};

// --- Elements by codecs of an author's ---

struct raw_number {
  std::int64_t number = 0;
};
template <>
struct rm::codec<raw_number> {
  static void save(rm::rdb_writer& to, const raw_number& value) {
    if (to.raw() == nullptr) return to.save_signed(value.number);
    rm::api.SaveSigned(to.raw(), value.number);
  }
  static rm::result<raw_number> load(rm::rdb_reader& from) {
    if (rm::abi::ModuleIO* raw = from.raw()) return raw_number{rm::api.LoadSigned(raw)};
    const auto number = from.load_signed();
    if (!number) return number.error();
    return raw_number{*number};
  }
};
struct raw_numbers {
  static constexpr rm::type_info redis_type{.name = "raw-num-1"};
  std::vector<raw_number> all;
  static constexpr auto fields = rm::fields(rm::field<&raw_numbers::all>);
};

struct hollow {};
template <>
struct rm::codec<hollow> {
  static void save(rm::rdb_writer&, const hollow&) {}
  static rm::result<hollow> load(rm::rdb_reader&) { return hollow{}; }
};
struct hollows {
  static constexpr rm::type_info redis_type{.name = "hollow--1"};
  std::vector<hollow> all;
  static constexpr auto fields = rm::fields(rm::field<&hollows::all>);
};

// --- Memory ---

struct arena {
  static constexpr rm::type_info redis_type{.name = "arena---1"};
  std::unique_ptr<std::pmr::monotonic_buffer_resource> resource =
      std::make_unique<std::pmr::monotonic_buffer_resource>(65536);
  std::pmr::vector<std::pmr::string> texts{resource.get()};
  std::pmr::map<int, int> numbers{resource.get()};
  static constexpr auto fields = rm::fields(rm::field<&arena::texts>, rm::field<&arena::numbers>);
};

struct strings {
  static constexpr rm::type_info redis_type{.name = "strings-1"};
  std::vector<rm::string> all;
  static constexpr auto fields = rm::fields(rm::field<&strings::all>);
};

struct shelves {
  static constexpr rm::type_info redis_type{.name = "shelves-1"};
  std::map<std::string, std::vector<std::string>> all;
  static constexpr auto fields = rm::fields(rm::field<&shelves::all>);
};

// --- Types of others, which know nothing of this library ---

namespace others {

struct text {
  std::string bytes;
};
struct point {
  int x = 0;
  int y = 0;
};

}  // namespace others

// What the module's author adds beside them.
namespace others {

constexpr rm::type_info redis_type(rm::of<text>) { return {.name = "others--1", .version = 3}; }
void rdb_save(const text& value, rm::rdb_writer& to) {
  to.save_string("others");
  to.save_string(value.bytes);
}
rm::result<text> rdb_load(rm::of<text>, rm::rdb_reader& from) {
  const auto mark = from.load_string();
  auto bytes = from.load_string();
  if (!bytes) return bytes.error();
  if (*mark != "others") return from.refuse("it is of nobody else");
  return text{std::move(*bytes)};
}
void aof_rewrite(const text& value, rm::aof_writer& to) { to.command("others.set", to.key(), value.bytes); }
text copy(const text& value) { return {value.bytes + " (copy)"}; }
void digest(const text& value, rm::digest& to) { to.add(value.bytes + " (digest)"); }
std::size_t mem_usage(const text&, std::size_t samples) { return 70'000 + samples; }
std::size_t free_effort(const text&) { return 1000; }
long long unlinked = 0;
void unlink(const text&, rm::string_ref) { ++unlinked; }

constexpr rm::type_info redis_type(rm::of<point>) { return {.name = "points--1"}; }
constexpr auto describe(rm::of<point>) { return rm::fields(rm::field<&point::x>, rm::field<&point::y>); }

}  // namespace others

REDISMODULE_MODULE(edges, 1, m) {
  m.data_type<chain>();
  m.data_type<boxes>();
  m.data_type<stubborn>();
  m.data_type<raw_numbers>();
  m.data_type<hollows>();
  m.data_type<arena>();
  m.data_type<strings>();
  m.data_type<shelves>();
  m.data_type<others::text>();
  m.data_type<others::point>();

  m.command<make_chain>("chain.make key length");
  m.command<length_of>("chain.length key");
  m.command<make_boxes>("boxes.make key depth");
  m.command("stubborn.set key text", [](rm::context& ctx, rm::write<stubborn> key, std::string_view text) {
    key->set({std::string{text}});
    ctx.replicate_verbatim();
  });
  m.command("raw.fill key count", [](rm::context& ctx, rm::write<raw_numbers> key, std::int64_t count) {
    raw_numbers& value = key->set({});
    for (std::int64_t i = 0; i < count; ++i) value.all.push_back({i});
    ctx.replicate_verbatim();
  });
  m.command("raw.sum key", [](rm::read<raw_numbers> key) {
    long long sum = 0;
    for (const raw_number& each : key->value().all) sum += each.number;
    return sum;
  });
  m.command("hollow.fill key count", [](rm::write<hollows> key, std::size_t count) { key->set({}).all.resize(count); });
  m.command("arena.fill key count", [](rm::write<arena> key, int count) {
    arena& value = key->value_or_create();
    for (int i = 0; i < count; ++i) {
      value.texts.emplace_back("a text that does not fit into the string itself");
      value.numbers[i] = i;
    }
  });
  m.command("strings.fill key count text", [](rm::write<strings> key, int count, std::string_view text) {
    strings& value = key->value_or_create();
    for (int i = 0; i < count; ++i) value.all.emplace_back(text);
  });
  m.command("shelves.fill key count", [](rm::write<shelves> key, int count) {
    shelves& value = key->value_or_create();
    for (int i = 0; i < count; ++i) value.all["the only shelf"].push_back("a book " + std::to_string(i));
  });
  m.command("others.set key text", [](rm::context& ctx, rm::write<others::text> key, std::string_view text) {
    key->set({std::string{text}});
    ctx.replicate_verbatim();
  });
  m.command("others.get key", [](rm::read<others::text> key) { return key->value().bytes; });
  m.command("others.unlinked", [] { return others::unlinked; });
  m.command("point.set key x y", [](rm::context& ctx, rm::write<others::point> key, int x, int y) {
    key->set({x, y});
    ctx.replicate_verbatim();
  });
  m.command("point.x key", [](rm::read<others::point> key) { return key->value().x; });
}
