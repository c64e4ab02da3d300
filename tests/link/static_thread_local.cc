#include <string>

thread_local std::string planted{"a string that is too long for the small buffer"};

extern "C" int ValkeyModule_OnLoad_link_static_fault(void*, void**, int) { return planted.empty(); }

extern "C" __attribute__((visibility("default"))) int planted_second_name() { return 1; }
