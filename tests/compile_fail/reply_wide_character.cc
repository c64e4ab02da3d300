// Expected: redismodule: no reply can be made of this type
#include <redismodule/redismodule.h>

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.get", [] { return L'x'; });
#else
  m.command("x.get", [] { return static_cast<int>(L'x'); });
#endif
}
