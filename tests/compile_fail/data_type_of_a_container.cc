// Expected: redismodule: this struct is described, and is a container too
#include <redismodule/redismodule.h>

#include <vector>

namespace rm = redismodule;

#ifdef MISTAKE
struct part : std::vector<int> {
#else
struct part {
  std::vector<int> all;
#endif
  int more = 0;
  static constexpr auto fields = rm::fields(rm::field<&part::more>);
};

struct value {
  static constexpr rm::type_info redis_type{.name = "value_one"};
  part one;
  static constexpr auto fields = rm::fields(rm::field<&value::one>);
};

REDISMODULE_MODULE(faulty, 1, m) { m.data_type<value>(); }
