// Expected: redismodule: the members of keyword options are where the compiler puts them by itself
// What is behind NX is one byte further on, in an aggregate of the same size.
#include <redismodule/redismodule.h>

namespace rm = redismodule;

struct options {
  rm::flag<"NX"> nx;
#ifdef MISTAKE
  alignas(2)
#endif
      rm::flag<"XX"> xx;
  rm::option<"EX", int> ex;
};

REDISMODULE_MODULE(faulty, 1, m) {
  m.command("x.set", [](options given) { return given.xx ? 1 : given.ex.value_or(0); });
}
