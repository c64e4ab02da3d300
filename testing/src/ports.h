// TCP ports of loopback for servers, each held by one owner at a time, also between test processes that run at once.
// Internal to the kit.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

namespace redismodule::testing::detail {

// How far a cluster's bus listens above its server's port: what every server does unless told otherwise.
inline constexpr std::uint16_t bus_offset = 10'000;

// A file descriptor, closed with the object.
class descriptor {
 public:
  explicit descriptor(int fd = -1) noexcept : fd_{fd} {}
  descriptor(descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~descriptor();
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

// A port of 127.0.0.1 on which nothing listened when it was leased, and that no other lease, of any process, has until
// this one ends. It holds on while the server on it is down. Below the ports that the kernel gives to outgoing
// connections, where the kernel has its usual range. Owns: a mark that the kernel takes away with the process.
class port_lease {
 public:
  enum class extent : std::uint8_t {
    port,
    port_and_bus,  // the port `bus_offset` above it as well
  };

  // Fails: `testing::error`, when no port is left.
  explicit port_lease(extent wanted = extent::port);

  std::uint16_t port() const noexcept { return port_; }

 private:
  bool claim(std::uint16_t port, extent wanted);

  std::uint16_t port_ = 0;
  descriptor mark_;
  descriptor bus_mark_;
};

}  // namespace redismodule::testing::detail
