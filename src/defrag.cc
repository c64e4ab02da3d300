#include "redismodule/defrag.h"

#include <utility>

#include "redismodule/rdb.h"

namespace redismodule {
namespace {

// The one value or global that was stopped. The server defragments one at a time, and the next one starts at 0.
struct {
  const void* whose = nullptr;
  unsigned long cursor = 0;
  std::vector<detail::defrag_step> path;
} stopped_at;

// What is asked for by the fields of a struct within a key: all that there are now.
constexpr int any_version = 1 << 20;

}  // namespace

namespace detail {

std::string saved_key(const void* key, void (*save)(rdb_writer& to, const void* key)) {
  std::string saved;
  char buffer[256];
  const auto append = [](void* to, std::string_view more, bool) { *static_cast<std::string*>(to) += more; };
  byte_sink sink{buffer, sizeof buffer, append, &saved};
  rdb_writer to{sink, any_version};
  save(to, key);
  sink.finish();
  return saved;
}

bool load_key(std::string_view saved, void* key, bool (*load)(rdb_reader& from, void* key)) {
  const auto whole = [](const void* all, std::size_t) { return *static_cast<const std::string_view*>(all); };
  byte_source source{whole, &saved, 1, saved.size()};
  rdb_reader from{source, any_version, any_version};
  return load(from, key);
}

bool names_what_it_defragments() noexcept {
  constexpr version first_right{8, 0, 0};
  return server().family == server_family::redis && server().number >= first_right;
}

}  // namespace detail

defragmenter::defragmenter(abi::ModuleDefragCtx* ctx) noexcept : ctx_{ctx}, blocks_{&defragmenter::ask, this} {}

void* defragmenter::ask(void* self, void* block) {
  auto& by = *static_cast<defragmenter*>(self);
  ++by.offered_;
  void* moved = api.DefragAlloc(by.ctx_, block);
  if (moved != nullptr) ++by.moved_;
  return moved;
}

void* defragmenter::alloc(void* block) noexcept {
  if (api.DefragAlloc == nullptr || !memory::relocation::can_move(block)) return block;
  return blocks_.move(block);
}

void defragmenter::alloc_string(string& text) noexcept {
  const bool is_valkey = server().family == server_family::valkey;
  const auto move = is_valkey ? api.DefragValkeyModuleString : api.DefragRedisModuleString;
  if (move == nullptr || !text) return;
  ++offered_;
  abi::ModuleString* moved = move(ctx_, text.raw());
  if (moved == nullptr) return;
  ++moved_;
  static_cast<void>(text.release());
  text = string::adopt(moved);
}

void defragmenter::alloc_buffer(string_buffer& text) noexcept {
  if (api.DefragAlloc == nullptr || text.data() == nullptr) return;
  auto* moved = static_cast<char*>(ask(this, text.data()));
  if (moved == nullptr) return;
  const std::size_t size = text.size();
  static_cast<void>(text.release());
  text = string_buffer::adopt(moved, size);
}

bool defragmenter::should_stop() noexcept { return api.DefragShouldStop != nullptr && api.DefragShouldStop(ctx_) != 0; }

std::optional<unsigned long> defragmenter::cursor() const noexcept {
  unsigned long at = 0;
  if (api.DefragCursorGet == nullptr || api.DefragCursorGet(ctx_, &at) != abi::MODULE_OK) return std::nullopt;
  return at;
}

bool defragmenter::set_cursor(unsigned long at) noexcept {
  return api.DefragCursorSet != nullptr && api.DefragCursorSet(ctx_, at) == abi::MODULE_OK;
}

std::optional<string_ref> defragmenter::key() const noexcept {
  if (!detail::names_what_it_defragments()) return std::nullopt;
  const abi::ModuleString* name = api.GetKeyNameFromDefragCtx(ctx_);
  if (name == nullptr) return std::nullopt;
  return string_ref{const_cast<abi::ModuleString*>(name)};
}

std::optional<int> defragmenter::database() const noexcept {
  const int id = api.GetDbIdFromDefragCtx == nullptr ? -1 : api.GetDbIdFromDefragCtx(ctx_);
  if (id < 0) return std::nullopt;
  return id;
}

bool defragmenter::should_go_back() noexcept {
  if (!cursor()) return false;
  stopped_ = looked_at_ >= most_looks || should_stop();
  return stopped_;
}

void defragmenter::resume(const void* whose) noexcept {
  const auto at = cursor();
  if (!at || *at == 0 || *at != stopped_at.cursor || whose != stopped_at.whose) return;
  path_ = std::exchange(stopped_at.path, {});
}

bool defragmenter::remember(const void* whose, bool stopped) noexcept {
  if (!stopped) return false;
  unsigned long next = stopped_at.cursor + 1;
  if (next == 0) next = 1;
  stopped_at = {whose, next, std::move(path_)};
  return set_cursor(next);
}

}  // namespace redismodule
