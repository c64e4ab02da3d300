#include "redismodule/keyspace.h"

namespace redismodule {
namespace detail {

// Looking may end a key whose time has come, open or not.
bool has_key(abi::ModuleCtx* ctx, abi::ModuleString* name) noexcept {
  close_open_keys();
  if (api.KeyExists != nullptr) return api.KeyExists(ctx, name) != 0;
  abi::ModuleKey* key = api.OpenKey(ctx, name, read_mode | abi::MODULE_OPEN_KEY_NOTOUCH);
  if (key == nullptr) return false;
  api.CloseKey(key);
  return true;
}

}  // namespace detail

flag_set<open_mode> known_open_modes() noexcept {
  const int bits =
      api.GetOpenKeyModesAll != nullptr ? api.GetOpenKeyModesAll() : detail::write_mode | abi::MODULE_OPEN_KEY_NOTOUCH;
  return flags_from_server<open_mode>(server().family, static_cast<std::uint32_t>(bits));
}

}  // namespace redismodule
