#include "on_load.h"

// What g++ makes of an inline variable unless told -fno-gnu-unique.
asm(R"(
  .pushsection .data.planted_unique,"aw"
  .globl planted_unique
  .type planted_unique, @gnu_unique_object
  .size planted_unique, 4
planted_unique:
  .long 0
  .popsection
)");
extern "C" int planted_unique;

int on_load() { return planted_unique; }
