// Expected: redismodule: a std::unique_ptr to a class with virtual functions may hold a derived one
#include <redismodule/redismodule.h>

#include <memory>

namespace rm = redismodule;

#ifdef MISTAKE
struct shape {
#else
struct shape final {
#endif
  virtual ~shape() = default;
  int sides = 0;
  static constexpr auto fields = rm::fields(rm::field<&shape::sides>);
};

struct value {
  static constexpr rm::type_info redis_type{.name = "value_one"};
  std::unique_ptr<shape> drawn;
  static constexpr auto fields = rm::fields(rm::field<&value::drawn>);
};

REDISMODULE_MODULE(faulty, 1, m) { m.data_type<value>(); }
