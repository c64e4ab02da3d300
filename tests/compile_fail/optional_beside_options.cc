// Expected: redismodule: a std::optional argument and keyword options do not go together
#include <redismodule/redismodule.h>

namespace rm = redismodule;

struct options {
  rm::flag<"NX"> nx;
};

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.set [a]", [](std::optional<int> a, options given) { return given.nx ? a.value_or(1) : 0; });
#else
  m.command("x.set a", [](int a, options given) { return given.nx ? a : 0; });
#endif
}
