// Expected: redismodule: a rm::rest is the last argument
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.get a... b", [](rm::rest<int> a, int b) { return static_cast<int>(a.size()) + b; });
#else
  m.command("x.get b a...", [](int b, rm::rest<int> a) { return static_cast<int>(a.size()) + b; });
#endif
}
