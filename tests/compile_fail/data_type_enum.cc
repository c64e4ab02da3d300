// Expected: redismodule: not every number is a value of an enum without a type of its own
#include <redismodule/redismodule.h>

namespace rm = redismodule;

#ifdef MISTAKE
enum color { red, green };
#else
enum color : int { red, green };
#endif

struct value {
  static constexpr rm::type_info redis_type{.name = "value_one"};
  color shown = red;
  static constexpr auto fields = rm::fields(rm::field<&value::shown>);
};

REDISMODULE_MODULE(faulty, 1, m) { m.data_type<value>(); }
