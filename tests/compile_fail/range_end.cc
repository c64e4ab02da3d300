// Expected: an_end_of_a_range_by_bytes_is_minus_or_plus_or_begins_with_a_bracket
#include <redismodule/redismodule.h>

namespace rm = redismodule;

// (In a lambda clang 19 refuses it as well, but blames the lambda: what is consteval in one makes it so.)
double first_score(rm::read<rm::sorted_set> key) {
#ifdef MISTAKE
  return (*key->by_lex("a", "+").begin()).score;
#else
  return (*key->by_lex("[a", "+").begin()).score;
#endif
}

REDISMODULE_MODULE(faulty, 1, m) { m.command<first_score>("x.lex key"); }
