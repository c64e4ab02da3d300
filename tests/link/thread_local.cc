#include <string>

#include "on_load.h"

thread_local std::string planted{"a string that is too long for the small buffer"};

int on_load() { return planted.empty(); }
