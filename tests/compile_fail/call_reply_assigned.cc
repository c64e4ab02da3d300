// Expected: deleted
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.get key", [](rm::context& ctx, rm::string_ref key) {
    rm::call_reply reply = ctx.call("GET", key);
    reply = ctx.call("TTL", key);
    return reply.is_error();
  });
#else
  m.command("x.get key", [](rm::context& ctx, rm::string_ref key) {
    rm::call_reply reply = ctx.call("GET", key);
    rm::call_value value = reply.to_value();
    return value.is_error();
  });
#endif
}
