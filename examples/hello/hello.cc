#include <redismodule/redismodule.h>
namespace rm = redismodule;

long long mul(long long a, long long b) { return a * b; }

REDISMODULE_MODULE(hello, 1, m) {
  m.command<mul>("hello.mul a b", {.summary = "Multiplies two integers", .flags = rm::flags::fast});
}
