/* A command with ten keyword options, written by hand: each is looked for in turn, given once, and CH beside NX only. */
#include <string.h>
#include <strings.h>

#include "raw_api.h"

static const char *(*RedisModule_StringPtrLen)(const RedisModuleString *, size_t *);

#define NO_INTEGER "ERR value is not an integer or out of range"
enum { NX = 1, CH = 2, GET = 4, WITHSCORES = 8, EX = 16, COUNT = 32, IDLE = 64, FREQ = 128, LIMIT = 256, MATCH = 512 };

struct options {
  int given;
  long long ex, count, idle, freq, offset, limit;
  RedisModuleString *match;
};

/* How many arguments were taken; 0: an error was answered. */
static int take_integers(RedisModuleCtx *ctx, RedisModuleString **argv, int left, long long *first, long long *second) {
  if (left < (second != NULL ? 3 : 2)) return RedisModule_ReplyWithError(ctx, "ERR syntax error"), 0;
  if (RedisModule_StringToLongLong(argv[1], first) != OK) return RedisModule_ReplyWithError(ctx, NO_INTEGER), 0;
  if (second == NULL) return 2;
  if (RedisModule_StringToLongLong(argv[2], second) != OK) return RedisModule_ReplyWithError(ctx, NO_INTEGER), 0;
  return 3;
}

static int syntax_error(RedisModuleCtx *ctx) { return RedisModule_ReplyWithError(ctx, "ERR syntax error"); }

static int parse(RedisModuleCtx *ctx, RedisModuleString **argv, int argc, struct options *to) {
  int i = 2;
  while (i < argc) {
    size_t size;
    const char *word = RedisModule_StringPtrLen(argv[i], &size);
    int bit, taken = 1;
    if (size == 2 && !strncasecmp(word, "NX", 2)) {
      bit = NX;
    } else if (size == 2 && !strncasecmp(word, "CH", 2)) {
      bit = CH;
    } else if (size == 3 && !strncasecmp(word, "GET", 3)) {
      bit = GET;
    } else if (size == 10 && !strncasecmp(word, "WITHSCORES", 10)) {
      bit = WITHSCORES;
    } else if (size == 2 && !strncasecmp(word, "EX", 2)) {
      bit = EX;
      taken = take_integers(ctx, argv + i, argc - i, &to->ex, NULL);
    } else if (size == 5 && !strncasecmp(word, "COUNT", 5)) {
      bit = COUNT;
      taken = take_integers(ctx, argv + i, argc - i, &to->count, NULL);
    } else if (size == 4 && !strncasecmp(word, "IDLE", 4)) {
      bit = IDLE;
      taken = take_integers(ctx, argv + i, argc - i, &to->idle, NULL);
    } else if (size == 4 && !strncasecmp(word, "FREQ", 4)) {
      bit = FREQ;
      taken = take_integers(ctx, argv + i, argc - i, &to->freq, NULL);
    } else if (size == 5 && !strncasecmp(word, "LIMIT", 5)) {
      bit = LIMIT;
      taken = take_integers(ctx, argv + i, argc - i, &to->offset, &to->limit);
    } else if (size == 5 && !strncasecmp(word, "MATCH", 5)) {
      bit = MATCH;
      if (argc - i < 2) return syntax_error(ctx), 0;
      to->match = argv[i + 1];
      taken = 2;
    } else {
      return syntax_error(ctx), 0;
    }
    if (taken == 0) return 0;
    if (to->given & bit) return syntax_error(ctx), 0;
    to->given |= bit;
    i += taken;
  }
  if ((to->given & CH) && !(to->given & NX)) return syntax_error(ctx), 0;
  return 1;
}

int twin_all(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc < 2) return RedisModule_WrongArity(ctx);
  struct options given;
  memset(&given, 0, sizeof given);
  if (!parse(ctx, argv, argc, &given)) return OK;
  size_t size;
  RedisModule_StringPtrLen(argv[1], &size);
  long long sum = (long long)size + (given.given & (NX | CH | GET | WITHSCORES));
  sum += given.ex + given.count + given.idle + given.freq + given.offset + given.limit;
  if (given.match) {
    RedisModule_StringPtrLen(given.match, &size);
    sum += (long long)size;
  }
  return RedisModule_ReplyWithLongLong(ctx, sum);
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  if (raw_api_init(ctx, "twinoptions", 1) != OK) return ERR;
  RedisModule_GetApi("RedisModule_StringPtrLen", (void *)&RedisModule_StringPtrLen);
  return RedisModule_CreateCommand(ctx, "twinoptions.all", twin_all, "fast", 0, 0, 0);
}
