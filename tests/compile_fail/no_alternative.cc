// Expected: redismodule: this rm::one_of has no such keyword
#include <redismodule/redismodule.h>

namespace rm = redismodule;

struct options {
  rm::one_of<rm::flag<"NX">, rm::flag<"XX">> condition;
};

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.set", [](options given) { return given.condition.get<"EX">() ? 1 : 0; });
#else
  m.command("x.set", [](options given) { return given.condition.get<"NX">() ? 1 : 0; });
#endif
}
