// The second of two modules that are linked into one server. Both have an inline function and a template of the same
// names, as modules by different people may: each must keep its own.
#include <redismodule/redismodule.h>

#include <map>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace rm = redismodule;

inline std::string whose() { return "two"; }

template <class T>
std::string describe(const std::vector<T>& values) {
  std::ostringstream out;
  for (const auto& value : values) out << value << ' ';
  return out.str() + "of " + whose();
}

// A product here, a sum in the other.
static long long combine(rm::rest<long long> values) {
  long long result = 1;
  for (const auto value : values) result *= value;
  return result;
}

static std::map<std::string, int> uses{{"made before main", 1}};

static std::string tell(std::string_view name) {
  try {
    throw std::runtime_error{"thrown in " + whose()};
  } catch (const std::runtime_error& caught) {
    uses[std::string{name}]++;
    return describe(std::vector<std::string>{std::string{name}, caught.what()});
  }
}

REDISMODULE_MODULE(static_two, 1, m) {
  m.command<combine>("static_two.combine value...");
  m.command<tell>("static_two.tell name");
}
