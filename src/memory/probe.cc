#include "probe.h"

#include <cstdint>

#include "core.h"

namespace redismodule::memory::detail {
namespace {

struct sample {
  std::uintptr_t addresses = 0;  // of all blocks, or-ed
  bool has_room = true;
};

// So many of a size that an allocator which packs them at multiples of 8 shows it. What cannot be had says nothing.
sample take_sample(std::size_t size) noexcept {
  sample seen;
  void* blocks[8];
  for (auto& block : blocks) {
    block = server_functions.allocate(size - 1);
    if (!block) continue;
    seen.addresses |= reinterpret_cast<std::uintptr_t>(block);
    seen.has_room = seen.has_room && server_functions.usable_size(block) >= size;
  }
  for (auto* block : blocks) {
    if (block) server_functions.release(block);
  }
  return seen;
}

}  // namespace

allocator_kind probe_allocator() noexcept {
  constexpr std::size_t multiples_of_16[] = {16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 320, 640, 1024, 4096, 16384};
  constexpr std::size_t others[] = {8, 24, 40, 56, 72, 88, 120, 136};
  allocator_kind kind;
  sample all;
  const auto add = [&all](std::size_t size) {
    const auto seen = take_sample(size);
    all.addresses |= seen.addresses;
    all.has_room = all.has_room && seen.has_room;
  };
  for (const auto size : multiples_of_16) add(size);
  kind.alignment = all.addresses % default_alignment == 0 ? 16 : 8;
  for (const auto size : others) add(size);
  kind.aligns_all = all.addresses % default_alignment == 0;
  kind.has_room = all.has_room;
  return kind;
}

}  // namespace redismodule::memory::detail
