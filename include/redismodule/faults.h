// Fault injection, for a module with an OnLoad of its own that is built with FAULTS. A module of the builder's needs
// none of this. Nothing here is linked without FAULTS: write `#ifdef REDISMODULE_FAULTS` around it.
#pragma once

#include "redismodule/abi/types.h"

namespace redismodule::faults {

// Obeys the load arguments that begin with "fault:" (see docs/testing-faults.md), which stay among the module's
// arguments. To be called first in OnLoad: before memory::start(), so that what memory is made of is hidden or fails
// from the start. Lock: held (OnLoad). Fails: false, with a line in the log, if an argument is wrong or the server
// could not be asked; nothing is armed then.
bool start(abi::ModuleCtx* ctx, abi::ModuleString* const* argv, int argc) noexcept;

// Registers the command <module>.fault. To be called once the server knows the module's name (after SetModuleAttribs or
// the official header's RedisModule_Init), in OnLoad, after start().
// Lock: held (OnLoad).
// Fails: false if the server refuses the command.
bool add_command(abi::ModuleCtx* ctx, const char* module_name) noexcept;

// The same for an official header's types.
template <class Context, class String>
bool start(Context* ctx, String** argv, int argc) noexcept {
  return start(reinterpret_cast<abi::ModuleCtx*>(ctx), reinterpret_cast<abi::ModuleString* const*>(argv), argc);
}
template <class Context>
bool add_command(Context* ctx, const char* module_name) noexcept {
  return add_command(reinterpret_cast<abi::ModuleCtx*>(ctx), module_name);
}

}  // namespace redismodule::faults
