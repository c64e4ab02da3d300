// Blocks of the module exchanged for better placed ones, for while the server defragments.
//
// What lies in a block is not always bytes that may be moved: a container's node is linked from others. But a container
// frees and allocates by the module's own operators. So whoever empties a block can have it caught as it is freed,
// exchanged, and handed out again to the allocation that takes its place.
#pragma once

#include <cstddef>

namespace redismodule::memory {

// Lock: held from its making to its end, by one thread. There is one at a time.
class relocation {
 public:
  // Asks the server for a better place: null where the block is well placed. Otherwise the bytes are there, and the
  // block is gone. DefragAlloc is such a function.
  using better_place = void* (*)(void* context, void* block);

  relocation(better_place ask, void* context) noexcept : ask_{ask}, context_{context} {}
  relocation(const relocation&) = delete;
  relocation& operator=(const relocation&) = delete;
  ~relocation();

  // Whether the block that has this address in it is the server's: not the bootstrap arena's, nor the process's own.
  static bool can_move(const void* address) noexcept;

  // The block, or a better placed one in place of it, with the bytes that were asked for. For blocks of this module's
  // new, malloc and their like which can_move(), and whose alignment is 16 at most.
  void* move(void* block) noexcept;

  // From now on the first block freed by this thread that begins within [first, last] is not freed: it is caught.
  void catch_between(const void* first, const void* last) noexcept;
  // Ends that. Null where none was caught; otherwise the block is the caller's.
  void* caught() noexcept;

  // The next allocation of this thread's that fits into the block gets it. Alignments above 16 and zeroed blocks do
  // not ask. Owns: the block, from here on.
  void hand_out(void* block) noexcept;
  // Ends that, and frees a block that nobody took.
  void settle() noexcept;

 private:
  // (The face over the process's own allocator moves nothing, and uses neither.)
  [[maybe_unused]] better_place ask_;
  [[maybe_unused]] void* context_;
};

}  // namespace redismodule::memory
