/* What the fifty commands of the twin share: decoding with the errors that name the argument, keys, options, and a table
   that registers and describes. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "command_info.h"

#define READ 1
#define WRITE 2
#define RO 1
#define RW 2
#define ACCESS 16
#define UPDATE 32
#define WRONG_TYPE "WRONGTYPE Operation against a key holding the wrong kind of value"
#define NO_INTEGER "ERR value is not an integer or out of range"
#define NO_FLOAT "ERR value is not a valid float"

static void *(*RedisModule_OpenKey)(RedisModuleCtx *, RedisModuleString *, int);
static void (*RedisModule_CloseKey)(void *);
static int (*RedisModule_KeyType)(void *);
static size_t (*RedisModule_ValueLength)(void *);
static int (*RedisModule_StringToDouble)(const RedisModuleString *, double *);
static const char *(*RedisModule_StringPtrLen)(const RedisModuleString *, size_t *);

struct row {
  const char *name;
  RedisModuleCmdFunc function;
  const char *flags;
  int first, last, step, arity;
  CommandArg *args;
  KeySpec *specs;
};

static int fail(RedisModuleCtx *ctx, const char *error, const char *kind, const char *name) {
  char text[160];
  snprintf(text, sizeof text, "%s (%s '%s')", error, kind, name);
  RedisModule_ReplyWithError(ctx, text);
  return 0;
}

static int take_integer(RedisModuleCtx *ctx, RedisModuleString *arg, long long least, long long most, long long *to,
                        const char *name) {
  if (RedisModule_StringToLongLong(arg, to) == OK && *to >= least && *to <= most) return 1;
  return fail(ctx, NO_INTEGER, "argument", name);
}

static int take_double(RedisModuleCtx *ctx, RedisModuleString *arg, double *to, const char *name) {
  return RedisModule_StringToDouble(arg, to) == OK ? 1 : fail(ctx, NO_FLOAT, "argument", name);
}

static int take_sum(RedisModuleCtx *ctx, RedisModuleString **argv, int count, long long *to, const char *name) {
  *to = 0;
  for (int i = 0; i < count; ++i) {
    long long number;
    if (!take_integer(ctx, argv[i], LLONG_MIN, LLONG_MAX, &number, name)) return 0;
    *to += number;
  }
  return 1;
}

static long long length_of(RedisModuleString *arg) {
  size_t size;
  RedisModule_StringPtrLen(arg, &size);
  return (long long)size;
}

static int is_of_type(void *key, int type) {
  if (key == NULL) return 1;
  int found = RedisModule_KeyType(key);
  return found == 0 || found == type;
}

static long long size_of(void *key) { return key == NULL ? 0 : (long long)RedisModule_ValueLength(key); }

struct options {
  int nx, xx, has_ex, has_limit;
  long long ex, offset, count;
};

/* What a client sent is shown as printable ASCII, and cut. */
static const char *escape(char *to, const char *word, size_t size) {
  char *end = to;
  for (size_t i = 0; i < size && i < 64; ++i) {
    unsigned char byte = (unsigned char)word[i];
    end += sprintf(end, byte < ' ' || byte > '~' ? "\\x%02x" : "%c", byte);
  }
  *end = '\0';
  return to;
}

static int syntax_error(RedisModuleCtx *ctx, const char *format, const char *word) {
  char text[320], inner[300];
  snprintf(inner, sizeof inner, format, word);
  snprintf(text, sizeof text, "ERR syntax error (%s)", inner);
  RedisModule_ReplyWithError(ctx, text);
  return 0;
}

static int take_option_integer(RedisModuleCtx *ctx, RedisModuleString *arg, long long *to, const char *name) {
  return RedisModule_StringToLongLong(arg, to) == OK ? 1 : fail(ctx, NO_INTEGER, "option", name);
}

static int take_options(RedisModuleCtx *ctx, RedisModuleString **argv, int count, struct options *to) {
  for (int i = 0; i < count; ++i) {
    size_t size;
    const char *word = RedisModule_StringPtrLen(argv[i], &size);
    if (size == 2 && !strncasecmp(word, "NX", 2)) {
      if (to->nx) return syntax_error(ctx, "%s is given twice", "NX");
      if (to->xx) return syntax_error(ctx, "%s is not allowed beside XX", "NX");
      to->nx = 1;
    } else if (size == 2 && !strncasecmp(word, "XX", 2)) {
      if (to->xx) return syntax_error(ctx, "%s is given twice", "XX");
      if (to->nx) return syntax_error(ctx, "%s is not allowed beside NX", "XX");
      to->xx = 1;
    } else if (size == 2 && !strncasecmp(word, "EX", 2)) {
      if (to->has_ex) return syntax_error(ctx, "%s is given twice", "EX");
      if (count - i < 2) return syntax_error(ctx, "%s needs a value", "EX");
      if (!take_option_integer(ctx, argv[++i], &to->ex, "EX")) return 0;
      to->has_ex = 1;
    } else if (size == 5 && !strncasecmp(word, "LIMIT", 5)) {
      if (to->has_limit) return syntax_error(ctx, "%s is given twice", "LIMIT");
      if (to->has_limit) return syntax_error(ctx, "%s is given twice", "LIMIT");
      if (count - i < 3) return syntax_error(ctx, "%s needs a value", "LIMIT");
      if (!take_option_integer(ctx, argv[++i], &to->offset, "LIMIT")) return 0;
      if (!take_option_integer(ctx, argv[++i], &to->count, "LIMIT")) return 0;
      to->has_limit = 1;
    } else {
      char shown[260];
      return syntax_error(ctx, "unexpected '%s'", escape(shown, word, size));
    }
  }
  return 1;
}

static long long sum_of(const struct options *given) {
  return (given->nx ? 1 : given->xx ? 2 : 0) + given->ex + given->offset + given->count;
}

static CommandArg nx_or_xx[] = {{.name = "nx", .type = 6, .key_spec_index = -1, .token = "NX"},
                                {.name = "xx", .type = 6, .key_spec_index = -1, .token = "XX"},
                                {0}};
static CommandArg limit[] = {{.name = "offset", .type = 1, .key_spec_index = -1},
                             {.name = "count", .type = 1, .key_spec_index = -1},
                             {0}};

static int add(RedisModuleCtx *ctx, const struct row *row) {
  if (RedisModule_CreateCommand(ctx, row->name, row->function, row->flags, row->first, row->last, row->step) != OK)
    return ERR;
  const CommandInfo info = {
      .version = &command_info_version, .summary = "Sums", .arity = row->arity, .key_specs = row->specs, .args = row->args};
  if (RedisModule_GetCommand == NULL || RedisModule_SetCommandInfo == NULL) return OK;
  return RedisModule_SetCommandInfo(RedisModule_GetCommand(ctx, row->name), &info);
}

static int load(RedisModuleCtx *ctx, const struct row *rows, int count) {
  if (raw_api_init(ctx, "fifty", 1) != OK) return ERR;
#define LOOK_UP(function) RedisModule_GetApi("RedisModule_" #function, (void *)&RedisModule_##function)
  LOOK_UP(OpenKey);
  LOOK_UP(CloseKey);
  LOOK_UP(KeyType);
  LOOK_UP(ValueLength);
  LOOK_UP(StringToDouble);
  LOOK_UP(StringPtrLen);
#undef LOOK_UP
  look_up_command_info();
  for (int i = 0; i < count; ++i) {
    if (add(ctx, rows + i) != OK) return ERR;
  }
  return OK;
}
