// What a handler runs in.
#pragma once

#include "redismodule/options.h"
#include "redismodule/reply.h"

namespace redismodule::detail {

// The arguments, and how far they are decoded. Lives in the trampoline's frame, and leaves it on the cold paths only.
struct frame {
  frame(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc, int first) noexcept
      : ctx{ctx}, argv{argv}, argc{argc}, first{first}, next{first}, out{ctx} {}

  abi::ModuleCtx* ctx;
  abi::ModuleString** argv;
  int argc;
  int first;     // 1, or 2 in a subcommand: behind the name
  int next;      // the argument to be decoded
  int word = 0;  // which word of the synopsis stands for it, where decoding failed; -1: see `options`
  decode_status status{};
  reply out;
  option_error options;  // set where decoding failed there
};

inline bool fail(frame& f, int word) noexcept {
  f.word = word;
  return false;
}

// What is left of the arguments but for those at the end.
inline arg_cursor cursor_of(const frame& f, int at_the_end) noexcept {
  return {f.argv + f.next, f.argv + f.argc - at_the_end, f.ctx};
}

// Tells the server, which asked for it, that the argument at this position is a key.
void report_key(abi::ModuleCtx* ctx, int position, std::uint64_t flags) noexcept;

}  // namespace redismodule::detail
