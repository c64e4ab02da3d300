// Expected: the_synopsis_names_fewer_arguments_than_the_handler_takes
#include <redismodule/redismodule.h>

namespace rm = redismodule;

long long mul(long long a, long long b) { return a * b; }

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command<mul>("x.mul a");
#else
  m.command<mul>("x.mul a b");
#endif
}
