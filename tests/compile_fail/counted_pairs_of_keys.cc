// Expected: redismodule: a rm::count_then counts keys alone, not keys with values
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.set n key value...", [](rm::count_then<std::pair<rm::key_name<>, int>> keys) { return keys.size(); });
#else
  m.command("x.set n key...", [](rm::count_then<rm::key_name<>> keys) { return keys.size(); });
#endif
}
