// Checks that run in the server: of calls and their replies, strings, keys, notifications and flags.
#include <chrono>
#include <exception>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

using namespace std::string_view_literals;
using words = rm::rest<rm::string_ref>;

// What is not as it should be ends the checks.
void expect(bool is_so, std::string_view what) {
  if (!is_so) throw std::logic_error{std::string{what}};
}

// --- The checks ---

void check_calls(rm::context& ctx) {
  expect(ctx.call<int>("DBSIZE").value() == 0, "the database is empty");
  expect(ctx.call<std::string>("PING").value() == "PONG", "PING");
  ctx.call<void>("DEL", "mylist").value();
  ctx.call<void>("RPUSH", "mylist", rm::string{"foo"}, 1234).value();
  const rm::call_reply items = ctx.call("LRANGE", "mylist", 0, -1);
  expect(items.type() == rm::reply_type::array && items.size() == 2, "an array of two");
  expect(items[0].to_string().view() == "foo" && items[1].to_string().view() == "1234", "its elements");
  expect(ctx.call<std::string>("test.pass_element", 0, "LRANGE", "mylist", 0, -1).value() == "foo",
         "an element passed on");
  expect(ctx.call<std::vector<std::string>>("test.pass", "LRANGE", "mylist", 0, -1).value() ==
             std::vector<std::string>{"foo", "1234"},
         "all of them passed on");
}

void check_nested_replies(rm::context& ctx) {
  const int before = ctx.database();
  expect(ctx.select_database(1), "another database");
  ctx.call<void>("LPUSH", rm::string{"mykey"}, "myvalue").value();
  using keys = std::vector<std::string>;
  const auto scanned = ctx.call<std::pair<long long, keys>>("SCAN", 0);
  ctx.select_database(before);
  expect(scanned.value() == std::pair{0LL, keys{"mykey"}}, "one key and no more to come");
}

rm::call_reply debug(rm::context& ctx, const char* kind) { return ctx.call(rm::resp3, "DEBUG", "PROTOCOL", kind); }

void check_resp3(rm::context& ctx) {
  using enum rm::reply_type;
  ctx.call<void>("DEL", "myhash", "myset").value();
  ctx.call<void>("HSET", "myhash", "f1", "v1", "f2", "v2").value();
  const rm::call_reply fields = ctx.call(rm::resp3, "HGETALL", "myhash");
  expect(fields.type() == map && fields.pair(1).second.text() == "v2", "a map");
  expect(fields.as<std::map<std::string, std::string>>().value().size() == 2, "its pairs");
  ctx.call<void>("SADD", "myset", "v1", "v2").value();
  const rm::call_reply members = ctx.call(rm::resp3, "SMEMBERS", "myset");
  expect(members.type() == set, "a set");
  expect(members.as<std::set<std::string>>().value() == std::set<std::string>{"v1", "v2"}, "its members");
  const rm::call_reply number = debug(ctx, "double");
  expect(number.type() == real && number.real() == 3.141, "a double");
  expect(debug(ctx, "true").type() == boolean && debug(ctx, "true").boolean(), "true");
  expect(debug(ctx, "false").type() == boolean && !debug(ctx, "false").boolean(), "false");
  expect(debug(ctx, "null").type() == null, "null");
  const rm::call_reply digits = debug(ctx, "bignum");
  expect(digits.type() == big_number && digits.text() == "1234567999999999999999999999999999999", "a big number");
  const rm::call_reply text = debug(ctx, "verbatim");
  expect(text.verbatim_format() == "txt" && text.text() == "This is a verbatim\nstring", "a verbatim string");
  const rm::call_reply described = debug(ctx, "attrib");
  expect(described.text() == "Some real reply following the attribute", "what comes after an attribute");
  expect(described.attribute().size() == 1, "an attribute");
  const auto attributes = described.to_value().attributes;
  expect(attributes.at(0).text == "key-popularity" && attributes.at(1).elements.at(0).text == "key:123", "its pair");
}

// A RESP2 client gets what it understands.
void check_resp3_passed_on(rm::context& ctx) {
  const auto pass = [&](const char* kind) { return ctx.call("test.pass", "DEBUG", "PROTOCOL", kind); };
  for (auto kind : {"map", "set"}) expect(pass(kind).type() == rm::reply_type::array, kind);
  expect(pass("double").as<std::string>().value() == "3.141", "a double as text");
  expect(pass("true").integer() == 1 && pass("false").type() == rm::reply_type::integer, "booleans as integers");
  expect(pass("null").is_null(), "null as null");
  expect(pass("bignum").as<std::string>().value() == "1234567999999999999999999999999999999", "a big number as text");
  expect(pass("verbatim").as<std::string>().value() == "This is a verbatim\nstring", "a verbatim string as text");
}

void check_errors(rm::context& ctx) {
  const auto expect_error = [](const rm::call_reply& reply, std::string_view text) {
    expect(reply.is_error() && reply.error().text() == text, text);
  };
  const rm::call_options errors = rm::errors_as_replies;
  expect_error(ctx.call(errors, "foo"), "ERR unknown command 'foo', with args beginning with: ");
  expect_error(ctx.call(errors, "set", "x"), "ERR wrong number of arguments for 'set' command");
  expect_error(ctx.call(errors | rm::script_mode, "shutdown"), "ERR command 'shutdown' is not allowed on script mode");
  expect_error(ctx.call(errors | rm::no_writes, "set", "x", "1"),
               "ERR Write command 'set' was called while write is not allowed.");
}

void check_flags(rm::context& ctx) {
  using enum rm::context_flag;
  for (auto flag : {lua, multi, aof, replica, readonly, cluster}) expect(!ctx.flags().has(flag), "a flag too many");
  expect(ctx.flags().has(primary), "primary");
  struct {
    const char *parameter, *value;
    rm::context_flag flag;
    bool is_set;
  } const changes[] = {{"appendonly", "yes", aof, true},
                       {"appendonly", "no", aof, false},
                       {"save", "900 1", rdb, true},
                       {"save", "", rdb, false},
                       {"maxmemory", "0", maxmemory, false},
                       {"maxmemory", "100000000", maxmemory, true},
                       {"maxmemory-policy", "noeviction", evict, false},
                       {"maxmemory-policy", "allkeys-lru", evict, true},
                       {"maxmemory-policy", "noeviction", evict, false},
                       {"maxmemory", "0", maxmemory, false}};
  for (const auto& change : changes) {
    ctx.call<void>("CONFIG", "SET", change.parameter, change.value).value();
    expect(ctx.flags().has(change.flag) == change.is_set, change.parameter);
  }
}

void check_strings(rm::context& ctx) {
  rm::string text{"foo"};
  expect(!rm::string::retain(text).append("bar"), "a shared string stays");
  text.trim();
  expect(text.append("bar") && text.view() == "foobar", "appended to");
  text.append(std::string(1024, 'x'));
  const std::size_t before = text.borrow().allocated();
  text.trim();
  const rm::server_fields memory = ctx.info("memory");
  const bool must_shrink = memory.text("mem_allocator").value().starts_with("jemalloc");
  expect(text.borrow().allocated() + must_shrink <= before, "trimmed");
  const auto formatted = rm::string::format("Got {} args. argv[1]: {}, argv[2]: {}", 3, "foo", rm::string{"bar"});
  expect(formatted.view() == "Got 3 args. argv[1]: foo, argv[2]: bar", "formatted");
}

void check_keys(rm::context& ctx) {
  ctx.call<void>("SET", "foo", "abcde").value();
  auto key = ctx.open<rm::write<rm::string_key>>("foo");
  rm::string_key& value = *key.value();
  for (auto [size, bytes] : {std::pair{8, "abcde\0\0\0"sv}, {4, "abcd"sv}, {0, ""sv}}) {
    value.resize(size).value();
    expect(value.view() == bytes, "resized");
  }
  value.set("Foobar");
  expect(ctx.call<bool>("EXISTS", "foo").value(), "there");
  value.unlink();
  expect(!ctx.call<bool>("EXISTS", "foo").value(), "unlinked");
}

// Raw calls until there is a header for notifications.
std::map<std::string, int> notified;

int on_notification(rm::abi::ModuleCtx*, int, const char*, rm::abi::ModuleString* key) {
  ++notified[std::string{rm::string_ref{key}.view()}];
  return rm::abi::MODULE_OK;
}

void count_notifications(rm::module_builder& m) {
  constexpr int kinds = rm::abi::MODULE_NOTIFY_HASH | rm::abi::MODULE_NOTIFY_SET | rm::abi::MODULE_NOTIFY_STRING |
                        rm::abi::MODULE_NOTIFY_KEY_MISS;
  rm::api.SubscribeToKeyspaceEvents(m.raw(), kinds, on_notification);
  m.on_unload<[] { notified.clear(); }>();
}

void check_notifications(rm::context& ctx) {
  ctx.call<void>("FLUSHDB").value();
  notified.clear();
  for (auto value : {"bar", "baz"}) ctx.call<void>("SET", "foo", value).value();
  for (auto member : {"x", "y"}) ctx.call<void>("SADD", "bar", member).value();
  ctx.call<void>("HSET", "baz", "x", "y").value();
  ctx.call<void>("LPUSH", "of no kind that is listened to", "y").value();
  for (auto command : {"GET", "SMEMBERS"}) ctx.call<void>(command, "nosuchkey").value();
  expect(notified == std::map<std::string, int>{{"foo", 2}, {"bar", 2}, {"baz", 1}, {"nosuchkey", 2}}, "counts");
  ctx.call<void>("FLUSHDB").value();
}

rm::simple check(rm::context& ctx) {
  static constexpr std::pair<const char*, void (*)(rm::context&)> checks[] = {
      {"calls", check_calls},
      {"nested replies", check_nested_replies},
      {"RESP3", check_resp3},
      {"errors", check_errors},
      {"RESP3 passed on", check_resp3_passed_on},
      {"flags", check_flags},
      {"strings", check_strings},
      {"keys", check_keys},
      {"notifications", check_notifications}};
  for (const auto& [name, run] : checks) {
    try {
      run(ctx);
    } catch (const std::exception& failure) {
      ctx.log(rm::log_level::warning, rm::format("Failed: {}: {}", name, failure.what()));
      return rm::simple{"SOME TEST DID NOT PASS! Check server logs"};
    }
  }
  return rm::simple{"ALL TESTS PASSED"};
}

// --- What the checks, and the suite, call ---

rm::call_reply pass(rm::context& ctx, rm::string_ref command, words arguments) {
  return ctx.call(rm::resp3, command, arguments);
}

void pass_element(rm::context& ctx, rm::reply& out, std::size_t i, rm::string_ref command, words arguments) {
  const rm::call_reply reply = ctx.call(command, arguments);
  out.pass(reply[i]);
}

rm::call_reply call_without_writes(rm::context& ctx, rm::string_ref command, words arguments) {
  return ctx.call(rm::no_writes | rm::errors_as_replies, command, arguments);
}

std::string raw_reply(rm::context& ctx, rm::string_ref command, words arguments) {
  const rm::call_reply reply = call_without_writes(ctx, command, arguments);
  return std::string{reply.protocol()};
}

rm::call_reply call_as_script(rm::context& ctx, rm::string_ref command, words arguments) {
  return ctx.call(rm::script_mode | rm::errors_as_replies, command, arguments);
}

rm::result<std::size_t> count_values(rm::context& ctx, rm::string_ref a, rm::string_ref b) {
  return ctx.call<std::vector<std::string>>("MGET", a, b).transform([](const auto& values) { return values.size(); });
}

rm::call_reply hash_for_the_client(rm::context& ctx) {
  ctx.call("DEL", "myhash");
  ctx.call("HSET", "myhash", "f1", "v1", "f2", "v2");
  return ctx.call(rm::resp_auto, "HGETALL", "myhash");
}

int protocol_of_client(rm::context& ctx) { return ctx.flags().has(rm::context_flag::resp3) ? 3 : 2; }

rm::simple can_debug(rm::context& ctx) {
  constexpr auto flag = rm::context_flag::debug_enabled;
  return rm::simple{rm::known_context_flags().has(flag) && ctx.flags().has(flag) ? "yes"sv : "no"sv};
}

}  // namespace

REDISMODULE_MODULE(test, 1, m) {
  rm::context ctx{m.raw()};
  expect(ctx.call<std::string>("PING").value() == "PONG", "a call while loading");

  count_notifications(m);
  m.command<check>("test.basics", {.flags = rm::flags::write});
  m.command<pass>("test.pass command argument...");
  m.command<pass_element>("test.pass_element index command argument...");
  m.command<hash_for_the_client>("test.rmcallautomode", {.flags = rm::flags::write});
  m.command<protocol_of_client>("test.getresp", {.flags = rm::flags::readonly});
  m.command<can_debug>("test.candebug", {.flags = rm::flags::readonly});
  m.command("test.latency ms", [](std::chrono::milliseconds ms) { rm::add_latency_sample("test", ms); });
  // Of CallArgv, which no server hands out to modules, the suite asks for what a call gives.
  m.command<call_without_writes>("test.call_argv command argument...");
  m.command<raw_reply>("test.call_argv_raw command argument...");
  m.command<call_as_script>("test.call_argv_s command argument...", {.flags = rm::flags::write});
  m.command<count_values>("test.call_argv_null_array_start a b");
}
