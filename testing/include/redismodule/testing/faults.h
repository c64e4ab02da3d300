// Faults inside a running server: functions of the module API that fail, for a module that is built with FAULTS.
//
//   server s{HELLO_MODULE};
//   faults f{s, "hello"};
//   f.fail("TryAlloc", 5);                       // its 5th call from here on answers null
//   EXPECT_TRUE(s.call("hello.report").is_error());
//   EXPECT_EQ(f.fired(), 1);
//
// What has to hold while the module loads is given as load arguments: {HELLO_MODULE, {"fault:hide=TryAlloc"}}.
// docs/testing-faults.md has them all, and what each function answers when it fails.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "redismodule/testing/server.h"

namespace redismodule::testing {

// Arms faults in one module of one server. A function is named without its prefix: "TryAlloc"; several of them,
// "TryAlloc|TryCalloc", share one fault and its count, and those that the server lacks are left out. A function has one
// fault at a time, the last that was armed; calls are counted from then on. Resets what is armed when it goes out of
// scope, where the server is still there. The server outlives it. Owns: nothing of the server's.
// Fails: every member but the destructor throws `testing::error` with the module's answer: it was built without FAULTS,
// or the server has no such function.
class faults {
 public:
  // What the module's memory is made of, on a server that has TryAlloc.
  static constexpr std::string_view memory = "TryAlloc|TryCalloc|TryRealloc";

  faults(server& of, std::string module);
  faults(faults&& other) noexcept;
  faults(const faults&) = delete;
  faults& operator=(const faults&) = delete;
  ~faults();

  // The n-th call, or each from the n-th on, or each with this probability, does nothing and answers as the function
  // does when it fails. The same seed gives the same calls.
  void fail(std::string_view functions, std::uint64_t n = 1);
  void fail_from(std::string_view functions, std::uint64_t n = 1);
  void fail_randomly(std::string_view functions, double probability, std::uint64_t seed = 1);
  // Each call takes this much longer, or the n-th alone; the server waits meanwhile if the caller has its lock.
  void delay(std::string_view functions, std::chrono::milliseconds duration);
  void delay(std::string_view functions, std::chrono::milliseconds duration, std::uint64_t n);
  // The data end before the n-th value that the module reads from an RDB.
  void cut_read(std::uint64_t n = 1);
  // The n-th value that the module reads from an RDB is another one.
  void corrupt_read(std::uint64_t n = 1, std::uint64_t seed = 1);
  // The server lacks these functions; it is an older version, "7.0.0". What the module found out while it loaded it
  // does not ask again: load arguments are for that.
  void hide(std::string_view functions);
  void pretend_older(std::string_view version);
  // No fault: their calls are counted.
  void count(std::string_view functions);

  // Calls since the fault was armed, and those of them that had it. Fails: also when nothing is armed.
  std::int64_t calls(std::string_view function);
  std::int64_t fired(std::string_view function);
  // Of all that were armed since the last reset of all.
  std::int64_t fired();

  // Values read from RDBs, where cut_read() or corrupt_read() is armed.
  std::int64_t reads() { return calls("LoadUnsigned"); }

  // Counts from now on what the module takes from the server and gives back, until it is unloaded: also after a reset,
  // and where it counts already, as where a `leak_watch` has asked for it, it goes on.
  void watch();
  // How many of each kind it has taken since and not given back: "timers", "keys", "strings", …
  std::map<std::string, std::int64_t> live();

  // The functions that can be armed: all that the server has.
  std::vector<std::string> functions();

  // Puts the server's own functions back. What is watched goes on.
  void reset();
  void reset(std::string_view functions);

 private:
  reply ask(const std::vector<std::string>& words);

  server* server_;
  std::string module_;
};

}  // namespace redismodule::testing
