// Compiled twice under two names. Both copies have the same inline function, template and static variable, and each
// must keep its own when they are linked into one program.
#include <map>
#include <stdexcept>
#include <string>

template <class T>
struct counter {
  static inline T loads{};
};

inline std::map<std::string, int>& names() {
  static std::map<std::string, int> all;
  return all;
}

#define JOINED(a, b) a##b
#define NAMED(a, b) JOINED(a, b)

extern "C" int NAMED(ValkeyModule_OnLoad_, REDISMODULE_STATIC)(void*, void**, int) {
  ++names()[std::string(50, 'n') + std::to_string(counter<int>::loads++)];
  try {
    if (names().empty()) throw std::logic_error{"unreachable"};
  } catch (const std::logic_error&) {
    return -1;
  }
  return static_cast<int>(names().size());
}

extern "C" int NAMED(ValkeyModule_OnUnload_, REDISMODULE_STATIC)(void*) { return counter<int>::loads; }
