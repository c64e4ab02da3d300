// The keys of a database, and the elements of a key, in no order.
#include <optional>
#include <utility>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

void scan_strings(rm::reply& out, rm::context& ctx) {
  rm::aggregate strings = out.array();
  for (auto [name, type] : ctx.keys()) {
    if (type != rm::key_type::string) continue;
    const auto key = *ctx.open<rm::read<rm::string_key>>(name);
    strings.push(std::pair{name, key->view()});
  }
}

// The elements of a key of this type: each a pair.
template <class K, class F>
void push_elements(rm::reply& out, rm::context& ctx, rm::string_ref name, F&& pair_of) {
  rm::aggregate elements = out.array();
  const auto key = *ctx.open<rm::read<K>>(name);
  for (const auto& each : *key) elements.push(pair_of(each));
}

void scan_key(rm::reply& out, rm::context& ctx, rm::key_name<> name) {
  switch ((*ctx.open<rm::read<rm::any_key>>(name))->type()) {
    case rm::key_type::hash:
      return push_elements<rm::hash>(out, ctx, name, [](auto each) { return std::pair{each.field, each.value}; });
    case rm::key_type::sorted_set:
      return push_elements<rm::sorted_set>(out, ctx, name, [](auto& each) {
        return std::pair{each.member, each.score};
      });
    case rm::key_type::set:
      return push_elements<rm::set>(out, ctx, name, [](rm::string_ref each) { return std::pair{each, std::nullopt}; });
    default: return out.push(rm::error_reply{"not found"});
  }
}

}  // namespace

REDISMODULE_MODULE(scan, 1, m) {
  m.command<scan_strings>("scan.scan_strings");
  m.command<scan_key>("scan.scan_key key");
}
