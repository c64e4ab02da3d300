// Expected: the_name_of_a_data_type_is_of_letters_digits_hyphens_and_underscores
#include <redismodule/redismodule.h>

namespace rm = redismodule;

struct value {
#ifdef MISTAKE
  static constexpr rm::type_info redis_type{.name = "value.one"};
#else
  static constexpr rm::type_info redis_type{.name = "value_one"};
#endif
  int number = 0;
  static constexpr auto fields = rm::fields(rm::field<&value::number>);
};

REDISMODULE_MODULE(faulty, 1, m) { m.data_type<value>(); }
