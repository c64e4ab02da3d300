// What kind of allocator the server has, found out by using it.
#pragma once

#include <cstddef>

#pragma GCC visibility push(hidden)
namespace redismodule::memory::detail {

struct allocator_kind {
  // What blocks are aligned to whose size is a multiple of 16: 16, or 8 where a word of the server's is before each.
  std::size_t alignment = 16;
  // Whether blocks of all other sizes are aligned to 16 too, as by glibc.
  bool aligns_all = false;
  // Whether a block of one byte less than a multiple of 8 has room for that byte, as in all allocators with size
  // classes. Not so in checking ones, such as a sanitizer's.
  bool has_room = true;
};

// Takes some hundred small blocks from the server's functions, which have been read, and gives them back.
allocator_kind probe_allocator() noexcept;

}  // namespace redismodule::memory::detail
#pragma GCC visibility pop
