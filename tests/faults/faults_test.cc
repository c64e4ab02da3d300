// Each kind of fault fires, and does not where it is not armed; whatever was armed can be undone to the exact pointer.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "redismodule/testing/faults.h"
#include "redismodule/testing/leak_watch.h"
#include "redismodule/testing/server.h"

namespace {

using namespace std::chrono_literals;
using redismodule::testing::error;
using redismodule::testing::faults;
using redismodule::testing::leak_watch;
using redismodule::testing::reply;
using redismodule::testing::server;
using redismodule::testing::server_options;
using redismodule::testing::start_failed;

server with_arguments(std::vector<std::string> arguments) {
  return server{server_options{.modules = {{FAULTY_MODULE, std::move(arguments)}}}};
}

std::string simple(server& s, std::string_view function) { return s.call("api.simple", function).str(); }

std::vector<std::string> simple_five_times(server& s, std::string_view function) {
  std::vector<std::string> answers;
  for (int i = 0; i < 5; ++i) answers.push_back(simple(s, function));
  return answers;
}

using texts = std::vector<std::string>;

// --- When ---

TEST(faults, are_ended_though_a_client_waited_in_vain_for_one) {
  server s{server_options{.modules = {{FAULTY_MODULE}}, .answer_timeout = 2s}};
  {
    faults f{s, "faulty"};
    f.fail("ReplyWithStringBuffer");
    EXPECT_THROW(simple(s, "CreateDict"), redismodule::testing::timed_out);
    EXPECT_EQ(f.fired("ReplyWithStringBuffer"), 1);
  }
  EXPECT_EQ(simple(s, "CreateDict"), "a pointer");
}

TEST(faults, are_not_put_off_to_the_end_of_a_transaction) {
  server s{FAULTY_MODULE};
  faults f{s, "faulty"};
  s.call("MULTI");
  EXPECT_THROW(f.fail("CreateDict"), error);
  s.call("DISCARD");
  EXPECT_EQ(simple(s, "CreateDict"), "a pointer");
}

TEST(faults, hiding_a_function_ends_what_was_armed) {
  server s{FAULTY_MODULE};
  faults f{s, "faulty"};
  f.fail("CreateDict");
  f.hide("CreateDict");
  EXPECT_THROW(f.calls("CreateDict"), error);
  EXPECT_THROW(f.fired("CreateDict"), error);
}

TEST(faults, nothing_fails_that_is_not_armed) {
  server s{FAULTY_MODULE};
  faults f{s, "faulty"};
  EXPECT_EQ(simple_five_times(s, "CreateDict"), texts(5, "a pointer"));
  EXPECT_EQ(f.fired(), 0);
  EXPECT_THROW(f.calls("CreateDict"), error);
}

TEST(faults, the_nth_call_fails) {
  server s{FAULTY_MODULE};
  faults f{s, "faulty"};
  f.fail("CreateDict", 3);
  EXPECT_EQ(simple_five_times(s, "CreateDict"), (texts{"a pointer", "a pointer", "null", "a pointer", "a pointer"}));
  EXPECT_EQ(f.calls("CreateDict"), 5);
  EXPECT_EQ(f.fired("CreateDict"), 1);
  EXPECT_EQ(f.fired(), 1);
}

TEST(faults, calls_from_the_nth_on_fail) {
  server s{FAULTY_MODULE};
  faults f{s, "faulty"};
  f.fail_from("CreateDict", 3);
  EXPECT_EQ(simple_five_times(s, "CreateDict"), (texts{"a pointer", "a pointer", "null", "null", "null"}));
  EXPECT_EQ(f.fired(), 3);
}

TEST(faults, calls_fail_with_a_probability_and_the_same_ones_for_a_seed) {
  server s{FAULTY_MODULE};
  faults f{s, "faulty"};
  const auto failures = [&](double probability, std::uint64_t seed) {
    f.fail_randomly("GetClientId", probability, seed);
    std::string seen;
    for (int i = 0; i < 200; ++i) seen += simple(s, "GetClientId");
    EXPECT_EQ(f.fired("GetClientId"), std::count(seen.begin(), seen.end(), '0'));
    return seen;
  };
  const std::string quarter = failures(0.25, 7);
  EXPECT_EQ(failures(0.25, 7), quarter);
  EXPECT_NE(failures(0.25, 8), quarter);
  EXPECT_NEAR(static_cast<double>(std::count(quarter.begin(), quarter.end(), '0')), 50, 30);
  EXPECT_EQ(failures(0, 7), std::string(200, '1'));
  EXPECT_EQ(failures(1, 7), std::string(200, '0'));
}

TEST(faults, functions_named_together_share_one_count) {
  server s{FAULTY_MODULE};
  faults f{s, "faulty"};
  f.fail("CreateDict|GetClientId", 2);
  EXPECT_EQ(simple(s, "CreateDict"), "a pointer");
  EXPECT_EQ(simple(s, "GetClientId"), "0");
  EXPECT_EQ(simple(s, "CreateDict"), "a pointer");
  EXPECT_EQ(f.calls("CreateDict"), 3);
  EXPECT_EQ(f.calls("GetClientId"), 3);
  f.fail("CreateDict", 1);
  EXPECT_EQ(simple(s, "GetClientId"), "1");
  EXPECT_EQ(simple(s, "CreateDict"), "null");
  EXPECT_EQ(f.calls("GetClientId"), 4) << "the other one's order is as it was";
}

// --- What ---

TEST(faults, a_delay_takes_its_time) {
  server s{FAULTY_MODULE};
  faults f{s, "faulty"};
  const auto duration = [&] {
    const auto started = std::chrono::steady_clock::now();
    EXPECT_EQ(simple(s, "GetContextFlags"), "1");
    return std::chrono::steady_clock::now() - started;
  };
  f.delay("GetContextFlags", 150ms);
  EXPECT_GE(duration(), 150ms);
  EXPECT_GE(duration(), 150ms);
  EXPECT_EQ(f.fired(), 2);
  f.delay("GetContextFlags", 150ms, 2);
  duration();
  EXPECT_EQ(f.fired("GetContextFlags"), 0);
  EXPECT_GE(duration(), 150ms);
  EXPECT_EQ(f.fired("GetContextFlags"), 1);
  duration();
  EXPECT_EQ(f.fired("GetContextFlags"), 1);
  f.delay("GetContextFlags", 60'000ms, 2);
  EXPECT_LT(duration(), 30s);
  f.reset();
  EXPECT_LT(duration(), 30s);
}

TEST(faults, calls_are_counted_without_a_fault) {
  server s{FAULTY_MODULE};
  faults f{s, "faulty"};
  f.count("Milliseconds");
  EXPECT_EQ(simple_five_times(s, "Milliseconds"), texts(5, "1"));
  EXPECT_EQ(f.calls("Milliseconds"), 5);
  EXPECT_EQ(f.fired("Milliseconds"), 0);
}

TEST(faults, a_hidden_function_is_not_there) {
  server s{FAULTY_MODULE};
  if (const auto what = s.lacks("ReplyWithMap"); !what.empty()) GTEST_SKIP() << what;
  faults f{s, "faulty"};
  auto c = s.connect();
  c.hello(3);
  EXPECT_TRUE(c.call("api.map").is_map());
  f.hide("ReplyWithMap");
  EXPECT_TRUE(c.call("api.map").is_array()) << "what a server without maps gets";
  f.reset("ReplyWithMap");
  EXPECT_TRUE(c.call("api.map").is_map());
}

TEST(faults, what_goes_out_through_pointers_is_as_on_a_failure) {
  server s{FAULTY_MODULE};
  faults f{s, "faulty"};
  EXPECT_EQ(simple(s, "StringPtrLen"), "a pointer, 3");
  f.count("StringPtrLen");
  simple(s, "StringPtrLen");
  f.fail("StringPtrLen", static_cast<std::uint64_t>(f.calls("StringPtrLen")));
  EXPECT_EQ(simple(s, "StringPtrLen"), "null, 0");
  EXPECT_EQ(simple(s, "ServerInfoGetFieldSigned"), "1, 0");
  f.fail("ServerInfoGetFieldSigned");
  EXPECT_EQ(simple(s, "ServerInfoGetFieldSigned"), "0, 1");
  f.fail("StringToLongLong");
  EXPECT_EQ(simple(s, "StringToLongLong"), "1, 7");
}

// --- While the module loads ---

TEST(faults, load_arguments_are_obeyed_and_taken_away) {
  server s = with_arguments({"fault:count=CreateCommand", "one", "fault:fail=CreateDict,2", "two"});
  faults f{s, "faulty"};
  EXPECT_NE(s.log().find("arguments: 2, first one"), std::string::npos) << s.log();
  EXPECT_GT(f.calls("CreateCommand"), 5);
  EXPECT_EQ(simple(s, "CreateDict"), "a pointer");
  EXPECT_EQ(simple(s, "CreateDict"), "null");
}

TEST(faults, a_delay_may_be_a_load_argument) {
  server s = with_arguments({"fault:delay=GetContextFlags,150"});
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(simple(s, "GetContextFlags"), "1");
  EXPECT_GE(std::chrono::steady_clock::now() - started, 150ms);
}

TEST(faults, a_load_argument_that_is_wrong_is_refused_in_words) {
  try {
    with_arguments({"fault:fail=NoSuchFunction,2"});
    FAIL() << "it was loaded";
  } catch (const start_failed& refused) {
    EXPECT_NE(std::string_view{refused.what()}.find("this server has no function 'NoSuchFunction'"),
              std::string_view::npos)
        << refused.what();
  }
  EXPECT_THROW(with_arguments({"fault:explode"}), start_failed);
  EXPECT_THROW(with_arguments({"fault:older=seven"}), start_failed);
}

TEST(faults, a_command_that_cannot_be_registered_refuses_the_load) {
  server s;
  EXPECT_THROW(s.load(FAULTY_MODULE, "fault:fail=CreateCommand,3"), error);
  EXPECT_TRUE(s.alive());
  EXPECT_NE(s.log().find("faulty: not loaded: command 'api.printf'"), std::string::npos) << s.log();
  s.load(FAULTY_MODULE);
  EXPECT_EQ(simple(s, "CreateDict"), "a pointer");
}

TEST(faults, an_older_version_is_what_the_module_sees) {
  server plain{FAULTY_MODULE};
  const bool is_redis = plain.version().is_redis();
  const std::string older = is_redis ? "6.0.0" : "7.2.5";
  EXPECT_NE(plain.call("api.server"), older);
  server s = with_arguments({"fault:older=" + older});
  EXPECT_EQ(s.call("api.server"), older);
  faults f{s, "faulty"};
  const std::string gone = is_redis ? "TryAlloc" : "GetClusterNodeInfoForClient";
  if (s.lacks(gone).empty()) {
    EXPECT_EQ(s.call("faulty.fault", "entry", gone), 0);
    f.reset();
    EXPECT_NE(s.call("faulty.fault", "entry", gone), 0);
  }
  f.reset();
  EXPECT_EQ(s.call("api.server"), plain.call("api.server"));
  f.pretend_older(older);
  EXPECT_EQ(s.call("api.server"), older);
}

TEST(faults, unloading_leaves_nothing_armed) {
  server s;
  s.load(FAULTY_MODULE, "fault:watch");
  faults f{s, "faulty"};
  f.fail_from("CreateDict");
  EXPECT_EQ(simple(s, "CreateDict"), "null");
  s.unload("faulty");
  s.load(FAULTY_MODULE);
  EXPECT_EQ(simple(s, "CreateDict"), "a pointer");
  EXPECT_EQ(f.fired(), 0);
}

TEST(faults, what_is_asked_wrongly_is_refused_in_words) {
  server s{FAULTY_MODULE};
  faults f{s, "faulty"};
  EXPECT_EQ(s.call("faulty.fault", "explode").error(), "ERR no such fault: 'explode'");
  EXPECT_EQ(s.call("faulty.fault", "fail", "Nothing", 1).error(), "ERR this server has no function 'Nothing'");
  EXPECT_EQ(s.call("faulty.fault", "fail", "CreateDict", "x").error(), "ERR not a number: 'x'");
  EXPECT_EQ(s.call("faulty.fault", "fail", "CreateDict").error(), "ERR wrong number of words for 'fail'");
  EXPECT_EQ(s.call("faulty.fault", "fail").error(), "ERR no function is named after 'fail'");
  EXPECT_TRUE(s.call("faulty.fault").is_error());
  EXPECT_THROW(f.fail_randomly("CreateDict", 1.5), error);
  EXPECT_THROW((faults{s, "another"}), error);
}

// --- Every function ---

// What a function that fails answers, beside its type's own: error codes and handles.
const std::map<std::string, std::vector<std::string_view>>& exceptions() {
  static const std::map<std::string, std::vector<std::string_view>> all = {
      {"0",
       {"AvoidReplicaTraffic",
        "BlockedClientDisconnected",
        "CommandFilterArgsCount",
        "GetContextFlags",
        "GetContextFlagsAll",
        "GetKeyspaceNotificationFlagsAll",
        "GetModuleOptionsAll",
        "GetNotifyKeyspaceEvents",
        "GetOpenKeyModesAll",
        "GetSelectedDb",
        "GetServerVersion",
        "GetTypeMethodVersion",
        "HashSet",
        "IsBlockedReplyRequest",
        "IsBlockedTimeoutRequest",
        "IsChannelsPositionRequest",
        "IsKeysPositionRequest",
        "IsSubEventSupported",
        "KeyExists",
        "KeyType",
        "MustObeyClient",
        "PublishMessage",
        "PublishMessageShard",
        "Scan",
        "ScanKey",
        "StringCompare",
        "ZsetRangeNext",
        "ZsetRangePrev"}},
      {"-1",
       {"CallReplyType", "Fork", "GetAbsExpire", "GetDbIdFromDefragCtx", "GetDbIdFromDigest", "GetDbIdFromIO",
        "GetDbIdFromModuleKey", "GetDbIdFromOptCtx", "GetExpire", "GetToDbIdFromOptCtx", "HashFieldMinExpire",
        "StreamTrimByID", "StreamTrimByLength"}},
      {"-2147483648", {"CallReplyBool"}},
      {"-9223372036854775808", {"CallReplyInteger"}},
      {"-9223372036854775808.000000", {"CallReplyDouble"}},
  };
  return all;
}

std::string answer_by_type(std::string_view type) {
  if (type == "void") return "void";
  if (type == "int") return "1";
  if (type.ends_with('*')) return "null";
  if (type == "float" || type.ends_with("double")) return "0.000000";
  return "0";
}

std::map<std::string, std::string> find_expected_answers() {
  std::map<std::string, std::string> all = {
#define REDISMODULE_ROW(name, result, parameters, redis, valkey) {#name, answer_by_type(#result)},
#include "redismodule/abi/functions.inc"
  };
  for (const auto& [answer, names] : exceptions()) {
    for (const std::string_view name : names) all.at(std::string{name}) = answer;
  }
  return all;
}

TEST(faults, every_function_of_the_server_can_be_armed_fails_and_is_put_back) {
  server s{FAULTY_MODULE};
  faults f{s, "faulty"};
  const auto expected = find_expected_answers();
  const auto functions = f.functions();
  EXPECT_GT(functions.size(), 200u);
  for (const std::string& name : functions) {
    const reply before = s.call("faulty.fault", "entry", name);
    ASSERT_NE(before, 0) << name;
    const std::uint64_t first = name == "StringPtrLen" ? 2 : 1;  // the name to call is decoded by it
    f.fail(name, first);
    const reply armed = s.call("faulty.fault", "entry", name);
    EXPECT_NE(armed, 0) << name;
    EXPECT_NE(armed, before) << name;
    EXPECT_EQ(s.call("api.zeros", name), expected.at(name)) << name;
    EXPECT_EQ(f.fired(name), 1) << name;
    f.hide(name);
    EXPECT_EQ(s.call("faulty.fault", "entry", name), 0) << name;
    f.reset(name);
    EXPECT_EQ(s.call("faulty.fault", "entry", name), before) << name;
  }
  EXPECT_TRUE(s.alive());
}

// What the server itself answers to the same functions: none of it is what a failure answers.
TEST(faults, functions_that_are_only_counted_answer_as_ever) {
  server s{FAULTY_MODULE};
  faults f{s, "faulty"};
  const std::map<std::string, std::string> answers = {
      {"Alloc", "a pointer"},
      {"CreateString", "a pointer"},
      {"CreateDict", "a pointer"},
      {"GetContextFlags", "1"},
      {"GetClientId", "1"},
      {"Milliseconds", "1"},
      {"GetRandomBytes", "1"},
      {"StringPtrLen", "a pointer, 3"},
      {"StringToLongLong", "0, 42"},
      {"Call", "a pointer"},
      {"ServerInfoGetFieldSigned", "1, 0"},
  };
  for (const auto& [name, answer] : answers) {
    EXPECT_EQ(simple(s, name), answer) << name;
    f.count(name);
    EXPECT_EQ(simple(s, name), answer) << name;
    EXPECT_GE(f.calls(name), 1) << name;
    EXPECT_EQ(f.fired(name), 0) << name;
  }
}

// --- Arguments pass through unharmed ---

struct calls_seen {
  reply printed;
  reply called;
  reply hash;
  friend bool operator==(const calls_seen&, const calls_seen&) = default;
};

calls_seen call_all(server& s) {
  s.call("FLUSHALL");
  return {s.call("api.printf"), s.call("api.call", "list"), s.call("api.hash", "hash")};
}

TEST(faults, variable_arguments_reach_the_server_unharmed) {
  server s{FAULTY_MODULE};
  faults f{s, "faulty"};
  const calls_seen plain = call_all(s);
  EXPECT_EQ(plain.printed, "1 two 3.5 4 5.5 6 7.5 8 9.5 10 11.5 twelve 13.5 14 15.5 16 17.5 18 19.5");
  EXPECT_EQ(plain.called, (texts{"9", "eight", "21"}));
  EXPECT_EQ(plain.hash, "value, 1");
  f.count("CreateStringPrintf|Call|HashSet|HashGet");
  EXPECT_EQ(call_all(s), plain);
  EXPECT_EQ(f.calls("Call"), 1 + 3 + 20 + 3);
}

TEST(faults, results_that_are_watched_reach_the_module_unharmed) {
  server s{FAULTY_MODULE};
  const calls_seen plain = call_all(s);
  faults f{s, "faulty"};
  f.watch();
  EXPECT_EQ(call_all(s), plain);
  EXPECT_EQ(s.call("api.nested", 100), 101);
  for (const auto& [kind, count] : f.live()) EXPECT_EQ(count, 0) << kind;
}

// --- What is live ---

std::map<std::string, std::int64_t> only_live(faults& f) {
  auto figures = f.live();
  std::erase_if(figures, [](const auto& each) { return each.second == 0; });
  return figures;
}

using figures = std::map<std::string, std::int64_t>;

TEST(faults, what_the_module_holds_is_counted) {
  server s = with_arguments({"fault:watch"});
  faults f{s, "faulty"};
  EXPECT_EQ(only_live(f), figures{});
  s.call("live.take", 3'600'000);
  EXPECT_EQ(only_live(f), (figures{{"contexts", 1}, {"dictionaries", 1}, {"strings", 2}, {"timers", 1}}));
  s.call("live.give");
  EXPECT_EQ(only_live(f), figures{});
  EXPECT_EQ(s.call("live.key", "a"), "call_replies=1 keys=1");
  EXPECT_EQ(only_live(f), figures{});
}

TEST(faults, a_timer_that_has_fired_is_not_live) {
  server s = with_arguments({"fault:watch"});
  faults f{s, "faulty"};
  s.call("live.take", 200);
  EXPECT_EQ(f.live().at("timers"), 1);
  for (int i = 0; i < 1000 && f.live().at("timers") != 0; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(f.live().at("timers"), 0);
  s.call("live.give");
}

TEST(faults, a_blocked_client_is_live_until_it_is_unblocked) {
  server s = with_arguments({"fault:watch"});
  faults f{s, "faulty"};
  auto waiting = s.connect();
  waiting.send("live.block");
  for (int i = 0; i < 1000 && f.live().at("blocked_clients") == 0; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(only_live(f), (figures{{"blocked_clients", 1}}));
  s.call("live.unblock");
  EXPECT_EQ(waiting.receive(), "late");
  EXPECT_EQ(only_live(f), figures{});
}

TEST(faults, a_watch_on_leaks_sees_what_was_taken_beside_faults) {
  server s{FAULTY_MODULE};
  leak_watch watch{s, {.patience = 100ms}};
  {
    faults f{s, "faulty"};
    f.fail("CreateDict");
    f.reset();
    s.call("live.take", 3'600'000);
  }
  leak_watch another{s};
  EXPECT_NE(watch.grown().find("  timers of the module faulty: 1 more, 1\n"), std::string::npos) << watch.grown();
  EXPECT_EQ(another.grown(), "");
  s.call("live.give");
  EXPECT_EQ(watch.grown(), "");
}

// What a test leaves behind is named, each kind, by the watch that sees a module built with FAULTS in its server.
TEST(faults, a_watch_on_leaks_names_what_the_module_holds) {
  server s{FAULTY_MODULE};
  auto waiting = s.connect();
  leak_watch watch{s, {.patience = 100ms}};
  EXPECT_EQ(watch.grown(), "");
  s.call("live.take", 3'600'000);
  waiting.send("live.block");
  for (int i = 0; i < 1000 && s.info("clients", "blocked_clients") == "0"; ++i) std::this_thread::sleep_for(10ms);
  const std::string text = watch.grown();
  for (const char* kind : {"timers", "blocked_clients", "contexts", "dictionaries"}) {
    const std::string line = std::string{"  "} + kind + " of the module faulty: 1 more, 1\n";
    EXPECT_NE(text.find(line), std::string::npos) << line << "is not in:\n" << text;
  }
  EXPECT_NE(text.find("  strings of the module faulty: 2 more, 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  blocked clients: 1 more, 1 ("), std::string::npos) << text;
  s.call("live.give");
  s.call("live.unblock");
  EXPECT_EQ(waiting.receive(), "late");
  // What a server keeps by itself from the first client that is blocked is none of the module's.
  EXPECT_EQ(watch.grown().find("of the module"), std::string::npos) << watch.grown();
}

TEST(faults, without_watching_nothing_is_counted) {
  server s{FAULTY_MODULE};
  faults f{s, "faulty"};
  s.call("live.take", 3'600'000);
  EXPECT_EQ(only_live(f), figures{});
  s.call("live.give");
}

}  // namespace
