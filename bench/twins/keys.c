/* The measured commands on keys, written by hand. */
#include <math.h>

#include "raw_api.h"

typedef struct RedisModuleKey RedisModuleKey;

#define READ (1 << 0)
#define WRITE (1 << 1)
#define HASH_NONE 0
enum { EMPTY, STRING, LIST, HASH, SET, ZSET };

static RedisModuleKey *(*RedisModule_OpenKey)(RedisModuleCtx *, RedisModuleString *, int);
static void (*RedisModule_CloseKey)(RedisModuleKey *);
static int (*RedisModule_KeyType)(RedisModuleKey *);
static size_t (*RedisModule_ValueLength)(RedisModuleKey *);
static char *(*RedisModule_StringDMA)(RedisModuleKey *, size_t *, int);
static int (*RedisModule_StringSet)(RedisModuleKey *, RedisModuleString *);
static int (*RedisModule_HashGet)(RedisModuleKey *, int, ...);
static int (*RedisModule_ZsetFirstInScoreRange)(RedisModuleKey *, double, double, int, int);
static int (*RedisModule_ZsetRangeEndReached)(RedisModuleKey *);
static int (*RedisModule_ZsetRangeNext)(RedisModuleKey *);
static RedisModuleString *(*RedisModule_ZsetRangeCurrentElement)(RedisModuleKey *, double *);
static void (*RedisModule_ZsetRangeStop)(RedisModuleKey *);
static RedisModuleString *(*RedisModule_ListGet)(RedisModuleKey *, long);
static void (*RedisModule_FreeString)(RedisModuleCtx *, RedisModuleString *);
static int (*RedisModule_ReplyWithStringBuffer)(RedisModuleCtx *, const char *, size_t);
static int (*RedisModule_ReplyWithArray)(RedisModuleCtx *, long);
static int (*RedisModule_ReplyWithDouble)(RedisModuleCtx *, double);
static int (*RedisModule_ReplyWithNull)(RedisModuleCtx *);

static int wrong_type(RedisModuleCtx *ctx, RedisModuleKey *key) {
  RedisModule_CloseKey(key);
  return RedisModule_ReplyWithError(ctx, "WRONGTYPE Operation against a key holding the wrong kind of value");
}

int twin_swap(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 3) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], READ | WRITE);
  int type = RedisModule_KeyType(key);
  if (type != EMPTY && type != STRING) return wrong_type(ctx, key);
  size_t size;
  const char *bytes = RedisModule_StringDMA(key, &size, READ);
  int code = RedisModule_ReplyWithStringBuffer(ctx, bytes, size);
  RedisModule_StringSet(key, argv[2]);
  RedisModule_CloseKey(key);
  return code;
}

int twin_get(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], READ);
  if (key == NULL) return RedisModule_ReplyWithStringBuffer(ctx, "", 0);
  if (RedisModule_KeyType(key) != STRING) return wrong_type(ctx, key);
  size_t size;
  const char *bytes = RedisModule_StringDMA(key, &size, READ);
  int code = RedisModule_ReplyWithStringBuffer(ctx, bytes, size);
  RedisModule_CloseKey(key);
  return code;
}

int twin_field(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 3) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], READ);
  if (key == NULL) return RedisModule_ReplyWithNull(ctx);
  if (RedisModule_KeyType(key) != HASH) return wrong_type(ctx, key);
  RedisModuleString *value = NULL;
  RedisModule_HashGet(key, HASH_NONE, argv[2], &value, NULL);
  int code = value == NULL ? RedisModule_ReplyWithNull(ctx) : RedisModule_ReplyWithString(ctx, value);
  if (value != NULL) RedisModule_FreeString(ctx, value);
  RedisModule_CloseKey(key);
  return code;
}

/* One call a field. */
int twin_fields(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc < 3) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], READ);
  if (key != NULL && RedisModule_KeyType(key) != HASH) return wrong_type(ctx, key);
  RedisModule_ReplyWithArray(ctx, argc - 2);
  for (int i = 2; i < argc; ++i) {
    RedisModuleString *value = NULL;
    if (key != NULL) RedisModule_HashGet(key, HASH_NONE, argv[i], &value, NULL);
    if (value == NULL) {
      RedisModule_ReplyWithStringBuffer(ctx, "", 0);
    } else {
      RedisModule_ReplyWithString(ctx, value);
      RedisModule_FreeString(ctx, value);
    }
  }
  RedisModule_CloseKey(key);
  return OK;
}

int twin_range(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], READ);
  if (key == NULL) return RedisModule_ReplyWithArray(ctx, 0);
  if (RedisModule_KeyType(key) != ZSET) return wrong_type(ctx, key);
  RedisModule_ReplyWithArray(ctx, 2 * (long)RedisModule_ValueLength(key));
  RedisModule_ZsetFirstInScoreRange(key, -INFINITY, INFINITY, 0, 0);
  while (!RedisModule_ZsetRangeEndReached(key)) {
    double score;
    RedisModuleString *member = RedisModule_ZsetRangeCurrentElement(key, &score);
    RedisModule_ReplyWithString(ctx, member);
    RedisModule_ReplyWithDouble(ctx, score);
    RedisModule_FreeString(ctx, member);
    RedisModule_ZsetRangeNext(key);
  }
  RedisModule_ZsetRangeStop(key);
  RedisModule_CloseKey(key);
  return OK;
}

int twin_list(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], READ);
  if (key == NULL) return RedisModule_ReplyWithArray(ctx, 0);
  if (RedisModule_KeyType(key) != LIST) return wrong_type(ctx, key);
  long size = (long)RedisModule_ValueLength(key);
  RedisModule_ReplyWithArray(ctx, size);
  for (long i = 0; i < size; ++i) {
    RedisModuleString *element = RedisModule_ListGet(key, i);
    RedisModule_ReplyWithString(ctx, element);
    RedisModule_FreeString(ctx, element);
  }
  RedisModule_CloseKey(key);
  return OK;
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  if (raw_api_init(ctx, "twinkeys", 1) != OK) return ERR;
#define LOOK_UP(function) RedisModule_GetApi("RedisModule_" #function, (void *)&RedisModule_##function)
  LOOK_UP(OpenKey);
  LOOK_UP(CloseKey);
  LOOK_UP(KeyType);
  LOOK_UP(ValueLength);
  LOOK_UP(StringDMA);
  LOOK_UP(StringSet);
  LOOK_UP(HashGet);
  LOOK_UP(ZsetFirstInScoreRange);
  LOOK_UP(ZsetRangeEndReached);
  LOOK_UP(ZsetRangeNext);
  LOOK_UP(ZsetRangeCurrentElement);
  LOOK_UP(ZsetRangeStop);
  LOOK_UP(ListGet);
  LOOK_UP(FreeString);
  LOOK_UP(ReplyWithStringBuffer);
  LOOK_UP(ReplyWithArray);
  LOOK_UP(ReplyWithDouble);
  LOOK_UP(ReplyWithNull);
#undef LOOK_UP
  if (RedisModule_CreateCommand(ctx, "twinkeys.swap", twin_swap, "write deny-oom", 0, 0, 0) != OK) return ERR;
  if (RedisModule_CreateCommand(ctx, "twinkeys.get", twin_get, "readonly", 0, 0, 0) != OK) return ERR;
  if (RedisModule_CreateCommand(ctx, "twinkeys.field", twin_field, "readonly", 0, 0, 0) != OK) return ERR;
  if (RedisModule_CreateCommand(ctx, "twinkeys.fields", twin_fields, "readonly", 0, 0, 0) != OK) return ERR;
  if (RedisModule_CreateCommand(ctx, "twinkeys.range", twin_range, "readonly", 0, 0, 0) != OK) return ERR;
  return RedisModule_CreateCommand(ctx, "twinkeys.list", twin_list, "readonly", 0, 0, 0);
}
