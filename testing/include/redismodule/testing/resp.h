// The wire format, both ways: commands to bytes, bytes to replies.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "redismodule/testing/reply.h"

namespace redismodule::testing {

// The bytes that came are not RESP.
class protocol_error : public error {
 public:
  using error::error;
};

// A command as a client sends it: an array of bulk strings.
std::string encode_command(const std::vector<std::string>& words);

// What may stand as one word of a command: text, and numbers.
template <class T>
concept command_word = std::convertible_to<const T&, std::string_view> ||
    (std::is_arithmetic_v<T> && !std::same_as<T, bool> && !std::same_as<T, char>);

// Numbers are written in full: a double by the shortest digits that read back as the same one.
template <command_word T>
std::string to_word(const T& value) {
  if constexpr (std::convertible_to<const T&, std::string_view>) {
    return std::string{std::string_view{value}};
  } else {
    char digits[64];
    return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
  }
}

// Reads replies one after another from a stream of bytes.
class reply_reader {
 public:
  // Puts up to `size` bytes at `into` and returns how many, at least one; throws where there are no more.
  using source = std::function<std::size_t(char* into, std::size_t size)>;

  explicit reply_reader(source more);

  // The next reply, of any kind; waits for its last byte.
  // Fails: `protocol_error`; whatever the source throws. The reader is of no use after either.
  reply next();

  // Whether bytes are here already that `next()` would begin with.
  bool has_buffered() const noexcept { return position_ < buffer_.size(); }

 private:
  reply read_value(int depth);
  reply read_bulk(reply::kind kind, std::string_view length);
  reply read_elements(reply::kind kind, std::string_view count, int depth);
  std::string read_line();
  std::string read_bytes(std::size_t count);
  void fill();

  source more_;
  std::string buffer_;
  std::size_t position_ = 0;
};

}  // namespace redismodule::testing
