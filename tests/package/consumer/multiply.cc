#include <redismodule/redismodule.h>

long long multiply(long long a, long long b) { return a * b; }

REDISMODULE_MODULE(multiply, 1, m) { m.command<multiply>("multiply a b"); }
