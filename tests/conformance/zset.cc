// Sorted sets: members added, raised and removed, walked over by bytes and in no order.
#include <limits>
#include <string>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

using key_to_read = rm::read<rm::sorted_set>;
using key_to_write = rm::write<rm::sorted_set>;
using names = std::vector<std::string>;

// What is no number is left to the sorted set to refuse.
double number(rm::string_ref text) { return text.number().value_or(std::numeric_limits<double>::quiet_NaN()); }

rm::result<void> add(key_to_write zset, rm::string_ref score, rm::string_ref member) {
  if (zset->add(member, number(score))) return {};
  return rm::error_reply{"ERR ZsetAdd failed"};
}

rm::result<double> increment(key_to_write zset, rm::string_ref member, rm::string_ref by) {
  if (const auto score = zset->increment(member, number(by))) return **score;
  return rm::error_reply{"ERR ZsetIncrby failed"};
}

template <class Range>
names members_of(const Range& range) {
  names members;
  for (auto [member, score] : range) members.emplace_back(member);
  return members;
}

template <bool Reversed>
rm::result<names> by_lex(key_to_read zset, rm::string_ref min, rm::string_ref max) {
  const auto first = rm::lex_bound::parse(min), last = rm::lex_bound::parse(max);
  if (!first || !last) return rm::error_reply{"invalid range"};
  return members_of(Reversed ? zset->by_lex_reversed(*first, *last) : zset->by_lex(*first, *last));
}

}  // namespace

REDISMODULE_MODULE(zset, 1, m) {
  m.command("zset.rem key member", [](key_to_write zset, rm::string_ref member) { return int{zset->erase(member)}; });
  m.command<add>("zset.add key score member");
  m.command<increment>("zset.incrby key member increment");
  m.command<by_lex<false>>("zset.rangebylex key min max");
  m.command<by_lex<true>>("zset.revrangebylex key min max");
  m.command("zset.members key", [](key_to_read zset) { return members_of(*zset); });
}
