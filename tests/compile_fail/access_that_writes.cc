// Expected: a_key_that_is_written_is_no_key_to_read
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.size key", [](rm::read<rm::list, rm::access::update> key) { return key->size(); });
#else
  m.command("x.size key", [](rm::read<rm::list, rm::access::none> key) { return key->size(); });
#endif
}
