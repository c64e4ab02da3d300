// Lists: elements by index, from either end, and edited by a script.
#include <optional>
#include <string_view>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

using list_to_read = rm::read<rm::list>;
using list_to_write = rm::write<rm::list>;

struct direction {
  rm::flag<"REVERSE"> reverse;
};

std::vector<rm::string> get_all(list_to_read list, const direction& from) {
  std::vector<rm::string> all;
  const long size = static_cast<long>(list->size());
  for (long i = 0; i < size; ++i) all.push_back(*list->get(from.reverse ? -1 - i : i));
  return all;
}

struct edits {
  int i = 0, d = 0, r = 0;  // inserted, deleted, replaced
  long index = 0;
  std::optional<rm::string> entry = {};
  static constexpr auto fields = rm::fields(rm::field<&edits::i>, rm::field<&edits::d>, rm::field<&edits::r>,
                                            rm::field<&edits::index>, rm::field<&edits::entry>);
};

// Of the script each letter inserts a value, deletes, replaces by a value, or keeps.
rm::result<edits> edit(list_to_write list, const direction& from, std::string_view script,
                       rm::rest<rm::string_ref> values) {
  edits done{.index = from.reverse ? -1 : 0};
  auto value = values.begin();
  for (char step : script) {
    const bool takes_value = step == 'i' || step == 'r';
    if (takes_value && value == values.end()) return rm::error_reply{"ERR too few args"};
    if (step == 'i') done.i += list->insert(done.index, *value++);
    if (step == 'r') done.r += list->set(done.index, *value++);
    if (step == 'd') {
      done.d += list->erase(done.index);
    } else {
      done.index += from.reverse ? -1 : 1;
    }
  }
  done.entry = list->get(done.index);
  return done;
}

rm::error_reply no_element(const rm::list& list) {
  if (list.exists()) return rm::error_reply{"ERR index out of bounds"};
  return rm::error_reply{rm::wrong_type::text};
}

rm::result<void> done_or_not(const rm::list& list, bool is_done) {
  if (is_done) return {};
  return no_element(list);
}

rm::result<rm::string> get(list_to_read list, long index) {
  if (auto element = list->get(index)) return std::move(*element);
  return no_element(*list);
}

}  // namespace

REDISMODULE_MODULE(list, 1, m) {
  m.command<get_all>("list.getall key");
  m.command<edit>("list.edit key script [value...]");
  m.command<get>("list.get key index");
  m.command("list.set key index value", [](list_to_write list, long index, rm::string_ref value) {
    return done_or_not(*list, list->set(index, value));
  });
  m.command("list.insert key index value", [](list_to_write list, long index, rm::string_ref value) {
    return done_or_not(*list, list->insert(index, value));
  });
  m.command("list.delete key index",
            [](list_to_write list, long index) { return done_or_not(*list, list->erase(index)); });
}
