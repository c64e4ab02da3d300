/* examples/hello, written by hand: the same command, with the same words about it where the server asks for them. */
#include "raw_api.h"

typedef struct {
  const char *name;
  int type;
  int key_spec_index;
  const char *token, *summary, *since;
  int flags;
  const char *deprecated_since;
  void *subargs;
  const char *display_text;
} CommandArg;

typedef struct {
  int version;
  size_t sizeof_history, sizeof_key_spec, sizeof_arg;
} CommandInfoVersion;

typedef struct {
  const CommandInfoVersion *version;
  const char *summary, *complexity, *since;
  void *history;
  const char *tips;
  int arity;
  void *key_specs;
  CommandArg *args;
} CommandInfo;

#define ARG_TYPE_INTEGER 1

static void *(*RedisModule_GetCommand)(RedisModuleCtx *, const char *);
static int (*RedisModule_SetCommandInfo)(void *, const CommandInfo *);

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
  static const CommandInfoVersion version = {1, 2 * sizeof(char *), 64, sizeof(CommandArg)};
  const CommandInfo info = {.version = &version, .summary = "Multiplies two integers", .arity = 3, .args = args};
  RedisModule_GetApi("RedisModule_GetCommand", (void *)&RedisModule_GetCommand);
  RedisModule_GetApi("RedisModule_SetCommandInfo", (void *)&RedisModule_SetCommandInfo);
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
