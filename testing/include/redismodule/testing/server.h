// A real server of one's own, for the length of a scope: for tests of modules, in any test framework.
//
//   redismodule::testing::server s{HELLO_MODULE};
//   EXPECT_EQ(s.call("HELLO.MUL", 6, 7), 42);
#pragma once

#include <sys/types.h>
#include <chrono>
#include <compare>
#include <concepts>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "redismodule/testing/client.h"
#include "redismodule/testing/reply.h"

namespace redismodule::testing {

// A module to load, and its arguments.
struct module_file {
  std::string path;
  std::vector<std::string> args = {};
};

struct server_options {
  // Loaded when the server starts, in this order.
  std::vector<module_file> modules = {};
  // Lines of configuration, after (and so stronger than) those the kit writes itself.
  std::vector<std::string> config = {};
  // A server's program, or a directory that holds a `redis-server` or a `valkey-server`.
  // Empty: what REDISMODULE_TEST_SERVER names, else the one found in PATH.
  std::string binary = {};
  // Put in front of the server's command line: a debugger, a profiler.
  std::vector<std::string> launcher = {};
  // `NAME=value`, added to the environment.
  std::vector<std::string> environment = {};
  // Until the first answer.
  std::chrono::milliseconds start_timeout{30'000};
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

// A running server: its own directory, a unix socket in it and no port, nothing saved unless asked. It is killed and
// its directory removed with the object, and killed also when the test's process dies. Owns: the process and the
// directory. Moved, not copied.
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

  // As `client::call`, through a connection of the server's own. When the server dies meanwhile, the exception
  // (`connection_lost`) says how, with its log's last lines, or its stack trace where it wrote one.
  template <command_word... Words>
  requires(sizeof...(Words) > 0) reply call(const Words&... words) {
    return call(std::vector<std::string>{to_word(words)...});
  }
  reply call(const std::vector<std::string>& words);

  // One more client.
  client connect();

  // Saves, shuts down, starts again with the same options and data; one that was stopped or has died is just started.
  // What `load()` brought is not loaded again.
  void restart();
  // Ends the server as SHUTDOWN NOSAVE does, so that its modules unload or at least its exit handlers run.
  // Returns the exit status as a shell tells it (128 + the signal when one ended it).
  int stop();

  // MODULE LOAD and MODULE UNLOAD. Fails: `testing::error` with the server's answer and the end of its log.
  template <command_word... Args>
  void load(const std::string& path, const Args&... args) {
    load_module({path, {to_word(args)...}});
  }
  void load_module(const module_file& module);
  void unload(std::string_view name);

  // `used_memory` as the server gives it. Negative when the server's counter has wrapped below zero.
  long long memory();
  // The fields of one section of INFO; of one field, its text. Fails: `testing::error`, when it is not there.
  std::map<std::string, std::string> info(std::string_view section);
  std::string info(std::string_view section, std::string_view field);

  // All that the server has written to its log and to stdout and stderr, over restarts too.
  std::string log() const;
  // Whether the process runs.
  bool alive() const;
  pid_t pid() const noexcept;
  // Whether a mapping of the process is of a file whose name contains this.
  bool maps(std::string_view path) const;
  // What the server says of itself.
  const server_version& version() const noexcept;
  // Where it keeps its files, and its socket.
  const std::string& directory() const noexcept;
  const std::string& socket() const noexcept;
  // The program that runs.
  const std::string& binary() const noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace redismodule::testing
