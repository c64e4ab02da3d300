// Expected: redismodule: the reply of a call is not read as this type
#include <redismodule/redismodule.h>

namespace rm = redismodule;

struct point {
  int x, y;
};

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.get key", [](rm::context& ctx, rm::string_ref key) { return ctx.call<point>("GET", key).has_value(); });
#else
  m.command("x.get key", [](rm::context& ctx, rm::string_ref key) { return ctx.call<int>("GET", key).has_value(); });
#endif
}
