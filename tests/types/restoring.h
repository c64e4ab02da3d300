// Hands a server values that may be broken, many at a time, and holds what becomes of them to what has to be.
#pragma once

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "redismodule/testing/server.h"

namespace restoring {

namespace rt = redismodule::testing;

// Something went wrong; `what()` has the command that did it, its bytes in hexadecimal digits.
class finding : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A command that gives a key its value. The key is the second word, and is filled in.
struct attempt {
  std::vector<std::string> words;
  std::size_t size;      // of the data, when nothing of them is compressed
  bool is_whole = true;  // else what comes of it cannot be copied
};
attempt restore(std::string payload);

// What a value may take while it is made, however small it is: 4 KiB for what is claimed, the value itself, and words
// around its blocks.
inline constexpr long long least_bound = 10 * 1024;
inline constexpr long long most_times = 10;

struct options {
  std::string peak_command;  // the module's: most bytes at a time since it was last asked
  std::chrono::milliseconds patience{30'000};
};

class checker {
 public:
  checker(rt::server& server, options how);

  // Each is answered by an error, and there is no key then, or makes a value that can be measured, digested, copied,
  // dumped and restored equal. Nothing takes more memory meanwhile than `most_times` the size of its data.
  // Fails: `finding`. A server that ended or hung is started anew.
  void run(const std::vector<attempt>& attempts);

  std::uint64_t values() const noexcept { return values_; }
  std::uint64_t errors() const noexcept { return errors_; }
  // The most memory beside the size of the data, where it was more than `least_bound`.
  double most_memory() const noexcept { return most_memory_; }

 private:
  using iterator = std::vector<attempt>::const_iterator;
  void run_batch(iterator first, iterator last);
  void make(rt::client& client, iterator first, iterator last);
  void check_values(rt::client& client);
  void check_memory(const attempt& which, const rt::reply& peak);
  void find_culprit(iterator first, iterator last, const std::string& why);

  struct made_value {
    const attempt* from;
    std::string key;
  };

  rt::server& server_;
  options how_;
  bool copies_;  // Redis 6.0 does not
  std::vector<made_value> made_;
  std::uint64_t values_ = 0;
  std::uint64_t errors_ = 0;
  double most_memory_ = 0;
};

}  // namespace restoring
