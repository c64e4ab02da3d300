// Expected: an_optional_argument_is_written_in_brackets
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.get a b", [](int a, std::optional<int> b) { return a + b.value_or(0); });
#else
  m.command("x.get a [b]", [](int a, std::optional<int> b) { return a + b.value_or(0); });
#endif
}
