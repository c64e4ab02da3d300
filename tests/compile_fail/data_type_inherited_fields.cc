// Expected: redismodule: the fields of this struct are those that its base describes
#include <redismodule/redismodule.h>

#include <vector>

namespace rm = redismodule;

struct point {
  int x = 0;
  static constexpr auto fields = rm::fields(rm::field<&point::x>);
};

struct point_with_more : point {
#ifdef MISTAKE
  int more = 0;
#else
  static constexpr auto fields = point::fields;
#endif
};

struct value {
  static constexpr rm::type_info redis_type{.name = "value_one"};
  std::vector<point_with_more> all;
  static constexpr auto fields = rm::fields(rm::field<&value::all>);
};

REDISMODULE_MODULE(faulty, 1, m) { m.data_type<value>(); }
