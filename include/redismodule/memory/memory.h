// The module's memory: where it comes from, and how much there is of it.
//
// Linking the library replaces operator new and delete, the malloc family and the libc functions that hand out
// malloc'd memory for the whole module. Until start() that memory comes from the bootstrap arena, afterwards from the
// server's allocator. A block of either may be freed or reallocated at any time, from any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "redismodule/abi/types.h"

namespace redismodule::memory {

// Switches from the bootstrap arena to the server's allocator. To be called first in OnLoad, with its context; the
// module builder does so itself. Calling it again is harmless.
// Lock: held (OnLoad).
// Fails: false where the server does not answer for its allocator; memory then goes on coming from the arena.
bool start(abi::ModuleCtx* ctx) noexcept;

// The same for an official header's context type.
template <class Context>
bool start(Context* ctx) noexcept {
  return start(reinterpret_cast<abi::ModuleCtx*>(ctx));
}

// Says that the module is about to be unmapped: what the allocator holds for itself is given back after the last
// static destructor. The module builder calls it in OnUnload; a module with an OnUnload of its own calls it there,
// last. Memory may still be allocated and freed afterwards.
void stop() noexcept;

// Reads the server's allocation functions from the resolved table again, after entries of it were exchanged.
// Lock: held; no other thread of the module may allocate meanwhile.
void refresh() noexcept;

// How many of the module's threads still run, or have ended and were neither joined nor detached. With one left the
// module cannot be unmapped: the module builder then refuses to unload, and an OnUnload of one's own should.
// Waits for threads that are in their last instructions, commonly some microseconds.
// Always 0 in modules built with the system allocator, whose calls are not redirected.
std::size_t threads_left() noexcept;

// Where allocate() gets its blocks.
enum class source : std::uint8_t {
  arena,    // the bootstrap arena: start() has not run
  server,   // the server's functions, called directly
  padded,   // the server's functions behind an 8-byte header, for allocators that align to 8 only
  counted,  // the server's functions behind a 16-byte header that says to which account a block is charged
  system,   // libc, in modules built with the system allocator
};
source current_source() noexcept;

// Bytes and blocks of an account. Bytes are what the server counts for a block (its size class, header included), so
// that the figures are comparable with used_memory.
struct usage {
  std::size_t bytes = 0;
  std::size_t blocks = 0;
  std::size_t peak_bytes = 0;
  std::size_t peak_blocks = 0;
};

struct arena_usage {
  std::size_t size = 0;         // bytes reserved: the first array and the chunks added to it
  std::size_t used = 0;         // bytes handed out so far, headers included; never falls
  std::size_t live = 0;         // bytes handed out and not freed yet
  std::size_t live_blocks = 0;  // blocks handed out and not freed yet
  std::size_t chunks = 0;       // chunks added because the first array was full
};

struct statistics {
  source from = source::arena;
  arena_usage arena;
  bool counting = false;            // whether the module was built with accounting
  usage total;                      // the whole module, all scopes; zero without accounting
  std::size_t displaced_index = 0;  // bytes of the index of over-aligned blocks, taken from the server as they appear
  std::size_t foreign_frees = 0;    // frees, before start(), of blocks that the arena never gave; they are ignored
};

// Lock: none needed.
statistics current() noexcept;

// Adds the figures to the section that an INFO callback has open, as fields named memory_….
// Lock: held (INFO callback).
void add_info_fields(abi::ModuleInfoCtx* info) noexcept;

}  // namespace redismodule::memory
