/* The control of used_memory over reloads: 64 bytes that each load leaves
 * behind. */
#include "plain_module.h"

static int nothing(plain_context* ctx, plain_string** argv, int argc) {
  (void)argv;
  return plain_reply_number(ctx, argc);
}

PLAIN_ENTRY int RedisModule_OnLoad(plain_context* ctx, plain_string** argv, int argc) {
  (void)argv, (void)argc;
  if (plain_start(ctx, "reload") != 0) return 1;
  char* volatile left = plain_alloc(64);
  (void)left;
  return plain_create_command(ctx, "reload.work", nothing, "", 0, 0, 0) |
         plain_create_command(ctx, "reload.echo", nothing, "", 0, 0, 0);
}

PLAIN_ENTRY int RedisModule_OnUnload(plain_context* ctx) {
  (void)ctx;
  return 0;
}
