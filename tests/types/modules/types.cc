// Data types of every kind, and commands that fill them.
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

struct visit {
  std::string page;
  std::int64_t at = 0;
  static constexpr auto fields = rm::fields(rm::field<&visit::page>, rm::field<&visit::at>);
};
// --- 13 lines ---
struct counter {
  static constexpr rm::type_info redis_type{.name = "hellocntr"};
  std::map<std::string, double> by_tag;
  std::vector<visit> visits;
  std::optional<std::string> note;
  static constexpr auto fields =
      rm::fields(rm::field<&counter::by_tag>, rm::field<&counter::visits>, rm::field<&counter::note>);
};

namespace {

void fill(rm::context& ctx, rm::write<counter> key, long long count, std::string_view note) {
  counter& value = key->value_or_create();
  for (long long i = 0; i < count; ++i) {
    value.by_tag["a tag with the number " + std::to_string(i)] += static_cast<double>(i) / 3;
    value.visits.push_back({"/a/page/with/the/number/" + std::to_string(i), i});
  }
  value.note = std::string{note};
  ctx.replicate_verbatim();
}

std::string show(rm::read<counter> key) {
  const counter& value = key->value();
  std::string text = value.note.value_or("-");
  for (const auto& [tag, number] : value.by_tag) text += ' ' + tag + '=' + std::to_string(number);
  for (const visit& each : value.visits) text += ' ' + each.page + '@' + std::to_string(each.at);
  return text;
}

long long visits(rm::read<counter> key) {
  return key->get() == nullptr ? -1 : static_cast<long long>((*key)->visits.size());
}

// What a view sees when its key changes behind it, a step at a time.
std::string change_behind(rm::context& ctx, rm::write<counter> key, rm::string_ref name) {
  key->value_or_create().note = "first";
  auto another = ctx.open<rm::write<counter>>(name);
  if (!another) return "not opened";
  std::string seen = (*another)->value().note.value_or("-");
  (*another)->value().note = "second";
  seen += ' ' + key->value().note.value_or("-");
  if (!ctx.call<long long>("DEL", name)) return "not deleted";
  seen += key->get() == nullptr ? " gone" : " there";
  seen += ' ' + key->set({.by_tag = {}, .visits = {}, .note = "third"}).note.value_or("-");
  seen += ' ' + (*another)->value().note.value_or("-");
  return seen;
}

long long change_type_behind(rm::context& ctx, rm::write<counter> key, rm::string_ref name) {
  key->value_or_create();
  static_cast<void>(ctx.call<void>("SET", name, "text"));
  return static_cast<long long>(key->value().visits.size());
}

bool forget(rm::context& ctx, rm::write<counter> key) {
  const bool was_there = key->exists();
  key->remove();
  ctx.replicate_verbatim();
  return was_there;
}

}  // namespace

enum class color { red, green, blue };
constexpr auto describe(rm::of<color>) {
  return rm::names<color>({{"red", color::red}, {"green", color::green}, {"blue", color::blue}});
}

// Everything that is known, in itself too, and nothing of it can be copied.
struct tree {
  static constexpr rm::type_info redis_type{.name = "all-kinds", .version = 3};
  std::int8_t small = -1;
  std::uint64_t large = 1;
  bool yes = true;
  float real = 0.5f;
  double number = 1.25;
  color kind = color::blue;
  std::string text = "text";
  rm::string server_text{"server's text"};
  rm::string_buffer buffer{"a block of the server's"};
  std::variant<std::monostate, std::int64_t, std::string, std::vector<int>> either = "either";
  std::deque<std::int32_t> deque{1, 2, 3};
  std::array<double, 2> array{1, 2};
  std::vector<unsigned char> bytes{1, 2, 3};
  std::unordered_map<std::string, std::set<int>> unordered{{"a", {1, 2}}, {"b", {}}, {"c", {7}}};
  std::pair<int, std::tuple<int, std::string>> pair{1, {2, "three"}};
  std::chrono::milliseconds duration{5};
  std::vector<tree> below;
  std::unique_ptr<tree> next;
  static constexpr auto fields =
      rm::fields(rm::field<&tree::small>, rm::field<&tree::large>, rm::field<&tree::yes>, rm::field<&tree::real>,
                 rm::field<&tree::number>, rm::field<&tree::kind>, rm::field<&tree::text>,
                 rm::field<&tree::server_text>, rm::field<&tree::buffer>, rm::field<&tree::either>,
                 rm::field<&tree::deque>, rm::field<&tree::array>, rm::field<&tree::bytes>, rm::field<&tree::unordered>,
                 rm::field<&tree::pair>, rm::field<&tree::duration>, rm::field<&tree::below>, rm::field<&tree::next>);
};

namespace {

void plant(rm::context& ctx, rm::write<tree> key, long long below) {
  tree& value = key->set(tree{});
  value.below.resize(static_cast<std::size_t>(below));
  value.next = std::make_unique<tree>();
  ctx.replicate_verbatim();
}

}  // namespace

// The same in the server's memory and in the module's.
struct buffered {
  static constexpr rm::type_info redis_type{.name = "buffered1"};
  rm::string_buffer text;
  std::map<rm::string_buffer, int> words;
  static constexpr auto fields = rm::fields(rm::field<&buffered::text>, rm::field<&buffered::words>);
};
struct unbuffered {
  static constexpr rm::type_info redis_type{.name = "buffered0"};
  std::string text;
  std::map<std::string, int> words;
  static constexpr auto fields = rm::fields(rm::field<&unbuffered::text>, rm::field<&unbuffered::words>);
};

namespace {

void fill_unordered(rm::context& ctx, rm::write<tree> key, long long count) {
  tree& value = key->set(tree{});
  for (long long i = 0; i < count; ++i) value.unordered["a name of the number " + std::to_string(i)] = {1, 2};
  ctx.replicate_verbatim();
}

// The text, and how often each letter is in it.
template <class T>
void set_text(rm::context& ctx, rm::write<T> key, std::string_view text) {
  using word = decltype(T::text);
  T& value = key->set({word{text}, {}});
  for (std::size_t i = 0; i < text.size() && i < 100; ++i) ++value.words[word{text.substr(i, 1)}];
  ctx.replicate_verbatim();
}

}  // namespace

// Only by its members.
struct by_hand {
  static constexpr rm::type_info redis_type{.name = "by_hand_1"};
  std::string text;
  void rdb_save(rm::rdb_writer& to) const {
    to.save_unsigned(text.size());
    to.save_string(text);
  }
  static rm::result<by_hand> rdb_load(rm::rdb_reader& from) {
    const auto size = from.load_unsigned();
    auto text = from.load_string();
    if (!text) return text.error();
    if (*size != text->size()) return from.refuse("the size is another one");
    return by_hand{std::move(*text)};
  }
  void aof_rewrite(rm::aof_writer& to) const { to.command("byhand.set", to.key(), text); }
  by_hand copy() const { return {text + " (copy)"}; }
  void digest(rm::digest& to) const { to.add(text); }
  std::size_t mem_usage(std::size_t samples) const { return 1000 + samples; }
  std::size_t free_effort() const { return 1; }
  static inline long long unlinked = 0;
  void unlink(rm::string_ref) const { ++unlinked; }
};

REDISMODULE_MODULE(types, 1, m) {
  m.data_type<counter>();
  m.data_type<tree>();
  m.data_type<by_hand>();
  m.data_type<buffered>();
  m.data_type<unbuffered>();
  m.command<fill>("counter.fill key count note");
  m.command<show>("counter.show key");
  m.command<visits>("counter.visits key");
  m.command<forget>("counter.forget key");
  m.command<change_behind>("counter.behind key name");
  m.command<change_type_behind>("counter.typebehind key name");
  m.command<plant>("tree.plant key below");
  m.command<fill_unordered>("unordered.fill key count");
  m.command<set_text<buffered>>("buffered.set key text");
  m.command<set_text<unbuffered>>("unbuffered.set key text");
  m.command("buffered.get key", [](rm::read<buffered> key) { return (*key)->text; });
  m.command("buffered.is key text", [](rm::read<buffered> key, std::string_view text) {
    return (*key)->text == text && (*key)->words.contains(rm::string_buffer{text.substr(0, 1)});
  });
  m.command("byhand.set key text", [](rm::context& ctx, rm::write<by_hand> key, std::string_view text) {
    key->set({std::string{text}});
    ctx.replicate_verbatim();
  });
  m.command("byhand.get key", [](rm::read<by_hand> key) { return key->value().text; });
  m.command("byhand.unlinked", [] { return by_hand::unlinked; });
}
