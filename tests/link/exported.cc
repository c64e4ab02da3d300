#include "on_load.h"

extern "C" __attribute__((visibility("default"))) int planted_export(int number) { return number + 1; }

int on_load() { return planted_export(-1); }
