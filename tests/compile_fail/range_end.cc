// Expected: an_end_of_a_range_by_bytes_is_minus_or_plus_or_begins_with_a_bracket
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.lex key", [](rm::read<rm::sorted_set> key) { return (*key->by_lex("a", "+").begin()).score; });
#else
  m.command("x.lex key", [](rm::read<rm::sorted_set> key) { return (*key->by_lex("[a", "+").begin()).score; });
#endif
}
