// Expected: redismodule: a field is of a later version than the data type
#include <redismodule/redismodule.h>

#include <vector>

namespace rm = redismodule;

struct part {
  int x = 0;
#ifdef MISTAKE
  int more = 0;
  static constexpr auto fields = rm::fields(rm::field<&part::x>, rm::field<&part::more, rm::since_version<3>>);
#else
  int more = 0;
  static constexpr auto fields = rm::fields(rm::field<&part::x>, rm::field<&part::more, rm::since_version<2>>);
#endif
};

struct value {
  static constexpr rm::type_info redis_type{.name = "value_one", .version = 2};
  std::vector<part> all;
  static constexpr auto fields = rm::fields(rm::field<&value::all>);
};

REDISMODULE_MODULE(faulty, 1, m) { m.data_type<value>(); }
