// Expected: redismodule: rm::keys_by names all keys of a command, whose handler takes none as a key
#include <redismodule/redismodule.h>

namespace rm = redismodule;

void name_keys(rm::args words, rm::positions& found) { found.add(words.size() - 1, rm::key_flags::ro); }

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  using first_key = rm::key_name<>;
#else
  using first_key = rm::string_ref;
#endif
  m.command<[](first_key, rm::string_ref) { return rm::ok; }, rm::keys_by<name_keys>>("x.pair first last");
}
