// What becomes of a call of a function that the server is too old to have, or that only the other family has.
#pragma once

#include <exception>

#include "redismodule/api.h"
#include "redismodule/result.h"

namespace redismodule {

// Thrown by wrappers whose return type has no room for an error. Leaving a handler, it is answered as an error.
class unsupported : public std::exception {
 public:
  explicit unsupported(abi::function which) noexcept;

  // The error for the client: "ERR ListGet needs Redis 7.0.0 or Valkey 7.2.5; this is Redis 6.0.16".
  const char* what() const noexcept override { return text_.c_str(); }
  abi::function function() const noexcept { return which_; }

 private:
  abi::function which_;
  message text_;
};

// The same as a value: for wrappers that return a result.
// Fails: throws std::bad_alloc.
[[gnu::cold]] error_reply unsupported_error(abi::function which);

namespace detail {

[[noreturn, gnu::cold]] void throw_unsupported(abi::function which);

// The test for a function that is about to be called: need(api.ListGet, abi::function::ListGet).
// Fails: throws unsupported.
template <class Result, class... Parameters>
void need(Result (*entry)(Parameters...), abi::function which) {
  if (entry == nullptr) [[unlikely]]
    throw_unsupported(which);
}
template <class Result, class... Parameters>
void need(Result (*entry)(Parameters..., ...), abi::function which) {
  if (entry == nullptr) [[unlikely]]
    throw_unsupported(which);
}

}  // namespace detail

// Fails: throws unsupported where the server lacks the function.
inline void need(abi::function which) {
  if (!has(which)) [[unlikely]]
    detail::throw_unsupported(which);
}

}  // namespace redismodule
