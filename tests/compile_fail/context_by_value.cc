// Expected: redismodule: a handler takes rm::context and rm::reply by reference
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.log", [](const rm::context&) {});
#else
  m.command("x.log", [](rm::context&) {});
#endif
}
