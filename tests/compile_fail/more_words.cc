// Expected: the_synopsis_names_more_arguments_than_the_handler_takes
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.neg a b", [](long long a) { return -a; });
#else
  m.command("x.neg a", [](long long a) { return -a; });
#endif
}
