/* What a module needs of a server, declared by hand, in C or C++: for modules
 * that owe nothing to the project, as twins, neighbours and controls of those
 * that are tested. */
#pragma once

#include <stddef.h>

typedef struct plain_context plain_context;
typedef struct plain_string plain_string;
typedef int (*plain_handler)(plain_context* ctx, plain_string** argv, int argc);

#ifdef __cplusplus
#define PLAIN_ENTRY extern "C" __attribute__((visibility("default")))
#else
#define PLAIN_ENTRY __attribute__((visibility("default")))
#endif

static int (*plain_set_attributes)(plain_context*, const char* name, int version, int api_version);
static int (*plain_create_command)(plain_context*, const char* name, plain_handler, const char* flags, int first,
                                   int last, int step);
static int (*plain_reply_number)(plain_context*, long long);
static int (*plain_reply_text)(plain_context*, const char*, size_t);
static const char* (*plain_text)(const plain_string*, size_t*);
static int (*plain_number)(const plain_string*, long long*);
static void* (*plain_alloc)(size_t);
static void (*plain_free)(void*);

static inline int plain_look_up(plain_context* ctx, const char* name, void* target) {
  /* A context begins with the pointer to the server's look-up function. */
  int (*get_api)(const char*, void*) = *(int (**)(const char*, void*))ctx;
  return get_api(name, target);
}

static inline int plain_start(plain_context* ctx, const char* name) {
  int missing = plain_look_up(ctx, "RedisModule_SetModuleAttribs", (void*)&plain_set_attributes);
  missing |= plain_look_up(ctx, "RedisModule_CreateCommand", (void*)&plain_create_command);
  missing |= plain_look_up(ctx, "RedisModule_ReplyWithLongLong", (void*)&plain_reply_number);
  missing |= plain_look_up(ctx, "RedisModule_ReplyWithStringBuffer", (void*)&plain_reply_text);
  missing |= plain_look_up(ctx, "RedisModule_StringPtrLen", (void*)&plain_text);
  missing |= plain_look_up(ctx, "RedisModule_StringToLongLong", (void*)&plain_number);
  missing |= plain_look_up(ctx, "RedisModule_Alloc", (void*)&plain_alloc);
  missing |= plain_look_up(ctx, "RedisModule_Free", (void*)&plain_free);
  if (missing) return 1;
  plain_set_attributes(ctx, name, 1, 1);
  return 0;
}
