// The commands that make a value again, for the AOF.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

#include "redismodule/rdb.h"

namespace redismodule {

namespace detail {

class aof_text {
 public:
  template <class T>
  explicit aof_text(const T& value) : text_{made(value)} {}
  abi::ModuleString* raw() const noexcept { return text_.raw(); }

 private:
  template <class T>
  static string made(const T& value) {
    if constexpr (std::is_same_v<T, string_ref> || std::is_same_v<T, string>) {
      return string::copy(value);
    } else if constexpr (std::signed_integral<T>) {
      return string::of(static_cast<long long>(value));
    } else if constexpr (std::unsigned_integral<T>) {
      return string::of(static_cast<unsigned long long>(value));
    } else if constexpr (std::floating_point<T>) {
      return string::of(static_cast<double>(value));
    } else {
      return string{std::string_view{value}};
    }
  }

  string text_;
};

}  // namespace detail

// Takes the commands that make a value again, where an AOF is rewritten, and where Valkey migrates a slot. It is in a
// child of the server's: what it changes is seen by nobody. Each argument has to stay far below 512 MiB, and each
// command is to be one of a bounded size: a value of millions of elements takes many. Lock: in a child of the server's.
class aof_writer {
 public:
  aof_writer(abi::ModuleIO* io, string_ref key) noexcept : io_{io}, key_{key} {}
  aof_writer(const aof_writer&) = delete;
  aof_writer& operator=(const aof_writer&) = delete;

  // Text, integers, floats and server strings, the key among them.
  // Fails: a command that the server does not know lets the whole rewrite fail, which the server logs.
  template <class... Args>
  void command(const char* name, const Args&... args) {
    const detail::aof_text texts[]{detail::aof_text{args}...};
    abi::ModuleString* raw[sizeof...(Args)];
    for (std::size_t i = 0; i < sizeof...(Args); ++i) raw[i] = texts[i].raw();
    api.EmitAOF(io_, name, "v", raw, sizeof...(Args));
  }

  string_ref key() const noexcept { return key_; }
  // Nothing where the server does not say. Since: Redis 7.0. Fails: throws unsupported.
  std::optional<int> database() const { return detail::database_of(io_, nullptr); }
  abi::ModuleIO* raw() const noexcept { return io_; }

 private:
  abi::ModuleIO* io_;
  string_ref key_;
};

}  // namespace redismodule
