// Expected: dots_are_for_a_rest_of_arguments
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.length text...", [](std::string_view text) { return text.size(); });
#else
  m.command("x.length text", [](std::string_view text) { return text.size(); });
#endif
}
