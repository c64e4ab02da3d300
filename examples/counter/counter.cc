// Counters that know what they have counted: a data type of one's own.
#include <redismodule/redismodule.h>

#include <map>
#include <string>

namespace rm = redismodule;

// The second version: the first one had no tags. What it has written is still read. (For servers that are exchanged one
// by one more is to be done: "Changing a type" in docs/data-types.md.)
struct counter {
  static constexpr rm::type_info redis_type{.name = "hellocntr", .version = 2};
  std::int64_t total = 0;
  std::map<std::string, std::int64_t> by_tag;
  static constexpr auto fields =
      rm::fields(rm::field<&counter::total>, rm::field<&counter::by_tag, rm::since_version<2>>);
};

// What may run out of memory comes first and sums are looked at before they are kept, so that a counter is changed
// whole or not at all, here as on replicas.
rm::result<std::int64_t> add(rm::context& ctx, rm::write<counter> key, std::int64_t by,
                             std::optional<std::string> tag) {
  constexpr auto overflow = "ERR increment or decrement would overflow";
  std::map<std::string, std::int64_t> new_part;
  if (tag) new_part.emplace(*tag, 0);
  counter& value = key->value_or_create();
  std::int64_t total = 0;
  if (__builtin_add_overflow(value.total, by, &total)) return rm::error_reply{overflow};
  if (tag) {
    value.by_tag.merge(new_part);  // which leaves a tag that is known as it is
    std::int64_t& part = value.by_tag.find(*tag)->second;
    std::int64_t sum = 0;
    if (__builtin_add_overflow(part, by, &sum)) return rm::error_reply{overflow};
    part = sum;
  }
  value.total = total;
  ctx.changed(*key, "counter.add");
  return total;
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
