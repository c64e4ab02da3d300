// Loads a module as a server does, calls its OnLoad outside of any server, and unloads it: load <module.so>
// What the module allocates comes from its bootstrap arena. At the end its file must be gone from the process's maps.
#include <dlfcn.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

namespace {

bool is_mapped(const char* path) {
  std::ifstream maps{"/proc/self/maps"};
  for (std::string line; std::getline(maps, line);) {
    if (line.find(path) != std::string::npos) return true;
  }
  return false;
}

int fail(const char* what, const char* why) {
  std::fprintf(stderr, "%s: %s\n", what, why);
  return 1;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return fail("usage", "load <module.so>");
  const char* path = arguments[1];
  void* module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!module) return fail(path, dlerror());
  using entry_point = int (*)(void*, void**, int);
  auto on_load = reinterpret_cast<entry_point>(dlsym(module, "RedisModule_OnLoad"));
  if (!on_load) return fail(path, dlerror());
  if (!is_mapped(path)) return fail(path, "is not in the maps while it is loaded");
  if (on_load(nullptr, nullptr, 0) != 0) return fail(path, "OnLoad failed");
  if (dlclose(module) != 0) return fail(path, dlerror());
  if (is_mapped(path)) return fail(path, "is still mapped after unloading");
  return 0;
}
