#include "account.h"
#include "redismodule/abi/constants.h"
#include "redismodule/api.h"
#include "redismodule/memory/scope.h"

namespace redismodule::memory {
namespace {

const char* name_of(source from) noexcept {
  switch (from) {
    case source::arena: return "arena";
    case source::server: return "server";
    case source::padded: return "server, padded";
    case source::counted: return "server, counted";
    case source::system: return "system";
  }
  return "?";
}

void add(abi::ModuleInfoCtx* info, const char* field, std::size_t value) noexcept {
  api.InfoAddFieldULongLong(info, field, value);
}

void add_scope(const char* name, const usage& held, void* argument) noexcept {
  auto* info = static_cast<abi::ModuleInfoCtx*>(argument);
  // A name of a field has letters, digits and underscores only; the scope's name is its author's.
  char field[64] = "memory_scope_";
  std::size_t at = sizeof("memory_scope_") - 1;
  for (; *name && at < sizeof(field) - 1; ++name, ++at) {
    const bool plain = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') || (*name >= '0' && *name <= '9');
    field[at] = plain ? *name : '_';
  }
  field[at] = '\0';
  if (api.InfoBeginDictField(info, field) != abi::MODULE_OK) return;
  add(info, "bytes", held.bytes);
  add(info, "blocks", held.blocks);
  add(info, "peak_bytes", held.peak_bytes);
  add(info, "peak_blocks", held.peak_blocks);
  api.InfoEndDictField(info);
}

}  // namespace

void add_info_fields(abi::ModuleInfoCtx* info) noexcept {
  const auto now = current();
  api.InfoAddFieldCString(info, "memory_source", name_of(now.from));
  add(info, "memory_arena_size", now.arena.size);
  add(info, "memory_arena_used", now.arena.used);
  add(info, "memory_arena_live", now.arena.live);
  add(info, "memory_arena_live_blocks", now.arena.live_blocks);
  add(info, "memory_arena_chunks", now.arena.chunks);
  add(info, "memory_displaced_index", now.displaced_index);
  if (!now.counting) return;
  add(info, "memory_bytes", now.total.bytes);
  add(info, "memory_blocks", now.total.blocks);
  add(info, "memory_peak_bytes", now.total.peak_bytes);
  add(info, "memory_peak_blocks", now.total.peak_blocks);
  for_each_scope(add_scope, info);
}

}  // namespace redismodule::memory
