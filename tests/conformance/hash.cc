// Fields of hashes, set under conditions; and where fields end (Redis 8), those that have ended too.
#include <string_view>
#include <utility>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

using past_end = rm::read<rm::hash, rm::access::read, rm::open_mode::access_expired>;
using pairs = rm::at_least_one<std::pair<rm::string_ref, rm::string_ref>>;

constexpr rm::time_point never{rm::milliseconds{-1}};

// n: only new fields; x: only those that there are; a: new ones count too.
int set(rm::write<rm::hash> hash, std::string_view flags, pairs fields) {
  const auto has = [flags](char flag) { return flags.find(flag) != flags.npos; };
  int added = 0, changed = 0;
  for (auto [field, value] : fields) {
    if (value == ":delete:") {
      changed += hash->erase(field);
    } else if (has('n')) {
      added += hash->set_new(field, value);
    } else if (has('x')) {
      changed += hash->set_existing(field, value);
    } else {
      ++(hash->set(field, value) ? added : changed);
    }
  }
  return has('a') ? added + changed : changed;
}

void scan(rm::reply& out, past_end hash) {
  rm::aggregate fields = out.map();
  for (auto [field, value] : *hash) fields.push(field, value);
}

rm::time_point end_of(const past_end& hash, rm::string_ref field) {
  return hash->field_expires_at(field).value_or(never);
}

rm::result<rm::time_point> first_end(rm::read<rm::hash> hash) {
  if (!hash->exists()) return rm::error_reply{"ERR key not found"};
  return hash->first_field_expires_at().value_or(never);
}

}  // namespace

REDISMODULE_MODULE(hash, 1, m) {
  m.command<set>("hash.set key flags field value...");
  if (!rm::known_open_modes().has(rm::open_mode::access_expired)) return;
  m.command("hash.hget_expired key field", [](past_end hash, rm::string_ref field) { return hash->get(field); });
  m.command<scan>("hash.hscan_expired key");
  m.command<end_of>("hash.hget_expire key field");
  m.command("hash.hget_two_expire key a b", [](const past_end& hash, rm::string_ref a, rm::string_ref b) {
    return std::pair{end_of(hash, a), end_of(hash, b)};
  });
  m.command<first_end>("hash.hget_min_expire key");
}
