// The code that stands in the table in place of a function: one entry a function, which asks where to go on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "redismodule/abi/functions.h"

namespace redismodule::faults {

// The arguments of a call that came in integer registers, as many as registers_of_arguments.
using arguments = std::uintptr_t*;
#if defined(__x86_64__)
inline constexpr std::size_t registers_of_arguments = 6;
#elif defined(__aarch64__)
inline constexpr std::size_t registers_of_arguments = 8;
#else
#error "fault injection knows x86-64 and arm64 only"
#endif

// What to put into the table for a function. It passes every argument on, variable ones included: C++ cannot forward
// those, so these are a few instructions of assembly.
void* entry_of(abi::function which) noexcept;

// What to put in place of a return address, so that returned() sees the result and says where to go on.
void* leave_point() noexcept;

}  // namespace redismodule::faults

// What the assembly calls, with every register of arguments saved around it.
extern "C" {
// Where the call goes on; *return_address may be exchanged for leave_point().
[[gnu::visibility("hidden")]] void* redismodule_fault_target(std::size_t index,
                                                             redismodule::faults::arguments arguments,
                                                             void** return_address) noexcept;
// The address to return to, after a function whose return address was exchanged.
[[gnu::visibility("hidden")]] void* redismodule_fault_returned(std::uintptr_t result) noexcept;
}
