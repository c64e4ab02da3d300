// Expected: redismodule: no argument of a command can be made of this type
#include <redismodule/redismodule.h>

namespace rm = redismodule;

struct point {
  int x, y;
};

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.set key", [](rm::context& ctx, rm::string_ref key) { return ctx.call("SET", key, point{1, 2}); });
#else
  m.command("x.set key", [](rm::context& ctx, rm::string_ref key) { return ctx.call("SET", key, point{1, 2}.x); });
#endif
}
