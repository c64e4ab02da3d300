// Expected: a_rest_of_arguments_is_written_with_dots
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.count text", [](rm::rest<std::string_view> texts) { return texts.size(); });
#else
  m.command("x.count text...", [](rm::rest<std::string_view> texts) { return texts.size(); });
#endif
}
