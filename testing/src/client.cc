#include "redismodule/testing/client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <deque>
#include <utility>

namespace redismodule::testing {
namespace {

int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw error{"the path of the socket is too long: " + path};
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw error{std::string{"socket: "} + std::strerror(errno)};
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int reason = errno;
    ::close(fd);
    throw error{"cannot connect to " + path + ": " + std::strerror(reason)};
  }
  return fd;
}

}  // namespace

struct client::state {
  state(const std::string& socket_path, explain_loss why)
      : fd{connect_to(socket_path)}, explain{std::move(why)}, reader{[this](char* into, std::size_t size) {
          return read_some(into, size);
        }} {}
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() { close(); }

  void close() noexcept {
    if (fd >= 0) ::close(std::exchange(fd, -1));
  }

  // Waits for the socket; every path that fails closes it, since an answer that comes late would be taken for the next.
  void wait_for(short what) {
    if (fd < 0) throw error{"this connection is closed"};
    pollfd poll_for{fd, what, 0};
    int ready = 0;
    do {
      ready = ::poll(&poll_for, 1, static_cast<int>(timeout.count()));
    } while (ready < 0 && errno == EINTR);
    if (ready > 0) return;
    close();
    throw timed_out{"no answer within " + std::to_string(timeout.count()) + " ms"};
  }

  [[noreturn]] void lost() {
    close();
    throw connection_lost{"the server closed the connection" + (explain ? ": " + explain() : std::string{})};
  }

  std::size_t read_some(char* into, std::size_t size) {
    for (;;) {
      wait_for(POLLIN);
      const ssize_t count = ::recv(fd, into, size, 0);
      if (count > 0) return static_cast<std::size_t>(count);
      if (count < 0 && errno == EINTR) continue;
      lost();
    }
  }

  void write_all(std::string_view bytes) {
    while (!bytes.empty()) {
      wait_for(POLLOUT);
      const ssize_t count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(count));
      } else if (errno != EINTR && errno != EAGAIN) {
        lost();
      }
    }
  }

  int fd;
  explain_loss explain;
  std::chrono::milliseconds timeout{30'000};
  reply_reader reader;
  std::deque<reply> pushes;
};

client::client(const std::string& socket_path, explain_loss explain)
    : state_{std::make_unique<state>(socket_path, std::move(explain))} {}
client::client(client&&) noexcept = default;
client& client::operator=(client&&) noexcept = default;
client::~client() = default;

reply client::call(const std::vector<std::string>& words) {
  send(words);
  return receive();
}

void client::send(const std::vector<std::string>& words) { state_->write_all(encode_command(words)); }

void client::send_raw(std::string_view bytes) { state_->write_all(bytes); }

reply client::receive() {
  for (;;) {
    reply next = state_->reader.next();
    if (next.type() != reply::kind::push) return next;
    state_->pushes.push_back(std::move(next));
  }
}

reply client::receive_push() {
  if (!state_->pushes.empty()) {
    reply oldest = std::move(state_->pushes.front());
    state_->pushes.pop_front();
    return oldest;
  }
  reply next = state_->reader.next();
  if (next.type() != reply::kind::push) throw error{"wanted a push message, got " + to_string(next)};
  return next;
}

void client::hello(int protocol) {
  const reply answer = call("HELLO", protocol);
  if (answer.is_error()) throw error{"HELLO " + std::to_string(protocol) + ": " + answer.error()};
}

void client::set_timeout(std::chrono::milliseconds timeout) { state_->timeout = timeout; }

void client::close() noexcept { state_->close(); }

}  // namespace redismodule::testing
