// What a client can cause is a value: an error reply, or a result that holds one.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "redismodule/detail/line.h"

namespace redismodule {

class message;

// `bytes` as printable ASCII: every other byte as \xNN, the backslash doubled, cut after 64 characters with "...".
// For the bytes of a client in an error or in the log.
// Fails: throws std::bad_alloc.
std::string escaped(std::string_view bytes);

namespace detail {
// The same into a message, without allocating.
void append_escaped(message& text, std::string_view bytes) noexcept;
}  // namespace detail

// An error for the client, its code first: error_reply{"ERR no such member"}. A literal costs nothing; other text is
// copied, and in it line breaks become spaces and other control characters \xNN, so that no text can end the reply and
// begin another.
// Owns: the text, where it was copied.
// Fails: copying throws std::bad_alloc.
class error_reply {
 public:
  constexpr explicit error_reply(detail::literal text) noexcept : line_{text} {}
  template <class Text>
  requires(!std::is_array_v<Text> && !std::is_same_v<Text, error_reply> &&
           std::is_convertible_v<const Text&, std::string_view>) explicit error_reply(const Text& text)
      : line_{std::string_view{text}} {}

  constexpr const char* c_str() const noexcept { return line_.c_str(); }
  constexpr std::string_view text() const noexcept { return line_.c_str(); }

  friend constexpr bool operator==(const error_reply& a, const error_reply& b) noexcept { return a.text() == b.text(); }

 private:
  detail::line line_;
};

// What result::value() throws where there is none. Asking without looking is a bug, so this is an exception.
class bad_result_access : public std::exception {
 public:
  explicit bad_result_access(error_reply error) noexcept : error_{std::move(error)} {}
  const char* what() const noexcept override { return error_.c_str(); }
  const error_reply& error() const noexcept { return error_; }

 private:
  error_reply error_;
};

template <class T>
class result;

namespace detail {

[[noreturn]] void throw_bad_result_access(const error_reply& error);

template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<result<T>> = true;

}  // namespace detail

// A value or an error_reply, in the shape of C++23's std::expected. As the return type of a handler either is the
// reply.
template <class T>
class [[nodiscard]] result {
  static_assert(std::is_object_v<T> && !std::is_array_v<T>, "redismodule: a result holds a value, not a reference");
  static_assert(!std::is_same_v<std::remove_cv_t<T>, error_reply>, "redismodule: result<void> is enough for an error");

 public:
  using value_type = T;
  using error_type = error_reply;

  constexpr result() noexcept(std::is_nothrow_default_constructible_v<T>) requires(std::is_default_constructible_v<T>)
      : value_{}, has_value_{true} {}
  template <class U = T>
  requires(std::is_constructible_v<T, U>&& std::is_convertible_v<U, T> && !detail::is_result<std::remove_cvref_t<U>> &&
           !std::is_same_v<std::remove_cvref_t<U>, error_reply>) constexpr result(U&& value)
      : value_(std::forward<U>(value)), has_value_{true} {}
  constexpr result(error_reply error) noexcept : error_{std::move(error)}, has_value_{false} {}
  constexpr result(const result& other) requires(std::is_copy_constructible_v<T>) : has_value_{other.has_value_} {
    construct(other);
  }
  constexpr result(result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) : has_value_{other.has_value_} {
    construct(std::move(other));
  }
  constexpr result& operator=(const result& other) requires(std::is_copy_constructible_v<T>) {
    return *this = result{other};
  }
  // Where moving a T throws, this then holds an error.
  constexpr result& operator=(result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) {
    if (this == &other) return *this;
    destroy();
    std::construct_at(&error_, detail::literal{"ERR the value was lost"});
    if (!other.has_value_) {
      error_ = std::move(other.error_);
      has_value_ = false;
      return *this;
    }
    has_value_ = false;
    construct_value(std::move(other.value_));
    return *this;
  }
  constexpr ~result() { destroy(); }

  constexpr bool has_value() const noexcept { return has_value_; }
  constexpr explicit operator bool() const noexcept { return has_value_; }

  // Only where has_value().
  constexpr const T& operator*() const& noexcept { return value_; }
  constexpr T& operator*() & noexcept { return value_; }
  constexpr T&& operator*() && noexcept { return std::move(value_); }
  constexpr const T* operator->() const noexcept { return &value_; }
  constexpr T* operator->() noexcept { return &value_; }

  // Fails: throws bad_result_access where there is no value.
  constexpr const T& value() const& { return check(), value_; }
  constexpr T& value() & { return check(), value_; }
  constexpr T&& value() && { return check(), std::move(value_); }

  // Only where not has_value().
  constexpr const error_reply& error() const& noexcept { return error_; }
  constexpr error_reply&& error() && noexcept { return std::move(error_); }

  template <class U>
  constexpr T value_or(U&& otherwise) const& {
    return has_value_ ? value_ : static_cast<T>(std::forward<U>(otherwise));
  }
  template <class U>
  constexpr T value_or(U&& otherwise) && {
    return has_value_ ? std::move(value_) : static_cast<T>(std::forward<U>(otherwise));
  }

  // f(value) is a result; an error goes past it.
  template <class F>
  constexpr auto and_then(F&& f) const& {
    return chain(*this, f);
  }
  template <class F>
  constexpr auto and_then(F&& f) && {
    return chain(std::move(*this), f);
  }

  // f(value) is a value or void; an error goes past it.
  template <class F>
  constexpr auto transform(F&& f) const& {
    return map(*this, f);
  }
  template <class F>
  constexpr auto transform(F&& f) && {
    return map(std::move(*this), f);
  }

  // f(error) is a result of the same type; a value goes past it.
  template <class F>
  constexpr result or_else(F&& f) const& {
    return has_value_ ? *this : result{f(error_)};
  }
  template <class F>
  constexpr result or_else(F&& f) && {
    return has_value_ ? std::move(*this) : result{f(std::move(error_))};
  }

  friend constexpr bool operator==(const result& a, const result& b) requires requires(const T& value) {
    value == value;
  }
  {
    if (a.has_value_ != b.has_value_) return false;
    return a.has_value_ ? a.value_ == b.value_ : a.error_ == b.error_;
  }

 private:
  template <class Self, class F>
  static constexpr auto chain(Self&& self, F& f) {
    using next = std::remove_cvref_t<decltype(f(*std::forward<Self>(self)))>;
    static_assert(detail::is_result<next>, "redismodule: the function given to and_then returns a result");
    if (!self.has_value_) return next{std::forward<Self>(self).error()};
    return f(*std::forward<Self>(self));
  }

  template <class Self, class F>
  static constexpr auto map(Self&& self, F& f) {
    using next = result<std::remove_cv_t<decltype(f(*std::forward<Self>(self)))>>;
    if (!self.has_value_) return next{std::forward<Self>(self).error()};
    if constexpr (std::is_void_v<typename next::value_type>) {
      f(*std::forward<Self>(self));
      return next{};
    } else {
      return next{f(*std::forward<Self>(self))};
    }
  }

  constexpr void check() const {
    if (!has_value_) detail::throw_bad_result_access(error_);
  }
  // From an error_ that came from a literal, so that it may be overwritten and made again.
  constexpr void construct_value(T&& value) noexcept(std::is_nothrow_move_constructible_v<T>) {
    if constexpr (std::is_nothrow_move_constructible_v<T>) {
      std::construct_at(&value_, std::move(value));
    } else {
      try {
        std::construct_at(&value_, std::move(value));
      } catch (...) {
        std::construct_at(&error_, detail::literal{"ERR the value was lost"});
        throw;
      }
    }
    has_value_ = true;
  }
  template <class Other>
  constexpr void construct(Other&& other) {
    if (has_value_) {
      std::construct_at(&value_, std::forward<Other>(other).value_);
    } else {
      std::construct_at(&error_, std::forward<Other>(other).error_);
    }
  }
  constexpr void destroy() noexcept {
    if (has_value_) {
      value_.~T();
    } else {
      error_.~error_reply();
    }
  }

  union {
    T value_;
    error_reply error_;
  };
  bool has_value_;
};

// Done, or an error.
template <>
class [[nodiscard]] result<void> {
 public:
  using value_type = void;
  using error_type = error_reply;

  constexpr result() noexcept = default;
  constexpr result(error_reply error) noexcept : error_{std::move(error)}, has_value_{false} {}

  constexpr bool has_value() const noexcept { return has_value_; }
  constexpr explicit operator bool() const noexcept { return has_value_; }
  constexpr void operator*() const noexcept {}
  // Fails: throws bad_result_access where there is an error.
  constexpr void value() const {
    if (!has_value_) detail::throw_bad_result_access(error_);
  }
  // Only where not has_value().
  constexpr const error_reply& error() const& noexcept { return error_; }
  constexpr error_reply&& error() && noexcept { return std::move(error_); }

  // f() is a result; an error goes past it.
  template <class F>
  constexpr auto and_then(F&& f) const {
    using next = std::remove_cvref_t<decltype(f())>;
    static_assert(detail::is_result<next>, "redismodule: the function given to and_then returns a result");
    if (!has_value_) return next{error_};
    return f();
  }

  // f() is a value or void; an error goes past it.
  template <class F>
  constexpr auto transform(F&& f) const {
    using next = result<std::remove_cv_t<decltype(f())>>;
    if (!has_value_) return next{error_};
    if constexpr (std::is_void_v<typename next::value_type>) {
      f();
      return next{};
    } else {
      return next{f()};
    }
  }

  template <class F>
  constexpr result or_else(F&& f) const {
    return has_value_ ? *this : result{f(error_)};
  }

  friend constexpr bool operator==(const result& a, const result& b) noexcept {
    return a.has_value_ == b.has_value_ && (a.has_value_ || a.error_ == b.error_);
  }

 private:
  error_reply error_{""};
  bool has_value_ = true;
};

}  // namespace redismodule
