#include "redismodule/key_context.h"

namespace redismodule {
namespace {

// The server says const, of a string that it keeps.
string_ref borrowed(const abi::ModuleString* name) noexcept { return string_ref{const_cast<abi::ModuleString*>(name)}; }

}  // namespace

string_ref key_context::key() const {
  if (is_said_) return key_;
  return borrowed(ask(api.GetKeyNameFromOptCtx, abi::function::GetKeyNameFromOptCtx));
}

string_ref key_context::to_key() const {
  if (is_said_) return to_key_;
  return borrowed(ask(api.GetToKeyNameFromOptCtx, abi::function::GetToKeyNameFromOptCtx));
}

std::optional<int> key_context::database() const {
  return detail::database_if_any(ask(api.GetDbIdFromOptCtx, abi::function::GetDbIdFromOptCtx));
}

std::optional<int> key_context::to_database() const {
  return detail::database_if_any(ask(api.GetToDbIdFromOptCtx, abi::function::GetToDbIdFromOptCtx));
}

}  // namespace redismodule
