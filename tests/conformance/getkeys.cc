// Commands that name their keys themselves, and the keys of any command.
#include <utility>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

using words = rm::rest<rm::string_ref>;

// Keys are the words behind each "key".
template <class F>
void visit_keys(const words& all, F&& visit) {
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i - 1] == "key") visit(i);
  }
}

void name_keys(rm::args all, rm::positions& found) {
  visit_keys(all, [&](std::size_t i) { found.add(i); });
}

void name_keys_to_read(rm::args all, rm::positions& found) {
  visit_keys(all, [&](std::size_t i) { found.add(i, rm::key_flags::ro | rm::key_flags::access); });
}

std::vector<rm::string_ref> keys(words all) {
  std::vector<rm::string_ref> found;
  visit_keys(all, [&](std::size_t i) { found.push_back(all[i]); });
  return found;
}

const char* use_of(std::uint64_t flags) {
  if (flags & rm::key_flags::ro) return "RO";
  if (flags & rm::key_flags::rw) return "RW";
  return flags & rm::key_flags::ow ? "OW" : "RM";
}

void introspect(rm::reply& out, rm::context& ctx, bool with_flags, rm::at_least_one<rm::string_ref> command) {
  const auto keys = ctx.keys_of(command);
  if (!keys) {
    const bool is_unknown = keys.error().text().starts_with("ERR unknown");
    return out.push(is_unknown ? rm::error_reply{"ERR ENOENT"} : rm::error_reply{"ERR EINVAL"});
  }
  rm::aggregate list = out.array(keys->size());
  for (auto [position, flags] : *keys) {
    with_flags ? list.push(std::pair{command[position], use_of(flags)}) : list.push(command[position]);
  }
}

}  // namespace

REDISMODULE_MODULE(getkeys, 1, m) {
  using key = rm::key_name<>;
  m.command<keys, rm::keys_by<name_keys>>("getkeys.command [word...]");
  m.command<keys, rm::keys_by<name_keys_to_read>>("getkeys.command_with_flags [word...]");
  m.command("getkeys.fixed first a b c last",
            [](rm::args all, rm::string_ref, key, key, key, rm::string_ref) { return all; });
  m.command<introspect>("getkeys.introspect with-flags word...");
}
