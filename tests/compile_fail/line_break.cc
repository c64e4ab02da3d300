// Expected: a_reply_line_may_not_contain_control_characters
#include <redismodule/redismodule.h>

namespace rm = redismodule;

REDISMODULE_MODULE(faulty, 1, m) {
#ifdef MISTAKE
  m.command("x.fail", [] { return rm::error_reply{"ERR one\r\nand another"}; });
#else
  m.command("x.fail", [] { return rm::error_reply{"ERR one"}; });
#endif
}
