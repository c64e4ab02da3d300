// Expected: redismodule: a handler that takes rm::reply& writes the reply by itself, and returns void
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.get", [](rm::reply& out) {
    out.integer(1);
    return 2;
  });
#else
  m.command("x.get", [](rm::reply& out) { out.integer(1); });
#endif
}
