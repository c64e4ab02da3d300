// Expected: const redismodule::list
#include <redismodule/redismodule.h>

namespace rm = redismodule;

#ifdef MISTAKE
void push(rm::read<rm::list> key, rm::string_ref value) { key->push_back(value); }
#else
void push(rm::write<rm::list> key, rm::string_ref value) { key->push_back(value); }
#endif

REDISMODULE_MODULE(faulty, 1, m) { m.command<push>("x.push key value"); }
