// The server's strings: borrowed (string_ref) and owned (string).
#pragma once

#include <compare>
#include <cstddef>
#include <string_view>

#include "redismodule/api.h"
#include "redismodule/handle.h"

namespace redismodule {

namespace detail {

// The functions of the table are C functions: they throw nothing, though their types do not say so.
template <class Result, class... Parameters>
auto nothrow(Result (*function)(Parameters...)) noexcept {
  return reinterpret_cast<Result (*)(Parameters...) noexcept>(function);
}

}  // namespace detail

// A string that someone else keeps alive: an argument until the handler returns, or a `string`.
// Copying it copies a pointer.
class string_ref {
 public:
  constexpr string_ref() noexcept = default;
  constexpr explicit string_ref(abi::ModuleString* borrowed) noexcept : raw_{borrowed} {}

  // The bytes, as long as the string lives and is not written to. None where there is no string.
  std::string_view view() const noexcept {
    if (raw_ == nullptr) return {};
    std::size_t size = 0;
    const char* bytes = detail::nothrow(api.StringPtrLen)(raw_, &size);
    return {bytes, size};
  }
  operator std::string_view() const noexcept { return view(); }
  std::size_t size() const noexcept { return view().size(); }
  bool empty() const noexcept { return size() == 0; }

  constexpr abi::ModuleString* raw() const noexcept { return raw_; }
  constexpr explicit operator bool() const noexcept { return raw_ != nullptr; }

 private:
  abi::ModuleString* raw_ = nullptr;
};

// By bytes, as memcmp orders them.
inline bool operator==(string_ref a, string_ref b) noexcept { return a.view() == b.view(); }
inline bool operator==(string_ref a, std::string_view b) noexcept { return a.view() == b; }
inline auto operator<=>(string_ref a, string_ref b) noexcept { return a.view() <=> b.view(); }
inline auto operator<=>(string_ref a, std::string_view b) noexcept { return a.view() <=> b; }

namespace detail {

struct string_policy {
  using pointer = abi::ModuleString*;
  static void close(pointer owned) noexcept { api.FreeString(nullptr, owned); }
};

}  // namespace detail

// Owns: one reference of a server string.
// Lock: held to make, share and destroy one: the count of references is not atomic.
class string {
 public:
  constexpr string() noexcept = default;
  // A new string with these bytes. Fails: as the server's Alloc, it ends the process when memory is gone.
  explicit string(std::string_view bytes) noexcept : handle_{api.CreateString(nullptr, bytes.data(), bytes.size())} {}

  // Takes over a reference that the caller owned.
  static string adopt(abi::ModuleString* owned) noexcept { return string{owned}; }
  // A reference more to the same string; a copy where the server cannot share it. Of no string, none.
  static string retain(string_ref borrowed) noexcept;

  string_ref borrow() const noexcept { return string_ref{handle_.raw()}; }
  operator string_ref() const noexcept { return borrow(); }
  operator std::string_view() const noexcept { return view(); }
  std::string_view view() const noexcept { return borrow().view(); }
  std::size_t size() const noexcept { return view().size(); }
  bool empty() const noexcept { return view().empty(); }

  abi::ModuleString* raw() const noexcept { return handle_.raw(); }
  [[nodiscard]] abi::ModuleString* release() noexcept { return handle_.release(); }
  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }

 private:
  explicit string(abi::ModuleString* owned) noexcept : handle_{owned} {}

  handle<detail::string_policy> handle_;
};

}  // namespace redismodule
