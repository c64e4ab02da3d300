#include <sstream>

#include "on_load.h"

int on_load() {
  std::ostringstream out;
  out << 1;
  return out.str() != "1";
}
