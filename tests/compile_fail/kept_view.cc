// Expected: write(const write&)
#include <redismodule/redismodule.h>

namespace rm = redismodule;

// A view is good until the handler returns: it cannot be put where it would live longer.
#ifdef MISTAKE
void keep(rm::write<rm::list> key) {
  static rm::write<rm::list> kept = key;
  kept->push_back("later");
}
#else
void keep(rm::write<rm::list> key) {
  static rm::string kept = rm::string::retain(key->name());
  key->push_back(kept);
}
#endif

REDISMODULE_MODULE(faulty, 1, m) { m.command<keep>("x.keep key"); }
