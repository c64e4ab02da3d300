// A primary, its replica and its append-only file, compared after each command: for tests of what a module replicates.
#pragma once

#include <concepts>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "redismodule/testing/client.h"
#include "redismodule/testing/reply.h"
#include "redismodule/testing/server.h"

namespace redismodule::testing {

// Primary, replica and AOF do not hold the same data, or one of them refused what was replicated. `what()` names the
// commands that ran since the comparison before, what was replicated, and the keys that differ.
class diverged : public error {
 public:
  using error::error;
};

// A command that the primary replicated, and the database that it runs in.
struct replicated_command {
  int database = 0;
  std::vector<std::string> words;

  friend bool operator==(const replicated_command&, const replicated_command&) = default;
};

// `SET key "some text"`; `INCR n (database 1)` when it is not database 0.
std::string to_string(const replicated_command& sent);
std::ostream& operator<<(std::ostream& out, const replicated_command& sent);

// A primary with an AOF and a replica with one. After each call it compares what they hold: every key of every
// database with its type, its value and its end in absolute milliseconds; a value of a module's type by its RDB bytes
// or its digest; a stream with its last id and groups; a hash with the ends of its fields.
//
//   mirror m{COUNTER_MODULE};
//   m.call("counter.add", "c", 5);  // throws `diverged` if the replica or the AOF missed something
//   m.finish();                     // compares after a restart from the AOF, a rewrite of it, and a promotion
//
// Comparing reads the whole data set by DUMP, so keep it small. It calls the `rdb_save` of the module's types: where a
// fault is armed (faults.h), use run(), disarm it, and check().
// Before Redis 7.0 a replica gets the server's own EXPIRE, SETEX and the like as they are: there the end of a key that
// was set by them may differ by some seconds. Redis 6.0 does not log each command that a replica refuses.
// Owns: the servers. Moved, not copied; not for two threads at once.
class mirror {
 public:
  // With one module. (A template, so that `mirror m{{.config = …}}` can mean nothing but the options.)
  template <class Path>
  requires std::constructible_from<std::string, const Path&>
  explicit mirror(const Path& module_path) : mirror{server_options{.modules = {{std::string{module_path}}}}} {}
  // The primary, the replica and each server that starts from an AOF have these options. Without an AOF in them, it is
  // always written. Needs `login` when the configuration restricts the user `default`. Fails: as `server`.
  explicit mirror(server_options options);
  mirror(mirror&&) noexcept;
  mirror& operator=(mirror&&) noexcept;
  ~mirror();

  // Runs the command on the primary through `primary()`'s own connection, then does check(). MULTI, EXEC, SELECT and
  // EVAL are commands as others. Fails: `diverged`; as `server::call`.
  template <command_word... Words>
  requires(sizeof...(Words) > 0) reply call(const Words&... words) {
    return call(std::vector<std::string>{to_word(words)...});
  }
  reply call(const std::vector<std::string>& words);
  // The same through a client of the primary's: another user's, say.
  template <command_word... Words>
  requires(sizeof...(Words) > 0) reply call(client& through, const Words&... words) {
    return call(through, std::vector<std::string>{to_word(words)...});
  }
  reply call(client& through, const std::vector<std::string>& words);
  // Runs them in one go, then does check() once.
  std::vector<reply> pipeline(const std::vector<command>& commands);

  // Runs the command as call() does, and leaves the comparison to the next check(), which names it.
  template <command_word... Words>
  requires(sizeof...(Words) > 0) reply run(const Words&... words) {
    return run(std::vector<std::string>{to_word(words)...});
  }
  reply run(const std::vector<std::string>& words);
  // Waits for the replica, then compares: the data of both; what was sent to replicas with what the AOF got; and looks
  // for commands that the replica refused. Call it after what clients of one's own did.
  // Fails: `diverged`. The next check() finds the same again, until the data is equal (after FLUSHALL, for example).
  void check();

  // What the primary sent to its replica between the last two comparisons, in order, without SELECT, MULTI and EXEC:
  // after call(), what this call replicated. An empty list says that nothing left the primary.
  const std::vector<replicated_command>& replicated() const noexcept;

  // Each does check() first, and leaves the primary as it is. Fails: `diverged`.
  //
  // Compares the primary with a server that starts from a copy of its AOF.
  void check_aof();
  // Rewrites the AOF, then does check_aof().
  void check_rewritten_aof();
  // Promotes the replica; compares the primary with it, and with a server that starts from a copy of its AOF. The
  // primary has a new replica afterwards, which has got all by a full synchronization.
  void check_promotion();
  // All three.
  void finish();

  // Do not restart the primary, nor change what it replicates: the comparison would miss what it sends meanwhile.
  server& primary();
  // Not the same server before and after check_promotion().
  server& replica();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace redismodule::testing
