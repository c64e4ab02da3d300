// What a primary sends to replicas and to its append-only file, read as it goes there. Internal to the kit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "redismodule/testing/client.h"
#include "redismodule/testing/mirror.h"
#include "redismodule/testing/server.h"

namespace redismodule::testing::detail {

// Turns a stream of commands into those that may change data: SELECT sets the database of the others; MULTI, EXEC,
// PING and REPLCONF are left out.
class command_stream {
 public:
  void add(std::vector<std::string> words);
  std::vector<replicated_command> take() { return std::exchange(commands_, {}); }

 private:
  int database_ = 0;
  std::vector<replicated_command> commands_;
};

// A connection that is a replica for the primary, and receives what replicas receive.
class replication_tap {
 public:
  // Needs a replica that is in sync already. Fails: `testing::error`.
  explicit replication_tap(server& primary);

  // All that was sent since the last time, up to this offset of the primary's.
  std::vector<replicated_command> read_to(long long offset);

 private:
  client connection_;
  long long offset_ = 0;
  command_stream stream_;
};

// Reads the end of an append-only file, which a server goes on writing.
class aof_tail {
 public:
  explicit aof_tail(server& of);

  // What was written since the last time; nothing if the server began another file meanwhile.
  std::optional<std::vector<replicated_command>> read();
  // Skips what is there: after a rewrite.
  void skip();

 private:
  std::string current_file() const;

  std::string directory_;
  std::string file_;
  std::uintmax_t inode_ = 0;
  std::uintmax_t position_ = 0;
  std::string unread_;  // the beginning of a command
  command_stream stream_;
};

// Words of a command in upper case.
std::string upper(std::string word);

}  // namespace redismodule::testing::detail
