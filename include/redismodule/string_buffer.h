// Text or other bytes that are set once, by a pointer and a size.
#pragma once

#include <compare>
#include <cstddef>
#include <string_view>
#include <utility>

#include "redismodule/api.h"
#include "redismodule/handle.h"

namespace redismodule {

namespace detail {

struct string_buffer_policy {
  using pointer = char*;
  // Values are freed by other threads of the server's too, while functions may be exchanged.
  static void close(pointer owned) noexcept { __atomic_load_n(&api.Free, __ATOMIC_RELAXED)(owned); }
};

}  // namespace detail

// A block of the server's own memory, as LoadStringBuffer gives it, by its pointer and size: 16 bytes, where
// std::string has 32, in which it has room for 15 of text. As a field of a data type it is written as std::string is,
// so that one may take the other's place without a new version, and it is read without a copy. It cannot grow: it is
// replaced. Owns: the block, until release() or the end of its life; from the module's load on. Lock: none is needed.
class string_buffer {
 public:
  string_buffer() noexcept = default;
  // Of that many bytes, to be written. Fails: throws std::bad_alloc; Redis before 7.0 ends itself instead.
  explicit string_buffer(std::size_t size);
  // A copy. Fails: as above.
  explicit string_buffer(std::string_view text);
  string_buffer(const string_buffer& other) : string_buffer{other.view()} {}
  string_buffer(string_buffer&& other) noexcept
      : handle_{std::move(other.handle_)}, size_{std::exchange(other.size_, std::size_t{0})} {}
  string_buffer& operator=(const string_buffer& other) { return *this = string_buffer{other}; }
  string_buffer& operator=(string_buffer&& other) noexcept {
    handle_ = std::move(other.handle_);
    size_ = std::exchange(other.size_, std::size_t{0});
    return *this;
  }
  ~string_buffer() = default;

  // Of a block that the server's functions have allocated, as LoadStringBuffer does.
  static string_buffer adopt(char* owned, std::size_t size) noexcept {
    string_buffer made;
    made.handle_.reset(owned);
    made.size_ = size;
    return made;
  }
  // The caller frees it, by api.Free: it has no header of this module's allocator, which std::free would look for.
  [[nodiscard]] char* release() noexcept {
    size_ = 0;
    return handle_.release();
  }

  std::string_view view() const noexcept { return {handle_.raw(), size_}; }
  operator std::string_view() const noexcept { return view(); }
  // Not ended by a NUL; may be null where there are none.
  char* data() noexcept { return handle_.raw(); }
  const char* data() const noexcept { return handle_.raw(); }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  // What the server's allocator has given for the block.
  std::size_t allocated() const noexcept;

  friend bool operator==(const string_buffer& a, const string_buffer& b) noexcept { return a.view() == b.view(); }
  friend bool operator==(const string_buffer& a, std::string_view b) noexcept { return a.view() == b; }
  friend std::strong_ordering operator<=>(const string_buffer& a, const string_buffer& b) noexcept {
    return a.view() <=> b.view();
  }

 private:
  handle<detail::string_buffer_policy> handle_;
  std::size_t size_ = 0;
};

}  // namespace redismodule
