// Functions of libc's in the place of a server's, with a prefix of 8 bytes before each block or without. Each counts,
// so that nothing is lost unseen.
#pragma once

#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <string_view>

#include "redismodule/abi/constants.h"

namespace like_a_server {

#ifdef WITH_PREFIX
inline constexpr std::size_t prefix = 8;
#else
inline constexpr std::size_t prefix = 0;
#endif

inline std::atomic<long> blocks{0};
inline std::atomic<std::size_t> last_asked{0};

inline void* given(void* block) { return block ? ++blocks, static_cast<char*>(block) + prefix : nullptr; }
inline void* taken(void* block) { return block ? --blocks, static_cast<char*>(block) - prefix : nullptr; }

inline void* give(std::size_t size) {
  last_asked = size;
  return given(std::malloc(size + prefix));
}
inline void* give_zeroed(std::size_t one, std::size_t size) { return given(std::calloc(1, one * size + prefix)); }
inline void* give_again(void* block, std::size_t size) {
  return block ? given(std::realloc(taken(block), size + prefix)) : give(size);
}
inline void take_back(void* block) { std::free(taken(block)); }
inline std::size_t size_of(void* block) { return malloc_usable_size(static_cast<char*>(block) - prefix) - prefix; }

inline int get_api(const char* name, void** target) {
  static const std::map<std::string_view, void*> functions{
      {"RedisModule_Alloc", reinterpret_cast<void*>(give)},
      {"RedisModule_TryAlloc", reinterpret_cast<void*>(give)},
      {"RedisModule_Calloc", reinterpret_cast<void*>(give_zeroed)},
      {"RedisModule_TryCalloc", reinterpret_cast<void*>(give_zeroed)},
      {"RedisModule_Realloc", reinterpret_cast<void*>(give_again)},
      {"RedisModule_TryRealloc", reinterpret_cast<void*>(give_again)},
      {"RedisModule_Free", reinterpret_cast<void*>(take_back)},
      {"RedisModule_MallocSize", reinterpret_cast<void*>(size_of)},
      {"RedisModule_MallocUsableSize", reinterpret_cast<void*>(size_of)}};
  const auto found = functions.find(name);
  if (found == functions.end()) return redismodule::abi::MODULE_ERR;
  *target = found->second;
  return redismodule::abi::MODULE_OK;
}

}  // namespace like_a_server
