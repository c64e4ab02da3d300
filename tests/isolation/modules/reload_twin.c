/* The twin of reload_ours.cc as far as the server sees: the same module with
 * the same commands, in C. */
#include <stdio.h>
#include <string.h>

#include "plain_module.h"

static int work(plain_context* ctx, plain_string** argv, int argc) {
  long long rounds = 0, sum = 0;
  if (argc != 2 || plain_number(argv[1], &rounds) != 0) return plain_reply_number(ctx, -1);
  for (; rounds > 0; --rounds) {
    char* block = plain_alloc(200);
    sum += snprintf(block, 200, "item %lld", rounds);
    plain_free(block);
  }
  return plain_reply_number(ctx, sum);
}

static int echo(plain_context* ctx, plain_string** argv, int argc) {
  size_t size = 0;
  if (argc != 2) return plain_reply_number(ctx, -1);
  const char* text = plain_text(argv[1], &size);
  char* copy = plain_alloc(size + 1);
  memcpy(copy, text, size);
  plain_reply_text(ctx, copy, size);
  plain_free(copy);
  return 0;
}

PLAIN_ENTRY int RedisModule_OnLoad(plain_context* ctx, plain_string** argv, int argc) {
  (void)argv, (void)argc;
  if (plain_start(ctx, "reload") != 0) return 1;
  return plain_create_command(ctx, "reload.work", work, "", 0, 0, 0) |
         plain_create_command(ctx, "reload.echo", echo, "", 0, 0, 0);
}

PLAIN_ENTRY int RedisModule_OnUnload(plain_context* ctx) {
  (void)ctx;
  return 0;
}
