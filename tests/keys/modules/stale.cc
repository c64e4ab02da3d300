// What a view sees, and where it writes, when something else has changed its key: for every type and every such thing.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attempt.h"
#include "redismodule/redismodule.h"

namespace rm = redismodule;

using texts = std::vector<std::string>;

// --- A call as another module, or a script, would make it ---

void run(rm::context& ctx, std::string_view line, bool is_seen = true) {
  std::vector<rm::string> words;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find('|', at), line.size());
    words.emplace_back(line.substr(at, end - at));
    at = end + 1;
  }
  std::vector<rm::abi::ModuleString*> rest;
  for (std::size_t i = 1; i < words.size(); ++i) rest.push_back(words[i].raw());
  if (is_seen) rm::detail::close_open_keys();
  rm::abi::ModuleCallReply* reply =
      rm::api.Call(ctx.raw(), std::string{words[0].view()}.c_str(), "v", rest.data(), rest.size());
  if (reply != nullptr) rm::api.FreeCallReply(reply);
}

// --- What is done to each type ---

template <class K>
struct use;

template <>
struct use<rm::string_key> {
  static constexpr std::string_view seed = "SET|k|old";
  static constexpr std::string_view again = "SET|k|new";
  static constexpr std::string_view retype = "RPUSH|k|other";
  static std::string read(const rm::string_key& key) { return std::string{key.view()}; }
  static void write(rm::string_key& key) { static_cast<void>(key.append("+")); }
};

template <>
struct use<rm::list> {
  static constexpr std::string_view seed = "RPUSH|k|old";
  static constexpr std::string_view again = "RPUSH|k|new";
  static constexpr std::string_view retype = "SET|k|other";
  static std::string read(const rm::list& key) {
    if (rm::has(rm::abi::function::ListGet)) {
      std::string all;
      for (rm::string_ref each : key) all.append(each.view());
      return all;
    }
    return std::string(key.size(), '#');
  }
  static void write(rm::list& key) { key.push_back("+"); }
};

template <>
struct use<rm::hash> {
  static constexpr std::string_view seed = "HSET|k|f|old";
  static constexpr std::string_view again = "HSET|k|f|new";
  static constexpr std::string_view retype = "SET|k|other";
  static std::string read(const rm::hash& key) {
    std::string all;
    if (auto value = key.get("f")) all.append(value->view());
    if (auto value = key.get(rm::string{"+"})) all.append(value->view());
    return all;
  }
  static void write(rm::hash& key) { key.set("+", "+"); }
};

template <>
struct use<rm::sorted_set> {
  static constexpr std::string_view seed = "ZADD|k|1|old";
  static constexpr std::string_view again = "ZADD|k|1|new";
  static constexpr std::string_view retype = "SET|k|other";
  static std::string read(const rm::sorted_set& key) {
    std::string all;
    for (const auto [member, score] : key) all.append(member.view());
    return all;
  }
  static void write(rm::sorted_set& key) { static_cast<void>(key.add("+", 2)); }
};

// Sets are only read; the members of a set of one have an order.
template <>
struct use<rm::set> {
  static constexpr std::string_view seed = "SADD|k|old";
  static constexpr std::string_view again = "SADD|k|new";
  static constexpr std::string_view retype = "SET|k|other";
  static std::string read(const rm::set& key) {
    std::string all;
    key.for_each([&](rm::string_ref each) { all.append(each.view()); });
    return all;
  }
  static void write(rm::set& key) { key.expire_in(rm::milliseconds{1'000'000}); }
};

template <>
struct use<rm::stream> {
  static constexpr std::string_view seed = "XADD|k|1-1|f|old";
  static constexpr std::string_view again = "XADD|k|1-1|f|new";
  static constexpr std::string_view retype = "SET|k|other";
  static std::string read(const rm::stream& key) {
    std::string all;
    for (const auto& each : key) {
      for (const auto [field, value] : each.fields()) all.append(value.view());
    }
    return all;
  }
  static void write(rm::stream& key) {
    const rm::string field{"+"};
    static_cast<void>(key.add({9, 9}, {field, field}).has_value());
  }
};

// --- What happens meanwhile ---

std::string_view wanted_on_notification;

int on_notification(rm::abi::ModuleCtx* raw, int, const char*, rm::abi::ModuleString* name) {
  rm::context ctx{raw};
  if (rm::string_ref{name} != "k") return 0;
  const std::string_view wanted = std::exchange(wanted_on_notification, {});
  if (wanted == "remove") (*ctx.open<rm::write<rm::any_key>>(rm::string_ref{name}))->remove();
  if (wanted == "retype") (*ctx.open<rm::write<rm::any_key>>(rm::string_ref{name}))->set("other");
  if (wanted == "call") run(ctx, "DEL|k");
  return 0;
}

template <class K>
void disturb(rm::context& ctx, std::string_view how) {
  if (how == "none") return rm::detail::close_open_keys();
  if (how == "del") return run(ctx, "DEL|k");
  if (how == "del-unseen") return run(ctx, "DEL|k", false);  // what the raw functions leave to the author
  if (how == "unlink") return run(ctx, "UNLINK|k");
  if (how == "expire") return run(ctx, "PEXPIREAT|k|1");
  if (how == "rename") return run(ctx, "RENAME|k|away");
  if (how == "flush") return run(ctx, "FLUSHDB");
  if (how == "script") return run(ctx, "EVAL|redis.call('del', KEYS[1])|1|k");
  if (how == "change") return run(ctx, "DEL|k"), run(ctx, use<K>::again);
  if (how == "retype") return run(ctx, "DEL|k"), run(ctx, use<K>::retype);
  if (how == "there-and-back") return run(ctx, "RENAME|k|away"), run(ctx, "RENAME|away|k");
  if (how == "view-remove") return (*ctx.open<rm::write<rm::any_key>>(std::string_view{"k"}))->remove();
  if (how == "view-unlink") return (*ctx.open<rm::write<rm::any_key>>(std::string_view{"k"}))->unlink();
  if (how == "view-retype") return (*ctx.open<rm::write<rm::any_key>>(std::string_view{"k"}))->set("other");
  if (how.substr(0, 7) == "notify-") {
    wanted_on_notification = how.substr(7);
    const rm::string name{"k"};
    rm::detail::close_open_keys();
    rm::api.NotifyKeyspaceEvent(ctx.raw(), rm::abi::MODULE_NOTIFY_GENERIC, "something", name.raw());
  }
}

// What was seen before, after, and once it was written to.
template <class K>
texts see(rm::context& ctx, K& key, std::string_view how) {
  texts seen{use<K>::read(key)};
  disturb<K>(ctx, how);
  seen.push_back(attempt([&] { return use<K>::read(key); }));
  seen.push_back(attempt([&] {
    use<K>::write(key);
    return use<K>::read(key);
  }));
  return seen;
}

template <class K>
texts see_parameter(rm::context& ctx, rm::write<K> key, std::string_view how) {
  return see<K>(ctx, *key, how);
}
template <class K>
texts see_opened(rm::context& ctx, std::string_view name, std::string_view how) {
  auto key = *ctx.open<rm::write<K>>(name);
  return see<K>(ctx, *key, how);
}
// Written to before anything is looked at.
template <class K>
texts write_first(rm::context& ctx, rm::write<K> key, std::string_view how) {
  use<K>::read(*key);
  disturb<K>(ctx, how);
  return {attempt([&] {
    use<K>::write(*key);
    return std::string{"written"};
  })};
}
// Two parameters of one name: each sees what the other writes, and none writes to what the other removed.
template <class K>
texts see_twice(rm::write<K> a, rm::write<K> b, rm::read<K> c) {
  texts seen{use<K>::read(*a), use<K>::read(*b), use<K>::read(*c)};
  use<K>::write(*a);
  seen.insert(seen.end(), {use<K>::read(*b), use<K>::read(*c)});
  b->remove();
  seen.insert(seen.end(), {use<K>::read(*a), use<K>::read(*c)});
  use<K>::write(*a);
  seen.insert(seen.end(), {use<K>::read(*b), use<K>::read(*c)});
  return seen;
}
// Disturbed at every element of a walk, which ends all the same. How many were seen.
template <class K>
std::size_t walk(rm::context& ctx, rm::write<K> key, std::string_view how) {
  std::size_t count = 0;
  attempt([&] {
    for (const auto& each : *key) {
      static_cast<void>(each);
      ++count;
      disturb<K>(ctx, how);
    }
    return std::string{};
  });
  return count;
}

REDISMODULE_MODULE(stale, 1, m) {
  m.command<see_parameter<rm::string_key>>("stale.string key how");
  m.command<see_parameter<rm::list>>("stale.list key how");
  m.command<see_parameter<rm::hash>>("stale.hash key how");
  m.command<see_parameter<rm::sorted_set>>("stale.zset key how");
  m.command<see_parameter<rm::set>>("stale.set key how");
  m.command<see_parameter<rm::stream>>("stale.stream key how");
  m.command<see_opened<rm::string_key>>("stale.opened.string name how");
  m.command<see_opened<rm::list>>("stale.opened.list name how");
  m.command<see_opened<rm::hash>>("stale.opened.hash name how");
  m.command<see_opened<rm::sorted_set>>("stale.opened.zset name how");
  m.command<see_opened<rm::set>>("stale.opened.set name how");
  m.command<see_opened<rm::stream>>("stale.opened.stream name how");
  m.command<write_first<rm::string_key>>("stale.write.string key how");
  m.command<write_first<rm::list>>("stale.write.list key how");
  m.command<write_first<rm::hash>>("stale.write.hash key how");
  m.command<write_first<rm::sorted_set>>("stale.write.zset key how");
  m.command<write_first<rm::set>>("stale.write.set key how");
  m.command<write_first<rm::stream>>("stale.write.stream key how");
  m.command<see_twice<rm::string_key>>("stale.twice.string a b c");
  m.command<see_twice<rm::list>>("stale.twice.list a b c");
  m.command<see_twice<rm::hash>>("stale.twice.hash a b c");
  m.command<see_twice<rm::sorted_set>>("stale.twice.zset a b c");
  m.command<see_twice<rm::stream>>("stale.twice.stream a b c");
  m.command<walk<rm::list>>("stale.walk.list key how");
  m.command<walk<rm::hash>>("stale.walk.hash key how");
  m.command<walk<rm::sorted_set>>("stale.walk.zset key how");
  m.command<walk<rm::set>>("stale.walk.set key how");
  m.command<walk<rm::stream>>("stale.walk.stream key how");
  if (rm::api.SubscribeToKeyspaceEvents(m.raw(), rm::abi::MODULE_NOTIFY_GENERIC, on_notification) !=
      rm::abi::MODULE_OK) {
    throw rm::load_error{"no notifications"};
  }
}
