// What a module has taken from the server and not given back.
#pragma once

#include "entries.h"

namespace redismodule::faults {

// Whether a call of the function takes something or gives it back.
bool tells_of_life(abi::function which) noexcept;

// Notes a call that is about to be made. Where its result is what was taken, the return address is exchanged.
void look_at(abi::function which, arguments given, void** return_address) noexcept;

void forget_live() noexcept;

// Calls `visit` with each kind and how many of it are live now, as in docs/testing-faults.md.
// Lock: held.
void visit_live(abi::ModuleCtx* ctx, void (*visit)(const char* kind, long long count, void* argument),
                void* argument) noexcept;
std::size_t live_kinds() noexcept;

}  // namespace redismodule::faults
