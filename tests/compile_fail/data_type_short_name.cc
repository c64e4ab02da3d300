// Expected: the_name_of_a_data_type_has_nine_characters
#include <redismodule/redismodule.h>

namespace rm = redismodule;

struct value {
#ifdef MISTAKE
  static constexpr rm::type_info redis_type{.name = "value"};
#else
  static constexpr rm::type_info redis_type{.name = "value-one"};
#endif
  int number = 0;
  static constexpr auto fields = rm::fields(rm::field<&value::number>);
};

REDISMODULE_MODULE(faulty, 1, m) { m.data_type<value>(); }
