// What each function answers when it fails.
#pragma once

#include "entries.h"

namespace redismodule::faults {

// A function to jump to instead of `which`: it does nothing and answers as `which` does when it fails. What `which`
// gives back through pointers besides (lengths, "no such key", an error flag) is set through `given` as on a failure.
void* failing(abi::function which, arguments given) noexcept;

}  // namespace redismodule::faults
