// Expected: nodiscard
#include <redismodule/redismodule.h>

namespace rm = redismodule;

rm::result<void> save(int n) {
  if (n < 0) return rm::error_reply{"ERR negative"};
  return {};
}

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.save n", [](int n) { save(n); });
#else
  m.command("x.save n", [](int n) { return save(n); });
#endif
}
