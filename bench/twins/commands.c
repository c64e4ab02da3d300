/* The measured commands, written by hand. Two more that do a little more: what must show as a difference. */
#include <string.h>

#include "raw_api.h"

static RedisModuleString *(*RedisModule_CreateStringFromString)(RedisModuleCtx *, const RedisModuleString *);
static void (*RedisModule_FreeString)(RedisModuleCtx *, RedisModuleString *);

int twin_mul(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 3) return RedisModule_WrongArity(ctx);
  long long a, b;
  if (RedisModule_StringToLongLong(argv[1], &a) != OK || RedisModule_StringToLongLong(argv[2], &b) != OK) {
    return RedisModule_ReplyWithError(ctx, "ERR value is not an integer or out of range");
  }
  return RedisModule_ReplyWithLongLong(ctx, a * b);
}

int twin_echo(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  return RedisModule_ReplyWithString(ctx, argv[1]);
}

/* An echo of a copy: one string more is made and freed. */
int copying_echo(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  RedisModuleString *copy = RedisModule_CreateStringFromString(ctx, argv[1]);
  int code = RedisModule_ReplyWithString(ctx, copy);
  RedisModule_FreeString(ctx, copy);
  return code;
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  if (raw_api_init(ctx, TWIN_NAME, 1) != OK) return ERR;
  RedisModule_GetApi("RedisModule_CreateStringFromString", (void *)&RedisModule_CreateStringFromString);
  RedisModule_GetApi("RedisModule_FreeString", (void *)&RedisModule_FreeString);
  if (RedisModule_CreateCommand(ctx, TWIN_NAME ".mul", twin_mul, "fast", 0, 0, 0) != OK) return ERR;
  if (RedisModule_CreateCommand(ctx, TWIN_NAME ".echo", twin_echo, "fast", 0, 0, 0) != OK) return ERR;
  return RedisModule_CreateCommand(ctx, TWIN_NAME ".copy", copying_echo, "fast", 0, 0, 0);
}
