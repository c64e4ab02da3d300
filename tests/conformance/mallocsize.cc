// Values of three kinds, of which MEMORY USAGE is to know the memory.
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

using block = std::vector<char>;
using dict = std::map<std::string, rm::string>;

struct sized {
  static constexpr rm::type_info redis_type{.name = "allocsize"};
  std::variant<block, rm::string, dict> held;
  static constexpr auto fields = rm::fields(rm::field<&sized::held>);
};

namespace {

using writable = rm::write<sized, rm::access::overwrite | rm::access::update>;

void set_raw(writable key, std::uint32_t size) { key->set({block(size)}); }
void set_string(writable key, rm::string text) { key->set({std::move(text)}); }
void set_dict(writable key, rm::at_least_one<std::pair<std::string, rm::string>> pairs) {
  dict fields;
  for (auto [field, text] : pairs) fields.insert_or_assign(std::move(field), std::move(text));
  key->set({std::move(fields)});
}

}  // namespace

REDISMODULE_MODULE(mallocsize, 1, m) {
  m.data_type<sized>();
  m.command<set_raw>("mallocsize.setraw key size");
  m.command<set_string>("mallocsize.setstr key text");
  m.command<set_dict>("mallocsize.setdict key field text...");
}
