#include <redismodule/redismodule.h>
namespace rm = redismodule;

long long mul(int a, int b) { return static_cast<long long>(a) * b; }

REDISMODULE_MODULE(hello, 1, m) {
  m.command<mul>("hello.mul a b", {.summary = "Multiplies two integers", .flags = rm::flags::fast});
}
