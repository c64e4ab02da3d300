// A command for each way in which keys can be among the arguments. Each answers with the names it got.
#include <stdexcept>
#include <string>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

using names = std::vector<std::string>;

std::string text(rm::string_ref name) { return std::string{name.view()}; }

struct store_options {
  rm::flag<"WITHSCORES"> with_scores;
  rm::option<"COUNT", long long> count;
  rm::one_of<rm::option<"STORE", rm::write<rm::list>>, rm::option<"TO", rm::key_name<rm::access::overwrite>>> to;
  rm::option<"AMONG", rm::count_then<rm::read<rm::list>>> among;
  rm::repeated<"ALSO", rm::key_name<>> also;
};

names store(rm::read<rm::list> from, const store_options& options) {
  names all{text(from->name())};
  if (const auto& key = options.to.get<"STORE">()) all.push_back(text(key->name()));
  if (const auto& key = options.to.get<"TO">()) all.push_back(text(*key));
  if (options.among) {
    for (auto&& key : *options.among) all.push_back(text(key->name()));
  }
  for (rm::string_ref key : options.also) all.push_back(text(key));
  return all;
}

template <class Keys>
names names_of(const Keys& keys) {
  names all;
  for (auto&& key : keys) all.push_back(text(key->name()));
  return all;
}

void add_lists(rm::module_builder& m) {
  m.command("keys.all key...", [](rm::at_least_one<rm::read<rm::any_key>> keys) { return names_of(keys); });
  m.command("keys.lists [key...]", [](rm::rest<rm::read<rm::list>> keys) { return names_of(keys); });
  m.command("keys.push value key...", [](rm::string_ref value, rm::at_least_one<rm::write<rm::list>> keys) {
    for (auto&& key : keys) key->push_back(value);
    return keys.size();
  });
  m.command("keys.pairs [key value...]", [](rm::rest<std::pair<rm::write<rm::string_key>, long long>> pairs) {
    long long sum = 0;
    for (auto&& [key, value] : pairs) sum += value;
    return sum;
  });
  m.command("keys.named [key value...]",
            [](rm::rest<std::pair<rm::key_name<rm::access::insert>, std::string_view>> pairs) {
              names all;
              for (auto&& [key, value] : pairs) all.push_back(text(key));
              return all;
            });
  m.command("keys.counted numkeys key... last", [](rm::count_then<rm::read<rm::list>> keys, std::string_view last) {
    names all = names_of(keys);
    all.emplace_back(last);
    return all;
  });
  m.command("keys.halves key... id...", [](rm::half_and_half<rm::read<rm::list>, long long> streams) {
    names all;
    for (auto&& [key, id] : streams) all.push_back(text(key->name()) + "=" + std::to_string(id));
    return all;
  });
}

// Every argument behind the word `key`, or the word `channel`.
void find_words(rm::args given, std::string_view word, std::uint64_t flags, rm::positions& found) {
  for (std::size_t i = 1; i < given.size(); ++i) {
    if (given[i - 1] == word) found.add(i, flags);
  }
}
void find_keys(rm::args given, rm::positions& found) { find_words(given, "key", rm::key_flags::ro, found); }
void find_channels(rm::args given, rm::positions& found) {
  find_words(given, "channel", rm::channel_flags::publish, found);
}
// The first, whether it is there or not, and one that no command has.
void find_beyond(rm::args, rm::positions& found) {
  for (const std::size_t i : {std::size_t{0}, std::size_t{1'000'000}, static_cast<std::size_t>(-1)}) found.add(i);
}
std::size_t count(rm::rest<std::string_view> words) { return words.size(); }

}  // namespace

namespace {

std::string text_of(const rm::command_key& key) {
  const char* how = (key.flags & rm::key_flags::ow) != 0 ? "OW" : (key.flags & rm::key_flags::ro) != 0 ? "RO" : "?";
  return std::to_string(key.position) + how;
}

rm::result<names> keys_of(rm::context& ctx, rm::rest<rm::string_ref> command) {
  return ctx.keys_of(command).transform([](const std::vector<rm::command_key>& keys) {
    names all;
    for (const auto& each : keys) all.push_back(text_of(each));
    return all;
  });
}

rm::result<names> keys_of_no_string(rm::context& ctx) {
  const std::vector<rm::string_ref> command{rm::string_ref{nullptr}};
  return ctx.keys_of(command).transform([](const auto&) { return names{}; });
}

rm::result<names> keys_of_get(rm::context& ctx, rm::string_ref key) {
  const rm::string name{"GET"};
  const std::vector<rm::string_ref> command{name, key};
  return ctx.keys_of(command).transform([](const auto& keys) { return names{text_of(keys.at(0))}; });
}

// An argument whose author throws instead of answering.
struct thrown {};

struct store_by {
  rm::option<"STORE", rm::key_name<>> store;
  rm::option<"BY", thrown> by;
};

bool is_stored(store_by options) { return options.store.has_value(); }

}  // namespace

template <>
struct redismodule::arg_traits<thrown> {
  static constexpr abi::ModuleCommandArgType type = abi::MODULE_ARG_TYPE_STRING;
  static decode_status decode(string_ref, thrown&) { throw std::invalid_argument{"thrown by a trait"}; }
};

REDISMODULE_MODULE(keyarguments, 1, m) {
  m.command<is_stored>("keys.throwing");
  m.command<keys_of_no_string>("keys.ofnostring");
  m.command<keys_of>("keys.of [word...]");
  m.command<keys_of_get>("keys.ofget name");
  m.command("keys.one key", [](rm::read<rm::list> key) { return key->size(); });
  m.command("keys.two from to", [](rm::read<rm::list> from, rm::write<rm::list, rm::access::insert> to) {
    return names{text(from->name()), text(to->name())};
  });
  m.command("keys.apart from n to", [](rm::key_name<> from, long long, rm::key_name<rm::access::erase> to) {
    return names{text(from), text(to)};
  });
  m.command("keys.uneven a b n c", [](rm::key_name<> a, rm::key_name<> b, long long, rm::key_name<> c) {
    return names{text(a), text(b), text(c)};
  });
  m.command("keys.optional n [key]", [](long long, std::optional<rm::read<rm::any_key>> key) {
    return key ? names{text((*key)->name())} : names{};
  });
  m.command("keys.and-maybe from [to]",
            [](rm::read<rm::any_key> from, std::optional<rm::write<rm::any_key, rm::access::insert>> to) {
              names all{text(from->name())};
              if (to) all.push_back(text((*to)->name()));
              return all;
            });
  m.command("keys.and-more from [key...]", [](rm::key_name<> from, rm::rest<rm::read<rm::any_key>> more) {
    names all = names_of(more);
    all.insert(all.begin(), text(from));
    return all;
  });
  m.command<store>("keys.store from");
  add_lists(m);
  m.command<count, rm::keys_by<find_keys>, rm::channels_by<find_channels>>("keys.asked [word...]");
  m.command<count, rm::keys_by<find_beyond>>("keys.beyond [word...]");
  auto group = m.command_group("keys.group");
  group.command<count, rm::keys_by<find_keys>>("asked [word...]");
  group.command("one key", [](rm::read<rm::list> key) { return names{text(key->name())}; });
  group.command("counted numkeys key...", [](rm::count_then<rm::read<rm::list>> keys) { return names_of(keys); });
}
