// The module's own file, as it is mapped: its build id, and names for its addresses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#pragma GCC visibility push(hidden)
namespace redismodule::detail {

// The build id of the mapped image in hexadecimal digits; empty for a module linked without one.
struct build_id {
  char digits[2 * 64 + 1] = {};
};
build_id own_build_id() noexcept;

// The functions of this module that the calling thread was in when it called the server last, innermost first, those
// of a crash below its signal frame included: "hello.so+0x1234 mul(long long, long long)+0x10". Names come from the
// symbol table of the module's file, and only if its build id is still that of the mapped image. Takes no memory, so
// that it works in a signal handler.
void visit_own_frames(void (*visit)(const char* frame, void* argument), void* argument) noexcept;

// Keeps the module mapped for as long as the process lives, whatever is unloaded.
void keep_mapped() noexcept;

}  // namespace redismodule::detail
#pragma GCC visibility pop
