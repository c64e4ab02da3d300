// Where the value is that a hook of a data type is asked about.
#pragma once

#include <optional>

#include "redismodule/string.h"
#include "redismodule/unsupported.h"

namespace redismodule {

namespace detail {

// -1 is the server's "none".
constexpr std::optional<int> database_if_any(int number) noexcept {
  return number < 0 ? std::nullopt : std::optional{number};
}

// Where a value is that is written to, or read from, something else than an RDB.
struct value_place {
  abi::ModuleIO* io = nullptr;  // asked, if there is one
  abi::ModuleCtx* ctx = nullptr;
  abi::ModuleString* key = nullptr;
  int database = -1;
};

}  // namespace detail

// The key of a value, and where it is copied to: `T copy(const rm::key_context& of) const`. Names are good until the
// hook returns.
// Lock: held.
class key_context {
 public:
  // `has_names`: false where the server names something that is no string: its names are null then.
  explicit key_context(abi::ModuleKeyOptCtx* raw, bool has_names = true) noexcept : raw_{raw}, is_said_{!has_names} {}
  explicit key_context(string_ref key, string_ref to_key = {}) noexcept : key_{key}, to_key_{to_key}, is_said_{true} {}
  // Of a server that does not say.
  key_context() noexcept = default;

  // Null where it is in none, or the server names none, as where it empties a database; in free_effort also on Valkey
  // and before Redis 8.0, which pass something else there before they defragment. Since: Redis 6.2; in mem_usage
  // Redis 7.0. Fails: throws unsupported.
  string_ref key() const;
  // In copy; null elsewhere. Since: Redis 6.2.
  string_ref to_key() const;
  // Nothing where the server names none. Since: Redis 7.0. Fails: throws unsupported.
  std::optional<int> database() const;
  // In copy; nothing elsewhere. Since: Redis 7.0. Fails: throws unsupported.
  std::optional<int> to_database() const;

  // Null before Redis 7.0.
  abi::ModuleKeyOptCtx* raw() const noexcept { return raw_; }

 private:
  template <class Result>
  Result ask(Result (*question)(abi::ModuleKeyOptCtx*), abi::function which) const {
    if (raw_ == nullptr || question == nullptr) detail::throw_unsupported(which);
    return question(raw_);
  }

  abi::ModuleKeyOptCtx* raw_ = nullptr;
  string_ref key_;
  string_ref to_key_;
  bool is_said_ = false;  // the two above are what there is to say
};

}  // namespace redismodule
