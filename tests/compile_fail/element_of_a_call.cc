// Expected: operator[]
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.get key", [](rm::context& ctx, rm::string_ref key) {
    rm::call_reply_ref first = ctx.call("LRANGE", key, 0, 0)[0];
    return std::string{first.text()};
  });
#else
  m.command("x.get key", [](rm::context& ctx, rm::string_ref key) {
    rm::call_reply reply = ctx.call("LRANGE", key, 0, 0);
    rm::call_reply_ref first = reply[0];
    return std::string{first.text()};
  });
#endif
}
