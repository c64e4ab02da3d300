// The measured commands, by this library.
#include <redismodule/redismodule.h>
namespace rm = redismodule;

long long multiply(long long a, long long b) { return a * b; }

rm::string_ref echo(rm::string_ref text) { return text; }

REDISMODULE_MODULE(ours, 1, m) {
  m.command<multiply>("ours.mul a b", {.flags = rm::flags::fast});
  m.command<echo>("ours.echo text", {.flags = rm::flags::fast});
}
