// Expected: the_synopsis_begins_with_the_name_of_the_command
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command(" a", [](long long a) { return -a; });
#else
  m.command("x.neg a", [](long long a) { return -a; });
#endif
}
