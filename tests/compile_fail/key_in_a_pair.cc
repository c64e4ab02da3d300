// Expected: redismodule: the parts of a pair or tuple behind a keyword are one argument each, and no keys
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  struct options {
    rm::option<"STORE", std::pair<rm::key_name<>, int>> store;
  };
  m.command("x.set", [](options given) { return given.store.has_value(); });
#else
  struct options {
    rm::option<"STORE", rm::key_name<>> store;
  };
  m.command("x.set", [](options given) { return given.store.has_value(); });
#endif
}
