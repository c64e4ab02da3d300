// The server's strings: borrowed (string_ref) and owned (string).
#pragma once

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "redismodule/abi/constants.h"
#include "redismodule/api.h"
#include "redismodule/detail/lock_owner.h"
#include "redismodule/format.h"
#include "redismodule/handle.h"
#include "redismodule/result.h"

namespace redismodule {

namespace detail {

// The functions of the table are C functions: they throw nothing, though their types do not say so.
template <class Result, class... Parameters>
auto nothrow(Result (*function)(Parameters...)) noexcept {
  return reinterpret_cast<Result (*)(Parameters...) noexcept>(function);
}

}  // namespace detail

// The id of an entry in a stream: milliseconds, and a number among those of one millisecond.
struct stream_id {
  std::uint64_t milliseconds = 0;
  std::uint64_t sequence = 0;

  friend constexpr auto operator<=>(const stream_id&, const stream_id&) noexcept = default;
};

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

  // As a number, decoded as the server decodes its own: an optional '-', digits, no leading zero, no '+', no spaces.
  std::optional<long long> integer() const noexcept;
  // Likewise, up to 2^64 - 1, and never negative. (The server's StringToULongLong lets "+5" and wrapped negatives
  // through; the same rules hold here as for arguments.)
  std::optional<unsigned long long> unsigned_integer() const noexcept;
  // As the server decodes floats: "inf" included, no NaN, no spaces.
  std::optional<double> number() const noexcept;
  std::optional<long double> long_number() const noexcept;
  // As the id of a stream's entry: "1526919030474-55", "1526919030474" (sequence 0), "-" and "+" for the least and the
  // greatest. Since: Redis 6.2. Fails: throws unsupported.
  std::optional<redismodule::stream_id> stream_id() const;

  // Bytes that the server has taken for it, its own header included. Since: Redis 7.0. Fails: throws unsupported.
  std::size_t allocated() const;

  constexpr abi::ModuleString* raw() const noexcept { return raw_; }
  constexpr explicit operator bool() const noexcept { return raw_ != nullptr; }

 private:
  abi::ModuleString* raw_ = nullptr;
};

namespace detail {

// Text that is none of the server's strings.
template <class T>
concept textual = std::is_convertible_v<const T&, std::string_view> && !std::is_convertible_v<const T&, string_ref>;

}  // namespace detail

// By bytes, as memcmp orders them.
inline bool operator==(string_ref a, string_ref b) noexcept { return a.view() == b.view(); }
inline bool operator==(string_ref a, std::string_view b) noexcept { return a.view() == b; }
inline auto operator<=>(string_ref a, string_ref b) noexcept { return a.view() <=> b.view(); }
inline auto operator<=>(string_ref a, std::string_view b) noexcept { return a.view() <=> b; }

// By bytes too, by the server's own StringCompare: negative, 0 or positive. Of two strings that are there.
inline int compare(string_ref a, string_ref b) noexcept { return detail::nothrow(api.StringCompare)(a.raw(), b.raw()); }

namespace detail {

// Gives a string back on a thread that does not hold the lock: it goes into a list, lock-free, that the next thread
// with the lock empties. That is the server's main thread, soon, once strings_are_given_back_soon() was called.
[[gnu::cold]] void defer_free(abi::ModuleString* owned) noexcept;

struct deferred_string {
  abi::ModuleString* string;
  deferred_string* next;
};
extern std::atomic<deferred_string*> deferred_strings __attribute__((visibility("hidden")));
[[gnu::cold]] void free_deferred_strings() noexcept;
// For modules that stay loaded for ever, since the server's event loop is given a function of theirs. Since: Redis 7.0;
// elsewhere strings wait for the module's next callback. Lock: held.
void strings_are_given_back_soon(bool yes) noexcept;

// Gives back what other threads let go of. Lock: held.
inline void drain_strings() noexcept {
  if (deferred_strings.load(std::memory_order_relaxed) != nullptr) [[unlikely]]
    free_deferred_strings();
}

struct string_policy {
  using pointer = abi::ModuleString*;
  static void close(pointer owned) noexcept {
    if (!holds_lock()) [[unlikely]]
      return defer_free(owned);
    nothrow(api.FreeString)(nullptr, owned);
  }
};

}  // namespace detail

// Owns: one reference of a server string.
// Lock: held to make and to share one, since the count of references is not atomic. It may be moved and destroyed on
// any thread: where the lock is not held, the reference is given back by the next of the module's callbacks, in a
// module with data types also without one.
class string {
 public:
  constexpr string() noexcept = default;
  // A new string with these bytes. Fails: as the server's Alloc, it ends the process when memory is gone.
  explicit string(std::string_view bytes) noexcept : handle_{make(bytes)} {}

  // Takes over a reference that the caller owned.
  static string adopt(abi::ModuleString* owned) noexcept { return string{owned}; }
  // A reference more to the same string; a copy where the server cannot share it. Of no string, none.
  static string retain(string_ref borrowed) noexcept;
  // A string of its own with the same bytes.
  static string copy(string_ref from) noexcept;

  // As the server writes numbers.
  static string of(long long value) noexcept;
  static string of(unsigned long long value) noexcept;
  static string of(double value) noexcept;
  // `human`: without an exponent, at most 17 digits after the point, no trailing zeros.
  static string of(long double value, bool human = false) noexcept;
  // Since: Redis 6.2. Fails: throws unsupported.
  static string of(const redismodule::stream_id& id);

  // Text made by a format that is checked when compiled: string::format("{}:{}", name, 7). See format.h.
  // Fails: throws std::bad_alloc.
  template <formattable... Args>
  static string format(format_for<Args...> text, const Args&... args) {
    text_buffer<> buffer;
    detail::format_into(buffer, text, args...);
    return string{buffer.view()};
  }

  // Adds bytes. Fails: false where the string is shared: nothing is added then.
  bool append(std::string_view bytes) noexcept {
    return detail::nothrow(api.StringAppendBuffer)(nullptr, raw(), bytes.data(), bytes.size()) == abi::MODULE_OK;
  }
  // Gives back the memory that its bytes do not need, where nobody else has a reference. On servers that cannot
  // (before Redis 7.0) the string stays as it is.
  void trim() noexcept {
    if (api.TrimStringAllocation != nullptr) detail::nothrow(api.TrimStringAllocation)(raw());
  }

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

  static abi::ModuleString* make(std::string_view bytes) noexcept {
    detail::drain_strings();
    return detail::nothrow(api.CreateString)(nullptr, bytes.data(), bytes.size());
  }

  handle<detail::string_policy> handle_;
};

// What is handed to the server as one of its strings. From a string_ref or a string it costs nothing; from other text a
// temporary string is made and freed, as it has to be in C.
// Owns: that temporary.
class text_argument {
 public:
  text_argument(string_ref borrowed) noexcept : raw_{borrowed.raw()} {
    if (raw_ == nullptr) [[unlikely]]
      make({});
  }
  text_argument(const string& owned) noexcept : text_argument{owned.borrow()} {}
  template <class Text>
  requires(std::is_convertible_v<const Text&, std::string_view>) text_argument(const Text& text)
  noexcept { make(std::string_view{text}); }
  text_argument(const text_argument&) = delete;
  text_argument& operator=(const text_argument&) = delete;
  ~text_argument() {
    if (owned_) detail::nothrow(api.FreeString)(nullptr, raw_);
  }

  abi::ModuleString* raw() const noexcept { return raw_; }

 private:
  void make(std::string_view bytes) noexcept {
    raw_ = detail::nothrow(api.CreateString)(nullptr, bytes.data(), bytes.size());
    owned_ = true;
  }

  abi::ModuleString* raw_ = nullptr;
  bool owned_ = false;
};

}  // namespace redismodule
