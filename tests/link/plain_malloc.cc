#include <cstdlib>

#include "on_load.h"

// A volatile pointer, since compilers take a pair of malloc and free away.
int on_load() {
  void* volatile block = std::malloc(8);
  std::free(block);
  return 0;
}
