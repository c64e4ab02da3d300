// Expected: redismodule: the migration is static void migrate
#include <redismodule/redismodule.h>

#include <vector>

namespace rm = redismodule;

struct value {
  static constexpr rm::type_info redis_type{.name = "value_one", .version = 2};
  std::vector<int> all;
#ifdef MISTAKE
  static void migrate(value& old) { old.all.clear(); }
#else
  static void migrate(value& old, int) { old.all.clear(); }
#endif
  static constexpr auto fields = rm::fields(rm::field<&value::all>);
};

REDISMODULE_MODULE(faulty, 1, m) { m.data_type<value>(); }
