// An official header and ours in one source file: the builder for what is new, the old code as it was. Compiled with
// Redis's header, and with Valkey's.
#ifdef WITH_VALKEY_HEADER
#include <valkeymodule.h>
#define OFFICIAL(name) ValkeyModule_##name
#define OFFICIAL_OK VALKEYMODULE_OK
using official_context = ValkeyModuleCtx;
using official_string = ValkeyModuleString;
#else
#include <redismodule.h>
#define OFFICIAL(name) RedisModule_##name
#define OFFICIAL_OK REDISMODULE_OK
using official_context = RedisModuleCtx;
using official_string = RedisModuleString;
#endif

#include <redismodule/redismodule.h>

namespace rm = redismodule;

// In the old style, through the pointers of the official header.
static int old_sum(official_context* ctx, official_string** argv, int argc) {
  long long sum = 0;
  for (int i = 1; i < argc; ++i) {
    long long value = 0;
    if (OFFICIAL(StringToLongLong)(argv[i], &value) != OFFICIAL_OK) {
      return OFFICIAL(ReplyWithError)(ctx, "ERR not a number");
    }
    sum += value;
  }
  void* block = OFFICIAL(Alloc)(100);
  OFFICIAL(Free)(block);
  return OFFICIAL(ReplyWithLongLong)(ctx, sum);
}

static long long new_sum(rm::rest<long long> values) {
  long long sum = 0;
  for (const auto value : values) sum += value;
  return sum;
}

REDISMODULE_MODULE(two_headers, 1, m) {
  if (OFFICIAL(Init)(rm::init_context<official_context>(), "two_headers", 1, 1) != OFFICIAL_OK) {
    throw rm::load_error{"the official header's pointers could not be filled"};
  }
  m.raw_command("two_headers.old", old_sum);
  m.command<new_sum>("two_headers.new value...");
}
