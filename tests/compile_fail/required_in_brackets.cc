// Expected: a_required_argument_is_written_without_brackets
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.get [a]", [](int a) { return a; });
#else
  m.command("x.get a", [](int a) { return a; });
#endif
}
