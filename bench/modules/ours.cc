// The library's own operators.
#include "loops.h"
#include "redismodule/memory/memory.h"

namespace loops {

const char* const name = LOOPS_NAME;

bool start(redismodule::abi::ModuleCtx* ctx) { return redismodule::memory::start(ctx); }
void refresh() { redismodule::memory::refresh(); }

}  // namespace loops
