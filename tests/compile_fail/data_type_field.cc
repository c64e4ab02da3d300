// Expected: redismodule: this type cannot be saved: describe its fields, or specialise rm::codec
#include <redismodule/redismodule.h>

namespace rm = redismodule;

struct point {
  int x = 0;
#ifndef MISTAKE
  static constexpr auto fields = rm::fields(rm::field<&point::x>);
#endif
};

struct value {
  static constexpr rm::type_info redis_type{.name = "value_one"};
  point where;
  static constexpr auto fields = rm::fields(rm::field<&value::where>);
};

REDISMODULE_MODULE(faulty, 1, m) { m.data_type<value>(); }
