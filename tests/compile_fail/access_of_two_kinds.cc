// Expected: what_an_access_does_is_one_of_update_insert_and_remove
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.push key", [](rm::write<rm::list, rm::access::update | rm::access::insert> key) { return key->size(); });
#else
  m.command("x.push key", [](rm::write<rm::list, rm::access::read | rm::access::insert> key) { return key->size(); });
#endif
}
