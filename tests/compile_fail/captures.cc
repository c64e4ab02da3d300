// Expected: redismodule: a handler is a function or a lambda without captures
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  int step = 2;
  m.command("x.add a", [step](int a) { return a + step; });
#else
  static constexpr int step = 2;
  m.command("x.add a", [](int a) { return a + step; });
#endif
}
