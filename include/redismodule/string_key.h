// Keys that are strings.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>

#include "redismodule/key.h"

namespace redismodule {

// A string as a key's value: its bytes where the server has them, without a copy.
class string_key : public basic_key {
 public:
  static constexpr key_type wanted = key_type::string;

  explicit string_key(const detail::key_seed& seed) noexcept : basic_key{seed, wanted} {}

  // The bytes; none where there is no value. Good until the next write to the key and the next call.
  std::string_view view() const {
    abi::ModuleKey* handle = entry_.raw();
    if (handle == nullptr) return {};
    std::size_t size = 0;
    const char* bytes = detail::nothrow(api.StringDMA)(handle, &size, abi::MODULE_READ);
    return {bytes, size};
  }
  operator std::string_view() const { return view(); }

  // Another value; an expiry goes. A string_ref is shared with the server, not copied.
  void set(const text_argument& value) {
    abi::ModuleKey* handle = entry_.raw();
    detail::nothrow(api.StringSet)(handle, value.raw());
  }
  void set(std::same_as<string_ref> auto value) {
    if (!value) [[unlikely]]
      return set(text_argument{value});
    abi::ModuleKey* handle = entry_.raw();
    detail::nothrow(api.StringSet)(handle, value.raw());
  }

  // The bytes, to write on in place. Good as view() is.
  std::span<char> bytes();
  // Cuts it, or fills it up with zeros, and makes it where it is missing; an expiry stays. The bytes that it has then.
  // Fails: an error above 512 MiB.
  result<std::span<char>> resize(std::size_t size);
  // Other bytes in the same value, or more at its end; an expiry stays. They may be the key's own.
  // Fails: an error above 512 MiB.
  result<void> assign(std::string_view bytes);
  result<void> append(std::string_view bytes);

 protected:
  string_key(string_key&&) noexcept = default;
  ~string_key() = default;

 private:
  void clear();
};

}  // namespace redismodule
