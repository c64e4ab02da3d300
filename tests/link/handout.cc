#include <argz.h>

#include "on_load.h"

int on_load() {
  char* strings = nullptr;
  size_t length = 0;
  return argz_add(&strings, &length, "planted");
}
