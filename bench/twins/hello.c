/* examples/hello, written by hand: the same command, with the same words about it where the server asks for them. */
#include "command_info.h"

#define ARG_TYPE_INTEGER 1

static int mul(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 3) return RedisModule_WrongArity(ctx);
  long long a, b;
  if (RedisModule_StringToLongLong(argv[1], &a) != OK || a != (int)a) {
    return RedisModule_ReplyWithError(ctx, "ERR value is not an integer or out of range (argument 'a')");
  }
  if (RedisModule_StringToLongLong(argv[2], &b) != OK || b != (int)b) {
    return RedisModule_ReplyWithError(ctx, "ERR value is not an integer or out of range (argument 'b')");
  }
  return RedisModule_ReplyWithLongLong(ctx, a * b);
}

static int describe(RedisModuleCtx *ctx) {
  static CommandArg args[] = {{.name = "a", .type = ARG_TYPE_INTEGER, .key_spec_index = -1},
                              {.name = "b", .type = ARG_TYPE_INTEGER, .key_spec_index = -1},
                              {0}};
  const CommandInfo info = {.version = &command_info_version, .summary = "Multiplies two integers", .arity = 3, .args = args};
  look_up_command_info();
  if (!RedisModule_GetCommand || !RedisModule_SetCommandInfo) return OK;
  return RedisModule_SetCommandInfo(RedisModule_GetCommand(ctx, "twin.mul"), &info);
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  if (raw_api_init(ctx, "twin", 1) != OK) return ERR;
  if (RedisModule_CreateCommand(ctx, "twin.mul", mul, "fast", 0, 0, 0) != OK) return ERR;
  return describe(ctx);
}
