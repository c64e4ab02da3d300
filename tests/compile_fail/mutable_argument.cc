// Expected: redismodule: a handler takes an argument by value or by const reference
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.grow text", [](std::string& text) { text += "!"; });
#else
  m.command("x.grow text", [](std::string text) { text += "!"; });
#endif
}
