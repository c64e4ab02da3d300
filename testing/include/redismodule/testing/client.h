// One connection to a server.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "redismodule/testing/reply.h"
#include "redismodule/testing/resp.h"

namespace redismodule::testing {

class pending;

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

// The words of one command: `{"SET", "key", 1}`.
class command {
 public:
  template <command_word... Words>
  requires(sizeof...(Words) > 0) command(const Words&... words) : words_{to_word(words)...} {}
  explicit command(std::vector<std::string> words) : words_{std::move(words)} {}
  const std::vector<std::string>& words() const noexcept { return words_; }

 private:
  std::vector<std::string> words_;
};

// A client of one server. Not for two threads at once; moved, not copied.
class client {
 public:
  // Why the connection was lost, in words for the exception; may wait a moment to learn it.
  using explain_loss = std::function<std::string()>;

  // Over a unix socket. Fails: `testing::error`, when nobody listens at `socket_path`.
  explicit client(const std::string& socket_path, explain_loss explain = {});
  // Over TCP, to a port of 127.0.0.1. Fails: as above.
  static client of_port(std::uint16_t port, explain_loss explain = {});
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

  // Sends all of these at once, and gives their answers in order: `c.pipeline({{"SET", "n", 1}, {"INCR", "n"}})`.
  std::vector<reply> pipeline(const std::vector<command>& commands);

  // The same by hand: any number of `send`, then as many `receive`.
  template <command_word... Words>
  requires(sizeof...(Words) > 0) void send(const Words&... words) { send(std::vector<std::string>{to_word(words)...}); }
  void send(const std::vector<std::string>& words);
  // These bytes, whatever they are.
  void send_raw(std::string_view bytes);
  // The next answer. RESP3 push messages in front of it are put aside for `receive_push()`.
  reply receive();
  // The next RESP3 push message. An answer in front of it is an error: receive it first.
  reply receive_push();
  // The same, or nothing, where none comes within this time. The connection can be used on.
  std::optional<reply> receive_push(std::chrono::milliseconds limit);

  // Sends a command that may block, on a connection of its own (which speaks this client's protocol, has given what
  // auth() gave, and is otherwise a new client: database 0), and does not wait for its answer. Needs
  // <redismodule/testing/pending.h>.
  template <command_word... Words>
  requires(sizeof...(Words) > 0) pending call_async(const Words&... words);
  pending call_async(const std::vector<std::string>& words);

  // What CLIENT ID says: it names this client in CLIENT LIST, CLIENT KILL and CLIENT UNBLOCK.
  std::int64_t id();

  // AUTH, as the default user or another; its answer.
  reply auth(const std::string& password, const std::string& user = {});

  // Speaks this version of the protocol from now on. Fails: `testing::error`, if the server does not.
  void hello(int protocol);

  // How long an answer may take: 30 s, unless set.
  void set_timeout(std::chrono::milliseconds timeout);

  // Closes the connection; later use is an error.
  void close() noexcept;
  // False where it was closed, or was lost: also by an answer that came too late, or was none.
  bool is_open() const noexcept;

 private:
  friend class pending;
  struct state;
  explicit client(std::unique_ptr<state> opened);
  // One more connection to the same server.
  client another() const;
  reply authenticate(const std::vector<std::string>& credentials);
  // Whether an answer can be received, waiting up to this time; RESP3 push messages in front of it are put aside.
  bool wait_for_answer(std::chrono::milliseconds limit);

  std::unique_ptr<state> state_;
};

}  // namespace redismodule::testing
