// Views and walks of every type of key, with whatever the client says done to the keys meanwhile, by whomever it says.
//
//   changes.<view> key by line...     each line is a command, its words separated by |
//
// The reply: what was seen before, what the walk saw afterwards, what became of the write, and what is there then.
#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "attempt.h"
#include "redismodule/redismodule.h"

namespace rm = redismodule;

using texts = std::vector<std::string>;

// --- What is done meanwhile ---

texts words_of(std::string_view line) {
  texts words;
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t end = std::min(line.find('|', at), line.size());
    words.emplace_back(line.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

void run(rm::context& ctx, const texts& lines) {
  for (const std::string& line : lines) {
    const texts words = words_of(line);
    if (words[0] == "wait") {
      std::this_thread::sleep_for(std::chrono::milliseconds{3});
      continue;
    }
    const rm::call_reply reply = ctx.call(words[0], texts{words.begin() + 1, words.end()});
    if (reply.is_error()) throw std::runtime_error{line + ": " + std::string{reply.error().text()}};
  }
}

// One script for all of it.
void run_script(rm::context& ctx, const texts& lines) {
  std::string script;
  for (const std::string& line : lines) {
    if (line == "wait") continue;
    script += "redis.call(unpack({";  // more words than a function takes
    for (const std::string& word : words_of(line)) script += "'" + word + "',";
    script += "}))\n";
  }
  const rm::call_reply reply = ctx.call("EVAL", script, 0);
  if (reply.is_error()) throw std::runtime_error{std::string{reply.error().text()}};
}

// As the raw functions leave it to the author: no view is told.
void run_unseen(rm::context& ctx, const texts& lines) {
  for (const std::string& line : lines) {
    std::vector<rm::string> words;
    for (const std::string& word : words_of(line)) words.emplace_back(word);
    std::vector<rm::abi::ModuleString*> rest;
    for (std::size_t i = 1; i < words.size(); ++i) rest.push_back(words[i].raw());
    rm::abi::ModuleCallReply* reply = rm::api.Call(ctx.raw(), words_of(line)[0].c_str(), "v", rest.data(), rest.size());
    if (reply != nullptr) rm::api.FreeCallReply(reply);
  }
}

// By a view of its own: of the same name, with other keys opened between.
void run_view(rm::context& ctx, std::string_view name, const std::string& how) {
  auto key = *ctx.open<rm::write<rm::any_key>>(name);
  if (how == "view-remove") key->remove();
  if (how == "view-unlink") key->unlink();
  if (how == "view-set") key->set("other");
  if (how == "view-expire") key->expire_at(rm::time_point{rm::milliseconds{1}});
}

// What the next notification does. Events are those of the server's own commands, and ours.
texts on_notification;
bool is_notified = false;

int notified(rm::abi::ModuleCtx* raw, int, const char*, rm::abi::ModuleString*) {
  rm::context ctx{raw};
  const texts lines = std::exchange(on_notification, {});
  if (lines.empty()) return 0;
  is_notified = true;
  run(ctx, lines);
  return 0;
}

void run_notified(rm::context& ctx, std::string_view by, const texts& lines) {
  on_notification = lines;
  is_notified = false;
  if (by == "notification") static_cast<void>(ctx.notify(rm::key_event::generic, "something", "elsewhere"));
  if (by == "event") static_cast<void>(ctx.call("SET", "elsewhere", "1"));
  if (by == "miss") static_cast<void>(ctx.open<rm::read<rm::any_key>>(std::string_view{"no such key"}));
  if (by != "notification") ctx.call<void>("DEL", "elsewhere").value();
  if (!is_notified) throw std::runtime_error{"nothing was notified"};
}

void disturb(rm::context& ctx, rm::string_ref name, std::string_view by, const texts& lines) {
  if (lines.size() == 1 && lines[0].starts_with("view-")) return run_view(ctx, name.view(), lines[0]);
  if (by == "call") return run(ctx, lines);
  if (by == "script") return run_script(ctx, lines);
  if (by == "unseen") return run_unseen(ctx, lines);
  if (by == "command") return ctx.call<void>("changes.run", lines).value();
  run_notified(ctx, by, lines);
}

// --- What is looked at: a view, where a walk over it stands, what is written ---

struct dma {
  using key = rm::string_key;
  explicit dma(key& of) : of_{of} { static_cast<void>(of.bytes()); }
  std::string seen() { return read(of_); }
  std::string next() { return {}; }
  static std::string read(const key& of) { return std::string{of.view()}; }
  void write() { of_.append("+").value(); }
  key& of_;
};

struct dma_bytes : dma {
  using dma::dma;
  void write() {
    for (char& each : of_.bytes()) each = 'X';
    static_cast<void>(of_.resize(3).value());
  }
};

template <class View>
struct on_list {
  using key = rm::list;
  explicit on_list(key& of) : of_{of} {
    if (rm::has(rm::abi::function::ListGet)) at_ = std::make_unique<View>(of);
  }
  std::string seen() { return at_ && *at_ != of_.end() ? std::string{rm::string_ref{**at_}.view()} : std::string{}; }
  std::string next() {
    if (!at_ || *at_ == of_.end()) return {};
    return ++*at_, seen();
  }
  static std::string read(const key& of) {
    std::string all;
    if (!rm::has(rm::abi::function::ListGet)) return std::to_string(of.size());
    of.for_each([&](rm::string_ref each) { all.append(each.view()).append(" "); });
    return all;
  }
  void write() { of_.push_back("+"); }
  key& of_;
  std::unique_ptr<View> at_;
};

// The element that it stands on, replaced, surrounded and erased.
struct list_edit : on_list<rm::list::iterator> {
  using on_list::on_list;
  void write() {
    if (!at_ || *at_ == of_.end()) return;
    rm::list::element& each = **at_;
    each.replace("replaced");
    each.insert_before("before");
    each.insert_after("after");
    each.erase();
  }
};

struct on_hash {
  using key = rm::hash;
  explicit on_hash(key& of) : of_{of}, at_{of.begin()} {}
  std::string seen() { return at_ != of_.end() ? std::string{(*at_).field.view()} : std::string{}; }
  std::string next() { return at_ == of_.end() ? std::string{} : (++at_, seen()); }
  static std::string read(const key& of) {
    texts all;
    of.for_each([&](rm::string_ref name, rm::string_ref value) {
      all.push_back(std::string{name.view()} + "=" + std::string{value.view()} + " ");
    });
    std::sort(all.begin(), all.end());
    std::string text;
    for (const std::string& each : all) text += each;
    return text;
  }
  void write() { of_.set("+", "+"); }
  key& of_;
  rm::hash::iterator at_;
};

struct on_set {
  using key = rm::set;
  explicit on_set(key& of) : of_{of}, at_{of.begin()} {}
  std::string seen() { return at_ != of_.end() ? std::string{(*at_).view()} : std::string{}; }
  std::string next() { return at_ == of_.end() ? std::string{} : (++at_, seen()); }
  static std::string read(const key& of) {
    texts all;
    of.for_each([&](rm::string_ref each) { all.push_back(std::string{each.view()} + " "); });
    std::sort(all.begin(), all.end());
    std::string text;
    for (const std::string& each : all) text += each;
    return text;
  }
  void write() { of_.expire_in(rm::milliseconds{1'000'000}); }
  key& of_;
  rm::set::iterator at_;
};

struct by_score {
  static auto range(const rm::sorted_set& of) { return of.by_score(); }
};
struct by_score_reversed {
  static auto range(const rm::sorted_set& of) { return of.by_score_reversed(); }
};
struct by_rank {
  static auto range(const rm::sorted_set& of) { return of.by_rank(0, -1); }
};
struct by_lex {
  static auto range(const rm::sorted_set& of) { return of.by_lex("-", "+"); }
};
struct by_lex_reversed {
  static auto range(const rm::sorted_set& of) { return of.by_lex_reversed("-", "+"); }
};

template <class Order>
struct on_zset {
  using key = rm::sorted_set;
  explicit on_zset(key& of) : of_{of}, range_{Order::range(of)}, at_{range_.begin()} {}
  std::string seen() { return at_ != of_.end() ? std::string{(*at_).member.view()} : std::string{}; }
  std::string next() { return at_ == of_.end() ? std::string{} : (++at_, seen()); }
  static std::string read(const key& of) {
    std::string all;
    for (const auto [member, score] : of) all.append(member.view()).append(" ");
    return all;
  }
  void write() { of_.add("+", 999).value(); }
  key& of_;
  decltype(Order::range(std::declval<key&>())) range_;
  rm::sorted_set::iterator at_;
};

struct zset_erase : on_zset<by_score> {
  using on_zset::on_zset;
  void write() { of_.erase("a"); }
};

struct on_stream {
  using key = rm::stream;
  explicit on_stream(key& of) : of_{of}, at_{of.begin()} {}
  std::string seen() {
    if (at_ == of_.end()) return {};
    std::string all;
    for (const auto [field, value] : at_->fields()) all.append(value.view());
    return all;
  }
  std::string next() { return at_ == of_.end() ? std::string{} : (++at_, seen()); }
  static std::string read(const key& of) {
    std::string all;
    for (const auto& each : of) {
      for (const auto [field, value] : each.fields()) all.append(value.view()).append(" ");
    }
    return all;
  }
  void write() {
    const rm::string plus{"+"};
    of_.add({999'999, 9}, {plus, plus}).value();
  }
  key& of_;
  rm::stream::iterator at_;
};

// The entry that it stands on.
struct stream_erase : on_stream {
  using on_stream::on_stream;
  void write() {
    if (at_ != of_.end()) at_->erase();
  }
};

// Of no type: what is done to a key as such.
template <int Which>
struct on_any {
  using key = rm::any_key;
  explicit on_any(key& of) : of_{of} { of.size(); }
  std::string seen() { return of_.exists() ? "there" : ""; }
  std::string next() { return {}; }
  static std::string read(const key& of) { return of.exists() ? "there" : ""; }
  void write() {
    if (Which == 0) of_.remove();
    if (Which == 1) of_.unlink();
    if (Which == 2) of_.expire_in(rm::milliseconds{1'000'000});
    if (Which == 3) of_.persist();
    if (Which == 4) of_.set("set");
  }
  key& of_;
};

// --- The commands ---

template <class Use>
texts see(rm::context& ctx, rm::write<typename Use::key> key, std::string_view by, rm::rest<std::string> given) {
  const texts lines{given.begin(), given.end()};
  Use use{*key};
  texts seen{use.seen()};
  disturb(ctx, key->name(), by, lines);
  seen.push_back(attempt([&] {
    std::string walked;
    for (std::string each = use.next(); !each.empty(); each = use.next()) walked += each + " ";
    return walked;
  }));
  return seen;
}

// The same, but written to where the walk stands.
template <class Use>
texts write(rm::context& ctx, rm::write<typename Use::key> key, std::string_view by, rm::rest<std::string> given) {
  const texts lines{given.begin(), given.end()};
  Use use{*key};
  use.seen();
  disturb(ctx, key->name(), by, lines);
  texts seen{attempt([&] { return use.write(), std::string{"written"}; })};
  seen.push_back(attempt([&] { return Use::read(*key); }));
  return seen;
}

// Two of one name: the one has its walk under way when the other is written to, and written to itself.
template <class Use>
texts twice(rm::write<typename Use::key> one, rm::write<typename Use::key> other, rm::read<typename Use::key> third) {
  Use a{*one};
  a.seen();
  Use b{*other};
  b.write();
  texts seen{Use::read(*one), Use::read(*third)};
  a.next();
  other->remove();
  seen.push_back(Use::read(*one));
  a.next();
  a.write();
  seen.insert(seen.end(), {Use::read(*other), Use::read(*third)});
  return seen;
}

// Text that is put together when compiled, as a synopsis has to be.
template <std::size_t Size>
struct literal {
  char chars[Size] = {};
  constexpr literal() = default;
  constexpr literal(const char (&text)[Size]) { std::copy_n(text, Size, chars); }
};

template <std::size_t... Sizes>
constexpr auto joined(const literal<Sizes>&... parts) {
  literal<(Sizes + ...) - sizeof...(Sizes) + 1> all;
  char* at = all.chars;
  ((at = std::copy_n(parts.chars, Sizes - 1, at)), ...);
  return all;
}

template <class Use, literal Name>
void add(rm::module_builder& m) {
  static constexpr auto to_see = joined(literal{"changes.see."}, Name, literal{" key by [line...]"});
  static constexpr auto to_write = joined(literal{"changes.write."}, Name, literal{" key by [line...]"});
  static constexpr auto to_twice = joined(literal{"changes.twice."}, Name, literal{" a b c"});
  m.command<see<Use>>(to_see.chars);
  m.command<write<Use>>(to_write.chars);
  m.command<twice<Use>>(to_twice.chars);
}

// The database, each of whose keys is opened where the walk stands.
texts see_database(rm::context& ctx, std::string_view by, rm::rest<std::string> given) {
  const texts lines{given.begin(), given.end()};
  texts seen;
  bool is_done = false;
  for (const auto [name, type] : ctx.keys()) {
    const auto key = *ctx.open<rm::write<rm::any_key>>(name);
    seen.emplace_back(name.view());
    if (!std::exchange(is_done, true)) disturb(ctx, name, by, lines);
    if (key->exists()) key->persist();
  }
  return seen;
}

REDISMODULE_MODULE(changes, 1, m) {
  m.command("changes.run line...", [](rm::context& ctx, rm::rest<std::string> lines) {
    run(ctx, texts{lines.begin(), lines.end()});
  });
  m.command<see_database>("changes.see.database by [line...]");
  add<dma, "string">(m);
  add<dma_bytes, "string-bytes">(m);
  add<on_list<rm::list::const_iterator>, "list">(m);
  add<list_edit, "list-edit">(m);
  add<on_hash, "hash">(m);
  add<on_set, "set">(m);
  add<on_zset<by_score>, "zset">(m);
  add<on_zset<by_score_reversed>, "zset-reversed">(m);
  add<on_zset<by_rank>, "zset-rank">(m);
  add<on_zset<by_lex>, "zset-lex">(m);
  add<on_zset<by_lex_reversed>, "zset-lex-reversed">(m);
  add<zset_erase, "zset-erase">(m);
  add<on_stream, "stream">(m);
  add<stream_erase, "stream-erase">(m);
  add<on_any<0>, "any-remove">(m);
  add<on_any<1>, "any-unlink">(m);
  add<on_any<2>, "any-expire">(m);
  add<on_any<3>, "any-persist">(m);
  add<on_any<4>, "any-set">(m);
  // Listening is of a room that is still to come.
  const int events = rm::abi::MODULE_NOTIFY_GENERIC | rm::abi::MODULE_NOTIFY_STRING | rm::abi::MODULE_NOTIFY_KEY_MISS;
  if (rm::api.SubscribeToKeyspaceEvents(m.raw(), events, notified) != rm::abi::MODULE_OK) {
    throw rm::load_error{"no notifications"};
  }
}
