// Commands: what is said about them beside the handler's signature.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "redismodule/detail/synopsis.h"
#include "redismodule/detail/trampoline.h"

namespace redismodule {

// A set of the server's command flags: flags::readonly | flags::fast.
enum class command_flags : std::uint32_t {};

constexpr command_flags operator|(command_flags a, command_flags b) noexcept {
  return static_cast<command_flags>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr command_flags operator&(command_flags a, command_flags b) noexcept {
  return static_cast<command_flags>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
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

// A change of a command, for COMMAND DOCS.
struct history_entry {
  const char* since;  // the module's version
  const char* changes;
};

namespace detail {

// Never defined: flags that reach this do not compile, and the compiler prints the name.
void a_command_that_writes_keys_is_not_readonly();

// What the keys of a signature say of the command.
enum class key_use : std::uint8_t { none, read, write };

// The flags of a command whose keys are used so: readonly and write come from them.
template <key_use Use>
class flags_beside_keys {
 public:
  constexpr flags_beside_keys() noexcept = default;
  consteval flags_beside_keys(command_flags given) : all_{given} {
    if (Use == key_use::write && contains(given, flags::readonly)) a_command_that_writes_keys_is_not_readonly();
  }
  constexpr command_flags all() const noexcept {
    if (Use == key_use::write) return all_ | flags::write;
    return Use == key_use::read && !contains(all_, flags::write) ? all_ | flags::readonly : all_;
  }

 private:
  command_flags all_ = flags::none;
};

}  // namespace detail

// What COMMAND INFO and COMMAND DOCS say, beyond what the signature tells.
template <detail::key_use Use>
struct command_options_beside_keys {
  const char* summary = nullptr;
  const char* complexity = nullptr;
  const char* since = nullptr;  // the module's version that brought the command
  detail::flags_beside_keys<Use> flags = {};
  std::initializer_list<history_entry> history = {};
  // Hints for clients and proxies, separated by spaces: "nondeterministic_output request_policy:all_shards".
  const char* tips = nullptr;
  // ACL categories, separated by spaces: "read fast". Since: Redis 7.2. What the server lacks is left out.
  const char* acl_categories = nullptr;
};

using command_options = command_options_beside_keys<detail::key_use::none>;

namespace detail {

constexpr key_use use_of(std::uint64_t key_flags) {
  if (key_flags == 0) return key_use::none;
  constexpr std::uint64_t writing = abi::MODULE_CMD_KEY_RW | abi::MODULE_CMD_KEY_OW | abi::MODULE_CMD_KEY_RM;
  return (key_flags & writing) != 0 ? key_use::write : key_use::read;
}

template <class Handler>
using options_for = command_options_beside_keys<use_of(shape_of<function_type<Handler>>::keys.flags)>;

// The same without the template.
struct described_command {
  const char* summary;
  const char* complexity;
  const char* since;
  command_flags flags;
  std::initializer_list<history_entry> history;
  const char* tips;
  const char* acl_categories;

  template <key_use Use>
  described_command(const command_options_beside_keys<Use>& given) noexcept
      : summary{given.summary},
        complexity{given.complexity},
        since{given.since},
        flags{given.flags.all()},
        history(given.history),
        tips{given.tips},
        acl_categories{given.acl_categories} {}
};

// Everything of a command that is known when it is compiled.
struct command_definition {
  const char* synopsis;
  command_callback callback;
  const parameter_shape* parameters;
  std::size_t parameter_count;
  std::size_t word_count;
  int first;  // the first argument: 1, or 2 in a subcommand
  int least;
  int most;
  key_layout keys;
};

// A synopsis, a string literal, that fits the handler: checked when compiled.
template <class Function>
class synopsis {
 public:
  template <std::size_t N>
  consteval synopsis(const char (&text)[N]) : text_{text} {
    using shape = shape_of<Function>;
    check_synopsis(text, shape::parameters.data(), shape::count);
  }
  constexpr const char* text() const noexcept { return text_; }

 private:
  const char* text_;
};

template <auto Handler, int First = 1>
command_definition define(const char* synopsis) noexcept {
  using shape = shape_of<function_type<decltype(Handler)>, First>;
  return {synopsis,
          trampoline_of<Handler, First>,
          shape::parameters.data(),
          shape::count,
          shape::word_count,
          First,
          shape::least,
          shape::most,
          shape::keys};
}

}  // namespace detail

}  // namespace redismodule
