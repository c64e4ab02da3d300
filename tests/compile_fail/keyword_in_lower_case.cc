// Expected: a_keyword_is_written_in_upper_case
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  struct options {
    rm::flag<"nx"> nx;
  };
  m.command("x.set a", [](int a, options given) { return given.nx ? a : 0; });
#else
  struct options {
    rm::flag<"NX"> nx;
  };
  m.command("x.set a", [](int a, options given) { return given.nx ? a : 0; });
#endif
}
