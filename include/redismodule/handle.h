// One owning template for everything that the server hands out and wants back.
#pragma once

#include <utility>

namespace redismodule {

// Owns what Policy::close gives back. Policy has no state: `using pointer = …;` and `static void close(pointer)`.
// Owns: the object, until release() or the end of its life. Moves, does not copy.
// Lock: held where Policy::close needs it.
template <class Policy>
class handle {
 public:
  using pointer = typename Policy::pointer;

  constexpr handle() noexcept = default;
  constexpr explicit handle(pointer owned) noexcept : raw_{owned} {}
  constexpr handle(handle&& other) noexcept : raw_{other.release()} {}
  constexpr handle& operator=(handle&& other) noexcept {
    reset(other.release());
    return *this;
  }
  constexpr ~handle() { reset(); }

  constexpr explicit operator bool() const noexcept { return raw_ != nullptr; }
  constexpr pointer raw() const noexcept { return raw_; }

  // The caller gives it back from now on.
  [[nodiscard]] constexpr pointer release() noexcept { return std::exchange(raw_, nullptr); }

  constexpr void reset(pointer owned = nullptr) noexcept {
    pointer before = std::exchange(raw_, owned);
    if (before != nullptr) Policy::close(before);
  }

 private:
  pointer raw_ = nullptr;
};

}  // namespace redismodule
