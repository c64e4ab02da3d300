// What a sanitizer that the module is built with has to be told about memory which this room hands out by itself.
// Nothing, and no instruction, in other builds.
#pragma once

#include <cstddef>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#define REDISMODULE_CHECKS_ADDRESSES 1
#else
#define REDISMODULE_CHECKS_ADDRESSES 0
#endif

namespace redismodule::memory::detail::sanitizer {

inline constexpr bool checks_addresses = REDISMODULE_CHECKS_ADDRESSES;
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
inline constexpr bool checks_races = true;
#else
inline constexpr bool checks_races = false;
#endif

// From now on an access to these bytes is reported. Whole 8-byte words, but for the first, of which a part may be
// named.
inline void forbid([[maybe_unused]] const void* at, [[maybe_unused]] std::size_t size) noexcept {
#if REDISMODULE_CHECKS_ADDRESSES
  __asan_poison_memory_region(at, size);
#endif
}

inline void allow([[maybe_unused]] const void* at, [[maybe_unused]] std::size_t size) noexcept {
#if REDISMODULE_CHECKS_ADDRESSES
  __asan_unpoison_memory_region(at, size);
#endif
}

// Is reported where it is forbidden.
inline void touch([[maybe_unused]] const void* at) noexcept {
#if REDISMODULE_CHECKS_ADDRESSES
  [[maybe_unused]] const auto byte = *static_cast<const volatile unsigned char*>(at);
#endif
}

// Mappings that are not searched for pointers unless they are made known.
inline void search_for_pointers([[maybe_unused]] const void* at, [[maybe_unused]] std::size_t size) noexcept {
#if REDISMODULE_CHECKS_ADDRESSES
  __lsan_register_root_region(at, size);
#endif
}

inline void stop_searching([[maybe_unused]] const void* at, [[maybe_unused]] std::size_t size) noexcept {
#if REDISMODULE_CHECKS_ADDRESSES
  __lsan_unregister_root_region(at, size);
#endif
}

// For a word that is written atomically and read, where platforms allow it, by a plain load: which is a race by the
// letter of the language, and is reported as one.
template <class Word>
[[gnu::always_inline]] inline Word peek(const Word& published) noexcept {
  if constexpr (checks_races) return __atomic_load_n(&published, __ATOMIC_ACQUIRE);
  return published;
}

}  // namespace redismodule::memory::detail::sanitizer

#undef REDISMODULE_CHECKS_ADDRESSES
