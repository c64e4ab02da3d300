// Expected: redismodule: the reply is gone when the call returns
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.get key", [](rm::context& ctx, rm::string_ref key) {
    return ctx.call<std::string_view>("GET", key).transform([](std::string_view text) { return text.size(); });
  });
#else
  m.command("x.get key", [](rm::context& ctx, rm::string_ref key) {
    return ctx.call<std::string>("GET", key).transform([](const std::string& text) { return text.size(); });
  });
#endif
}
