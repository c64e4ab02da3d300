// Calls whose command, arguments and options the client chooses, and what else a module can ask of the server.
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

using namespace std::chrono_literals;
using words = rm::rest<rm::string_ref>;

// --- Calls ---

rm::call_reply call(rm::context& ctx, rm::string_ref command, words arguments) { return ctx.call(command, arguments); }

rm::call_reply info(rm::context& ctx, words section) { return ctx.call("info", section); }

rm::call_reply call_for_errors(rm::context& ctx, rm::string_ref command, words arguments) {
  return ctx.call(rm::errors_as_replies, command, arguments);
}

rm::call_reply call_and_replicate(rm::context& ctx, rm::string_ref command, words arguments) {
  ctx.replicate_verbatim();
  return call_for_errors(ctx, command, arguments);
}

rm::call_options options_of(std::string_view letters) {
  static const std::pair<char, rm::call_options> known[] = {
      {'C', rm::as_caller}, {'D', rm::dry_run},   {'M', rm::respect_oom}, {'S', rm::script_mode},
      {'W', rm::no_writes}, {'!', rm::replicate}, {'A', rm::no_aof},      {'R', rm::no_replicas}};
  rm::call_options options = rm::errors_as_replies;
  for (const auto& [letter, option] : known) {
    if (letters.find(letter) != letters.npos) options |= option;
  }
  return options;
}

rm::result<rm::call_reply> call_with(rm::context& ctx, std::string_view letters, rm::string_ref command,
                                     words arguments) {
  auto reply = ctx.call(options_of(letters), command, arguments);
  if (!reply.has_reply() && !reply.was_refused()) return rm::error_reply{"NULL reply returned"};
  return reply;
}

// --- Strings and memory ---

rm::result<long double> convert_long_double() {
  constexpr long double number = 0.00000000000000001L;
  const auto text = rm::string::of(number, true);
  if (text.view() != "0.00000000000000001") return rm::format_error("{} became {}", number, text);
  const auto back = text.borrow().long_number();
  if (back != number) return rm::format_error("{} became {}", text, back.value_or(0));
  if (rm::string{std::string_view{"1\0"
                                  "3",
                                  3}}
          .borrow()
          .long_number())
    return rm::error_reply{"A zero byte is a digit"};
  return *back;
}

rm::result<rm::simple> convert_unsigned() {
  constexpr auto most = ~0ULL;
  const auto text = rm::string::of(most);
  if (text.view() != "18446744073709551615") return rm::format_error("{} became {}", most, text);
  if (text.borrow().unsigned_integer() != most) return rm::format_error("{} became another number", text);
  for (auto bad : {"18446744073709551616", "-1"}) {
    if (rm::string{bad}.borrow().unsigned_integer()) return rm::format_error("{} became a number", bad);
  }
  return rm::simple{"ok"};
}

// What malloc and its like are in a module: the server's allocator.
rm::result<void> allocate(words) {
  if (rm::memory::current_source() != rm::memory::source::server) return rm::error_reply{"ERR not the server's memory"};
  char* volatile block = static_cast<char*>(std::malloc(1024));
  std::memset(block, 0, 1024);
  std::free(block);
  block = static_cast<char*>(std::calloc(1, 1024));
  if (block[1023] != 0) return rm::error_reply{"ERR calloc left something behind"};
  std::memset(block, 1, 1024);
  block = static_cast<char*>(std::realloc(block, 5 * 1024));
  std::memset(block + 1024, 1, 4 * 1024);
  const bool is_kept = block[0] == 1 && block[1023] == 1;
  std::free(block);
  if (!is_kept) return rm::error_reply{"ERR realloc lost something"};
  return {};
}

// --- Keys ---

template <class F>
auto look_at(rm::context& ctx, rm::string_ref name, F look) -> rm::result<std::invoke_result_t<F, const rm::any_key&>> {
  const auto key = ctx.open<rm::read<rm::any_key>>(name, rm::open_mode::notouch);
  if (!key) return key.error();
  if (!(*key)->exists()) return rm::error_reply{"key not found"};
  return look(**key);
}

rm::result<long long> get_lru(rm::context& ctx, rm::string_ref name) {
  return look_at(ctx, name, [](auto& key) -> long long { return key.idle_time().value_or(-1ms).count(); });
}
rm::result<int> set_lru(rm::context& ctx, rm::string_ref name, std::chrono::milliseconds idle) {
  return look_at(ctx, name, [=](auto& key) -> int { return key.set_idle_time(idle); });
}
rm::result<int> get_lfu(rm::context& ctx, rm::string_ref name) {
  return look_at(ctx, name, [](auto& key) { return key.frequency().value_or(-1); });
}
rm::result<int> set_lfu(rm::context& ctx, rm::string_ref name, int count) {
  return look_at(ctx, name, [=](auto& key) -> int { return key.set_frequency(count); });
}

rm::result<void> open_silently(rm::context& ctx, rm::string_ref name) {
  if (!rm::known_open_modes().has(rm::open_mode::noeffects)) return rm::error_reply{"OpenKey modes are not supported"};
  const auto key = ctx.open<rm::read<rm::any_key>>(name, rm::open_mode::noeffects);
  if (!key) return key.error();
  if (!(*key)->exists()) return rm::error_reply{"key not found"};
  return {};
}

rm::result<unsigned> slot_of(rm::string_ref key) {
  for (unsigned slot = 0; slot < 16384; ++slot) {
    const auto name = rm::format("x{{{}}}y", rm::cluster_slot_tag(slot));
    if (rm::cluster_slot(name) != slot || rm::cluster_slot(rm::string{name}) != slot)
      return rm::format_error("ERR {} is not of slot {}", name, slot);
  }
  return rm::cluster_slot(key);
}

// Raw calls until there is a header for notifications.
int events = 0;

int count_event(rm::abi::ModuleCtx*, int, const char*, rm::abi::ModuleString*) {
  ++events;
  return rm::abi::MODULE_OK;
}

void count_events(rm::module_builder& m) {
  constexpr int kinds = rm::abi::MODULE_NOTIFY_KEY_MISS | rm::abi::MODULE_NOTIFY_EXPIRED;
  if (rm::api.SubscribeToKeyspaceEvents(m.raw(), kinds, count_event) != rm::abi::MODULE_OK) {
    throw rm::load_error{"the server does not notify"};
  }
}

// --- Clients and the server ---

// A place for each flag that the server's family knows.
std::string names_of(rm::flag_set<rm::client_flag> flags) {
  using enum rm::client_flag;
  static constexpr std::pair<rm::client_flag, const char*> all[] = {{ssl, "ssl"},
                                                                    {pubsub, "pubsub"},
                                                                    {blocked, "blocked"},
                                                                    {tracking, "tracking"},
                                                                    {unixsocket, "unixsocket"},
                                                                    {multi, "multi"},
                                                                    {readonly, "readonly"},
                                                                    {primary, "primary"},
                                                                    {replica, "replica"},
                                                                    {monitor, "monitor"},
                                                                    {module, "module"},
                                                                    {authenticated, "authenticated"},
                                                                    {ever_authenticated, "ever_authenticated"},
                                                                    {fake, "fake"}};
  std::string names;
  for (const auto& [flag, name] : all) {
    if (flag == readonly && rm::server().family == rm::server_family::redis) break;
    if (flag != ssl) names += ':';
    if (flags.has(flag)) names += name;
  }
  return names;
}

void client_info(rm::context& ctx, rm::reply& out) {
  const auto info = ctx.client(ctx.client());
  if (!info) return out.error(rm::error_reply{"failed to get client info"});
  rm::aggregate map = out.map(5);
  map.push("flags", names_of(info->flags));
  map.push("id", info->id);
  map.push("addr", info->address);
  map.push("port", info->port);
  map.push("db", info->database);
}

rm::result<rm::string> get_name(rm::context& ctx) {
  if (auto name = ctx.client_name(ctx.client())) return *std::move(name);
  return rm::error_reply{"-ERR No name"};
}

rm::result<void> set_name(rm::context& ctx, rm::string_ref name) {
  return ctx.set_client_name(ctx.client(), name).or_else([](const rm::error_reply& why) {
    return rm::format_error("Invalid argument: {}", why.text());
  });
}

std::string version() {
  const rm::version number = rm::server().number;
  return rm::format("{}.{}.{}", number.major, number.minor, number.patch);
}

void log_by_itself(rm::context& ctx, std::string_view level, std::string_view text) {
  const rm::logger log{ctx};
  log.log(level == "warning" ? rm::log_level::warning : rm::log_level::verbose, text);
}

rm::ok_t answer_ok() { return rm::ok; }

}  // namespace

REDISMODULE_MODULE(misc, 1, m) {
  using pairs = rm::at_least_one<std::pair<rm::key_name<rm::access::update>, std::string_view>>;

  count_events(m);
  m.command<call>("test.call_generic command argument...");
  m.command<info>("test.call_info section...");
  m.command<call_for_errors>("test.rm_call command argument...", {.flags = rm::flags::allow_stale});
  m.command<call_with>("test.rm_call_flags flags command argument...", {.flags = rm::flags::allow_stale});
  m.command<call_and_replicate>("test.rm_call_replicate command argument...", {.flags = rm::flags::allow_stale});
  // Of CallArgv, which no server hands out to modules, the suite asks for what a call gives.
  m.command<call>("test.call_argv_generic command argument...");
  m.command<info>("test.call_argv_info section...");
  m.command<call_for_errors>("test.vm_call_argv command argument...", {.flags = rm::flags::allow_stale});
  m.command<call_with>("test.vm_call_argv_flags flags command argument...", {.flags = rm::flags::allow_stale});
  m.command<call_and_replicate>("test.vm_call_argv_replicate command argument...", {.flags = rm::flags::allow_stale});

  m.command<convert_long_double>("test.ld_conversion");
  m.command<convert_unsigned>("test.ull_conversion");
  m.command<allocate>("test.malloc_api ignored...");

  m.command("test.flushall", [](rm::context& ctx) { ctx.reset_dataset({.restart_aof = true}); });
  m.command("test.dbsize", [](rm::context& ctx) { return ctx.key_count(); });
  m.command("test.randomkey", [](rm::context& ctx) { return ctx.random_key(); });
  m.command("test.keyexists key", [](rm::context& ctx, rm::key_name<> key) { return ctx.has_key(key); });
  m.command<get_lru>("test.getlru key");
  m.command<set_lru>("test.setlru key ms");
  m.command<get_lfu>("test.getlfu key");
  m.command<set_lfu>("test.setlfu key count");
  m.command<open_silently>("test.silent_open_key key");
  m.command<slot_of>("test.keyslot key");
  m.command("test.get_n_events", [] { return events; });
  m.command("test.clear_n_events", [] { events = 0; });

  m.command<client_info>("test.clientinfo");
  m.command<get_name>("test.getname");
  m.command<set_name>("test.setname name");
  m.command("test.getclientcert", [](rm::context& ctx) { return ctx.client_certificate(ctx.client()); });
  m.command<version>("test.redisversion");
  m.command<version>("test.serverversion");
  m.command<log_by_itself>("test.log_tsctx level text");
  m.command<answer_ok>("test.weird:cmd", {.flags = rm::flags::readonly});
  m.command("test.monotonic_time", [] { return rm::monotonic_time().count(); });

  m.command("test.incompatible_cluster_cmd key value...", [](pairs) { return rm::ok; });
  auto group = m.command_group("test.no_cluster_cmd", {.flags = rm::flags::no_cluster});
  group.command<answer_ok>("set", {.flags = rm::flags::no_cluster});
}
