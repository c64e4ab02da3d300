// Numbers that mean one thing on Redis and another on Valkey, under names of our own that mean one thing. Everything
// that differs between the families is translated here, except for the two functions that resolve() adapts in the
// table: ACLCheckKeyPrefixPermissions, which takes other parameters on Valkey, and the defragmentation of a string,
// which goes by another name there.
//
// All of it is arithmetic on its arguments: to_server() gives the number to hand to a server of the family,
// from_server<>() what a number from such a server means.
#pragma once

#include "redismodule/abi/structs.h"
#include "redismodule/api.h"

namespace redismodule {

// --- One of many ---

enum class server_event : std::uint8_t {
  replication_role_changed,
  persistence,
  flushdb,
  loading,
  client_change,
  shutdown,
  replica_change,
  primary_link_change,
  cron_loop,
  module_change,
  loading_progress,
  swapdb,
  repl_backup,
  fork_child,
  repl_async_load,
  eventloop,
  config,
  key,
  cluster_slot_migration,       // Redis, unstable
  cluster_slot_migration_trim,  // Redis, unstable
  authentication_attempt,       // Valkey, from here on
  atomic_slot_migration,
  command_result_success,
  command_result_failure,
  command_result_rejected,
  command_result_acl_rejected,
  unknown,
};

enum class acl_log_reason : std::uint8_t { auth, command, key, channel, database, unknown };

enum class key_type : std::uint8_t { empty, string, list, hash, set, sorted_set, module, stream, gcra, unknown };

enum class reply_type : std::uint8_t {
  string,
  error,
  integer,
  array,
  null,
  map,
  set,
  boolean,
  real,
  big_number,
  verbatim_string,
  attribute,
  promise,
  simple_string,  // Valkey, to callers who ask for exact replies
  null_array,     // Valkey, likewise
  unknown,
};

// What to_server() answers for what the family does not have.
inline constexpr int untranslatable = -1;

// --- Many of many ---

// A set of flags of one kind.
template <class Flag>
struct flag_set {
  std::uint64_t bits = 0;

  constexpr flag_set() noexcept = default;
  constexpr flag_set(Flag flag) noexcept : bits(static_cast<std::uint64_t>(flag)) {}
  constexpr bool has(Flag flag) const noexcept { return (bits & static_cast<std::uint64_t>(flag)) != 0; }
  constexpr flag_set& operator|=(flag_set other) noexcept {
    bits |= other.bits;
    return *this;
  }
  friend constexpr flag_set operator|(flag_set a, flag_set b) noexcept { return a |= b; }
  friend constexpr bool operator==(flag_set, flag_set) noexcept = default;
};

// Flags that both families have carry the servers' number; the others, numbers that no server uses.
enum class context_flag : std::uint64_t {
  lua = 1ULL << 0,
  multi = 1ULL << 1,
  primary = 1ULL << 2,
  replica = 1ULL << 3,
  readonly = 1ULL << 4,
  cluster = 1ULL << 5,
  aof = 1ULL << 6,
  rdb = 1ULL << 7,
  maxmemory = 1ULL << 8,
  evict = 1ULL << 9,
  oom = 1ULL << 10,
  oom_warning = 1ULL << 11,
  replicated = 1ULL << 12,
  loading = 1ULL << 13,
  replica_is_stale = 1ULL << 14,
  replica_is_connecting = 1ULL << 15,
  replica_is_transferring = 1ULL << 16,
  replica_is_online = 1ULL << 17,
  active_child = 1ULL << 18,
  multi_dirty = 1ULL << 19,
  is_child = 1ULL << 20,
  deny_blocking = 1ULL << 21,
  resp3 = 1ULL << 22,
  async_loading = 1ULL << 23,
  server_startup = 1ULL << 24,
  debug_enabled = 1ULL << 32,       // Redis
  trim_in_progress = 1ULL << 33,    // Redis, unstable
  slot_import_client = 1ULL << 34,  // Valkey
  slot_export_client = 1ULL << 35,  // Valkey
};

enum class config_flag : std::uint64_t {
  immutable = 1ULL << 0,
  sensitive = 1ULL << 1,
  hidden = 1ULL << 4,
  is_protected = 1ULL << 5,
  deny_loading = 1ULL << 6,
  memory = 1ULL << 7,
  bitflags = 1ULL << 8,
  unprefixed = 1ULL << 32,       // Redis
  unsigned_number = 1ULL << 33,  // Valkey
};

enum class key_event : std::uint64_t {
  keyspace = 1ULL << 0,
  keyevent = 1ULL << 1,
  generic = 1ULL << 2,
  string = 1ULL << 3,
  list = 1ULL << 4,
  set = 1ULL << 5,
  hash = 1ULL << 6,
  sorted_set = 1ULL << 7,
  expired = 1ULL << 8,
  evicted = 1ULL << 9,
  stream = 1ULL << 10,
  key_miss = 1ULL << 11,
  loaded = 1ULL << 12,
  module = 1ULL << 13,
  created = 1ULL << 14,
  overwritten = 1ULL << 32,  // Redis, unstable, from here on
  type_changed = 1ULL << 33,
  key_trimmed = 1ULL << 34,
  rate_limit = 1ULL << 35,
  trimmed = 1ULL << 36,
};

enum class module_option : std::uint64_t {
  handle_io_errors = 1ULL << 0,
  no_implicit_signal_modified = 1ULL << 1,
  handle_repl_async_load = 1ULL << 2,
  allow_nested_keyspace_notifications = 1ULL << 3,
  skip_command_validation = 1ULL << 32,       // Valkey
  handle_atomic_slot_migration = 1ULL << 33,  // Valkey
};

enum class open_mode : std::uint64_t {
  read = 1ULL << 0,
  write = 1ULL << 1,
  notouch = 1ULL << 16,
  nonotify = 1ULL << 17,
  nostats = 1ULL << 18,
  noexpire = 1ULL << 19,
  noeffects = 1ULL << 20,
  access_expired = 1ULL << 32,  // Redis
  access_trimmed = 1ULL << 33,  // Redis, unstable
};

enum class hash_flag : std::uint64_t {
  nx = 1ULL << 0,
  xx = 1ULL << 1,
  cfields = 1ULL << 2,
  exists = 1ULL << 3,
  count_all = 1ULL << 4,
  expire_time = 1ULL << 32,  // Redis
};

enum class client_flag : std::uint64_t {
  ssl = 1ULL << 0,
  pubsub = 1ULL << 1,
  blocked = 1ULL << 2,
  tracking = 1ULL << 3,
  unixsocket = 1ULL << 4,
  multi = 1ULL << 5,
  readonly = 1ULL << 32,  // Valkey, from here on
  primary = 1ULL << 33,
  replica = 1ULL << 34,
  monitor = 1ULL << 35,
  module = 1ULL << 36,
  authenticated = 1ULL << 37,
  ever_authenticated = 1ULL << 38,
  fake = 1ULL << 39,
};

// Flags as the server takes them, and whether the family has all that were asked for.
struct server_flags {
  std::uint32_t bits = 0;
  bool complete = true;
};

namespace detail {

// A value or flag that not both families have, or not by one number: its number with each, or untranslatable.
template <class Name>
struct divergence {
  Name name;
  int redis;
  int valkey;

  constexpr int number(server_family family) const noexcept {
    if (family == server_family::redis) return redis;
    return family == server_family::valkey ? valkey : untranslatable;
  }
};

// For each kind: `common` is how many values, or which flags, both families share; `rows` is the rest.
template <class Name>
struct divergences_of;

template <>
struct divergences_of<server_event> {
  static constexpr int common = 18;
  static constexpr divergence<server_event> rows[] = {
      {server_event::cluster_slot_migration, 18, untranslatable},
      {server_event::cluster_slot_migration_trim, 19, untranslatable},
      {server_event::authentication_attempt, untranslatable, 18},
      {server_event::atomic_slot_migration, untranslatable, 19},
      {server_event::command_result_success, untranslatable, 20},
      {server_event::command_result_failure, untranslatable, 21},
      {server_event::command_result_rejected, untranslatable, 22},
      {server_event::command_result_acl_rejected, untranslatable, 23},
  };
};

template <>
struct divergences_of<acl_log_reason> {
  static constexpr int common = 4;
  static constexpr divergence<acl_log_reason> rows[] = {{acl_log_reason::database, untranslatable, 4}};
};

template <>
struct divergences_of<key_type> {
  static constexpr int common = 8;
  static constexpr divergence<key_type> rows[] = {{key_type::gcra, 8, untranslatable}};
};

template <>
struct divergences_of<reply_type> {
  static constexpr int common = 13;
  static constexpr divergence<reply_type> rows[] = {
      {reply_type::simple_string, untranslatable, 13},
      {reply_type::null_array, untranslatable, 14},
  };
};

template <>
struct divergences_of<context_flag> {
  static constexpr std::uint32_t common = (1U << 25) - 1;
  static constexpr divergence<context_flag> rows[] = {
      {context_flag::debug_enabled, 25, untranslatable},
      {context_flag::trim_in_progress, 26, untranslatable},
      {context_flag::slot_import_client, untranslatable, 25},
      {context_flag::slot_export_client, untranslatable, 26},
  };
};

template <>
struct divergences_of<config_flag> {
  static constexpr std::uint32_t common = 0x1f3;
  static constexpr divergence<config_flag> rows[] = {
      {config_flag::unprefixed, 9, untranslatable},
      {config_flag::unsigned_number, untranslatable, 9},
  };
};

template <>
struct divergences_of<key_event> {
  static constexpr std::uint32_t common = (1U << 15) - 1;
  static constexpr divergence<key_event> rows[] = {
      {key_event::overwritten, 15, untranslatable}, {key_event::type_changed, 16, untranslatable},
      {key_event::key_trimmed, 17, untranslatable}, {key_event::rate_limit, 18, untranslatable},
      {key_event::trimmed, 30, untranslatable},
  };
};

template <>
struct divergences_of<module_option> {
  static constexpr std::uint32_t common = 0xf;
  static constexpr divergence<module_option> rows[] = {
      {module_option::skip_command_validation, untranslatable, 4},
      {module_option::handle_atomic_slot_migration, untranslatable, 5},
  };
};

template <>
struct divergences_of<open_mode> {
  static constexpr std::uint32_t common = 0x1f0003;
  static constexpr divergence<open_mode> rows[] = {
      {open_mode::access_expired, 21, untranslatable},
      {open_mode::access_trimmed, 22, untranslatable},
  };
};

template <>
struct divergences_of<hash_flag> {
  static constexpr std::uint32_t common = 0x1f;
  static constexpr divergence<hash_flag> rows[] = {{hash_flag::expire_time, 5, untranslatable}};
};

template <>
struct divergences_of<client_flag> {
  static constexpr std::uint32_t common = 0x3f;
  static constexpr divergence<client_flag> rows[] = {
      {client_flag::readonly, untranslatable, 6},
      {client_flag::primary, untranslatable, 7},
      {client_flag::replica, untranslatable, 8},
      {client_flag::monitor, untranslatable, 9},
      {client_flag::module, untranslatable, 10},
      {client_flag::authenticated, untranslatable, 11},
      {client_flag::ever_authenticated, untranslatable, 12},
      {client_flag::fake, untranslatable, 13},
  };
};

}  // namespace detail

// The server's number for a value of one of the enumerations above, or untranslatable.
template <class Value>
requires requires { Value::unknown; }
constexpr int to_server(server_family family, Value value) noexcept {
  using divergences = detail::divergences_of<Value>;
  if (static_cast<int>(value) < divergences::common) return static_cast<int>(value);
  for (const auto& row : divergences::rows) {
    if (row.name == value) return row.number(family);
  }
  return untranslatable;
}

// What the server's number means: Value::unknown if it is none of the family's.
template <class Value>
requires requires { Value::unknown; }
constexpr Value from_server(server_family family, std::int64_t number) noexcept {
  using divergences = detail::divergences_of<Value>;
  if (number < 0) return Value::unknown;
  if (number < divergences::common) return static_cast<Value>(number);
  for (const auto& row : divergences::rows) {
    if (row.number(family) == number) return row.name;
  }
  return Value::unknown;
}

// The server's bits for a set of flags; what the family does not have is left out.
template <class Flag>
constexpr server_flags to_server(server_family family, flag_set<Flag> flags) noexcept {
  using divergences = detail::divergences_of<Flag>;
  server_flags result{static_cast<std::uint32_t>(flags.bits) & divergences::common, true};
  std::uint64_t rest = flags.bits & ~static_cast<std::uint64_t>(divergences::common);
  for (const auto& row : divergences::rows) {
    if (!flags.has(row.name) || row.number(family) < 0) continue;
    result.bits |= 1U << row.number(family);
    rest &= ~static_cast<std::uint64_t>(row.name);
  }
  result.complete = rest == 0;
  return result;
}

// The flags that the server's bits mean; bits that are none of the family's are left out.
template <class Flag>
constexpr flag_set<Flag> flags_from_server(server_family family, std::uint64_t bits) noexcept {
  using divergences = detail::divergences_of<Flag>;
  flag_set<Flag> result;
  result.bits = bits & divergences::common;
  for (const auto& row : divergences::rows) {
    const int number = row.number(family);
    if (number >= 0 && (bits >> number & 1) != 0) result |= row.name;
  }
  return result;
}

// --- Layouts ---

// Both ends included.
struct slot_range {
  std::uint16_t first;
  std::uint16_t last;

  friend constexpr bool operator==(const slot_range&, const slot_range&) noexcept = default;
};

// One of an array of slot ranges as the server lays them out.
inline slot_range slot_range_at(server_family family, const void* ranges, std::size_t index) noexcept {
  if (family == server_family::valkey) {
    const auto& range = static_cast<const abi::ModuleSlotRangeValkey*>(ranges)[index];
    return {static_cast<std::uint16_t>(range.start), static_cast<std::uint16_t>(range.end)};
  }
  const auto& range = static_cast<const abi::ModuleSlotRangeRedis*>(ranges)[index];
  return {range.start, range.end};
}

}  // namespace redismodule
