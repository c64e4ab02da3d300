// Expected: a_command_that_writes_keys_is_not_readonly
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.push key", [](rm::write<rm::list> key) { return key->size(); }, {.flags = rm::flags::readonly});
#else
  m.command("x.push key", [](rm::write<rm::list> key) { return key->size(); }, {.flags = rm::flags::fast});
#endif
}
