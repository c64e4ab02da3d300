// What a test leaves behind in a server: found, counted, named.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "redismodule/testing/server.h"

namespace redismodule::testing {

// A server has more of something than it had; `what()` says what, and how much.
class leaked : public error {
 public:
  using error::error;
};

// used_memory without what the server takes and gives back by itself: the buffers of clients, of replication and of the
// AOF. The median of 20 samples. Negative when the server's counter has wrapped below zero.
long long settled_memory(server& s);

// A leak of one block a round shows as 16 bytes times the rounds; what a server does by itself stays below this.
inline constexpr long long memory_noise = 4096;

// What settled_memory() grows by while `run` runs, less what `known` says that it grew by, after a run that fills
// caches. Of five measurements the one nearest to zero: a leak is in each, what the server does by itself only in some.
long long memory_growth(
    server& s, const std::function<void()>& run, const std::function<long long()>& known = [] { return 0LL; });

struct leak_watch_options {
  // What used_memory may grow by, in bytes.
  long long memory = memory_noise;
  // How long what is on its way out may take: threads that end, clients that were just closed, values freed by a
  // thread.
  std::chrono::milliseconds patience{4000};
};

// Looks at a server when it is made, and again in `check()`: nothing may have grown, in number, of
//   used_memory; keys, in every database; clients, and of them those blocked, monitoring, subscribed or replicas;
//   cached scripts and libraries of functions; loaded modules;
//   threads, child processes and file descriptors of the process;
//   and what each module that is built with FAULTS says that it holds: timers, blocked clients, contexts, open keys,
//   strings.
// Timers of a module that is built otherwise show as memory alone, from some dozens on: `memory_growth()` finds one by
// running what leaves it often.
//
//   server s{HELLO_MODULE};
//   leak_watch watch{s};
//   …
//   watch.check();                 // throws `leaked`; nothing is checked in a destructor
//
// The server outlives it. Owns: nothing of the server's.
class leak_watch {
 public:
  explicit leak_watch(server& watched, leak_watch_options options = {});
  leak_watch(leak_watch&&) noexcept;
  leak_watch& operator=(leak_watch&&) noexcept;
  ~leak_watch();

  // Fails: `leaked`; `testing::error`, when the server was started anew meanwhile, or is down.
  void check();
  // What has grown, a line each; empty when nothing has. Fails: `testing::error`, as check().
  std::string grown();
  // Forgets what it has seen, and looks anew: after a restart, or what was meant to stay.
  void begin();

 private:
  struct snapshot;
  snapshot look();

  server* watched_;
  leak_watch_options options_;
  std::unique_ptr<snapshot> before_;
};

}  // namespace redismodule::testing
