// Expected: redismodule: no reply can be made of this type
// Options: -std=gnu++20
#include <redismodule/redismodule.h>

__extension__ using wide = __int128;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.get", [] { return static_cast<wide>(1); });
#else
  m.command("x.get", [] { return static_cast<long long>(static_cast<wide>(1)); });
#endif
}
