// What each way to replace operator new and delete says of itself to the loops.
#pragma once

#include "redismodule/abi/types.h"

namespace loops {

extern const char* const name;

// Switches to the server's allocator; called first in OnLoad. Fails: false, and the module does not load.
bool start(redismodule::abi::ModuleCtx* ctx);

// Reads the allocator's functions from the resolved table again.
void refresh();

}  // namespace loops
