/* The measured commands, written by hand. Two more that do a little more: what must show as a difference. */
#include <string.h>

#include "raw_api.h"

#define REPLY_STRING 0
typedef struct RedisModuleCallReply RedisModuleCallReply;
static int (*RedisModule_ReplyWithArray)(RedisModuleCtx *, long);
static int (*RedisModule_ReplyWithMap)(RedisModuleCtx *, long);
static int (*RedisModule_ReplyWithStringBuffer)(RedisModuleCtx *, const char *, size_t);
static int (*RedisModule_ReplyWithCallReply)(RedisModuleCtx *, RedisModuleCallReply *);
static RedisModuleCallReply *(*RedisModule_Call)(RedisModuleCtx *, const char *, const char *, ...);
static int (*RedisModule_CallReplyType)(RedisModuleCallReply *);
static const char *(*RedisModule_CallReplyStringPtr)(RedisModuleCallReply *, size_t *);
static void (*RedisModule_FreeCallReply)(RedisModuleCallReply *);
static RedisModuleString *(*RedisModule_CreateStringFromString)(RedisModuleCtx *, const RedisModuleString *);
static void (*RedisModule_FreeString)(RedisModuleCtx *, RedisModuleString *);

int twin_mul(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 3) return RedisModule_WrongArity(ctx);
  long long a, b;
  if (RedisModule_StringToLongLong(argv[1], &a) != OK || RedisModule_StringToLongLong(argv[2], &b) != OK || a != (int)a ||
      b != (int)b) {
    return RedisModule_ReplyWithError(ctx, "ERR value is not an integer or out of range");
  }
  return RedisModule_ReplyWithLongLong(ctx, a * b);
}

int twin_echo(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  return RedisModule_ReplyWithString(ctx, argv[1]);
}

static long long numbers[1000];
static char fields[100][16];

static void fill(void) {
  for (int i = 0; i < 1000; ++i) numbers[i] = i * 1000;
  for (int i = 0; i < 100; ++i) {
    memcpy(fields[i], "field:1", 7);
    fields[i][7] = (char)('0' + i / 10);
    fields[i][8] = (char)('0' + i % 10);
  }
}

static int array_of(RedisModuleCtx *ctx, int size) {
  RedisModule_ReplyWithArray(ctx, size);
  for (int i = 0; i < size; ++i) RedisModule_ReplyWithLongLong(ctx, numbers[i]);
  return OK;
}

int twin_array100(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  if (argc != 1) return RedisModule_WrongArity(ctx);
  return array_of(ctx, 100);
}

int twin_array1000(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  if (argc != 1) return RedisModule_WrongArity(ctx);
  return array_of(ctx, 1000);
}

int twin_map100(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  if (argc != 1) return RedisModule_WrongArity(ctx);
  RedisModule_ReplyWithMap(ctx, 100);
  for (int i = 0; i < 100; ++i) {
    RedisModule_ReplyWithStringBuffer(ctx, fields[i], 9);
    RedisModule_ReplyWithLongLong(ctx, numbers[i]);
  }
  return OK;
}

int twin_get(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  RedisModuleCallReply *reply = RedisModule_Call(ctx, "GET", "s", argv[1]);
  if (reply == NULL) return RedisModule_ReplyWithError(ctx, "ERR the call failed");
  int code = RedisModule_ReplyWithCallReply(ctx, reply);
  RedisModule_FreeCallReply(reply);
  return code;
}

int twin_getlen(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  RedisModuleCallReply *reply = RedisModule_Call(ctx, "GET", "s", argv[1]);
  size_t size = 0;
  if (reply != NULL && RedisModule_CallReplyType(reply) == REPLY_STRING) RedisModule_CallReplyStringPtr(reply, &size);
  if (reply != NULL) RedisModule_FreeCallReply(reply);
  return RedisModule_ReplyWithLongLong(ctx, (long long)size);
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
  RedisModule_GetApi("RedisModule_ReplyWithArray", (void *)&RedisModule_ReplyWithArray);
  RedisModule_GetApi("RedisModule_ReplyWithMap", (void *)&RedisModule_ReplyWithMap);
  RedisModule_GetApi("RedisModule_ReplyWithStringBuffer", (void *)&RedisModule_ReplyWithStringBuffer);
  RedisModule_GetApi("RedisModule_ReplyWithCallReply", (void *)&RedisModule_ReplyWithCallReply);
  RedisModule_GetApi("RedisModule_Call", (void *)&RedisModule_Call);
  RedisModule_GetApi("RedisModule_CallReplyType", (void *)&RedisModule_CallReplyType);
  RedisModule_GetApi("RedisModule_CallReplyStringPtr", (void *)&RedisModule_CallReplyStringPtr);
  RedisModule_GetApi("RedisModule_FreeCallReply", (void *)&RedisModule_FreeCallReply);
  fill();
  if (RedisModule_CreateCommand(ctx, TWIN_NAME ".array100", twin_array100, "fast", 0, 0, 0) != OK) return ERR;
  if (RedisModule_CreateCommand(ctx, TWIN_NAME ".array1000", twin_array1000, "fast", 0, 0, 0) != OK) return ERR;
  if (RedisModule_CreateCommand(ctx, TWIN_NAME ".map100", twin_map100, "fast", 0, 0, 0) != OK) return ERR;
  if (RedisModule_CreateCommand(ctx, TWIN_NAME ".get", twin_get, "fast", 0, 0, 0) != OK) return ERR;
  if (RedisModule_CreateCommand(ctx, TWIN_NAME ".getlen", twin_getlen, "fast", 0, 0, 0) != OK) return ERR;
  if (RedisModule_CreateCommand(ctx, TWIN_NAME ".mul", twin_mul, "fast", 0, 0, 0) != OK) return ERR;
  if (RedisModule_CreateCommand(ctx, TWIN_NAME ".echo", twin_echo, "fast", 0, 0, 0) != OK) return ERR;
  return RedisModule_CreateCommand(ctx, TWIN_NAME ".copy", copying_echo, "fast", 0, 0, 0);
}
