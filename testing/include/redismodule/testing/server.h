// A real server of one's own, for the length of a scope: for tests of modules, in any test framework.
//
//   redismodule::testing::server s{HELLO_MODULE};
//   EXPECT_EQ(s.call("HELLO.MUL", 6, 7), 42);
#pragma once

#include <sys/types.h>
#include <chrono>
#include <compare>
#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "redismodule/testing/client.h"
#include "redismodule/testing/pending.h"
#include "redismodule/testing/reply.h"

namespace redismodule::testing {

// A module to load, and its arguments.
struct module_file {
  std::string path;
  std::vector<std::string> args = {};
};

// Whether a server keeps an append-only file, and how often it makes sure that it is on disk.
enum class aof : std::uint8_t { off, every_second, always };

// An ACL user, and the password that it logs in with, which must not be empty.
struct credentials {
  std::string user = {};
  std::string password = {};
};

// All have defaults; written in this order: `server s{{.modules = {{HELLO_MODULE}}, .aof = testing::aof::always}}`.
struct server_options {
  // Loaded when the server starts, in this order.
  std::vector<module_file> modules = {};
  // Lines of configuration, after (and so stronger than) those the kit writes itself.
  std::vector<std::string> config = {};
  // Saves by itself after changes, and when it is shut down, as a server does that was not configured.
  bool rdb = false;
  // Appends every write to a file, which is what it starts from again.
  testing::aof aof = testing::aof::off;
  // Listens on a port of 127.0.0.1 as well, from the start.
  bool tcp = false;
  // A server's program, or a directory that holds a `redis-server` or a `valkey-server`.
  // Empty: what REDISMODULE_TEST_SERVER names, else the one found in PATH.
  std::string binary = {};
  // Put in front of the server's command line: what becomes the server (`env`, `nice`, `taskset`), or runs it (a
  // debugger, a profiler), which then is the process of `pid()`, and is killed together with it.
  std::vector<std::string> launcher = {};
  // `NAME=value`, added to the environment.
  std::vector<std::string> environment = {};
  // Until the first answer.
  std::chrono::milliseconds start_timeout{30'000};
  // How long an answer may take: on the server's own connection, on those of connect(), and in a cluster.
  std::chrono::milliseconds answer_timeout{30'000};
  // The user that the server's own connection and those of connect() log in as, and a replica at its primary. Needed
  // when `config` restricts the user `default`: the kit runs INFO, CONFIG and PSYNC. Without a user: `default`, with
  // the `requirepass` of `config`. The clients of a cluster do not use it.
  credentials login = {};
};

struct version_number {
  int major = 0;
  int minor = 0;
  int patch = 0;
  auto operator<=>(const version_number&) const = default;
};

struct server_version {
  std::string product;  // "redis" or "valkey"
  version_number number;
  bool is_redis() const { return product == "redis"; }
  bool is_valkey() const { return product == "valkey"; }
};

// The server could not be started, or did not load its modules; `what()` holds the end of its log.
class start_failed : public error {
 public:
  using error::error;
};

// A running server: its own directory, a unix socket in it and no port (but on Redis before 7.0, which could not open
// one later), nothing saved unless asked, no slow log and no latency tracking. It is killed and its directory removed
// with the object, and killed also when the test's process dies (but not a child that it has forked, nor one that a
// launcher runs). A process that the test forks has a copy, which may
// connect() and ends nothing. Owns: the process and the directory. Moved, not copied.
class server {
 public:
  // A server without modules.
  server();
  // One with a module. (A template, so that `server{{.config = …}}` can mean nothing but the options.)
  template <class Path>
  requires std::constructible_from<std::string, const Path&>
  explicit server(const Path& module_path) : server{server_options{.modules = {{std::string{module_path}}}}} {}
  explicit server(server_options options);
  server(server&&) noexcept;
  server& operator=(server&&) noexcept;
  ~server();

  // As `client::call`, through a connection of the server's own, which has given the password where `config` has a
  // `requirepass`, as those of connect() have. When the server dies meanwhile, the exception
  // (`connection_lost`) says how, with its log's last lines, or its stack trace where it wrote one; and so does each
  // later one. Where that connection was lost and the server runs on, as after an answer that came too late, the next
  // call makes another.
  template <command_word... Words>
  requires(sizeof...(Words) > 0) reply call(const Words&... words) {
    return call(std::vector<std::string>{to_word(words)...});
  }
  reply call(const std::vector<std::string>& words);

  // As `client::call_async`: sends a command that may block, on a connection of its own.
  template <command_word... Words>
  requires(sizeof...(Words) > 0) pending call_async(const Words&... words) {
    return call_async(std::vector<std::string>{to_word(words)...});
  }
  pending call_async(const std::vector<std::string>& words);
  // As `client::pipeline`.
  std::vector<reply> pipeline(const std::vector<command>& commands);

  // One more client. Where it must not have given the password: `client{s.socket()}`.
  client connect();

  // Each that starts the server does so with the same options and the data that is on disk; what `load()` brought is
  // not loaded again. Fails: `start_failed`; the others `testing::error`; each with the end of the log.
  //
  // Saves, shuts down, starts again; one that was stopped or has died is just started.
  void restart();
  // Kills the server and the children that it has forked, as a power cut does, and starts it again.
  void crash();
  // Kills the server. It stays down.
  void kill();
  // Starts one that is down.
  void start();
  // Ends the server as SHUTDOWN NOSAVE does, so that its modules unload or at least its exit handlers run.
  // Returns the exit status as a shell tells it (128 + the signal when one ended it); -1 where the test's process
  // ignores SIGCHLD or waits for all children itself, so that nobody can know.
  int stop();

  // SAVE.
  void save();
  // DEBUG RELOAD: writes the data to an RDB file, forgets it, and reads it back.
  void reload();
  // BGREWRITEAOF, and waits until it is done.
  void rewrite_aof();

  // One more server, with this one's program, options (but a port of its own) and loaded modules, which replicates this
  // one and is in sync.
  server add_replica();
  // Starts one more server from a copy of the files on this one's disk (AOF and RDB), with this one's program, options
  // and loaded modules: what a restart would read, while this one runs on. A copy of a replica replicates nobody.
  // Fails: `start_failed`, when a server does not start from these files.
  server start_copy();
  // REPLICAOF NO ONE: a replica becomes a master.
  void promote();
  // Waits until `replica` has all that this server has now.
  void wait_for_sync(server& replica, std::chrono::milliseconds limit = std::chrono::seconds{30});
  // On a replica: waits until it has all that its master has now.
  void wait_for_sync(std::chrono::milliseconds limit = std::chrono::seconds{30});

  // MODULE LOAD and MODULE UNLOAD. A relative path is one from here, as those of the options are. Fails:
  // `testing::error` with the server's answer and the end of its log.
  template <command_word... Args>
  void load(const std::string& path, const Args&... args) {
    load_module({path, {to_word(args)...}});
  }
  void load_module(const module_file& module);
  void unload(std::string_view name);

  // `used_memory` as the server gives it. Negative when the server's counter has wrapped below zero.
  long long memory();
  // The fields of one section of INFO; of one field, its text. Fails: `testing::error`, when it is not there, and
  // between the MULTI and the EXEC of `call()`.
  std::map<std::string, std::string> info(std::string_view section);
  std::string info(std::string_view section, std::string_view field);

  // All that the server has written to its log and to stdout and stderr, over restarts too.
  std::string log() const;
  // What a sanitizer has reported in that output since this was last asked, beginning with the first report; empty
  // without one. A server with a report that nobody took lets the test's process end with status 1: in a build with
  // sanitizers every test is a test of that, and only one that plants a fault asks.
  std::string take_reports();
  // Whether the process runs.
  bool alive() const;
  pid_t pid() const noexcept;
  // Whether the process has a file whose name contains this mapped from its beginning, as a loaded module is.
  bool maps(std::string_view path) const;
  // Empty where the server has this function of the module API (`TryAlloc`, `RedisModule_TryAlloc`); else what it
  // lacks, for a test that skips: "needs RedisModule_TryAlloc: Redis 7.0 or Valkey 7.2; this is Redis 6.0.16". Fails:
  // `testing::error`, when no server has a function of that name.
  std::string lacks(std::string_view function) const;
  // What the server says of itself.
  const server_version& version() const noexcept;
  // Where it keeps its files, and its socket.
  const std::string& directory() const noexcept;
  const std::string& socket() const noexcept;
  // Its port of 127.0.0.1, which is opened now where it had none.
  std::uint16_t port();
  // The program that runs.
  const std::string& binary() const noexcept;

 private:
  struct state;
  explicit server(std::unique_ptr<state> started);

  std::unique_ptr<state> state_;
};

}  // namespace redismodule::testing
