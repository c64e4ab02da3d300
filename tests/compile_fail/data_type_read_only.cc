// Expected: typed_key<value>
#include <redismodule/redismodule.h>

namespace rm = redismodule;

struct value {
  static constexpr rm::type_info redis_type{.name = "value_one"};
  int number = 0;
  static constexpr auto fields = rm::fields(rm::field<&value::number>);
};

#ifdef MISTAKE
void change(rm::read<value> key) { key->set({}); }
#else
void change(rm::write<value> key) { key->set({}); }
#endif

REDISMODULE_MODULE(faulty, 1, m) {
  m.data_type<value>();
  m.command<change>("x.change key");
}
