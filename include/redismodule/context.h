// What can be done while the server's lock is held.
#pragma once

#include <cstdint>
#include <string_view>

#include "redismodule/api.h"

namespace redismodule {

enum class log_level : std::uint8_t { debug, verbose, notice, warning };

// The proof that the server's lock is held: only the server's callbacks hand one out, and it is good until they return.
class context {
 public:
  explicit context(abi::ModuleCtx* raw) noexcept : raw_{raw} {}
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  // One line in the server's log; control characters in it become \xNN.
  void log(log_level level, std::string_view text) noexcept;

  // Used memory as a part of maxmemory: 1 and more is at or past the limit, 0 where there is none.
  float memory_pressure() const noexcept { return api.GetUsedMemoryRatio(); }

  // Replicates the command that runs as the client sent it.
  void replicate_verbatim() noexcept { api.ReplicateVerbatim(raw_); }

  abi::ModuleCtx* raw() const noexcept { return raw_; }

 private:
  abi::ModuleCtx* raw_;
};

namespace detail {

// One log line made of two parts, without allocating: for what is logged when memory is short.
void log_line(abi::ModuleCtx* ctx, log_level level, std::string_view subject, std::string_view text) noexcept;

}  // namespace detail

}  // namespace redismodule
