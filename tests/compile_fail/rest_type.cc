// Expected: redismodule: the elements of this rest are of no argument type
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.count a...", [](rm::rest<char> a) { return a.size(); });
#else
  m.command("x.count a...", [](rm::rest<int> a) { return a.size(); });
#endif
}
