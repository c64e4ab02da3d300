/* The few functions that the hand-written twins need, looked up as any C module does. */
#ifndef RAW_API_H
#define RAW_API_H

#include <stddef.h>

typedef struct RedisModuleCtx RedisModuleCtx;
typedef struct RedisModuleString RedisModuleString;
typedef int (*RedisModuleCmdFunc)(RedisModuleCtx *, RedisModuleString **, int);

#define OK 0
#define ERR 1
#define API_VERSION 1

static int (*RedisModule_GetApi)(const char *, void *);
static void (*RedisModule_SetModuleAttribs)(RedisModuleCtx *, const char *, int, int);
static int (*RedisModule_IsModuleNameBusy)(const char *);
static int (*RedisModule_CreateCommand)(RedisModuleCtx *, const char *, RedisModuleCmdFunc, const char *, int, int, int);
static int (*RedisModule_WrongArity)(RedisModuleCtx *);
static int (*RedisModule_ReplyWithError)(RedisModuleCtx *, const char *);
static int (*RedisModule_ReplyWithLongLong)(RedisModuleCtx *, long long);
static int (*RedisModule_ReplyWithString)(RedisModuleCtx *, RedisModuleString *);
static int (*RedisModule_StringToLongLong)(const RedisModuleString *, long long *);

static int raw_api_init(RedisModuleCtx *ctx, const char *name, int version) {
  RedisModule_GetApi = (int (*)(const char *, void *))((void **)ctx)[0];
#define LOOK_UP(function) RedisModule_GetApi("RedisModule_" #function, (void *)&RedisModule_##function)
  LOOK_UP(SetModuleAttribs);
  LOOK_UP(IsModuleNameBusy);
  LOOK_UP(CreateCommand);
  LOOK_UP(WrongArity);
  LOOK_UP(ReplyWithError);
  LOOK_UP(ReplyWithLongLong);
  LOOK_UP(ReplyWithString);
  LOOK_UP(StringToLongLong);
#undef LOOK_UP
  if (RedisModule_IsModuleNameBusy && RedisModule_IsModuleNameBusy(name)) return ERR;
  RedisModule_SetModuleAttribs(ctx, name, version, API_VERSION);
  return OK;
}

#endif
