// What a client, or whoever loads the module, can get wrong: a clear error each, no forged reply, nothing lost.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "redismodule/testing/server.h"

namespace {

namespace rt = redismodule::testing;

struct bad_input : testing::Test {
  bool is_old() const { return s.version().is_redis() && s.version().number < rt::version_number{7, 0, 0}; }
  bool logged(const std::string& text) const { return s.log().find(text) != std::string::npos; }

  rt::server s{COMMANDS_MODULE};
};

std::string wrong_arity(const std::string& command) {
  return "ERR wrong number of arguments for '" + command + "' command";
}

TEST_F(bad_input, wrong_arity_is_an_error_on_every_server) {
  EXPECT_EQ(s.call("reply.void", "x").error(), wrong_arity("reply.void"));
  EXPECT_EQ(s.call("arg.int8").error(), wrong_arity("arg.int8"));
  EXPECT_EQ(s.call("arg.int8", 1, 2).error(), wrong_arity("arg.int8"));
  EXPECT_EQ(s.call("opt.add").error(), wrong_arity("opt.add"));
  EXPECT_EQ(s.call("opt.add", 1, 2, 3, 4).error(), wrong_arity("opt.add"));
  EXPECT_EQ(s.call("rest.count", 1).error(), wrong_arity("rest.count"));
  EXPECT_EQ(s.call("rest.one-pair", 1).error(), wrong_arity("rest.one-pair"));
  EXPECT_EQ(s.call("stream.array").error(), wrong_arity("stream.array"));
}

TEST_F(bad_input, long_strings_are_no_numbers) {
  for (std::size_t size : {21u, 32u, 1000u, 1u << 20}) {
    for (const std::string command : {"arg.int64", "arg.uint64"}) {
      EXPECT_EQ(s.call(command, std::string(size, '1')).error(),
                "ERR value is not an integer or out of range (argument 'n')");
      EXPECT_EQ(s.call(command, std::string(size, '0')).error(),
                "ERR value is not an integer or out of range (argument 'n')");
    }
    EXPECT_EQ(s.call("arg.double", std::string(size, 'x')).error(), "ERR value is not a valid float (argument 'x')");
  }
}

// The bytes that follow the error are the answer to the next command, and nothing else is.
void expect_one_reply(rt::server& s, const std::string& command, const std::string& text, const std::string& wanted) {
  const rt::reply reply = s.call(command, text);
  EXPECT_EQ(reply.is_error() ? reply.error() : reply.str(), wanted);
  EXPECT_EQ(s.call("reply.simple"), "PONG");
}

TEST_F(bad_input, line_breaks_forge_no_reply) {
  const std::string forged = "x\r\n+forged\r\n:1";
  expect_one_reply(s, "reply.error-of", forged, "ERR x  +forged  :1");
  expect_one_reply(s, "reply.simple-of", forged, "x  +forged  :1");
  expect_one_reply(s, "reply.error-echo", forged, "ERR no 'x\\x0d\\x0a+forged\\x0d\\x0a:1'");
  expect_one_reply(s, "throw.runtime", forged, "ERR internal error, see the server's log");
  EXPECT_TRUE(logged("throw.runtime: x\\x0d\\x0a+forged\\x0d\\x0a:1")) << s.log();
  EXPECT_EQ(s.call("log.line", "a\r\nforged: line"), "OK");
  EXPECT_TRUE(logged("a\\x0d\\x0aforged: line"));
}

TEST_F(bad_input, other_bytes_are_escaped_and_cut) {
  expect_one_reply(s, "reply.error-of", std::string("a\0b\x7f\x1b", 5), "ERR a\\x00b\\x7f\\x1b");
  expect_one_reply(s, "reply.error-echo", std::string("a\0b", 3), "ERR no 'a\\x00b'");
  expect_one_reply(s, "reply.error-echo", "\xff\\", "ERR no '\\xff\\\\'");
  expect_one_reply(s, "reply.error-echo", std::string(64, 'x'), "ERR no '" + std::string(64, 'x') + "'");
  expect_one_reply(s, "reply.error-echo", std::string(1 << 20, 'x'), "ERR no '" + std::string(64, 'x') + "...'");
  expect_one_reply(s, "reply.error-echo", std::string(63, 'x') + "\n", "ERR no '" + std::string(63, 'x') + "...'");
  expect_one_reply(s, "reply.simple-of", std::string(3, '\0'), "\\x00\\x00\\x00");
}

// --- Exceptions ---

TEST_F(bad_input, exceptions_are_errors_and_log_lines) {
  EXPECT_EQ(s.call("throw.runtime", "this and that").error(), "ERR internal error, see the server's log");
  EXPECT_TRUE(logged("throw.runtime: this and that"));
  EXPECT_EQ(s.call("THROW.OTHER").error(), "ERR internal error, see the server's log");
  EXPECT_TRUE(logged("an exception of unknown type"));
  EXPECT_EQ(s.call("throw.value").error(), "ERR internal error, see the server's log");
  EXPECT_TRUE(logged("ERR unlooked"));
  EXPECT_EQ(s.call("throw.bad-alloc").error(), "OOM out of memory, the command was not completed");
  // Redis 6 has no allocation that may fail.
  if (!is_old()) {
    EXPECT_EQ(s.call("throw.too-much").error(), "OOM out of memory, the command was not completed");
  }
  EXPECT_EQ(s.call("stream.nothing").error(), "ERR internal error, see the server's log");
  EXPECT_TRUE(s.alive());
}

TEST_F(bad_input, a_reply_that_throws_is_still_one_reply) {
  const std::string unfinished = "ERR internal error: the reply ended early";
  for (int protocol : {2, 3}) {
    s.call("HELLO", protocol);
    EXPECT_EQ(s.call("throw.reply").error(), "ERR internal error, see the server's log");
    const rt::reply list = s.call("throw.reply-in-list");
    ASSERT_EQ(list.size(), 2u);
    EXPECT_EQ(list[0].error(), unfinished);
    EXPECT_EQ(list[1].error(), unfinished);
    const rt::reply map = s.call("throw.reply-in-map");
    ASSERT_EQ(map.map().size(), 2u);
    EXPECT_EQ(map.map()[0].first, "k");
    EXPECT_EQ(map.map()[0].second[0], 1);
    EXPECT_EQ(map.map()[0].second[1].error(), unfinished);
    EXPECT_EQ(map.map()[1].second.error(), unfinished);
    EXPECT_EQ(s.call("reply.simple"), "PONG");
  }
}

TEST_F(bad_input, a_stream_that_miscounts_is_still_one_reply) {
  const std::string unfinished = "ERR internal error: the reply ended early";
  for (int n = 0; n <= 5; ++n) {
    const rt::reply reply = s.call("stream.throw", n);
    ASSERT_EQ(reply.size(), 5u);
    for (int i = 0; i < n; ++i) EXPECT_EQ(reply[i], std::vector<int>{i});
    for (int i = n; i < 5; ++i) EXPECT_EQ(reply[i].error(), unfinished);
  }
  EXPECT_EQ(s.call("stream.too-few").size(), 3u);
  EXPECT_EQ(s.call("stream.too-many"), std::vector<int>{1});
  EXPECT_EQ(s.call("stream.odd-map").map().at(0).second.error(), unfinished);
  EXPECT_EQ(s.call("reply.simple"), "PONG");
}

// A second reply would be taken for the answer to the next command.
TEST_F(bad_input, a_handler_writes_one_reply) {
  const std::string dropped =
      ": the handler wrote more than one reply, or more values than it announced: they were dropped";
  for (int protocol : {2, 3}) {
    s.call("HELLO", protocol);
    for (const std::string command : {"stream.twice", "stream.every-kind-twice", "stream.talkative"}) {
      EXPECT_EQ(s.call(command), 1) << command;
      EXPECT_EQ(s.call("reply.simple"), "PONG") << command;
      EXPECT_TRUE(logged(command + dropped)) << command;
    }
    EXPECT_EQ(s.call("stream.past-the-array"), std::vector<int>{1});
    EXPECT_EQ(s.call("reply.simple"), "PONG");
    EXPECT_TRUE(logged("stream.past-the-array" + dropped));
    const rt::reply deep = s.call("stream.past-in-depth");
    ASSERT_EQ(deep.size(), 2u);
    ASSERT_EQ(deep[0].size(), 1u);
    EXPECT_EQ(deep[0][0], (std::vector<int>{1, 2}));
    EXPECT_EQ(deep[1], 5);
    EXPECT_EQ(s.call("reply.simple"), "PONG");
  }
  EXPECT_EQ(s.call("stream.too-many"), std::vector<int>{1});
  EXPECT_TRUE(logged("stream.too-many" + dropped));
  EXPECT_EQ(s.call("stream.array", 3).size(), 3u);
  EXPECT_EQ(s.call("reply.vector", 3).size(), 3u);
  EXPECT_FALSE(logged("stream.array" + dropped));
  EXPECT_FALSE(logged("reply.vector" + dropped));
}

TEST_F(bad_input, a_reply_of_nothing_is_an_error) {
  EXPECT_EQ(s.call("stream.silent").error(), "ERR internal error, see the server's log");
  EXPECT_TRUE(logged("stream.silent: the handler wrote no reply"));
  const rt::reply list = s.call("stream.silents");
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[1].error(), "ERR internal error: the reply ended early");
  EXPECT_EQ(s.call("reply.simple"), "PONG");
}

// --- Loading ---

struct loading : testing::Test {
  bool logged(const std::string& text) const { return s.log().find(text) != std::string::npos; }

  // Redis 8 lists a module of its own as well.
  long times_listed() {
    const rt::reply list = s.call("MODULE", "LIST");
    return std::count_if(list.array().begin(), list.array().end(),
                         [](const rt::reply& module) { return module.at("name") == "commands"; });
  }

  // Loading with these arguments fails, says so in the log, and leaves nothing: it can then be loaded.
  void expect_refused(const std::vector<std::string>& args, const std::string& why) {
    EXPECT_THROW(s.load_module({COMMANDS_MODULE, args}), rt::error);
    EXPECT_TRUE(logged(why)) << why << "\n" << s.log();
    EXPECT_EQ(s.call("reply.void").error().substr(0, 19), "ERR unknown command");
    EXPECT_EQ(times_listed(), 0);
    EXPECT_FALSE(s.maps("commands.so"));
    s.load(COMMANDS_MODULE);
    EXPECT_EQ(s.call("reply.void"), "OK");
    s.unload("commands");
  }

  rt::server s;
};

TEST_F(loading, a_builder_that_throws_is_a_module_that_does_not_load) {
  expect_refused({"throw"}, "commands: not loaded: the builder threw\\x0d\\x0athis");
  expect_refused({"throw-other"}, "commands: not loaded: its builder threw an exception of unknown type");
  expect_refused({"refuse"}, "commands: not loaded: as asked");
}

TEST_F(loading, what_the_server_refuses_is_named) {
  expect_refused({"twice"}, "commands: not loaded: command 'reply.void' was refused by the server");
  expect_refused({"bad-flag"}, "commands: not loaded: command 'raw.bad' was refused by the server");
}

TEST_F(loading, what_the_server_refuses_may_be_done_without) {
  s.load(COMMANDS_MODULE, "caught");
  const rt::reply refusals = s.call("caught.refusals");
  ASSERT_EQ(refusals.size(), 2u);
  EXPECT_TRUE(refusals[0].str().starts_with("command 'reply.void' was refused by the server")) << refusals[0].str();
  EXPECT_TRUE(refusals[1].str().starts_with("command 'caught.group|one' ")) << refusals[1].str();
  EXPECT_EQ(s.call("reply.void"), "OK");
  EXPECT_EQ(s.call("caught.group", "one"), 1);
  s.unload("commands");
}

TEST_F(loading, requirements_are_told_in_words) {
  const std::string product = s.version().is_valkey() ? "Valkey " : "Redis ";
  const rt::version_number found = s.version().number;
  const std::string here = "; this is " + product + std::to_string(found.major) + "." + std::to_string(found.minor) +
                           "." + std::to_string(found.patch);
  expect_refused({"require-unstable"}, "commands: not loaded: BigGetDbPath needs Redis of a release to come" + here);
  expect_refused({"require-later"}, "commands: not loaded: things to come need Redis 98.0.0 or Valkey 98.1.2" + here);
  expect_refused({"require-neither"}, "commands: not loaded: nothing need");
  for (const std::string met : {"require-get", "require-earlier"}) {
    s.load(COMMANDS_MODULE, met);
    s.unload("commands");
  }
}

TEST_F(loading, arguments_of_the_module) {
  expect_refused({"number"}, "commands: not loaded: ERR missing argument 2");
  expect_refused({"number", "9\r\n9"},
                 "commands: not loaded: ERR value is not an integer or out of range (argument 2)");
  s.load(COMMANDS_MODULE, "number", 99);
  EXPECT_TRUE(logged("the number is 99"));
}

TEST_F(loading, twice_is_refused_and_harms_nothing) {
  s.load(COMMANDS_MODULE);
  EXPECT_THROW(s.load(COMMANDS_MODULE), rt::error);
  EXPECT_EQ(s.call("arg.int8", "x").error(), "ERR value is not an integer or out of range (argument 'n')");

  const std::string copy = s.directory() + "/copy.so";
  std::filesystem::copy_file(COMMANDS_MODULE, copy);
  EXPECT_THROW(s.load(copy), rt::error);
  EXPECT_TRUE(logged("commands: not loaded: a module of this name is loaded already")) << s.log();
  EXPECT_FALSE(s.maps("copy.so"));
  EXPECT_EQ(s.call("arg.int8", 5), 5);
  EXPECT_EQ(times_listed(), 1);

  s.unload("commands");
  s.load(copy);
  EXPECT_EQ(s.call("arg.int8", 5), 5);
}

TEST_F(loading, a_corrupt_loadex_is_an_error) {
  if (const auto what = s.lacks("LoadConfigs"); !what.empty()) GTEST_SKIP() << "MODULE LOADEX " << what;
  EXPECT_TRUE(s.call("MODULE", "LOADEX", COMMANDS_MODULE, "CONFIG", "commands.x").is_error());
  EXPECT_TRUE(s.call("MODULE", "LOADEX", COMMANDS_MODULE, "CONFIG", "commands.no-such", "1").is_error());
  EXPECT_TRUE(s.call("MODULE", "LOADEX", COMMANDS_MODULE, "NONSENSE", "1").is_error());
  EXPECT_TRUE(s.call("MODULE", "LOADEX", COMMANDS_MODULE, "ARGS", "number", std::string("\0\r\n", 3)).is_error());
  EXPECT_TRUE(s.call("MODULE", "LOADEX", "/no/such/module.so").is_error());
  EXPECT_EQ(times_listed(), 0);
  EXPECT_FALSE(s.maps("commands.so"));
  EXPECT_EQ(s.call("MODULE", "LOADEX", COMMANDS_MODULE, "ARGS", "number", 1), "OK");
  EXPECT_EQ(s.call("reply.void"), "OK");
}

TEST_F(loading, a_file_that_is_no_module_is_an_error) {
  const std::string path = s.directory() + "/broken.so";
  std::ofstream{path} << "\x7f"
                         "ELF, but not more than that";
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  EXPECT_THROW(s.load(path), rt::error);
  EXPECT_TRUE(s.alive());
}

// --- Unloading ---

TEST_F(loading, unload_hooks_run_last_first) {
  s.load(COMMANDS_MODULE);
  s.unload("commands");
  const std::string log = s.log();
  const std::size_t last = log.find("unloading: registered last");
  const std::size_t first = log.find("unloading: registered first");
  ASSERT_NE(last, std::string::npos);
  ASSERT_NE(first, std::string::npos);
  EXPECT_LT(last, first);
  EXPECT_FALSE(s.maps("commands.so"));
}

TEST_F(loading, an_unload_hook_that_throws_keeps_the_module) {
  s.load(COMMANDS_MODULE, "keep-loaded");
  EXPECT_THROW(s.unload("commands"), rt::error);
  EXPECT_TRUE(logged("commands: not unloaded: not yet"));
  EXPECT_EQ(s.call("reply.void"), "OK");
  s.unload("commands");
  EXPECT_FALSE(s.maps("commands.so"));
}

}  // namespace
