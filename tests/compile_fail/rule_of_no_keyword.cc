// Expected: a_rule_names_a_keyword_that_is_not_there
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  struct options {
    rm::flag<"NX"> nx;
    rm::option<"COUNT", int, rm::needs<"MATCH">> count;
  };
  m.command("x.set a", [](int a, options given) { return given.nx ? a : 0; });
#else
  struct options {
    rm::flag<"NX"> nx;
    rm::option<"COUNT", int, rm::needs<"NX">> count;
  };
  m.command("x.set a", [](int a, options given) { return given.nx ? a : 0; });
#endif
}
