// The module: its builder, and the one public macro.
#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
#include <string_view>
#include <type_traits>

#include "redismodule/aux_value.h"
#include "redismodule/command.h"
#include "redismodule/data_type.h"
#include "redismodule/defrag.h"

namespace redismodule {

// Why a module does not load. Thrown by the builder; an author's builder may throw it too, with words for the log.
class load_error : public std::exception {
 public:
  explicit load_error(std::string_view why) : why_{why} {}
  const char* what() const noexcept override { return why_.c_str(); }

 private:
  detail::line why_;
};

class module_builder;

// The commands below one command, see module_builder::command_group().
class command_group {
 public:
  // As module_builder::command, without the name of the group.
  template <auto Handler, class... By>
  void command(detail::synopsis<detail::function_type<decltype(Handler)>> synopsis,
               const detail::options_for<decltype(Handler)>& options = {});
  template <class Handler>
  void command(detail::synopsis<detail::function_type<Handler>> synopsis, Handler,
               const detail::options_for<Handler>& options = {});

 private:
  friend class module_builder;
  command_group(module_builder& builder, const char* name) noexcept : builder_{builder}, name_{name} {}

  module_builder& builder_;
  const char* name_;
};

namespace detail {

template <auto Function>
int defrag_globals(abi::ModuleDefragCtx* ctx) {
  const auto call = [](defragmenter& by, void*) {
    if constexpr (std::is_void_v<decltype(Function(by))>) {
      Function(by);
      return false;
    } else {
      return Function(by);
    }
  };
  return defrag_for_server(ctx, call, nullptr);
}

}  // namespace detail

// Registers what the module consists of. The body of REDISMODULE_MODULE gets one, while the server loads the module.
// Lock: held.
// Fails: whatever the server refuses is a load_error: the module does not load, the log says why, nothing stays behind.
class module_builder {
 public:
  module_builder(abi::ModuleCtx* ctx, const char* name, args arguments) noexcept
      : ctx_{ctx}, name_{name}, arguments_{arguments} {}
  module_builder(const module_builder&) = delete;
  module_builder& operator=(const module_builder&) = delete;

  // A command: its name and those of its arguments, and the function that it is. Optional arguments are in brackets, a
  // rest has dots: m.command<range>("hello.range key [count]"), m.command<sum>("hello.sum number...").
  template <auto Handler, class... By>
  void command(detail::synopsis<detail::function_type<decltype(Handler)>> synopsis,
               const detail::options_for<decltype(Handler)>& options = {}) {
    add_command(detail::compiled<Handler, 1, By...>, synopsis.text(), options);
  }
  // The same with a lambda without captures.
  template <class Handler>
  void command(detail::synopsis<detail::function_type<Handler>> synopsis, Handler,
               const detail::options_for<Handler>& options = {}) {
    add_command(detail::compiled<Handler{}, 1>, synopsis.text(), options);
  }

  // A command that has others below it: auto admin = m.command_group("hello.admin");
  // admin.command<reset>("reset [name]"). Before Redis 7.0, where servers know of no subcommands, one command that
  // calls the right one.
  redismodule::command_group command_group(const char* name, const command_options& options = {}) {
    add_group(name, options);
    return {*this, name};
  }

  // A category of the module's own for acl_categories. Since: Redis 7.4, Valkey 7.2; elsewhere nothing happens.
  void acl_category(const char* name);

  // A command by a C callback, with the types of this library or of either family's official header. It is called as it
  // is: no decoding, no check of the arity, and no exception may leave it. The rest as in the server's CreateCommand.
  template <class Ctx, class String>
  void raw_command(const char* name, int (*callback)(Ctx*, String**, int), const char* flags = "", int first_key = 0,
                   int last_key = 0, int key_step = 0) {
    static_assert(!std::is_const_v<Ctx> && !std::is_const_v<String>);
    add_raw_command(name, reinterpret_cast<abi::ModuleCmdFunc>(callback), flags, first_key, last_key, key_step);
  }

  // A struct as a data type of the server's: see data_type.h. Beside it a command is registered, <name>.restore, of
  // which a rewritten AOF consists. A module with a data type cannot be unloaded.
  template <data_type_class T>
  void data_type(const data_type_options& options = {}) {
    add_data_type(detail::define_data_type<T>(), options);
  }

  // What belongs to the data set beside its keys: see aux_value.h. A module with one cannot be unloaded.
  template <auto& Value>
  void aux_value(const aux_options& options = {}) {
    add_aux_value(std::remove_reference_t<decltype(Value)>::template define<Value>(), options);
  }

  // Called when the server defragments, for what the module has allocated outside of keys: bool f(rm::defragmenter&),
  // which returns whether there is more to do. One for each module. See defrag.h.
  // In parts, with a limit of time, from Redis 8.0 on. Elsewhere it is called once and has all the time, which stops no
  // value(): what it returns does not matter. It may be called while a value of the module's is being loaded: see
  // rdb_reader.
  // Since: Redis 6.2. Fails: load_error.
  template <auto Function>
  void defrag() {
    add_defrag(&detail::defrag_globals<Function>);
  }
  // Called before the server begins to defragment, and when it is done: void f(rm::defragmenter&).
  // Since: Redis 8.0. Fails: load_error.
  template <auto Before, auto After>
  void around_defrag() {
    add_around_defrag([](abi::ModuleDefragCtx* ctx) { static_cast<void>(detail::defrag_globals<Before>(ctx)); },
                      [](abi::ModuleDefragCtx* ctx) { static_cast<void>(detail::defrag_globals<After>(ctx)); });
  }

  // The module does not load where the server lacks one of these.
  template <std::same_as<abi::function>... Functions>
  void require(Functions... functions) {
    (require_function(functions), ...);
  }
  // The module does not load on an older server. A family that is left out, as zeros, is not supported at all.
  void require(since needed, std::string_view what);

  // The arguments of the line that loads the module.
  const redismodule::args& args() const noexcept { return arguments_; }

  // Calls Function when the module is unloaded, the last registered first: `void f()` or `void f(rm::context&)`. Also
  // when the load fails after it was registered. It runs once: where unloading is refused after it, because it threw
  // or a thread is left, it is not called again. What raw functions have subscribed to or filter is to be given back in
  // one: where a load fails, Redis 7.0 and before call it still.
  template <auto Function>
  void on_unload() {
    add_unload_hook([](abi::ModuleCtx* raw) {
      if constexpr (std::is_invocable_v<decltype(Function), context&>) {
        context ctx{raw};
        static_cast<void>(Function(ctx));
      } else {
        static_cast<void>(Function());
      }
    });
  }

  // From now on calls run under the access rules of the client whose command runs, unless a call names a user: as if
  // each said rm::as_caller. Since: Redis 7.0; before, every call is then an error.
  void calls_as_caller() noexcept { detail::calls_run_as_caller = true; }

  void log(log_level level, std::string_view text) noexcept { detail::log_line(ctx_, level, "", text); }
  const char* name() const noexcept { return name_; }
  abi::ModuleCtx* raw() const noexcept { return ctx_; }

 private:
  friend class redismodule::command_group;

  void add_command(const detail::compiled_command& compiled, const char* synopsis,
                   const detail::described_command& options);
  void add_group(const char* name, const detail::described_command& options);
  void add_subcommand(const char* group, const detail::compiled_command& compiled, const char* synopsis,
                      const detail::described_command& options);
  void add_raw_command(const char* name, abi::ModuleCmdFunc callback, const char* flags, int first, int last, int step);
  void add_data_type(const detail::data_type_definition& definition, const data_type_options& options);
  void add_aux_value(const detail::aux_definition& definition, const aux_options& options);
  void add_defrag(abi::ModuleDefragFunc2 callback);
  void add_around_defrag(abi::ModuleDefragFunc before, abi::ModuleDefragFunc after);
  void require_function(abi::function function);
  void add_unload_hook(void (*hook)(abi::ModuleCtx*));

  abi::ModuleCtx* ctx_;
  const char* name_;
  redismodule::args arguments_;
};

template <auto Handler, class... By>
void command_group::command(detail::synopsis<detail::function_type<decltype(Handler)>> synopsis,
                            const detail::options_for<decltype(Handler)>& options) {
  builder_.add_subcommand(name_, detail::compiled<Handler, 2, By...>, synopsis.text(), options);
}

template <class Handler>
void command_group::command(detail::synopsis<detail::function_type<Handler>> synopsis, Handler,
                            const detail::options_for<Handler>& options) {
  builder_.add_subcommand(name_, detail::compiled<Handler{}, 2>, synopsis.text(), options);
}

namespace detail {

struct module_definition {
  const char* name;
  int version;
  void (*build)(module_builder&);
};

// Registers what can only be registered when all is known.
void finish_commands(abi::ModuleCtx* ctx);

// The callbacks' arguments go with the commands: on unloading, and when loading fails.
void forget_commands() noexcept;

// What the entry points do. Answers as they do; never throws.
int load(const module_definition& module, void* ctx, void** argv, int argc) noexcept;
int unload(void* ctx) noexcept;

}  // namespace detail

}  // namespace redismodule

// The entry points have names of ours in C++ and the server's in the object file, so that an official header, which
// declares the same names with other types, fits into the source file.
#define REDISMODULE_DETAIL_QUOTE(text) #text
#define REDISMODULE_DETAIL_SYMBOL(name) REDISMODULE_DETAIL_QUOTE(name)
#define REDISMODULE_DETAIL_ENTRY(prefix, on_load, on_unload)                                                      \
  extern "C"                                                                                                      \
      [[gnu::visibility("default"), gnu::used]] int redismodule_##prefix##_load(void*, void**, int) asm(on_load); \
  extern "C" [[gnu::visibility("default"), gnu::used]] int redismodule_##prefix##_unload(void*) asm(on_unload);   \
  int redismodule_##prefix##_load(void* ctx, void** argv, int argc) {                                             \
    return ::redismodule::detail::load(redismodule_definition, ctx, argv, argc);                                  \
  }                                                                                                               \
  int redismodule_##prefix##_unload(void* ctx) { return ::redismodule::detail::unload(ctx); }

#ifdef REDISMODULE_STATIC
#define REDISMODULE_DETAIL_ENTRIES                                                                       \
  REDISMODULE_DETAIL_ENTRY(static, "ValkeyModule_OnLoad_" REDISMODULE_DETAIL_SYMBOL(REDISMODULE_STATIC), \
                           "ValkeyModule_OnUnload_" REDISMODULE_DETAIL_SYMBOL(REDISMODULE_STATIC))
#else
#define REDISMODULE_DETAIL_ENTRIES                                              \
  REDISMODULE_DETAIL_ENTRY(redis, "RedisModule_OnLoad", "RedisModule_OnUnload") \
  REDISMODULE_DETAIL_ENTRY(valkey, "ValkeyModule_OnLoad", "ValkeyModule_OnUnload")
#endif

// Makes the source file a module, for Redis and Valkey. `name`: an identifier, what MODULE LIST shows. `version`: a
// number of yours. `builder`: the name of the rm::module_builder& that the body, which follows in braces, registers
// everything with.
#define REDISMODULE_MODULE(name, version, builder)                                                      \
  [[gnu::cold]] static void redismodule_build(::redismodule::module_builder& builder);                  \
  static constexpr ::redismodule::detail::module_definition redismodule_definition{#name, version,      \
                                                                                   &redismodule_build}; \
  REDISMODULE_DETAIL_ENTRIES                                                                            \
  static void redismodule_build([[maybe_unused]] ::redismodule::module_builder& builder)
