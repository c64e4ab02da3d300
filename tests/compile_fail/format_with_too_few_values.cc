// Expected: a_format_has_one_pair_of_braces_for_each_value
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.get", [] { return rm::format("{} of {}", 1); });
#else
  m.command("x.get", [] { return rm::format("{} of {}", 1, 2); });
#endif
}
