// One connection to a server.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "redismodule/testing/reply.h"
#include "redismodule/testing/resp.h"

namespace redismodule::testing {

// The server closed the connection: it ended, or it cut this client off. `what()` says which, and how.
class connection_lost : public error {
 public:
  using error::error;
};

// No answer in time. The connection is of no use afterwards.
class timed_out : public error {
 public:
  using error::error;
};

// A client of one server, over its unix socket. Not for two threads at once; moved, not copied.
class client {
 public:
  // Why the connection was lost, in words for the exception; may wait a moment to learn it.
  using explain_loss = std::function<std::string()>;

  // Fails: `testing::error`, when nobody listens at `socket_path`.
  explicit client(const std::string& socket_path, explain_loss explain = {});
  client(client&&) noexcept;
  client& operator=(client&&) noexcept;
  ~client();

  // Sends one command and waits for its answer; an error reply is a value too, see `reply::is_error()`.
  // String literals end at their first NUL; std::string and std::string_view hold any byte.
  // Fails: `connection_lost`, `timed_out`, `protocol_error`.
  template <command_word... Words>
  requires(sizeof...(Words) > 0) reply call(const Words&... words) {
    return call(std::vector<std::string>{to_word(words)...});
  }
  reply call(const std::vector<std::string>& words);

  // Pipelining: any number of `send`, then as many `receive`.
  template <command_word... Words>
  requires(sizeof...(Words) > 0) void send(const Words&... words) { send(std::vector<std::string>{to_word(words)...}); }
  void send(const std::vector<std::string>& words);
  // These bytes, whatever they are.
  void send_raw(std::string_view bytes);
  // The next answer. RESP3 push messages in front of it are put aside for `receive_push()`.
  reply receive();
  // The next RESP3 push message. An answer in front of it is an error: receive it first.
  reply receive_push();

  // Speaks this version of the protocol from now on. Fails: `testing::error`, if the server does not.
  void hello(int protocol);

  // How long an answer may take: 30 s, unless set.
  void set_timeout(std::chrono::milliseconds timeout);

  // Closes the connection; later use is an error.
  void close() noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace redismodule::testing
