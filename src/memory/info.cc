#include <cstdio>

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

// A field's name has letters, digits and underscores only; the scope's name is its author's. Where they differ, the
// number keeps two names apart.
struct scope_field {
  char text[80];

  scope_field(const char* name, int number) noexcept {
    bool differs = false;
    std::size_t at = static_cast<std::size_t>(std::snprintf(text, sizeof text, "memory_scope_"));
    for (; *name && at < sizeof text - 8; ++name, ++at) {
      const bool plain = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                         (*name >= '0' && *name <= '9') || *name == '_';
      text[at] = plain ? *name : '_';
      differs = differs || !plain;
    }
    text[at] = '\0';
    if (differs || *name) std::snprintf(text + at, sizeof text - at, "_%d", number);
  }
};

struct scope_list {
  abi::ModuleInfoCtx* info;
  int seen;
};

void add_scope(const char* name, const usage& held, void* argument) noexcept {
  auto& list = *static_cast<scope_list*>(argument);
  const scope_field field{name, ++list.seen};
  if (api.InfoBeginDictField(list.info, field.text) != abi::MODULE_OK) return;
  add(list.info, "bytes", held.bytes);
  add(list.info, "blocks", held.blocks);
  add(list.info, "peak_bytes", held.peak_bytes);
  add(list.info, "peak_blocks", held.peak_blocks);
  api.InfoEndDictField(list.info);
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
  add(info, "memory_foreign_frees", now.foreign_frees);
  if (!now.counting) return;
  add(info, "memory_bytes", now.total.bytes);
  add(info, "memory_blocks", now.total.blocks);
  add(info, "memory_peak_bytes", now.total.peak_bytes);
  add(info, "memory_peak_blocks", now.total.peak_blocks);
  scope_list list{info, 0};
  for_each_scope(add_scope, &list);
}

}  // namespace redismodule::memory
