// An answer that is still to come: of a command that blocks, for one.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>

#include "redismodule/testing/client.h"

namespace redismodule::testing {

// What `call_async()` gives: a command that is on its way, on a connection of its own, which is closed with the object.
//
//   auto popped = s.call_async("BLPOP", "queue", 0);
//   popped.wait_until_blocked();
//   s.call("RPUSH", "queue", "x");
//   EXPECT_EQ(popped.get()[1], "x");
//
// Not for two threads at once; moved, not copied.
class pending {
 public:
  // Sends the command through `own`, and keeps it.
  pending(client own, const std::vector<std::string>& words);

  // Whether `get()` would return, or throw, at once.
  bool ready() { return wait_for(std::chrono::milliseconds{0}); }
  // Waits for the answer up to this time; whether it is here.
  bool wait_for(std::chrono::milliseconds limit);
  // Waits for the answer, up to the client's timeout. The same each time.
  // Fails: `connection_lost`, `timed_out`, `protocol_error`.
  const reply& get();

  // Waits until the server has blocked this client. Fails: `testing::error`, naming the answer, where one came instead,
  // and where the client may not ask for CLIENT ID and CLIENT LIST; `timed_out`.
  void wait_until_blocked(std::chrono::milliseconds limit = std::chrono::seconds{10});

  // What CLIENT ID said: for CLIENT UNBLOCK and CLIENT KILL. Fails: `testing::error`, where the client may not ask.
  std::int64_t id() const;
  // Closes the connection, as a client does that goes away. `get()` then throws.
  void disconnect() noexcept { own_.close(); }

 private:
  bool is_blocked(client& observer) const;

  client own_;
  reply id_;
  std::optional<reply> answer_;
  std::exception_ptr failure_;
};

template <command_word... Words>
requires(sizeof...(Words) > 0) pending client::call_async(const Words&... words) {
  return call_async(std::vector<std::string>{to_word(words)...});
}

}  // namespace redismodule::testing
