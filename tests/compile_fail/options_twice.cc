// Expected: redismodule: all keyword options are in one aggregate
#include <redismodule/redismodule.h>

namespace rm = redismodule;

struct options {
  rm::flag<"NX"> nx;
};
struct others {
  rm::flag<"XX"> xx;
};

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.set", [](options given, int a, others more) { return given.nx && more.xx ? a : 0; });
#else
  m.command("x.set a", [](options given, int a) { return given.nx ? a : 0; });
#endif
}
