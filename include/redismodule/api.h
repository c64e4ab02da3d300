// The server's functions, found when the module loads; which server it is; and what to do about what it lacks.
#pragma once

#include "redismodule/abi/functions.h"

#include <compare>
#include <string_view>

namespace redismodule {

// The resolved table: call as api.ReplyWithLongLong(ctx, n). All null before resolve(); a null entry is a function that
// the server lacks.
extern abi::function_table api __attribute__((visibility("hidden")));

enum class server_family : std::uint8_t { unknown, redis, valkey };

struct version {
  std::uint8_t major = 0;
  std::uint8_t minor = 0;
  std::uint8_t patch = 0;

  friend constexpr auto operator<=>(const version&, const version&) noexcept = default;
};

struct server_info {
  server_family family = server_family::unknown;
  version number;
};

// The release of each family that is the first to have something. Zeros: the family does not have it;
// unstable_version: no release has it yet.
struct since {
  version redis;
  version valkey;
};

inline constexpr version unstable_version{99, 0, 0};

// Fills the table and finds out which server this is. Called again it changes nothing, so what a test put into the
// table stays. Takes no memory of the module's.
// Lock: held, as in OnLoad.
// Fails: false if the context has no function lookup or the lookup does not know Alloc; the table is then all null.
bool resolve(abi::ModuleCtx* ctx) noexcept;

// The server that resolve() found, by its own version: Valkey's, not the Redis version that it is compatible with.
const server_info& server() noexcept;

// Whether the table has the function: what the server lacks or a test has hidden is not there.
bool has(abi::function which) noexcept;

// The name without its prefix, as in functions.inc; zero-terminated.
std::string_view name_of(abi::function which) noexcept;

// "Redis" or "Valkey".
std::string_view name_of(server_family family) noexcept;

since since_of(abi::function which) noexcept;

// One line of text with room for itself, so that it can be made where memory is short.
class message {
 public:
  const char* c_str() const noexcept { return text_; }
  std::string_view view() const noexcept { return {text_, size_}; }

  message& append(std::string_view text) noexcept;
  message& append(version number) noexcept;

 private:
  std::size_t size_ = 0;
  char text_[192] = {};
};

// Says that the server lacks a function: "ReplyWithMap needs Redis 7.0.0 or Valkey 7.2.5; this is Redis 6.0.16".
message missing(abi::function which) noexcept;

// Puts another pointer into the table, null to hide a function, and returns the one that was there. For fault
// injection and tests; the memory room keeps copies of its functions and has to be told.
// Lock: held.
void* exchange(abi::function which, void* pointer) noexcept;

// Hides every function that the server of this version did not have yet, and has server() answer with it: what an
// older server of the same family would look like. For tests; exchange() has the one function more.
// Lock: held.
void pretend_older(version number) noexcept;

// Looks up a function by its full name, "RedisModule_Alloc" or "ValkeyModule_Alloc", in our table: the server's own
// lookup in contract, for filling the pointers of code that was written against an official header. Names that
// functions.inc does not have are passed on to the server. IsModuleNameBusy and SetModuleAttribs come out as functions
// that do nothing, since the module has been given its name already.
// Fails: MODULE_ERR, with *target unchanged, if the server lacks the function.
int get_api(const char* name, void** target) noexcept;

namespace detail {
struct lookup_context {
  int (*get_api)(const char*, void**) noexcept;
};
extern const lookup_context init_context __attribute__((visibility("hidden")));
}  // namespace detail

// A context that does one thing only: it lets the official RedisModule_Init() or ValkeyModule_Init() of a further
// source file fill its own pointers from our table. Give it the name and version of the module, or any.
// Owns: nothing; it lives as long as the module.
template <class Ctx>
Ctx* init_context() noexcept {
  return reinterpret_cast<Ctx*>(const_cast<detail::lookup_context*>(&detail::init_context));
}

}  // namespace redismodule
