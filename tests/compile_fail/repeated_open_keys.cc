// Expected: redismodule: behind a keyword that is repeated stands one key, as a rm::key_name
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  struct options {
    rm::repeated<"FROM", rm::read<rm::list>> from;
  };
  m.command("x.set", [](options given) { return given.from.size(); });
#else
  struct options {
    rm::repeated<"FROM", rm::key_name<>> from;
  };
  m.command("x.set", [](options given) { return given.from.size(); });
#endif
}
