// Expected: a message that no compiler has
// The check must fail on this: the compiler says something else.
#include <redismodule/redismodule.h>

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.neg a b", [](long long a) { return -a; });
#else
  m.command("x.neg a", [](long long a) { return -a; });
#endif
}
