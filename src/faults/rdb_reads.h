// What can go wrong with a value that is read from an RDB.
#pragma once

#include "redismodule/api.h"

namespace redismodule::faults {

// The data end before the read that `which` is about to do. It is the server that finds this out: a value of another
// type than was written is asked for, which it takes for what it takes an end of the data for. So what follows is the
// server's own doing: for a module that handles I/O errors this read and all that follow it answer nothing, and
// IsIOError() is true; for any other it ends itself with "Error loading data from RDB".
void end_data(const abi::function_table& server, abi::function which, abi::ModuleIO* io) noexcept;

// A function to jump to instead of the read `which`: it reads, and answers something else than was read. Which bits are
// flipped, or what else a length is, comes from the seed.
void* corrupting(abi::function which, std::uint64_t seed) noexcept;

}  // namespace redismodule::faults
