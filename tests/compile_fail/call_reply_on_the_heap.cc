// Expected: operator new
#include <memory>

#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.get key", [](rm::context& ctx, rm::string_ref key) {
    return std::make_unique<rm::call_reply>(ctx.call("GET", key))->is_error();
  });
#else
  m.command("x.get key", [](rm::context& ctx, rm::string_ref key) {
    return std::make_unique<rm::call_value>(ctx.call("GET", key).to_value())->is_error();
  });
#endif
}
