// Streams: entries added, deleted, read back and forth, and trimmed.
#include <utility>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

using stream_to_write = rm::write<rm::stream>;
using stream_name = rm::key_name<rm::access::update>;  // a key of another type is an error in other words
using pairs = rm::at_least_one<std::pair<rm::string_ref, rm::string_ref>>;

rm::result<rm::stream_id> add(rm::context& ctx, stream_name name, pairs fields) {
  auto stream = ctx.open<stream_to_write>(name);
  if (!stream) return rm::error_reply{"ERR StreamAdd failed"};
  return (*stream)->add(fields).or_else([](auto) { return rm::error_reply{"ERR StreamAdd failed"}; });
}

long long add_many(stream_to_write stream, long long count, pairs fields) {
  long long added = 0;
  while (added < count && stream->add(fields)) ++added;
  return added;
}

rm::result<void> erase(rm::context& ctx, stream_name name, rm::string_ref text) {
  const auto id = text.stream_id();
  if (!id) return rm::error_reply{"Invalid stream ID"};
  auto stream = ctx.open<stream_to_write>(name);
  if (!stream || !(*stream)->erase(*id)) return rm::error_reply{"ERR StreamDelete failed"};
  return {};
}

// Backwards where the first id is the later one. An entry with a field "selfdestruct" is shown and deleted.
void range(rm::reply& out, stream_to_write stream, rm::stream_id first, rm::stream_id last) {
  rm::aggregate entries = out.array();
  for (auto& entry : first > last ? stream->entries_reversed({last, first}) : stream->entries({first, last})) {
    bool is_doomed = false;
    rm::aggregate pair = out.array(2);
    out.push(entry.id());
    rm::aggregate fields = out.array(2 * entry.size());
    for (auto [field, value] : entry.fields()) {
      fields.push(field, value);
      is_doomed = is_doomed || field == "selfdestruct";
    }
    if (is_doomed) entry.erase();
  }
}

struct limits {
  rm::required<rm::one_of<rm::option<"MAXLEN", std::pair<rm::trim, std::size_t>>,
                          rm::option<"MINID", std::pair<rm::trim, rm::stream_id>>>>
      limit;
};

std::size_t trim(stream_to_write stream, const limits& given) {
  if (const auto& size = given.limit.get<"MAXLEN">()) return stream->trim_to_size(size->second, size->first);
  const auto& [how, id] = *given.limit.get<"MINID">();
  return stream->trim_before(id, how);
}

}  // namespace

REDISMODULE_MODULE(stream, 1, m) {
  m.command<add>("stream.add key field value...");
  m.command<add_many>("stream.addn key count field value...");
  m.command<erase>("stream.delete key id");
  m.command<range>("stream.range key first last");
  m.command<trim>("stream.trim key");
}
