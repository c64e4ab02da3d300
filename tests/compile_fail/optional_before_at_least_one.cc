// Expected: redismodule: a rm::at_least_one does not come after a std::optional
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.last [a] b...", [](std::optional<int> a, rm::at_least_one<int> b) { return a.value_or(0) + b.front(); });
#else
  m.command("x.last [a] [b...]", [](std::optional<int> a, rm::rest<int> b) { return a.value_or(0) + b.empty(); });
#endif
}
