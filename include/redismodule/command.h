// Commands: what is said about them beside the handler's signature.
#pragma once

#include <cstddef>
#include <cstdint>

#include "redismodule/detail/synopsis.h"
#include "redismodule/detail/trampoline.h"

namespace redismodule {

// A set of the server's command flags: flags::readonly | flags::fast.
enum class command_flags : std::uint32_t {};

constexpr command_flags operator|(command_flags a, command_flags b) noexcept {
  return static_cast<command_flags>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr bool contains(command_flags all, command_flags some) noexcept {
  return (static_cast<std::uint32_t>(all) & static_cast<std::uint32_t>(some)) == static_cast<std::uint32_t>(some);
}

// The server's own names, with '_' for '-'. A flag that the server is too old to know is left out.
namespace flags {
inline constexpr command_flags none{0};
inline constexpr command_flags write{1u << 0};  // implies deny_oom, unless allow_oom is given
inline constexpr command_flags readonly{1u << 1};
inline constexpr command_flags admin{1u << 2};
inline constexpr command_flags deny_oom{1u << 3};
inline constexpr command_flags deny_script{1u << 4};
inline constexpr command_flags allow_loading{1u << 5};
inline constexpr command_flags pubsub{1u << 6};
inline constexpr command_flags random{1u << 7};
inline constexpr command_flags allow_stale{1u << 8};
inline constexpr command_flags no_monitor{1u << 9};
inline constexpr command_flags no_slowlog{1u << 10};
inline constexpr command_flags fast{1u << 11};
inline constexpr command_flags no_auth{1u << 12};
inline constexpr command_flags no_cluster{1u << 13};
inline constexpr command_flags may_replicate{1u << 14};      // Since: Redis 7.0
inline constexpr command_flags blocking{1u << 15};           // Since: Redis 7.0
inline constexpr command_flags no_mandatory_keys{1u << 16};  // Since: Redis 7.0
inline constexpr command_flags allow_busy{1u << 17};         // Since: Redis 7.0
inline constexpr command_flags all_dbs{1u << 18};            // Since: Valkey 9.1
// Ours: a command that writes and frees more than it takes may run when memory is short.
inline constexpr command_flags allow_oom{1u << 31};
}  // namespace flags

// What COMMAND INFO and COMMAND DOCS say, beyond what the signature tells.
struct command_options {
  const char* summary = nullptr;
  const char* complexity = nullptr;
  const char* since = nullptr;  // the module's version that brought the command
  command_flags flags = flags::none;
};

namespace detail {

// Everything of a command that is known when it is compiled.
struct command_definition {
  const char* synopsis;
  command_callback callback;
  const word_shape* words;
  std::size_t word_count;
  int least;
  int most;
};

// A synopsis, a string literal, that fits the handler: checked when compiled.
template <class Function>
class synopsis {
 public:
  template <std::size_t N>
  consteval synopsis(const char (&text)[N]) : text_{text} {
    using shape = shape_of<Function>;
    check_synopsis(text, shape::words.data(), shape::word_count);
  }
  constexpr const char* text() const noexcept { return text_; }

 private:
  const char* text_;
};

template <auto Handler>
command_definition define(const char* synopsis) noexcept {
  using shape = shape_of<function_type<decltype(Handler)>>;
  return {synopsis, trampoline_of<Handler>, shape::words.data(), shape::word_count, shape::least, shape::most};
}

}  // namespace detail

}  // namespace redismodule
