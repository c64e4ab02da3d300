// Expected: redismodule: what is loaded is made by new, which this pointer's deleter does not fit
#include <redismodule/redismodule.h>

#include <memory>

namespace rm = redismodule;

struct to_the_pool {
  void operator()(int* number) const { delete number; }
};

struct value {
  static constexpr rm::type_info redis_type{.name = "value_one"};
#ifdef MISTAKE
  std::unique_ptr<int, to_the_pool> number;
#else
  std::unique_ptr<int> number;
#endif
  static constexpr auto fields = rm::fields(rm::field<&value::number>);
};

REDISMODULE_MODULE(faulty, 1, m) { m.data_type<value>(); }
