// Expected: redismodule: keyword options are an aggregate of at most 16 members
#include <redismodule/redismodule.h>

namespace rm = redismodule;

struct options {
  rm::flag<"A"> a;
  rm::flag<"B"> b;
};
struct many {
  rm::flag<"A"> a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q;
};

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.set", [](many given) { return given.a ? 1 : 0; });
#else
  m.command("x.set", [](options given) { return given.a ? 1 : 0; });
#endif
}
