#include "on_load.h"

extern "C" void* __libc_malloc(unsigned long size);

int on_load() { return __libc_malloc(8) == nullptr; }
