#include "redismodule/api.h"
#include "redismodule/abi/constants.h"

#include <cerrno>
#include <cstring>

namespace redismodule {

using abi::function;
using abi::function_count;

constinit abi::function_table api{};

namespace {

using get_api_function = int (*)(const char* name, void** target);

// The names as one text and an offset each: no pointer in the data, so nothing to relocate when a module loads.
constexpr char names[] =
#define REDISMODULE_ROW(name, result, parameters, redis, valkey) #name "\0"
#include "redismodule/abi/functions.inc"
    ;

struct name_offsets {
  std::uint16_t at[function_count + 1];
};

constexpr name_offsets find_names() {
  name_offsets offsets{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < function_count; ++i) {
    offsets.at[i] = static_cast<std::uint16_t>(at);
    while (names[at] != 0) ++at;
    ++at;
  }
  offsets.at[function_count] = static_cast<std::uint16_t>(at);
  return offsets;
}

constexpr name_offsets offsets = find_names();
static_assert(offsets.at[function_count] + 1 == sizeof names, "one name a function");

struct releases {
  abi::release redis;
  abi::release valkey;
};

using abi::from;
using abi::never;
using abi::unstable;

constexpr releases first_releases[] = {
#define REDISMODULE_ROW(name, result, parameters, redis, valkey) {redis, valkey},
#include "redismodule/abi/functions.inc"
};

constexpr std::string_view name_at(std::size_t index) {
  return {names + offsets.at[index], static_cast<std::size_t>(offsets.at[index + 1] - offsets.at[index] - 1)};
}

constexpr bool names_are_sorted() {
  for (std::size_t i = 1; i < function_count; ++i) {
    if (!(name_at(i - 1) < name_at(i))) return false;
  }
  return true;
}
static_assert(names_are_sorted(), "functions.inc is in the order of its names, which get_api() searches");

constinit server_info found{};
constinit get_api_function server_get_api = nullptr;

// The entry of Valkey's that the table holds an adapter for.
constinit abi::ValkeyACLCheckKeyPrefixPermissions valkey_check_key_prefix = nullptr;

constexpr std::string_view redis_prefix = "RedisModule_";
constexpr std::string_view valkey_prefix = "ValkeyModule_";
constexpr std::size_t longest_name = 64;

void* get_entry(std::size_t index) {
  void* pointer;
  std::memcpy(&pointer, reinterpret_cast<const char*>(&api) + index * sizeof pointer, sizeof pointer);
  return pointer;
}

// In one piece: where functions are exchanged, as by faults, other threads may be reading them.
void set_entry(std::size_t index, void* pointer) {
  using entry [[gnu::may_alias]] = void*;
  __atomic_store_n(reinterpret_cast<entry*>(reinterpret_cast<char*>(&api) + index * sizeof pointer), pointer,
                   __ATOMIC_RELAXED);
}

void* look_up(std::string_view prefix, std::string_view name) {
  char full[longest_name];
  if (prefix.size() + name.size() >= sizeof full) return nullptr;
  std::memcpy(full, prefix.data(), prefix.size());
  std::memcpy(full + prefix.size(), name.data(), name.size());
  full[prefix.size() + name.size()] = 0;
  void* pointer = nullptr;
  if (server_get_api(full, &pointer) != abi::MODULE_OK) return nullptr;
  return pointer;
}

void* look_up(std::string_view name) {
  if (void* pointer = look_up(redis_prefix, name)) return pointer;
  return look_up(valkey_prefix, name);
}

void* look_up(function which) { return look_up(name_of(which)); }

template <class Function>
void* as_pointer(Function* function) {
  return reinterpret_cast<void*>(function);
}

// --- What the families have under one name with two meanings ---

int check_key_prefix_on_valkey(abi::ModuleUser* user, abi::ModuleString* prefix, int flags) {
  if (!api.StringPtrLen) return abi::MODULE_ERR;
  std::size_t size = 0;
  const char* text = api.StringPtrLen(prefix, &size);
  return valkey_check_key_prefix(user, text, size, static_cast<unsigned>(flags));
}

// For a caller who has Valkey's header, on Redis. The reason for a refusal is in errno, which freeing must not touch.
int check_key_prefix_on_redis(abi::ModuleUser* user, const char* key, std::size_t size, unsigned flags) {
  if (!api.CreateString || !api.FreeString || !api.ACLCheckKeyPrefixPermissions) return abi::MODULE_ERR;
  abi::ModuleString* prefix = api.CreateString(nullptr, key, size);
  const int result = api.ACLCheckKeyPrefixPermissions(user, prefix, static_cast<int>(flags));
  const int reason = errno;
  api.FreeString(nullptr, prefix);
  errno = reason;
  return result;
}

void adapt_to_valkey() {
  if (!api.ACLCheckKeyPrefixPermissions) return;
  constexpr auto index = static_cast<std::size_t>(function::ACLCheckKeyPrefixPermissions);
  void* theirs = get_entry(index);
  std::memcpy(&valkey_check_key_prefix, &theirs, sizeof theirs);
  api.ACLCheckKeyPrefixPermissions = check_key_prefix_on_valkey;
}

// One function with a name in each family.
void join_names() {
  if (!api.DefragRedisModuleString) api.DefragRedisModuleString = api.DefragValkeyModuleString;
  if (!api.DefragValkeyModuleString) api.DefragValkeyModuleString = api.DefragRedisModuleString;
}

// --- Which server this is ---

// "8.0.6" and "8.0.6-rc1" alike.
version parse_version(const char* text) {
  std::uint8_t parts[3] = {};
  for (std::uint8_t& part : parts) {
    unsigned value = 0;
    while (*text >= '0' && *text <= '9') value = value * 10 + static_cast<unsigned>(*text++ - '0');
    part = static_cast<std::uint8_t>(value < 255 ? value : 255);
    if (*text != '.') break;
    ++text;
  }
  return {parts[0], parts[1], parts[2]};
}

// Answers 0.0.0 where the server's INFO has no such field.
version version_from_info(abi::ModuleCtx* ctx, const char* field) {
  if (!api.GetServerInfo || !api.ServerInfoGetFieldC || !api.FreeServerInfo) return {};
  abi::ModuleServerInfoData* info = api.GetServerInfo(ctx, "server");
  if (!info) return {};
  const char* text = api.ServerInfoGetFieldC(info, field);
  const version number = text ? parse_version(text) : version{};
  api.FreeServerInfo(ctx, info);
  return number;
}

version version_from_number() {
  if (!api.GetServerVersion) return {};
  const int number = api.GetServerVersion();
  return {static_cast<std::uint8_t>(number >> 16), static_cast<std::uint8_t>(number >> 8),
          static_cast<std::uint8_t>(number)};
}

// Redis before 6.0.9 has no GetServerVersion, and Valkey 7.2 may answer with the Redis version it is compatible with.
version find_version(abi::ModuleCtx* ctx, server_family family) {
  constexpr version first_valkey_to_trust{8, 0, 0};
  const version number = version_from_number();
  if (family == server_family::redis && number != version{}) return number;
  if (family == server_family::valkey && number >= first_valkey_to_trust) return number;
  const version told = version_from_info(ctx, family == server_family::valkey ? "valkey_version" : "redis_version");
  return told == version{} ? number : told;
}

constexpr version to_version(abi::release release) {
  const auto number = static_cast<std::uint32_t>(release);
  return {static_cast<std::uint8_t>(number / 10'000), static_cast<std::uint8_t>(number / 100 % 100),
          static_cast<std::uint8_t>(number % 100)};
}
static_assert(to_version(unstable) == unstable_version);

void append_need(message& text, std::string_view family, version needed) {
  text.append(family);
  if (needed == unstable_version) {
    text.append(" of a release to come");
    return;
  }
  text.append(" ").append(needed);
}

// --- The lookup for others ---

int name_is_free(const char*) { return 0; }
void keep_attributes(abi::ModuleCtx*, const char*, int, int) {}

bool find_index(std::string_view name, std::size_t& index) {
  std::size_t first = 0;
  std::size_t last = function_count;
  while (first < last) {
    const std::size_t middle = first + (last - first) / 2;
    const int order = name_at(middle).compare(name);
    if (order == 0) {
      index = middle;
      return true;
    }
    if (order < 0) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return false;
}

// What a caller with the header of one family gets for an entry of the table.
void* entry_for(function which, bool valkey_header) {
  if (which == function::IsModuleNameBusy) return as_pointer(name_is_free);
  if (which == function::SetModuleAttribs) return as_pointer(keep_attributes);
  void* pointer = get_entry(static_cast<std::size_t>(which));
  if (!pointer || which != function::ACLCheckKeyPrefixPermissions || !valkey_header) return pointer;
  if (found.family == server_family::redis) return as_pointer(check_key_prefix_on_redis);
  return pointer == as_pointer(check_key_prefix_on_valkey) ? as_pointer(valkey_check_key_prefix) : pointer;
}

}  // namespace

bool resolve(abi::ModuleCtx* ctx) noexcept {
  if (found.family != server_family::unknown) return true;
  if (!ctx) return false;
  std::memcpy(&server_get_api, ctx, sizeof server_get_api);
  if (!server_get_api || !look_up(function::Alloc)) return false;
  for (std::size_t i = 0; i < function_count; ++i) set_entry(i, look_up(name_at(i)));
  const bool is_valkey = look_up(valkey_prefix, "Alloc") != nullptr;
  const server_family family = is_valkey ? server_family::valkey : server_family::redis;
  join_names();
  if (is_valkey) adapt_to_valkey();
  found = {family, find_version(ctx, family)};
  return true;
}

const server_info& server() noexcept { return found; }

bool has(function which) noexcept { return get_entry(static_cast<std::size_t>(which)) != nullptr; }

std::string_view name_of(server_family family) noexcept {
  if (family == server_family::redis) return "Redis";
  return family == server_family::valkey ? "Valkey" : "no known server";
}

std::string_view name_of(function which) noexcept { return name_at(static_cast<std::size_t>(which)); }

since since_of(function which) noexcept {
  const releases& first = first_releases[static_cast<std::size_t>(which)];
  return {to_version(first.redis), to_version(first.valkey)};
}

message& message::append(std::string_view text) noexcept {
  const std::size_t room = sizeof text_ - 1 - size_;
  const std::size_t size = text.size() < room ? text.size() : room;
  std::memcpy(text_ + size_, text.data(), size);
  size_ += size;
  text_[size_] = 0;
  return *this;
}

message& message::append(version number) noexcept {
  const std::uint8_t parts[] = {number.major, number.minor, number.patch};
  for (const std::uint8_t& part : parts) {
    if (&part != parts) append(".");
    char digits[3];
    std::size_t size = 0;
    for (unsigned rest = part; size == 0 || rest != 0; rest /= 10) {
      digits[sizeof digits - ++size] = static_cast<char>('0' + rest % 10);
    }
    append({digits + sizeof digits - size, size});
  }
  return *this;
}

message missing(function which) noexcept {
  const since first = since_of(which);
  message text;
  text.append(name_of(which)).append(" needs ");
  if (first.redis != version{}) append_need(text, "Redis", first.redis);
  const bool nowhere = first.redis == version{} && first.valkey == version{};
  if (nowhere) text.append("a server that registers it, which none does");
  if (first.redis != version{} && first.valkey != version{}) text.append(" or ");
  if (first.valkey != version{}) append_need(text, "Valkey", first.valkey);
  text.append("; this is ").append(name_of(found.family));
  if (found.family != server_family::unknown) text.append(" ").append(found.number);
  return text;
}

void* exchange(function which, void* pointer) noexcept {
  const auto index = static_cast<std::size_t>(which);
  void* before = get_entry(index);
  set_entry(index, pointer);
  return before;
}

void pretend_older(version number) noexcept {
  for (std::size_t i = 0; i < function_count; ++i) {
    const since first = since_of(static_cast<function>(i));
    const version needed = found.family == server_family::valkey ? first.valkey : first.redis;
    if (needed == version{} || needed > number) set_entry(i, nullptr);
  }
  join_names();
  found.number = number;
}

int get_api(const char* name, void** target) noexcept {
  std::string_view rest = name;
  const bool valkey_header = rest.starts_with(valkey_prefix);
  if (!valkey_header && !rest.starts_with(redis_prefix)) return abi::MODULE_ERR;
  rest.remove_prefix(valkey_header ? valkey_prefix.size() : redis_prefix.size());
  std::size_t index = 0;
  if (!find_index(rest, index)) {
    return server_get_api ? server_get_api(name, target) : abi::MODULE_ERR;
  }
  void* pointer = entry_for(static_cast<function>(index), valkey_header);
  if (!pointer) return abi::MODULE_ERR;
  *target = pointer;
  return abi::MODULE_OK;
}

constinit const detail::lookup_context detail::init_context{get_api};

}  // namespace redismodule
