// Expected: a_keyword_is_there_twice
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  struct options {
    rm::flag<"NX"> nx;
    rm::option<"NX", int> other;
  };
  m.command("x.set a", [](int a, options given) { return given.nx ? a : 0; });
#else
  struct options {
    rm::flag<"NX"> nx;
    rm::option<"XX", int> other;
  };
  m.command("x.set a", [](int a, options given) { return given.nx ? a : 0; });
#endif
}
