// A command for each thing that a context can do, and for each of a string's.
#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

std::string shown(const rm::client_info& info) {
  using flag = rm::client_flag;
  std::string flags;
  for (const auto& [each, letter] : {std::pair{flag::unixsocket, 'u'},
                                     {flag::multi, 'm'},
                                     {flag::tracking, 't'},
                                     {flag::pubsub, 'p'},
                                     {flag::readonly, 'r'},
                                     {flag::authenticated, 'a'}}) {
    if (info.flags.has(each)) flags += letter;
  }
  return rm::format("id={} db={} port={} addr={} flags={}", info.id, info.database, info.port,
                    std::string_view{info.address}, flags);
}

void add_clients(rm::module_builder& m) {
  m.command("ctx.client", [](rm::context& ctx) { return ctx.client(); });
  m.command("ctx.client-info id", [](rm::context& ctx, rm::client_id id) -> std::optional<std::string> {
    const auto info = ctx.client(id);
    if (!info) return std::nullopt;
    return shown(*info);
  });
  m.command("ctx.client-name id", [](rm::context& ctx, rm::client_id id) { return ctx.client_name(id); });
  m.command("ctx.set-client-name id name",
            [](rm::context& ctx, rm::client_id id, std::string_view name) { return ctx.set_client_name(id, name); });
  m.command("ctx.client-user id", [](rm::context& ctx, rm::client_id id) { return ctx.client_user(id); });
  m.command("ctx.client-certificate id", [](rm::context& ctx, rm::client_id id) { return ctx.client_certificate(id); });
  m.command("ctx.current-user", [](rm::context& ctx) { return ctx.current_user(); });
  m.command("ctx.must-obey", [](rm::context& ctx) { return ctx.must_obey(); });
  m.command("ctx.note-must-obey key", [](rm::context& ctx, rm::write<rm::string_key> key) {
    key->set(ctx.must_obey() ? "obeyed" : "asked");
    ctx.replicate_verbatim();
  });
  m.command("ctx.redact position secret",
            [](rm::context& ctx, int position, std::string_view) { return ctx.redact(position); });
  m.command("ctx.current-command", [](rm::context& ctx) { return ctx.current_command(); });
}

void add_server(rm::module_builder& m) {
  m.command("ctx.flags", [](rm::context& ctx) {
    std::vector<std::string> names;
    using flag = rm::context_flag;
    const std::pair<flag, const char*> known[] = {{flag::lua, "lua"},         {flag::multi, "multi"},
                                                  {flag::primary, "primary"}, {flag::replica, "replica"},
                                                  {flag::aof, "aof"},         {flag::maxmemory, "maxmemory"},
                                                  {flag::resp3, "resp3"},     {flag::deny_blocking, "deny_blocking"}};
    for (const auto& [each, name] : known) {
      if (ctx.flags().has(each)) names.emplace_back(name);
    }
    return names;
  });
  m.command("ctx.known-flags", [] { return rm::known_context_flags().has(rm::context_flag::multi); });
  m.command("ctx.info section field", [](rm::context& ctx, std::string section, std::string field) {
    const rm::server_fields fields = ctx.info(section.c_str());
    const auto text = fields.text(field.c_str());
    return std::tuple{text ? std::optional{std::string{*text}} : std::nullopt,
                      std::string{fields.string_of(field.c_str()).view()}, fields.integer(field.c_str()),
                      fields.unsigned_integer(field.c_str()), fields.number(field.c_str())};
  });
  m.command("ctx.notify event key", [](rm::context& ctx, std::string event, rm::string_ref key) {
    return ctx.notify(rm::key_event::generic, event.c_str(), key);
  });
  m.command("ctx.notify-of-modules key",
            [](rm::context& ctx, rm::string_ref key) { return ctx.notify(rm::key_event::module, "event", key); });
  m.command("ctx.notify-unknown key",
            [](rm::context& ctx, rm::string_ref key) { return ctx.notify(rm::key_event::rate_limit, "event", key); });
  m.command("ctx.publish channel message", [](rm::context& ctx, rm::string_ref channel, std::string_view message) {
    return ctx.publish(channel, message);
  });
  m.command("ctx.publish-shard channel message", [](rm::context& ctx, std::string channel, rm::string message) {
    return ctx.publish_shard(channel, message);
  });
  m.command("ctx.avoid-traffic", [](rm::context& ctx) { return ctx.avoid_replica_traffic(); });
  m.command("ctx.log level text", [](rm::context& ctx, int level, std::string_view text) {
    ctx.log(static_cast<rm::log_level>(level), text);
  });
  m.command("ctx.log-from-thread text", [](rm::context& ctx, std::string_view text) {
    const rm::logger log{ctx};
    std::thread{[&] { log.log(rm::log_level::warning, text); }}.join();
  });
  m.command("ctx.reset", [](rm::context& ctx) {
    auto key = ctx.open<rm::write<rm::string_key>>("left open");
    (*key)->set("x");
    ctx.reset_dataset();
    (*key)->set("y");  // opens the key again
    return ctx.key_count();
  });
  m.command("ctx.reset-all", [](rm::context& ctx) { ctx.reset_dataset({.restart_aof = true, .in_background = true}); });
  m.command("ctx.slot key", [](rm::string_ref key) {
    return std::pair{rm::cluster_slot(key), rm::cluster_slot(key.view())};
  });
  m.command("ctx.slot-tag slot", [](unsigned slot) { return rm::cluster_slot_tag(slot); });
  m.command("ctx.random-bytes", [] {
    std::array<unsigned char, 40> bytes{};
    rm::fill_random(bytes);
    return std::string{bytes.begin(), bytes.end()};
  });
  m.command("ctx.random-hex digits", [](std::size_t digits) { return rm::random_hex(digits); });
  m.command("ctx.latency event ms", [](std::string event, long long ms) {
    rm::add_latency_sample(event.c_str(), std::chrono::milliseconds{ms});
  });
  m.command("ctx.time", [] { return rm::unix_time().count(); });
  m.command("ctx.time-us", [] { return rm::unix_time_us().count(); });
  m.command("ctx.time-cached", [] { return rm::cached_unix_time().count(); });
  m.command("ctx.time-monotonic", [] { return rm::monotonic_time().count(); });
  m.command("ctx.pressure", [](rm::context& ctx) { return ctx.memory_pressure(); });
}

void add_strings(rm::module_builder& m) {
  m.command("str.integer text", [](rm::string_ref text) { return text.integer(); });
  m.command("str.unsigned text", [](rm::string_ref text) { return text.unsigned_integer(); });
  m.command("str.number text", [](rm::string_ref text) { return text.number(); });
  m.command("str.long-number text", [](rm::string_ref text) { return text.long_number(); });
  m.command("str.stream-id text", [](rm::string_ref text) { return text.stream_id(); });
  m.command("str.of-integer n", [](long long n) { return rm::string::of(n); });
  m.command("str.of-unsigned n", [](unsigned long long n) { return rm::string::of(n); });
  m.command("str.of-number n", [](double n) { return rm::string::of(n); });
  m.command("str.of-long-number text human",
            [](rm::string_ref text, bool human) { return rm::string::of(text.long_number().value_or(0), human); });
  m.command("str.of-stream-id ms sequence", [](std::uint64_t ms, std::uint64_t sequence) {
    return rm::string::of(rm::stream_id{ms, sequence});
  });
  m.command("str.compare a b", [](rm::string_ref a, rm::string_ref b) {
    return std::tuple{rm::compare(a, b) < 0, a < b, rm::compare(a, b) == 0, a == b};
  });
  m.command("str.append text more", [](rm::string_ref text, std::string_view more) {
    rm::string copy = rm::string::copy(text);
    const bool appended = copy.append(more);
    copy.trim();
    return std::pair{appended, std::move(copy)};
  });
  m.command("str.append-shared text", [](rm::string_ref text) {
    rm::string one = rm::string::retain(text);
    return one.append("more");
  });
  m.command("str.trim text", [](rm::string_ref text) {
    rm::string copy = rm::string::copy(text);
    copy.append(std::string(1000, 'x'));
    const std::size_t before = copy.borrow().allocated();
    copy.trim();
    return copy.borrow().allocated() < before;
  });
  m.command("str.allocated text", [](rm::string_ref text) { return text.allocated(); });
  m.command("str.format name n x", [](rm::string_ref name, long long n, double x) {
    return rm::string::format("{}: {} {{{}}} {}{} {}", name, n, x, true, '!', 18446744073709551615ULL);
  });
  m.command("str.format-long text", [](std::string text) { return rm::format("<{}|{}>", text, text); });
  m.command("str.error name n",
            [](std::string_view name, int n) { return rm::format_error("ERR no member {} at {}", name, n); });
  m.command("str.none", [] {
    const rm::string_ref none;
    return std::tuple{none.integer(), none.unsigned_integer(),   none.number(),
                      none.empty(),   !rm::string::retain(none), !rm::string::copy(none)};
  });
}

std::vector<rm::string> kept;

// Strings go to threads and die there, all at once.
void drop_on_threads(std::size_t count) {
  std::vector<std::thread> threads;
  std::atomic<bool> go{false};
  for (int i = 0; i < 4; ++i) {
    std::vector<rm::string> part;
    for (std::size_t n = 0; n < count; ++n) part.push_back(rm::string::copy(kept[(i * count + n) % kept.size()]));
    for (std::size_t n = 0; n < count; ++n) part.push_back(rm::string::retain(kept[n % kept.size()]));
    threads.emplace_back([&go, part = std::move(part)]() mutable {
      while (!go) std::this_thread::yield();
      part.clear();
    });
  }
  go = true;
  // The main thread makes and frees references to the same strings meanwhile.
  for (std::size_t n = 0; n < count; ++n) rm::string::retain(kept[n % kept.size()]);
  for (std::thread& thread : threads) thread.join();
  // One that nobody has given back yet.
  std::thread{[last = rm::string::copy(kept[0])]() mutable { rm::string{std::move(last)}; }}.join();
}

void add_threads(rm::module_builder& m) {
  m.command("thread.keep text...", [](rm::at_least_one<rm::string> texts) {
    for (rm::string text : texts) kept.push_back(std::move(text));
  });
  m.command<drop_on_threads>("thread.drop count");
  m.command("thread.kept", [] {
    std::vector<std::string> texts;
    for (const rm::string& text : kept) texts.emplace_back(text.view());
    return texts;
  });
  m.command("thread.waiting", [] { return rm::detail::deferred_strings.load() != nullptr; });
  m.command("thread.drain", [](rm::context&) { return rm::detail::deferred_strings.load() == nullptr; });
  m.command("thread.forget", [] { std::vector<rm::string>{}.swap(kept); });
  m.on_unload<[] { kept.clear(); }>();
}

}  // namespace

REDISMODULE_MODULE(context, 1, m) {
  add_clients(m);
  add_server(m);
  add_strings(m);
  add_threads(m);
}
