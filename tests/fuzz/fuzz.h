// Commands with random arguments, pipelined to a real server, and what must never come of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "redismodule/testing/server.h"

namespace fuzz {

namespace rt = redismodule::testing;

// What a command answers when it does not answer with an error, in RESP2 and in RESP3: one letter for each kind
//   i integer   s string   + simple string   d double   b boolean   n null   * anything
// {…}: one of these. (…): an array of just these. […]: an array of any number of it. <…>: a map, keys and values in
// turn.
struct declared_command {
  std::string name;  // a subcommand behind a space
  std::string resp2;
  std::string resp3;
  int arguments;                        // at least
  int share = 100;                      // how often it is called, beside the others
  std::vector<std::string> words = {};  // most of its arguments; the others are any words
};

// Whether the reply is of this shape; no text in it that is one line by the protocol has a line break.
bool has_shape(const rt::reply& reply, std::string_view shape);

// Something that must not be.
struct finding : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct outcome_count {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
};

class fuzzer {
 public:
  // Calls come from a user without the server's dangerous commands.
  fuzzer(rt::server& server, std::vector<declared_command> commands, std::uint64_t seed);

  // Calls that many commands. Fails: `finding`, when a reply is not of the declared shape, an error has no code, the
  // number of replies is not that of commands, or the server is gone.
  void run(std::uint64_t calls);

  const std::map<std::string, outcome_count>& counts() const noexcept { return counts_; }

 private:
  void add_words_of(const declared_command& command);
  void add_tokens(const rt::reply& arguments);
  const std::string& pick_word(const declared_command& command);
  const declared_command& append_call(std::string& bytes, std::string& words);
  void run_batch(rt::client& client, bool is_resp3, std::size_t size);
  void check(const rt::reply& reply, const declared_command& command, bool is_resp3, const std::string& words);

  rt::server& server_;
  std::vector<declared_command> commands_;
  std::vector<std::string> words_;
  std::mt19937_64 random_;
  std::discrete_distribution<std::size_t> choice_;
  std::map<std::string, outcome_count> counts_;
  std::uint64_t batches_ = 0;
};

}  // namespace fuzz
