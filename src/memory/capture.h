// Functions in front of those of the backend in force, which catch and hand out blocks for a relocation. They are in
// force while one needs them; other threads pass through.
#pragma once

#include "core.h"

#pragma GCC visibility push(hidden)
namespace redismodule::memory::detail::capture {

// The two forms of the release function. The first stands in front of the one that was in force, the second in front of
// the one that asks for displaced blocks.
void release(void* block) noexcept;
void release_checked(void* block) noexcept;

}  // namespace redismodule::memory::detail::capture
#pragma GCC visibility pop
