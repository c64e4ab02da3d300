/* The measured data type, written by hand: every read is looked at. */
#include <stdint.h>
#include <string.h>

#include "raw_api.h"

typedef struct RedisModuleKey RedisModuleKey;
typedef struct RedisModuleIO RedisModuleIO;
typedef struct RedisModuleType RedisModuleType;

typedef struct {
  uint64_t version;
  void *(*rdb_load)(RedisModuleIO *, int);
  void (*rdb_save)(RedisModuleIO *, void *);
  void (*aof_rewrite)(RedisModuleIO *, RedisModuleString *, void *);
  size_t (*mem_usage)(const void *);
  void (*digest)(void *, void *);
  void (*free)(void *);
  int (*aux_load)(RedisModuleIO *, int, int);
  void (*aux_save)(RedisModuleIO *, int);
  int aux_save_triggers;
  size_t (*free_effort)(RedisModuleString *, const void *);
  void (*unlink)(RedisModuleString *, const void *);
  void *(*copy)(RedisModuleString *, RedisModuleString *, const void *);
  void *defrag;
} type_methods;

static void *(*RedisModule_Alloc)(size_t);
static void *(*RedisModule_Calloc)(size_t, size_t);
static void (*RedisModule_Free)(void *);
static RedisModuleKey *(*RedisModule_OpenKey)(RedisModuleCtx *, RedisModuleString *, int);
static void (*RedisModule_CloseKey)(RedisModuleKey *);
static int (*RedisModule_ModuleTypeSetValue)(RedisModuleKey *, RedisModuleType *, void *);
static RedisModuleType *(*RedisModule_CreateDataType)(RedisModuleCtx *, const char *, int, type_methods *);
static void (*RedisModule_SetModuleOptions)(RedisModuleCtx *, int);
static void (*RedisModule_SaveUnsigned)(RedisModuleIO *, uint64_t);
static void (*RedisModule_SaveSigned)(RedisModuleIO *, int64_t);
static void (*RedisModule_SaveDouble)(RedisModuleIO *, double);
static void (*RedisModule_SaveStringBuffer)(RedisModuleIO *, const char *, size_t);
static uint64_t (*RedisModule_LoadUnsigned)(RedisModuleIO *);
static int64_t (*RedisModule_LoadSigned)(RedisModuleIO *);
static double (*RedisModule_LoadDouble)(RedisModuleIO *);
static char *(*RedisModule_LoadStringBuffer)(RedisModuleIO *, size_t *);
static int (*RedisModule_IsIOError)(RedisModuleIO *);
static const char *(*RedisModule_StringPtrLen)(const RedisModuleString *, size_t *);
static int (*RedisModule_ReplyWithSimpleString)(RedisModuleCtx *, const char *);

typedef struct {
  int64_t at;
  double value;
} sample;

typedef struct {
  int64_t total;
  char *name;
  size_t name_size;
  sample *samples;
  size_t count;
} series;

static RedisModuleType *type;

void twin_free(void *raw) {
  series *value = raw;
  RedisModule_Free(value->name);
  RedisModule_Free(value->samples);
  RedisModule_Free(value);
}

void twin_save(RedisModuleIO *io, void *raw) {
  series *value = raw;
  RedisModule_SaveSigned(io, value->total);
  RedisModule_SaveStringBuffer(io, value->name, value->name_size);
  RedisModule_SaveUnsigned(io, value->count);
  for (size_t i = 0; i < value->count; ++i) {
    RedisModule_SaveSigned(io, value->samples[i].at);
    RedisModule_SaveDouble(io, value->samples[i].value);
  }
}

void *twin_load(RedisModuleIO *io, int version) {
  if (version != 1) return NULL;
  series *value = RedisModule_Calloc(1, sizeof *value);
  value->total = RedisModule_LoadSigned(io);
  value->name = RedisModule_LoadStringBuffer(io, &value->name_size);
  uint64_t count = RedisModule_LoadUnsigned(io);
  if (RedisModule_IsIOError(io) || count > 1 << 24) goto failed;
  value->count = count;
  value->samples = RedisModule_Alloc(count * sizeof *value->samples);
  for (size_t i = 0; i < count; ++i) {
    value->samples[i].at = RedisModule_LoadSigned(io);
    value->samples[i].value = RedisModule_LoadDouble(io);
    if (RedisModule_IsIOError(io)) goto failed;
  }
  return value;
failed:
  twin_free(value);
  return NULL;
}

void *twin_copy(RedisModuleString *from, RedisModuleString *to, const void *raw) {
  (void)from, (void)to;
  const series *value = raw;
  series *copy = RedisModule_Alloc(sizeof *copy);
  *copy = *value;
  copy->name = RedisModule_Alloc(value->name_size);
  memcpy(copy->name, value->name, value->name_size);
  copy->samples = RedisModule_Alloc(value->count * sizeof *value->samples);
  memcpy(copy->samples, value->samples, value->count * sizeof *value->samples);
  return copy;
}

static void rewrite(RedisModuleIO *io, RedisModuleString *key, void *raw) { (void)io, (void)key, (void)raw; }
static size_t effort(RedisModuleString *key, const void *raw) {
  (void)key, (void)raw;
  return 3;
}

static int fill(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  long long count;
  if (argc != 4) return RedisModule_WrongArity(ctx);
  if (RedisModule_StringToLongLong(argv[3], &count) != OK) return RedisModule_ReplyWithError(ctx, "ERR not a number");
  size_t size;
  const char *name = RedisModule_StringPtrLen(argv[2], &size);
  series *value = RedisModule_Calloc(1, sizeof *value);
  value->total = count;
  value->name = RedisModule_Alloc(size);
  value->name_size = size;
  memcpy(value->name, name, size);
  value->count = count;
  value->samples = RedisModule_Alloc(count * sizeof *value->samples);
  for (long long i = 0; i < count; ++i) value->samples[i] = (sample){1000 + i, (double)i / 3};
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], 3);
  RedisModule_ModuleTypeSetValue(key, type, value);
  RedisModule_CloseKey(key);
  return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv, (void)argc;
  if (raw_api_init(ctx, "twintypes", 1) != OK) return ERR;
#define LOOK_UP(function) RedisModule_GetApi("RedisModule_" #function, (void *)&RedisModule_##function)
  LOOK_UP(Alloc), LOOK_UP(Calloc), LOOK_UP(Free), LOOK_UP(OpenKey), LOOK_UP(CloseKey), LOOK_UP(ModuleTypeSetValue);
  LOOK_UP(CreateDataType), LOOK_UP(SetModuleOptions), LOOK_UP(SaveUnsigned), LOOK_UP(SaveSigned), LOOK_UP(SaveDouble);
  LOOK_UP(SaveStringBuffer), LOOK_UP(LoadUnsigned), LOOK_UP(LoadSigned), LOOK_UP(LoadDouble), LOOK_UP(LoadStringBuffer);
  LOOK_UP(IsIOError), LOOK_UP(StringPtrLen), LOOK_UP(ReplyWithSimpleString);
#undef LOOK_UP
  type_methods methods = {.version = 3, .rdb_load = twin_load, .rdb_save = twin_save, .aof_rewrite = rewrite,
                          .free = twin_free, .free_effort = effort, .copy = twin_copy};
  type = RedisModule_CreateDataType(ctx, "twinserie", 1, &methods);
  if (!type) return ERR;
  RedisModule_SetModuleOptions(ctx, 1);
  return RedisModule_CreateCommand(ctx, "twintypes.fill", fill, "write", 1, 1, 1);
}
