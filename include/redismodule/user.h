// Users of the server's access control lists, to call commands as: rm::as_user(user).
#pragma once

#include <string_view>

#include "redismodule/api.h"
#include "redismodule/handle.h"
#include "redismodule/result.h"

namespace redismodule {

namespace detail {

struct user_policy {
  using pointer = abi::ModuleUser*;
  static void close(pointer owned) noexcept { api.FreeModuleUser(owned); }
};

}  // namespace detail

// A user of the module's own, in no ACL list, or a reference to one of the server's.
// Owns: the module's user, or the reference.
// Lock: held.
class user {
 public:
  constexpr user() noexcept = default;
  // A user of the module's own: off, and allowed nothing, until it is told otherwise. The name shows in the ACL log.
  // Since: Redis 6.0. Fails: throws unsupported.
  explicit user(const char* name);

  // The server's user of this name; none where there is no such user.
  // Since: Redis 7.0. Fails: throws unsupported.
  static user named(std::string_view name);

  // Adds rules as ACL SETUSER takes them: "on +get ~cached:*". Several at once, separated by spaces, are taken by
  // servers since Redis 7.0.6 alone; before, by one call each, which this does.
  // Fails: the server's words for the rule that it did not take; the rules before it are in force.
  result<void> allow(const char* rules);

  abi::ModuleUser* raw() const noexcept { return handle_.raw(); }
  [[nodiscard]] abi::ModuleUser* release() noexcept { return handle_.release(); }
  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }

 private:
  explicit user(abi::ModuleUser* owned) noexcept : handle_{owned} {}

  handle<detail::user_policy> handle_;
};

}  // namespace redismodule
