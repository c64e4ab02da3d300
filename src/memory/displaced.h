// The set of displaced blocks: blocks whose address is not the one that the server gave, because it was moved up to
// an alignment that the server's allocator does not keep. The server's own address stands in the word before.
//
// A block from posix_memalign is freed by plain free, and neither its address nor its alignment tells how it was
// made; reading the word before an ordinary block could fault. So the set is kept beside the blocks: one bit for each
// 32 bytes of address space, in a radix tree whose nodes come with the first displaced block near. No lock, hence
// nothing that a forked child could find held.
#pragma once

#include <cstddef>

namespace redismodule::memory::detail::displaced {

// What alignment a displaced block has at least; blocks of less are never asked for.
inline constexpr std::size_t smallest_alignment = 32;

// Fails: false when there is no memory for a node, or the address has more than 48 bits.
bool insert(const void* block) noexcept;
bool contains(const void* block) noexcept;
void erase(const void* block) noexcept;

// Bytes of all nodes, as the server counts them.
std::size_t index_bytes() noexcept;

// Gives the nodes back to the server. No displaced block may live any more.
void clear() noexcept;

}  // namespace redismodule::memory::detail::displaced
