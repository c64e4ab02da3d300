// A module that takes 8 MiB before it is loaded.
#include <vector>

#include "redismodule/redismodule.h"

namespace {
std::vector<char> large(8 << 20, 'x');
}

REDISMODULE_MODULE(lifetime_large, 1, m) {
  m.command("large.size", [] { return large.size(); });
}
