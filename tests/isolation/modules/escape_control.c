/* The control of the tracer: each allocating function of libc, called by a module, once a command. */
#include <malloc.h>
#include <stdlib.h>

#include "plain_module.h"

static int run(plain_context* ctx, plain_string** argv, int argc) {
  (void)argv, (void)argc;
  /* Volatile: a compiler may leave out what nobody looks at. */
  void* volatile blocks[8];
  void* aligned = NULL;
  blocks[0] = malloc(100);
  blocks[1] = calloc(10, 10);
  blocks[2] = realloc(NULL, 100);
  blocks[3] = aligned_alloc(64, 128);
  blocks[4] = memalign(128, 100);
  blocks[5] = valloc(100);
  blocks[6] = posix_memalign(&aligned, 256, 100) == 0 ? aligned : NULL;
  blocks[7] = realloc(malloc(100), 10000);
  long long made = 0;
  for (int i = 0; i < 8; ++i) made += blocks[i] != NULL;
  plain_reply_number(ctx, made);
  for (int i = 0; i < 8; ++i) free(blocks[i]);
  return 0;
}

PLAIN_ENTRY int RedisModule_OnLoad(plain_context* ctx, plain_string** argv, int argc) {
  (void)argv, (void)argc;
  if (plain_start(ctx, "control") != 0) return 1;
  return plain_create_command(ctx, "control.run", run, "", 0, 0, 0);
}

PLAIN_ENTRY int RedisModule_OnUnload(plain_context* ctx) {
  (void)ctx;
  return 0;
}
