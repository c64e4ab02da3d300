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
static void *(*RedisModule_Realloc)(void *, size_t);
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
static void (*RedisModule_EmitAOF)(RedisModuleIO *, const char *, const char *, ...);
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

/* The AOF: the same encoding of numbers as the library's, in one restore command. */
static unsigned char *buffer;
static size_t buffer_size;

static unsigned char *put(unsigned char *to, uint64_t number) {
  for (; number >= 128; number >>= 7) *to++ = (unsigned char)(number | 128);
  *to++ = (unsigned char)number;
  return to;
}
static uint64_t fold(int64_t number) { return ((uint64_t)number << 1) ^ (uint64_t)(number >> 63); }

static void rewrite(RedisModuleIO *io, RedisModuleString *key, void *raw) {
  const series *value = raw;
  size_t needed = 40 + value->name_size + 22 * value->count;
  if (needed > buffer_size) {
    buffer = RedisModule_Realloc(buffer, needed);
    buffer_size = needed;
  }
  unsigned char *to = buffer;
  *to++ = 'i', to = put(to, fold(value->total));
  *to++ = 's', to = put(to, value->name_size);
  memcpy(to, value->name, value->name_size);
  to += value->name_size;
  *to++ = 'u', to = put(to, value->count);
  for (size_t i = 0; i < value->count; ++i) {
    uint64_t bits;
    memcpy(&bits, &value->samples[i].value, sizeof bits);
    *to++ = 'i', to = put(to, fold(value->samples[i].at));
    *to++ = 'd', to = put(to, bits);
  }
  RedisModule_EmitAOF(io, "twinserie.restore", "slllb", key, 1LL, 0LL, 1LL, (const char *)buffer, (size_t)(to - buffer));
}

/* Each read makes sure that there is as much. */
static const unsigned char *take(const unsigned char *from, const unsigned char *end, char tag, uint64_t *number) {
  if (!from || from == end || *from++ != (unsigned char)tag) return NULL;
  *number = 0;
  for (int shift = 0; shift < 64 && from != end; shift += 7) {
    *number |= (uint64_t)(*from & 127) << shift;
    if (*from++ < 128) return from;
  }
  return NULL;
}
static int64_t unfold(uint64_t number) { return (int64_t)((number >> 1) ^ (0 - (number & 1))); }

static int restore(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 6) return RedisModule_WrongArity(ctx);
  size_t size;
  const unsigned char *from = (const unsigned char *)RedisModule_StringPtrLen(argv[5], &size);
  const unsigned char *end = from + size;
  series *value = RedisModule_Calloc(1, sizeof *value);
  uint64_t total, name_size, count, at, bits;
  from = take(from, end, 'i', &total);
  from = take(from, end, 's', &name_size);
  if (!from || name_size > (uint64_t)(end - from)) goto failed;
  value->total = unfold(total);
  value->name = RedisModule_Alloc(name_size);
  value->name_size = name_size;
  memcpy(value->name, from, name_size);
  from = take(from + name_size, end, 'u', &count);
  if (!from || count > (uint64_t)(end - from)) goto failed;
  value->count = count;
  value->samples = RedisModule_Alloc(count * sizeof *value->samples);
  for (size_t i = 0; i < count; ++i) {
    from = take(from, end, 'i', &at);
    from = take(from, end, 'd', &bits);
    if (!from) goto failed;
    value->samples[i].at = unfold(at);
    memcpy(&value->samples[i].value, &bits, sizeof bits);
  }
  if (from != end) goto failed;
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], 3);
  RedisModule_ModuleTypeSetValue(key, type, value);
  RedisModule_CloseKey(key);
  return RedisModule_ReplyWithSimpleString(ctx, "OK");
failed:
  twin_free(value);
  return RedisModule_ReplyWithError(ctx, "ERR Bad data format");
}
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
  LOOK_UP(Realloc), LOOK_UP(EmitAOF), LOOK_UP(IsIOError), LOOK_UP(StringPtrLen), LOOK_UP(ReplyWithSimpleString);
#undef LOOK_UP
  type_methods methods = {.version = 3, .rdb_load = twin_load, .rdb_save = twin_save, .aof_rewrite = rewrite,
                          .free = twin_free, .free_effort = effort, .copy = twin_copy};
  type = RedisModule_CreateDataType(ctx, "twinserie", 1, &methods);
  if (!type) return ERR;
  RedisModule_SetModuleOptions(ctx, 1);
  if (RedisModule_CreateCommand(ctx, "twinserie.restore", restore, "write deny-oom", 1, 1, 1) != OK) return ERR;
  return RedisModule_CreateCommand(ctx, "twintypes.fill", fill, "write", 1, 1, 1);
}
