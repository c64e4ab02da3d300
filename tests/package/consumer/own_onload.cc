#include <map>
#include <string>

extern "C" __attribute__((visibility("default"))) int RedisModule_OnLoad(void*, void**, int) {
  std::map<std::string, std::string> values{{"key", std::string(100, 'v')}};
  return values.size() == 1 ? 0 : 1;
}
