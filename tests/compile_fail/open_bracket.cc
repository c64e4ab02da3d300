// Expected: a_bracket_of_a_synopsis_is_closed
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.get [a", [](std::optional<int> a) { return a; });
#else
  m.command("x.get [a]", [](std::optional<int> a) { return a; });
#endif
}
