#include "ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <random>
#include <string>

#include "redismodule/testing/reply.h"

namespace redismodule::testing::detail {
namespace {

// Both the ports and their buses lie below 32768, where outgoing connections begin, and apart from each other.
constexpr unsigned first_port = 11'000;
constexpr unsigned port_count = 10'000;

// A name in the kernel's abstract namespace of unix sockets: it exists once in a network namespace, which is just as
// far as a port does, and goes with the process that bound it, however that ends.
descriptor mark_port(std::uint16_t port) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "redismodule-testing-port-" + std::to_string(port);
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  descriptor mark{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!mark || ::bind(mark.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) return descriptor{};
  return mark;
}

// Whether a server could listen there now. As servers do, it looks past connections that are in their last wait.
bool is_free(std::uint16_t port) {
  const descriptor probe{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const int yes = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return probe && ::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
         ::bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
         ::listen(probe.get(), 1) == 0;
}

// Each process begins somewhere else, and goes on from there: a port is not taken again right after its server died.
unsigned next_offset() {
  static std::atomic<unsigned> next{std::random_device{}()};
  return next.fetch_add(1, std::memory_order_relaxed) % port_count;
}

}  // namespace

descriptor::~descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

port_lease::port_lease(extent wanted) {
  for (unsigned tries = 0; tries < port_count; ++tries) {
    if (claim(static_cast<std::uint16_t>(first_port + next_offset()), wanted)) return;
  }
  throw error{"no port of 127.0.0.1 is free between " + std::to_string(first_port) + " and " +
              std::to_string(first_port + port_count - 1)};
}

bool port_lease::claim(std::uint16_t port, extent wanted) {
  descriptor mark = mark_port(port);
  if (!mark || !is_free(port)) return false;
  if (wanted == extent::port_and_bus) {
    const auto bus = static_cast<std::uint16_t>(port + bus_offset);
    descriptor bus_mark = mark_port(bus);
    if (!bus_mark || !is_free(bus)) return false;
    bus_mark_ = std::move(bus_mark);
  }
  mark_ = std::move(mark);
  port_ = port;
  return true;
}

}  // namespace redismodule::testing::detail
