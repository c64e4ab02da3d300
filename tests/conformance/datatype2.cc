// Memory by blocks. A value has how many there are and which are used; the blocks themselves are beside it, by database
// and key.
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

using blocks = std::vector<std::string>;
std::map<int, std::map<std::string, blocks, std::less<>>> pools;

constexpr std::size_t block_size = 4096;

// Those of the key that a hook is about, or a command.
blocks& blocks_at(std::optional<int> database, rm::string_ref key) {
  return pools[database.value_or(-1)][std::string{key.view()}];
}
template <class Place>
blocks& blocks_of(const Place& place) {
  if constexpr (std::derived_from<Place, rm::basic_key>)
    return blocks_at(place.database(), place.name());
  else
    return blocks_at(place.database(), place.key());
}

}  // namespace

struct allocation {
  static constexpr rm::type_info redis_type{.name = "mem_alloc"};
  long long size = 0;
  long long used = 0;
  std::uint64_t mask = 0;

  bool has(long long block) const { return (mask >> block & 1) != 0; }

  void rdb_save(rm::rdb_writer& to) const {
    to.save_signed(size);
    to.save_signed(used);
    to.save_unsigned(mask);
    if (size == 0) return;
    for (const std::string& each : blocks_of(to)) to.save_string(each);
  }
  static rm::result<allocation> rdb_load(rm::rdb_reader& from) {
    const auto size = from.load_signed();
    const auto used = from.load_signed();
    const auto mask = from.load_unsigned();
    blocks all;
    for (long long i = 0; mask && i < *size; ++i) {
      auto each = from.load_string();
      if (!each) return each.error();
      all.push_back(std::move(*each));
    }
    if (!mask) return mask.error();
    blocks_of(from) = std::move(all);
    return allocation{*size, *used, *mask};
  }
  allocation copy(const rm::key_context& of) const {
    if (size != 0) blocks_at(of.to_database(), of.to_key()) = blocks_of(of);
    return *this;
  }
  void digest(rm::digest& to) const {
    for (const auto each : {size, used, static_cast<long long>(mask)}) to.add(each);
    if (size == 0) return;
    for (const std::string& each : blocks_of(to)) to.add(each);
  }
  void unlink(const rm::key_context& of) const { pools[of.database().value_or(-1)].erase(std::string{of.key()}); }
  std::size_t mem_usage(std::size_t) const {
    return sizeof *this + static_cast<std::size_t>(size) * (block_size + sizeof(std::string));
  }
  std::size_t free_effort() const { return static_cast<std::size_t>(size); }
};

namespace {

using writable = rm::write<allocation>;

rm::result<long long> allocate(rm::context& ctx, writable key, long long count) {
  if (count <= 0) return rm::error_reply{"ERR invalid block_num: must be a value greater than 0"};
  blocks_of(*key) = blocks(static_cast<std::size_t>(count), std::string(block_size, '\0'));
  key->value_or_create() = {count, 0, 0};
  ctx.replicate_verbatim();
  return count;
}

bool free_blocks(rm::context& ctx, writable key) {
  if (!*key || (*key)->size == 0) return false;
  blocks_of(*key).clear();
  key->value() = {};
  ctx.replicate_verbatim();
  return true;
}

rm::result<std::size_t> write_block(rm::context& ctx, writable key, unsigned block, std::string_view data) {
  if (!*key || block >= (*key)->size) return rm::error_reply{"ERR Memory has not been allocated"};
  if ((*key)->has(block)) return rm::error_reply{"ERR block is busy"};
  const std::string_view part = data.substr(0, block_size);
  part.copy(blocks_of(*key)[block].data(), part.size());
  (*key)->mask |= std::uint64_t{1} << block;
  ++(*key)->used;
  ctx.replicate_verbatim();
  return part.size();
}

rm::result<std::optional<std::string>> read_block(rm::read<allocation> key, unsigned block) {
  if (!*key) return rm::error_reply{"ERR Memory has not been allocated"};
  if (block >= (*key)->size || !(*key)->has(block)) return std::optional<std::string>{};
  return std::optional{std::string{blocks_of(*key)[block].c_str()}};
}

rm::result<std::tuple<std::string_view, long long, std::string_view, long long>> usage(rm::context& ctx, int database) {
  if (!ctx.select_database(database)) return rm::error_reply{"ERR dbid out of range"};
  long long size = 0, used = 0;
  for (const auto& [name, type] : ctx.keys()) {
    const auto key = ctx.open<rm::read<allocation>>(name);
    if (!key || !**key) continue;
    size += (**key)->size;
    used += (**key)->used;
  }
  return std::tuple{"total", size, "used", used};
}

// SubscribeToServerEvent: raw calls until there is a header for events.
void on_flush(rm::abi::ModuleCtx*, rm::abi::ModuleEvent, std::uint64_t step, void* data) {
  if (step != rm::abi::MODULE_SUBEVENT_FLUSHDB_START) return;
  const int database = static_cast<rm::abi::ModuleFlushInfo*>(data)->dbnum;
  if (database == -1) return pools.clear();
  pools.erase(database);
}
void on_swap(rm::abi::ModuleCtx*, rm::abi::ModuleEvent, std::uint64_t, void* data) {
  const auto& swapped = *static_cast<rm::abi::ModuleSwapDbInfo*>(data);
  std::swap(pools[swapped.dbnum_first], pools[swapped.dbnum_second]);
}

}  // namespace

REDISMODULE_MODULE(datatype2, 1, m) {
  m.data_type<allocation>();
  m.command<allocate>("mem.alloc key blocks");
  m.command<free_blocks>("mem.free key");
  m.command<write_block>("mem.write key block data");
  m.command<read_block>("mem.read key block");
  m.command<usage>("mem.usage database");
  rm::api.SubscribeToServerEvent(m.raw(), rm::abi::ModuleEvent_FlushDB, on_flush);
  rm::api.SubscribeToServerEvent(m.raw(), rm::abi::ModuleEvent_SwapDB, on_swap);
}
