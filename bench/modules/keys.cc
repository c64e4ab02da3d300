// The measured commands on keys, by this library. Static: so the compiler puts them into the callbacks, as it does
// lambdas.
#include <redismodule/redismodule.h>
namespace rm = redismodule;

static void swap_string(rm::reply& out, rm::write<rm::string_key> key, rm::string_ref value) {
  out.text(key->view());
  key->set(value);
}

static std::string_view get_string(rm::read<rm::string_key> key) { return key->view(); }

static void read_fields(rm::reply& out, rm::read<rm::hash> key, rm::at_least_one<rm::string_ref> fields) {
  auto array = out.array(fields.size());
  key->get_each(fields, [&](rm::string_ref, rm::string_ref value) { array.push(value); });
}

static void read_range(rm::reply& out, rm::read<rm::sorted_set> key) {
  auto array = out.array(2 * key->size());
  for (const auto [member, score] : key->by_score()) array.push(member, score);
}

static std::optional<rm::string> read_field(rm::read<rm::hash> key, rm::string_ref field) { return key->get(field); }

static void read_list(rm::reply& out, rm::read<rm::list> key) {
  auto array = out.array(key->size());
  for (rm::string_ref each : *key) array.push(each);
}

REDISMODULE_MODULE(ourkeys, 1, m) {
  m.command<swap_string>("ourkeys.swap key value", {.flags = rm::flags::write});
  m.command<get_string>("ourkeys.get key", {.flags = rm::flags::readonly});
  m.command<read_field>("ourkeys.field key field", {.flags = rm::flags::readonly});
  m.command<read_fields>("ourkeys.fields key field...", {.flags = rm::flags::readonly});
  m.command<read_range>("ourkeys.range key", {.flags = rm::flags::readonly});
  m.command<read_list>("ourkeys.list key", {.flags = rm::flags::readonly});
}
