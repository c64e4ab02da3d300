// Expected: redismodule: a std::optional argument comes after all that are required
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.get [a] b", [](std::optional<int> a, int b) { return a.value_or(b); });
#else
  m.command("x.get b [a]", [](int b, std::optional<int> a) { return a.value_or(b); });
#endif
}
