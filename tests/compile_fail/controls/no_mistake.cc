// Expected: error
// The check must fail on this: its mistake is none.
#include <redismodule/redismodule.h>

REDISMODULE_MODULE(faultless, 1, m) {
  m.command("x.neg a", [](long long a) { return -a; });
}
