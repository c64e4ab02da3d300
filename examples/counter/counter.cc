// Counters that know what they have counted: a data type of one's own.
#include <redismodule/redismodule.h>

#include <map>
#include <string>

namespace rm = redismodule;

// The second version: the first one had no tags. What it has written is still read.
struct counter {
  static constexpr rm::type_info redis_type{.name = "hellocntr", .version = 2};
  std::int64_t total = 0;
  std::map<std::string, std::int64_t> by_tag;
  static constexpr auto fields =
      rm::fields(rm::field<&counter::total>, rm::field<&counter::by_tag, rm::since_version<2>>);
};

std::int64_t add(rm::context& ctx, rm::write<counter> key, std::int64_t by, std::optional<std::string> tag) {
  counter& value = key->value_or_create();
  value.total += by;
  if (tag) value.by_tag[*tag] += by;
  ctx.replicate_verbatim();
  return value.total;
}

// Nothing where there is no counter.
std::optional<counter> show(rm::read<counter> key) {
  const counter* value = key->get();
  return value != nullptr ? std::optional{*value} : std::nullopt;
}

REDISMODULE_MODULE(counter, 2, m) {
  m.data_type<counter>();
  m.command<add>("counter.add key by [tag]", {.summary = "Adds to a counter", .flags = rm::flags::fast});
  m.command<show>("counter.show key", {.summary = "The total of a counter, and its parts"});
}
