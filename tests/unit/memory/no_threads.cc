// In the place of src/memory/threads.cc, which needs the redirections of a module's link.
#include "memory/core.h"

void redismodule::memory::detail::watch_exit() noexcept {}
