/* Linked into the server beside the modules. Valkey 9.1 can load modules from its own executable, and does so for its
 * Lua engine, but has no command or configuration to ask for others: so this asks, after the modules of its
 * configuration. */
#include <stdio.h>
#include <stdlib.h>

/* The server's own. */
int moduleLoadStatic(const char* name, void** argv, int argc, int is_loadex);
void __real_moduleLoadFromQueue(void);

void __wrap_moduleLoadFromQueue(void) {
  __real_moduleLoadFromQueue();
  if (getenv("WITHOUT_STATIC_MODULES")) return;
  if (moduleLoadStatic("static_one", NULL, 0, 0) != 0) fputs("static_one did not load\n", stderr);
  if (moduleLoadStatic("static_two", NULL, 0, 0) != 0) fputs("static_two did not load\n", stderr);
}
