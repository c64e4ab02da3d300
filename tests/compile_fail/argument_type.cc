// Expected: redismodule: this parameter is of no argument type
#include <redismodule/redismodule.h>

namespace rm = redismodule;

struct point {
  int x, y;
};

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.get point", [](point p) { return p.x; });
#else
  m.command("x.get x y", [](int x, int y) { return point{x, y}.x; });
#endif
}
