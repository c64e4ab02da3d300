#include "redismodule/keyspace.h"

#include <algorithm>
#include <cerrno>

namespace redismodule {
namespace detail {
namespace {

struct server_memory {
  using pointer = int*;
  static void close(pointer owned) noexcept { api.Free(owned); }
};

error_reply explain_keys(int error, string_ref name) {
  if (error == ENOENT) return format_error("ERR unknown command '{}'", name);
  return format_error("ERR wrong number of arguments for '{}' command", name);
}

}  // namespace

result<std::vector<command_key>> keys_of_command(abi::ModuleCtx* ctx, abi::ModuleString** words, std::size_t size) {
  if (api.GetCommandKeys == nullptr) return unsupported_error(abi::function::GetCommandKeys);
  if (size == 0) return error_reply{"ERR no command"};
  if (std::find(words, words + size, nullptr) != words + size)
    return error_reply{"ERR a word of the command is no string"};
  int count = 0, *flags = nullptr;
  errno = 0;
  const handle<server_memory> positions{
      api.GetCommandKeysWithFlags != nullptr
          ? api.GetCommandKeysWithFlags(ctx, words, static_cast<int>(size), &count, &flags)
          : api.GetCommandKeys(ctx, words, static_cast<int>(size), &count)};
  const handle<server_memory> flags_of_each{flags};
  if (!positions && errno != 0) return explain_keys(errno, string_ref{words[0]});
  std::vector<command_key> keys;
  for (int i = 0; positions && i < count; ++i) {
    keys.push_back(
        {static_cast<std::size_t>(positions.raw()[i]), static_cast<unsigned>(flags == nullptr ? 0 : flags[i])});
  }
  return keys;
}

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
