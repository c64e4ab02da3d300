// What a context can do with the keys of a database.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "redismodule/scan.h"

namespace redismodule {

// A key as a scan of a database shows it. The type is that of the moment; key_type::empty where the server did not say.
struct scanned_key {
  string_ref name;
  key_type type;
};

// The keys of a database, in no order, as in scan.h: `for (auto [name, type] : ctx.keys())`.
class key_range {
  struct source {
    using value_type = scanned_key;
    abi::ModuleCtx* ctx;
    int database;
    bool next(const scan_cursor& cursor, detail::scan_page& page) {
      return detail::scan_database(ctx, database, cursor, page);
    }
    static scanned_key make(const detail::scanned& item) noexcept {
      return {string_ref{item.name}, from_server<key_type>(server().family, item.type)};
    }
  };

 public:
  using iterator = detail::scan_iterator<source>;

  explicit key_range(abi::ModuleCtx* ctx) noexcept : source_{ctx, api.GetSelectedDb(ctx)} {}

  iterator begin() const { return iterator{source_}; }
  std::default_sentinel_t end() const noexcept { return {}; }

  // fn(scanned_key), or fn(name, type), until it answers false, if it answers. Allocates nothing of the module's but
  // where one step of the server's scan brings more than 512 keys.
  template <class F>
  void for_each(F&& fn) const {
    detail::visit_all([&](const scan_cursor& cursor, detail::scan_page& page) { return next_page(cursor, page); },
                      [&](const detail::scanned& item) { return visit(fn, item); });
  }

  // One step of a walk that the caller keeps the cursor of: what it brings, maybe nothing, is given to fn. Whether
  // there is more to come. Begun in one database, it goes on in the same number.
  template <class F>
  bool step(const scan_cursor& cursor, F&& fn) const {
    detail::roomy_scan_page<detail::for_each_room> page;
    const bool more = next_page(cursor, page);
    auto visitor = [&](const detail::scanned& item) { return visit(fn, item); };
    detail::visit_page(page, visitor);
    return more;
  }

 private:
  bool next_page(const scan_cursor& cursor, detail::scan_page& page) const {
    return source{source_}.next(cursor, page);
  }

  template <class F>
  static auto visit(F& fn, const detail::scanned& item) {
    const scanned_key key = source::make(item);
    if constexpr (std::is_invocable_v<F&, string_ref, key_type>) {
      return fn(key.name, key.type);
    } else {
      return fn(key);
    }
  }

  source source_;
};

// A key of a command: which of its words it is, the command's name being 0, and what is done to it, as key_flags say.
// No flags where the server does not tell: before Redis 7.0, and of keys that simply stand in a row.
struct command_key {
  std::size_t position;
  std::uint64_t flags;
};

namespace detail {

result<std::vector<command_key>> keys_of_command(abi::ModuleCtx* ctx, abi::ModuleString** words, std::size_t size);

}  // namespace detail

// The base of what proves that the server's lock is held: `Context` has raw().
// Lock: held.
template <class Context>
class keyspace {
 public:
  // Opens a key: ctx.open<rm::write<rm::list>>(name). As a view for reading opens it, a missing key is not an error,
  // and one for writing makes it by what it writes. A string_ref may go before the opened key does. `flags`: how,
  // beyond reading and writing; rm::open_mode::notouch | rm::open_mode::nonotify. Fails: a WRONGTYPE error where the
  // key has another type; an error for a flag that the server does not know.
  template <class View>
  auto open(string_ref name, flag_set<open_mode> flags = {}) const {
    return detail::opener<View>::open(ctx(), name, flags);
  }
  template <class View, detail::textual Text>
  auto open(const Text& name, flag_set<open_mode> flags = {}) const {
    return detail::opener<View>::open(ctx(), std::string_view{name}, flags);
  }

  // Whether there is a key of this name; it does not count as a use. Before Redis 7.0 the key is opened for that.
  bool has_key(const text_argument& name) const;
  // The name of any key, if there is one.
  std::optional<string> random_key() const {
    detail::close_open_keys();
    abi::ModuleString* name = api.RandomKey(ctx());
    return name == nullptr ? std::nullopt : std::optional{string::adopt(name)};
  }
  // Says that a key has changed, for WATCH and client tracking: where that is not done by closing it.
  void signal_modified(const text_argument& name) const { api.SignalModifiedKey(ctx(), name.raw()); }
  // All keys of the selected database.
  key_range keys() const noexcept { return key_range{ctx()}; }
  // How many there are.
  unsigned long long key_count() const noexcept { return api.DbSize(ctx()); }

  // The keys of a command, which is not run: its name and arguments as a handler's rest, or as a range of string_ref.
  // Since: Redis 6.0.9. Fails: an error, in the servers' words, where there is no such command, they are too few or
  // too many for it, or one is null; on older servers.
  template <class Words>
  requires requires(const Words& words) {
    { words.raw() } -> std::same_as<abi::ModuleString**>;
  }
  result<std::vector<command_key>> keys_of(const Words& command) const {
    return detail::keys_of_command(ctx(), command.raw(), command.size());
  }
  result<std::vector<command_key>> keys_of(std::span<const string_ref> command) const {
    std::vector<abi::ModuleString*> words;
    for (const string_ref each : command) words.push_back(each.raw());
    return detail::keys_of_command(ctx(), words.data(), words.size());
  }

  // The database that keys are opened in. Views of open keys stay in theirs.
  int database() const noexcept { return api.GetSelectedDb(ctx()); }
  // Fails: false if there is no such database.
  bool select_database(int number) const {
    detail::close_open_keys();
    return api.SelectDb(ctx(), number) == abi::MODULE_OK;
  }

 private:
  abi::ModuleCtx* ctx() const noexcept { return static_cast<const Context&>(*this).raw(); }
};

namespace detail {

bool has_key(abi::ModuleCtx* ctx, abi::ModuleString* name) noexcept;

}  // namespace detail

template <class Context>
bool keyspace<Context>::has_key(const text_argument& name) const {
  return detail::has_key(ctx(), name.raw());
}

// The modes that keys can be opened in on this server. Since: Redis 7.2; before, the three that there always were.
flag_set<open_mode> known_open_modes() noexcept;

}  // namespace redismodule
