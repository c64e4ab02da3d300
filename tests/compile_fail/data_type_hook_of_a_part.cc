// Expected: redismodule: a struct within this data type has digest
#include <redismodule/redismodule.h>

#include <vector>

namespace rm = redismodule;

struct part {
  int x = 0;
#ifdef MISTAKE
  bool defrag(rm::defragmenter&) { return false; }
#endif
  static constexpr auto fields = rm::fields(rm::field<&part::x>);
};

struct value {
  static constexpr rm::type_info redis_type{.name = "value_one"};
  std::vector<part> all;
  static constexpr auto fields = rm::fields(rm::field<&value::all>);
};

REDISMODULE_MODULE(faulty, 1, m) { m.data_type<value>(); }
