// Expected: redismodule: the hook is void unlink
#include <redismodule/redismodule.h>

#include <vector>

namespace rm = redismodule;

struct value {
  static constexpr rm::type_info redis_type{.name = "value_one"};
  std::vector<int> all;
#ifdef MISTAKE
  void unlink(rm::string_ref) { all.clear(); }
#else
  void unlink(rm::string_ref) const {}
#endif
  static constexpr auto fields = rm::fields(rm::field<&value::all>);
};

REDISMODULE_MODULE(faulty, 1, m) { m.data_type<value>(); }
