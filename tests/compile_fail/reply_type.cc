// Expected: redismodule: no reply can be made of this type
#include <redismodule/redismodule.h>

namespace rm = redismodule;

struct point {
  int x, y;
};

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.get", [] { return point{1, 2}; });
#else
  m.command("x.get", [] { return std::pair{1, 2}; });
#endif
}
