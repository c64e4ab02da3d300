#include "redismodule/testing/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <deque>
#include <utility>

#include "redismodule/testing/pending.h"

namespace redismodule::testing {
namespace {

using std::chrono::milliseconds;
using clock_type = std::chrono::steady_clock;

int open_socket(int family, const sockaddr* address, socklen_t size, const std::string& name) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw error{std::string{"socket: "} + std::strerror(errno)};
  if (::connect(fd, address, size) == 0) return fd;
  const int reason = errno;
  ::close(fd);
  throw error{"cannot connect to " + name + ": " + std::strerror(reason)};
}

int connect_to_path(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw error{"the path of the socket is too long: " + path};
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return open_socket(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address, path);
}

int connect_to_port(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = open_socket(AF_INET, reinterpret_cast<const sockaddr*>(&address), sizeof address,
                             "127.0.0.1:" + std::to_string(port));
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

// What is left until `deadline`, never less than nothing.
milliseconds until(clock_type::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - clock_type::now());
  return std::max(left, milliseconds{0});
}

int poll_time(milliseconds time) { return static_cast<int>(std::min<long long>(time.count(), INT_MAX)); }

}  // namespace

struct client::state {
  using connector = std::function<int()>;

  state(connector connects, explain_loss why)
      : open{std::move(connects)}, fd{open()}, explain{std::move(why)}, reader{[this](char* into, std::size_t size) {
          return read_some(into, size);
        }} {}
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() { close(); }

  void close() noexcept {
    if (fd >= 0) ::close(std::exchange(fd, -1));
  }

  std::string explanation() const { return explain ? ": " + explain() : std::string{}; }

  bool is_ready(short what, milliseconds limit) {
    if (fd < 0) throw error{"this connection is closed"};
    const auto deadline = clock_type::now() + limit;
    pollfd poll_for{fd, what, 0};
    int ready = 0;
    do {
      ready = ::poll(&poll_for, 1, poll_time(until(deadline)));
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
  }

  // Every path that fails closes the socket, since an answer that comes late would be taken for the next.
  void wait_for(short what) {
    if (is_ready(what, timeout)) return;
    close();
    throw timed_out{"no answer within " + std::to_string(timeout.count()) + " ms" + explanation()};
  }

  [[noreturn]] void lost() {
    close();
    throw connection_lost{"the server closed the connection" + explanation()};
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

  // Whether something can be read before the deadline: then the rest of it is on its way.
  bool something_comes(clock_type::time_point deadline) {
    return reader.has_buffered() || is_ready(POLLIN, until(deadline));
  }

  std::optional<reply> take_push() {
    if (pushes.empty()) return std::nullopt;
    reply oldest = std::move(pushes.front());
    pushes.pop_front();
    return oldest;
  }

  std::optional<reply> take_answer() {
    if (answers.empty()) return std::nullopt;
    reply oldest = std::move(answers.front());
    answers.pop_front();
    return oldest;
  }

  // What comes after something that is no reply cannot be understood either.
  reply read() {
    try {
      return reader.next();
    } catch (const protocol_error&) {
      close();
      throw;
    }
  }

  // An answer that comes instead is still to be had.
  reply read_push() {
    reply next = read();
    if (next.type() == reply::kind::push) return next;
    answers.push_back(std::move(next));
    throw error{"wanted a push message, got " + to_string(answers.back())};
  }

  connector open;
  int fd;
  explain_loss explain;
  milliseconds timeout{30'000};
  int protocol = 2;
  std::vector<std::string> credentials;  // as AUTH takes them; none: AUTH was not needed
  reply_reader reader;
  std::deque<reply> pushes;
  std::deque<reply> answers;  // read ahead
};

client::client(std::unique_ptr<state> opened) : state_{std::move(opened)} {}
client::client(const std::string& socket_path, explain_loss explain)
    : client{std::make_unique<state>([socket_path] { return connect_to_path(socket_path); }, std::move(explain))} {}
client client::of_port(std::uint16_t port, explain_loss explain) {
  return client{std::make_unique<state>([port] { return connect_to_port(port); }, std::move(explain))};
}
client::client(client&&) noexcept = default;
client& client::operator=(client&&) noexcept = default;
client::~client() = default;

client client::another() const {
  client second{std::make_unique<state>(state_->open, state_->explain)};
  second.set_timeout(state_->timeout);
  if (!state_->credentials.empty()) second.authenticate(state_->credentials);
  if (state_->protocol != 2) second.hello(state_->protocol);
  return second;
}

reply client::call(const std::vector<std::string>& words) {
  send(words);
  return receive();
}

std::vector<reply> client::pipeline(const std::vector<command>& commands) {
  std::string bytes;
  for (const command& each : commands) bytes += encode_command(each.words());
  send_raw(bytes);
  std::vector<reply> answers;
  answers.reserve(commands.size());
  while (answers.size() < commands.size()) answers.push_back(receive());
  return answers;
}

void client::send(const std::vector<std::string>& words) { state_->write_all(encode_command(words)); }

void client::send_raw(std::string_view bytes) { state_->write_all(bytes); }

reply client::receive() {
  if (auto answer = state_->take_answer()) return std::move(*answer);
  for (;;) {
    reply next = state_->read();
    if (next.type() != reply::kind::push) return next;
    state_->pushes.push_back(std::move(next));
  }
}

reply client::receive_push() {
  if (auto push = state_->take_push()) return std::move(*push);
  return state_->read_push();
}

std::optional<reply> client::receive_push(milliseconds limit) {
  if (auto push = state_->take_push()) return push;
  if (!state_->something_comes(clock_type::now() + limit)) return std::nullopt;
  return state_->read_push();
}

bool client::wait_for_answer(milliseconds limit) {
  const auto deadline = clock_type::now() + limit;
  while (state_->answers.empty() && state_->something_comes(deadline)) {
    reply next = state_->read();
    if (next.type() == reply::kind::push) {
      state_->pushes.push_back(std::move(next));
    } else {
      state_->answers.push_back(std::move(next));
    }
  }
  return !state_->answers.empty();
}

pending client::call_async(const std::vector<std::string>& words) { return {another(), words}; }

std::int64_t client::id() { return call("CLIENT", "ID").integer(); }

reply client::auth(const std::string& password, const std::string& user) {
  std::vector<std::string> credentials{password};
  if (!user.empty()) credentials.insert(credentials.begin(), user);
  return authenticate(credentials);
}

reply client::authenticate(const std::vector<std::string>& credentials) {
  std::vector<std::string> words{"AUTH"};
  words.insert(words.end(), credentials.begin(), credentials.end());
  reply answer = call(words);
  if (!answer.is_error()) state_->credentials = credentials;
  return answer;
}

void client::hello(int protocol) {
  const reply answer = call("HELLO", protocol);
  if (answer.is_error()) throw error{"HELLO " + std::to_string(protocol) + ": " + answer.error()};
  state_->protocol = protocol;
}

void client::set_timeout(milliseconds timeout) { state_->timeout = timeout; }

void client::close() noexcept { state_->close(); }

bool client::is_open() const noexcept { return state_->fd >= 0; }

}  // namespace redismodule::testing
