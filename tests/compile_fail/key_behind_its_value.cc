// Expected: redismodule: the parts of a pair are one argument each, and only the first is a key
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.set value key...", [](rm::at_least_one<std::pair<int, rm::key_name<>>> keys) { return keys.size(); });
#else
  m.command("x.set key value...", [](rm::at_least_one<std::pair<rm::key_name<>, int>> keys) { return keys.size(); });
#endif
}
