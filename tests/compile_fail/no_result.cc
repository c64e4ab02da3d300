// Expected: redismodule: the function given to and_then returns a result
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.twice n", [](int n) { return rm::result<int>{n}.and_then([](int v) { return 2 * v; }); });
#else
  m.command("x.twice n", [](int n) { return rm::result<int>{n}.transform([](int v) { return 2 * v; }); });
#endif
}
