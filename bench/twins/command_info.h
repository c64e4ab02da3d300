/* What a twin in C tells the server of its commands, where the server asks: Redis 7.0 and later. */
#ifndef COMMAND_INFO_H
#define COMMAND_INFO_H

#include <stdint.h>

#include "raw_api.h"

typedef struct {
  int version;
  size_t sizeof_historyentry, sizeof_keyspec, sizeof_arg;
} CommandInfoVersion;
typedef struct {
  const char *notes;
  uint64_t flags;
  int begin_search_type;
  union {
    int pos;
    struct {
      const char *word;
      int from;
    } keyword;
  };
  int find_keys_type;
  int last, step, limit;
} KeySpec;
typedef struct CommandArg {
  const char *name;
  int type;
  int key_spec_index;
  const char *token, *summary, *since;
  int flags;
  const char *deprecated_since;
  struct CommandArg *subargs;
  const char *display_text;
} CommandArg;
typedef struct {
  const CommandInfoVersion *version;
  const char *summary, *complexity, *since;
  void *history;
  const char *tips;
  int arity;
  KeySpec *key_specs;
  CommandArg *args;
} CommandInfo;

static void *(*RedisModule_GetCommand)(RedisModuleCtx *, const char *);
static int (*RedisModule_SetCommandInfo)(void *, const CommandInfo *);

static const CommandInfoVersion command_info_version = {1, 2 * sizeof(char *), sizeof(KeySpec), sizeof(CommandArg)};

static void look_up_command_info(void) {
  RedisModule_GetApi("RedisModule_GetCommand", (void *)&RedisModule_GetCommand);
  RedisModule_GetApi("RedisModule_SetCommandInfo", (void *)&RedisModule_SetCommandInfo);
}

#endif
