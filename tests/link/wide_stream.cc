#include <cwchar>

#include "on_load.h"

int on_load() {
  wchar_t* text = nullptr;
  size_t length = 0;
  return open_wmemstream(&text, &length) == nullptr;
}
