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

// An argument as COMMAND DOCS shows it, for a command whose documentation is not to come from the signature.
enum class argument_type : std::uint8_t {
  string = abi::MODULE_ARG_TYPE_STRING,
  integer = abi::MODULE_ARG_TYPE_INTEGER,
  real = abi::MODULE_ARG_TYPE_DOUBLE,
  key = abi::MODULE_ARG_TYPE_KEY,
  pattern = abi::MODULE_ARG_TYPE_PATTERN,
  unix_time = abi::MODULE_ARG_TYPE_UNIX_TIME,
  pure_token = abi::MODULE_ARG_TYPE_PURE_TOKEN,
  one_of = abi::MODULE_ARG_TYPE_ONEOF,
  block = abi::MODULE_ARG_TYPE_BLOCK,
};
enum class argument_flags : std::uint8_t {
  none = abi::MODULE_CMD_ARG_NONE,
  optional = abi::MODULE_CMD_ARG_OPTIONAL,
  multiple = abi::MODULE_CMD_ARG_MULTIPLE,
  multiple_token = abi::MODULE_CMD_ARG_MULTIPLE_TOKEN,
};
constexpr argument_flags operator|(argument_flags a, argument_flags b) noexcept {
  return static_cast<argument_flags>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}
struct argument_docs {
  const char* name;
  argument_type type = argument_type::string;
  argument_flags flags = argument_flags::none;
  const char* token = nullptr;  // in front of it, or all there is
  int key_spec = -1;            // which of the key specs, if it is a key
  std::initializer_list<argument_docs> parts = {};
  const char* summary = nullptr;
  const char* since = nullptr;
  const char* deprecated_since = nullptr;
  const char* display_text = nullptr;  // what clients show for it, its name if this is null. Since: Redis 7.2
};

// What a key spec says is done to the keys it finds: exactly one of ro, rw, ow and rm, and what else applies. The names
// are the server's.
namespace key_flags {
inline constexpr std::uint64_t ro = abi::MODULE_CMD_KEY_RO;
inline constexpr std::uint64_t rw = abi::MODULE_CMD_KEY_RW;
inline constexpr std::uint64_t ow = abi::MODULE_CMD_KEY_OW;
inline constexpr std::uint64_t rm = abi::MODULE_CMD_KEY_RM;
inline constexpr std::uint64_t access = abi::MODULE_CMD_KEY_ACCESS;
inline constexpr std::uint64_t update = abi::MODULE_CMD_KEY_UPDATE;
inline constexpr std::uint64_t insert = abi::MODULE_CMD_KEY_INSERT;
inline constexpr std::uint64_t remove = abi::MODULE_CMD_KEY_DELETE;
inline constexpr std::uint64_t not_key = abi::MODULE_CMD_KEY_NOT_KEY;
inline constexpr std::uint64_t incomplete = abi::MODULE_CMD_KEY_INCOMPLETE;
inline constexpr std::uint64_t variable_flags = abi::MODULE_CMD_KEY_VARIABLE_FLAGS;
}  // namespace key_flags

// Where the search for keys begins: at an argument, or at a keyword looked for from an argument on (a negative one:
// from the end, backwards). Positions count the command's name as 0.
struct key_begin {
  int index = 0;
  const char* keyword = nullptr;
  bool unknown = false;

  static constexpr key_begin at(int index) { return {index}; }
  static constexpr key_begin behind(const char* keyword, int from) { return {from, keyword}; }
  static constexpr key_begin nowhere() { return {0, nullptr, true}; }
};

// How keys are found from there.
struct key_find {
  enum class kind : std::uint8_t { range, count, unknown };
  kind how = kind::range;
  int a = 0, b = 1, c = 0;

  // To the last one, relative to the first (-1: to the end of the arguments), in steps; limit 2 takes the first half.
  static constexpr key_find range(int last, int step = 1, int limit = 0) { return {kind::range, last, step, limit}; }
  // The argument at `number` says how many; the first is at `first`, all relative to where the search began.
  static constexpr key_find counted(int number = 0, int first = 1, int step = 1) {
    return {kind::count, number, first, step};
  }
  static constexpr key_find nothing() { return {kind::unknown}; }
};

struct key_spec {
  std::uint64_t flags;  // key_flags
  key_begin begin;
  key_find find = {};
  const char* notes = nullptr;
};

// The keys, or channels, of a command that its own function names: m.command<f, rm::keys_by<g>>("…"), where g is
// void g(rm::args, rm::positions&). It must do nothing else. It names all of the keys: none is a parameter that is a
// key.
template <auto Function>
struct keys_by {
  static constexpr bool of_channels = false;
  static constexpr auto function = Function;
};
template <auto Function>
struct channels_by {
  static constexpr bool of_channels = true;
  static constexpr auto function = Function;
};

// What is done to a channel, for ACL rules.
namespace channel_flags {
inline constexpr std::uint64_t pattern = abi::MODULE_CMD_CHANNEL_PATTERN;
inline constexpr std::uint64_t publish = abi::MODULE_CMD_CHANNEL_PUBLISH;
inline constexpr std::uint64_t subscribe = abi::MODULE_CMD_CHANNEL_SUBSCRIBE;
inline constexpr std::uint64_t unsubscribe = abi::MODULE_CMD_CHANNEL_UNSUBSCRIBE;
}  // namespace channel_flags

// Takes the positions of keys or channels.
class positions {
 public:
  positions(abi::ModuleCtx* ctx, int first, int end, bool of_channels) noexcept
      : ctx_{ctx}, first_{first}, end_{end}, of_channels_{of_channels} {}

  // The i-th of the handler's arguments: 0 is behind the command's name. Without flags a key is one to read and update.
  // One that is not there is left out: the server would read behind its arguments.
  void add(std::size_t i) noexcept;
  void add(std::size_t i, std::uint64_t flags) noexcept;

 private:
  abi::ModuleCtx* ctx_;
  int first_;
  int end_;
  bool of_channels_;
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
  // In place of what the signature says of the keys and arguments; `documented = false` says nothing of the arguments.
  std::initializer_list<key_spec> key_specs = {};
  std::initializer_list<argument_docs> arguments = {};
  bool documented = true;
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
  std::initializer_list<key_spec> key_specs;
  std::initializer_list<argument_docs> arguments;
  bool documented;

  template <key_use Use>
  described_command(const command_options_beside_keys<Use>& given) noexcept
      : summary{given.summary},
        complexity{given.complexity},
        since{given.since},
        flags{given.flags.all()},
        history(given.history),
        tips{given.tips},
        acl_categories{given.acl_categories},
        key_specs(given.key_specs),
        arguments(given.arguments),
        documented{given.documented} {}
};

// What a handler makes known of its command when it is compiled.
struct compiled_command {
  command_callback callback;
  const parameter_shape* parameters;
  std::size_t parameter_count;
  std::size_t word_count;
  int first;  // the first argument: 1, or 2 in a subcommand
  int least;
  int most;
  key_layout keys;
  bool names_keys;  // by a function of the author's
  bool names_channels;
};

struct command_definition : compiled_command {
  const char* synopsis;
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

// Asks the author's function where the server asks for positions.
template <auto Handler, int First, class... By>
struct asked_trampoline {
  static int call(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) noexcept {
    const bool done = (false || ... || answer<By>(ctx, argv, argc));
    return done ? abi::MODULE_OK : trampoline_of<Handler, First>(ctx, argv, argc);
  }

 private:
  template <class Asked>
  static bool answer(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) noexcept {
    const auto is_asked = Asked::of_channels ? api.IsChannelsPositionRequest : api.IsKeysPositionRequest;
    if (is_asked == nullptr || is_asked(ctx) == 0) return false;
    try {
      positions found{ctx, First, argc, Asked::of_channels};
      Asked::function(args{argv + First, static_cast<std::size_t>(argc - First)}, found);
    } catch (...) {
      report_position_exception(ctx, argv);
    }
    return true;
  }
};

template <auto Handler, int First, class... By>
constexpr command_callback callback_of() noexcept {
  if constexpr (sizeof...(By) != 0) {
    return &asked_trampoline<Handler, First, By...>::call;
  } else {
    return trampoline_of<Handler, First>;
  }
}

// In the module's data, so that registering it takes two addresses.
template <auto Handler, int First, class... By>
inline constexpr compiled_command compiled = [] {
  using shape = shape_of<function_type<decltype(Handler)>, First>;
  // Servers ask for either: of keys that both name they would know some only, and so would their access rules.
  static_assert((true && ... && By::of_channels) || shape::keys.flags == 0,
                "redismodule: rm::keys_by names all keys of a command, whose handler takes none as a key");
  return compiled_command{callback_of<Handler, First, By...>(),
                          shape::parameters.data(),
                          shape::count,
                          shape::word_count,
                          First,
                          shape::least,
                          shape::most,
                          shape::keys,
                          (false || ... || !By::of_channels),
                          (false || ... || By::of_channels)};
}();

}  // namespace detail

}  // namespace redismodule
