#include "displaced.h"

#include <atomic>
#include <cstdint>

#include "core.h"

namespace redismodule::memory::detail::displaced {
namespace {

// 48 bits of address: 15 pick a branch, 12 a leaf, 16 a bit, 5 lie within the granule.
constexpr unsigned granule_bits = 5, leaf_bits = 16, branch_bits = 12, root_bits = 15;
static_assert(granule_bits + leaf_bits + branch_bits + root_bits == 48);
static_assert(smallest_alignment == std::size_t{1} << granule_bits);

constinit std::atomic<std::size_t> bytes_of_nodes{0};

using word = std::uint64_t;
struct leaf {
  std::atomic<word> bits[(std::size_t{1} << leaf_bits) / 64];  // 8 KiB for 2 MiB of addresses
};
struct branch {
  std::atomic<leaf*> leaves[std::size_t{1} << branch_bits];  // 32 KiB for 8 GiB
};
constinit std::atomic<branch*> root[std::size_t{1} << root_bits] = {};  // 256 KiB of .bss, touched where used

struct place {
  std::size_t in_root, in_branch, in_leaf;
  word mask;
};

bool place_of(const void* block, place& at) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  if (address >> 48 != 0) return false;
  const auto granule = address >> granule_bits;
  const auto bit = granule & ((std::size_t{1} << leaf_bits) - 1);
  at.in_leaf = bit / 64;
  at.mask = word{1} << (bit % 64);
  at.in_branch = (granule >> leaf_bits) & ((std::size_t{1} << branch_bits) - 1);
  at.in_root = granule >> (leaf_bits + branch_bits);
  return true;
}

leaf* find(const place& at) noexcept {
  auto* near = root[at.in_root].load(std::memory_order_acquire);
  return near ? near->leaves[at.in_branch].load(std::memory_order_acquire) : nullptr;
}

// The node of the slot, made if there is none. Of two threads that make one, the second takes the first's.
template <class Node>
Node* find_or_make(std::atomic<Node*>& slot) noexcept {
  if (auto* there = slot.load(std::memory_order_acquire)) return there;
  auto* fresh = static_cast<Node*>(server_functions.allocate_zeroed(sizeof(Node)));
  if (!fresh) return nullptr;
  Node* there = nullptr;
  if (slot.compare_exchange_strong(there, fresh, std::memory_order_acq_rel)) {
    bytes_of_nodes.fetch_add(server_functions.counted_size(fresh), std::memory_order_relaxed);
    return fresh;
  }
  server_functions.release(fresh);
  return there;
}

}  // namespace

bool insert(const void* block) noexcept {
  place at;
  if (!place_of(block, at)) return false;
  auto* near = find_or_make(root[at.in_root]);
  if (!near) return false;
  auto* nearest = find_or_make(near->leaves[at.in_branch]);
  if (!nearest) return false;
  nearest->bits[at.in_leaf].fetch_or(at.mask, std::memory_order_relaxed);
  return true;
}

bool contains(const void* block) noexcept {
  place at;
  if (!place_of(block, at)) return false;
  const auto* nearest = find(at);
  return nearest && (nearest->bits[at.in_leaf].load(std::memory_order_relaxed) & at.mask) != 0;
}

void erase(const void* block) noexcept {
  place at;
  if (!place_of(block, at)) return;
  if (auto* nearest = find(at)) nearest->bits[at.in_leaf].fetch_and(~at.mask, std::memory_order_relaxed);
}

std::size_t index_bytes() noexcept { return bytes_of_nodes.load(std::memory_order_relaxed); }

void clear() noexcept {
  for (auto& slot : root) {
    auto* near = slot.load(std::memory_order_relaxed);
    if (!near) continue;
    for (auto& leaf_slot : near->leaves) {
      if (auto* nearest = leaf_slot.load(std::memory_order_relaxed)) server_functions.release(nearest);
    }
    slot.store(nullptr, std::memory_order_relaxed);
    server_functions.release(near);
  }
}

}  // namespace redismodule::memory::detail::displaced
