// Data types: what the server wants to know of a value, made from the description of a struct.
//
//   struct counter {
//     static constexpr rm::type_info redis_type{.name = "hellocntr", .version = 2};
//     std::int64_t total = 0;
//     std::map<std::string, double> by_tag;
//     static constexpr auto fields =
//         rm::fields(rm::field<&counter::total>, rm::field<&counter::by_tag, rm::since_version<2>>);
//   };
//   m.data_type<counter>();
//
// In place of what is made from the fields stand members of T:
//
//   void rdb_save(rm::rdb_writer&) const;                 static rm::result<T> rdb_load(rm::rdb_reader&);
//   void aof_rewrite(rm::aof_writer&) const;              T copy() const;
//   void digest(rm::digest&) const;                       std::size_t mem_usage(std::size_t samples) const;
//   std::size_t free_effort() const;                      void unlink(rm::string_ref key) const;
//   bool defrag(rm::defragmenter&);
//
// or functions beside T, for a type of others', with the value first: void rdb_save(const other::type&,
// rm::rdb_writer&); and with rm::of<T> where there is none yet: rdb_load(rm::of<other::type>, rm::rdb_reader&),
// describe(rm::of<…>), constexpr rm::type_info redis_type(rm::of<other::type>).
//
// A struct without a description has rdb_save and rdb_load at least. What is not made from its fields then is made from
// what is saved, and only its own block is measured.
//
// copy, mem_usage, free_effort and unlink may ask where the value is, by a last parameter const rm::key_context&.
// copy may refuse: it then gives a rm::result<T>.
//
// What throws in rdb_save or aof_rewrite fails the whole save or rewrite, in words; what was on disk before stays.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "redismodule/aof.h"
#include "redismodule/codec.h"
#include "redismodule/defrag.h"
#include "redismodule/detail/hooks.h"
#include "redismodule/detail/measure.h"
#include "redismodule/detail/type_checks.h"
#include "redismodule/digest.h"
#include "redismodule/key_context.h"
#include "redismodule/typed_key.h"

namespace redismodule {

struct data_type_options {
  // What is written, where that is not the newest: for as long as a module that knows no more has to read it.
  int written_version = 0;
  // The module takes a data set that is loaded while the old one is still served (replication, `swapdb`): true where
  // it keeps nothing about values outside of them. Counts for the whole module. Since: Redis 7.0, Valkey 7.2.
  bool async_loading = false;
  // The module takes part in Valkey's atomic migration of slots, likewise. Since: Valkey 9.0.
  bool slot_migration = false;
  // Values are moved in memory where the server defragments: false where something points into them.
  bool defrag = true;
};

namespace detail {

// --- Hooks ---

template <class T>
void save_object(rdb_writer& to, const void* raw) {
  const T& value = *static_cast<const T*>(raw);
  if constexpr (has_hook<hooks::save, T, rdb_writer&>) {
    hooks::save(value, to);
  } else {
    save_value(to, value);
  }
}

// A value on its way: destroyed where it is not handed on.
template <class T>
struct new_object {
  T* raw;
  ~new_object() { delete raw; }
  void* release() noexcept { return std::exchange(raw, nullptr); }
};

// Null where it cannot be read. Fails: throws std::bad_alloc.
template <class T>
void* load_object(rdb_reader& from) {
  static_assert(has_hook<hooks::save, T, rdb_writer&> == has_hook<hooks::load, of<T>, rdb_reader&>,
                "redismodule: of rdb_save and rdb_load a data type has both or none");
  if constexpr (has_hook<hooks::load, of<T>, rdb_reader&>) {
    result<T> loaded = hooks::load(of<T>{}, from);
    if (!loaded || from.failed()) {
      from.refuse("rdb_load refused it");
      return nullptr;
    }
    return new T(std::move(*loaded));
  } else {
    new_object<T> made{new T{}};
    return load_value(from, *made.raw) ? made.release() : nullptr;
  }
}

template <class T>
void destroy_object(void* raw) noexcept {
  delete static_cast<T*>(raw);
}

// Of what is saved, for what is not described.
void digest_by_saving(digest& to, const void* raw, void (*save)(rdb_writer&, const void*), int version);

template <class T>
void digest_object(digest& to, const void* raw) {
  const T& value = *static_cast<const T*>(raw);
  if constexpr (has_hook<hooks::add_to_digest, T, digest&>) {
    hooks::add_to_digest(value, to);
  } else if constexpr (described<T>) {
    digest_value(to, value);
  } else {
    digest_by_saving(to, raw, &save_object<T>, info_of<T>.version);
  }
}

template <class T>
std::size_t size_of_object(const void* raw, std::size_t samples, const key_context& of) {
  const T& value = *static_cast<const T*>(raw);
  if constexpr (has_hook<hooks::memory, T, std::size_t, const key_context&>) {
    return hooks::memory(value, samples, of);
  } else if constexpr (has_hook<hooks::memory, T, std::size_t>) {
    return hooks::memory(value, samples);
  } else if constexpr (described<T>) {
    return size_of_made(&value) + memory_of(value, samples);
  } else {
    return size_of_made(&value);
  }
}

constexpr std::size_t at_least_a_step(std::size_t steps) noexcept { return steps == 0 ? 1 : steps; }

// What a callback answers where a hook, or what a value is made of, has thrown: it says so in the log. To be called
// while that is handled.
std::size_t effort_is_unknown() noexcept;
void* not_copied() noexcept;

// `where()` is the key_context, made only where a hook asks. To the server 0 is more than any other number.
template <class T, class Where>
std::size_t effort_of_object(const void* raw, Where where) noexcept {
  const T& value = *static_cast<const T*>(raw);
  try {
    if constexpr (has_hook<hooks::effort, T, const key_context&>) {
      return at_least_a_step(hooks::effort(value, where()));
    } else if constexpr (has_hook<hooks::effort, T>) {
      return at_least_a_step(hooks::effort(value));
    } else if constexpr (described<T>) {
      return 1 + effort_of(value);
    } else {
      return 1;
    }
  } catch (...) {
    return effort_is_unknown();
  }
}

// --- Copying ---

template <class T, class... Outer>
constexpr bool is_copied() noexcept;

template <class... Outer, class... Fields>
constexpr bool fields_are_copied(field_list<Fields...>) noexcept {
  const auto copied = []<class Field>(std::type_identity<Field>) {
    if constexpr (Field::is_stored) return is_copied<typename Field::value, Outer...>();
    return true;
  };
  return (true && ... && copied(std::type_identity<Fields>{}));
}
template <class... Outer, template <class...> class Of, class... Values>
constexpr bool parts_are_copied(std::type_identity<Of<Values...>>) noexcept {
  return (true && ... && is_copied<Values, Outer...>());
}

// Whether it has a copy constructor that compiles: that of std::vector is declared whatever its elements are.
template <class T, class... Outer>
constexpr bool is_copied() noexcept {
  if constexpr ((false || ... || std::is_same_v<T, Outer>)) {
    return true;
  } else if constexpr (!std::is_copy_constructible_v<T> || unique_pointer<T>) {
    return false;
  } else if constexpr (mapping_value<T>) {
    return is_copied<typename T::key_type, Outer...>() && is_copied<typename T::mapped_type, Outer...>();
  } else if constexpr (is_optional<T> || (counted_range<T> && !byte_string<T>)) {
    return is_copied<typename T::value_type, Outer...>();
  } else if constexpr (variant_value<T> || (tuple_value<T> && !array_value<T>)) {
    return parts_are_copied<Outer...>(std::type_identity<T>{});
  } else if constexpr (described<T>) {
    return fields_are_copied<Outer..., T>(fields_of<T>());
  } else {
    return true;
  }
}

// By way of its saved form, for what cannot be copied.
void* copy_by_saving(const void* raw, const key_context& of, void (*save)(rdb_writer&, const void*),
                     void* (*load)(rdb_reader&), int version);

// Null where it was refused.
template <class T>
void* made_from(result<T> copied) {
  return copied ? new T(std::move(*copied)) : nullptr;
}

// Null where it cannot be copied: the server then says that it is not. `where` as above.
template <class T, class Where>
void* copy_object(const void* raw, Where where) noexcept {
  const T& value = *static_cast<const T*>(raw);
  try {
    if constexpr (has_hook<hooks::make_copy, T, const key_context&>) {
      return made_from<T>(hooks::make_copy(value, where()));
    } else if constexpr (has_hook<hooks::make_copy, T>) {
      return made_from<T>(hooks::make_copy(value));
    } else if constexpr (is_copied<T>()) {
      return is_too_deep(value) ? nullptr : new T(value);
    } else {
      return copy_by_saving(raw, where(), &save_object<T>, &load_object<T>, info_of<T>.version);
    }
  } catch (...) {
    return not_copied();
  }
}

template <class T>
void unlink_object(const void* raw, const key_context& of) {
  const T& value = *static_cast<const T*>(raw);
  if constexpr (has_hook<hooks::let_go, T, const key_context&>) {
    hooks::let_go(value, of);
  } else {
    hooks::let_go(value, of.key());
  }
}
template <class T>
inline constexpr bool has_unlink =
    has_hook<hooks::let_go, T, string_ref> || has_hook<hooks::let_go, T, const key_context&>;

// --- Defragmentation ---

// The value itself, when it is begun with, and what it has allocated.
template <class T>
bool defrag_object(defragmenter& by, void*& raw) {
  if (by.cursor().value_or(0) == 0) raw = by.object(static_cast<T*>(raw));
  T& value = *static_cast<T*>(raw);
  if constexpr (decltype(hooks::move)::template is_given<T&, defragmenter&>) {
    return hooks::move(value, by);
  } else if constexpr (described<T>) {
    return by.value(value);
  } else {
    return false;
  }
}

// --- Callbacks ---

// What of a data type is not the same for all. None of these may throw into the server: who calls them catches.
struct object_functions {
  void (*save)(rdb_writer& to, const void* raw);
  void* (*load)(rdb_reader& from);
  void (*destroy)(void* raw) noexcept;
  void (*digest)(redismodule::digest& to, const void* raw);
  std::size_t (*size)(const void* raw, std::size_t samples, const key_context& of);
};

template <class T>
inline constexpr object_functions functions_of{&save_object<T>, &load_object<T>, &destroy_object<T>, &digest_object<T>,
                                               &size_of_object<T>};

void* load_for_server(abi::ModuleIO* io, int version, const data_type_state& type, const object_functions& of) noexcept;
void save_for_server(abi::ModuleIO* io, const void* raw, const data_type_state& type,
                     const object_functions& of) noexcept;
// What becomes of an exception that is being handled, thrown while a value was saved.
void not_saved(abi::ModuleIO* io, const char* type) noexcept;
// While it lives, a value whose version the server does not say (which is 0 then) is of this one.
class unsaid_version {
 public:
  explicit unsaid_version(int version) noexcept;
  unsaid_version(const unsaid_version&) = delete;
  unsaid_version& operator=(const unsaid_version&) = delete;
  ~unsaid_version();
};
void rewrite_for_server(abi::ModuleIO* io, abi::ModuleString* key, const void* raw, const data_type_state& type,
                        const object_functions& of) noexcept;
void rewrite_by_author(abi::ModuleIO* io, abi::ModuleString* key, const void* raw,
                       void (*rewrite)(aof_writer& to, const void* raw)) noexcept;
void digest_for_server(abi::ModuleDigest* raw_digest, const void* raw, const object_functions& of) noexcept;
std::size_t size_for_server(const void* raw, std::size_t samples, const key_context& where,
                            const object_functions& of) noexcept;
// `with` is passed on. Whether there is more to do.
int defrag_for_server(abi::ModuleDefragCtx* ctx, bool (*function)(defragmenter& by, void* with), void* with) noexcept;
void unlink_for_server(const void* raw, const key_context& where,
                       void (*unlink)(const void* raw, const key_context& of)) noexcept;
// The command that a rewritten AOF consists of: <name>.restore key version offset last bytes.
int restore_for_server(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc, const data_type_state& type,
                       const object_functions& of) noexcept;

template <class T>
struct data_type_callbacks {
  static constexpr const object_functions& of = functions_of<T>;

  static void* rdb_load(abi::ModuleIO* io, int version) { return load_for_server(io, version, state_of<T>, of); }
  static void rdb_save(abi::ModuleIO* io, void* raw) { save_for_server(io, raw, state_of<T>, of); }
  static void aof_rewrite(abi::ModuleIO* io, abi::ModuleString* key, void* raw) {
    if constexpr (has_hook<hooks::rewrite, T, aof_writer&>) {
      rewrite_by_author(io, key, raw,
                        [](aof_writer& to, const void* value) { hooks::rewrite(*static_cast<const T*>(value), to); });
    } else {
      rewrite_for_server(io, key, raw, state_of<T>, of);
    }
  }
  static void free(void* raw) { destroy_object<T>(raw); }
  static void digest(abi::ModuleDigest* to, void* raw) { digest_for_server(to, raw, of); }
  static std::size_t mem_usage(const void* raw) { return size_for_server(raw, 0, {}, of); }
  static std::size_t mem_usage2(abi::ModuleKeyOptCtx* where, const void* raw, std::size_t samples) {
    return size_for_server(raw, samples, key_context{where}, of);
  }
  static std::size_t free_effort(abi::ModuleString* key, const void* raw) {
    return effort_of_object<T>(raw,
                               [&] { return key_context{string_ref{names_what_it_defragments() ? key : nullptr}}; });
  }
  static std::size_t free_effort2(abi::ModuleKeyOptCtx* where, const void* raw) {
    return effort_of_object<T>(raw, [&] { return key_context{where, names_what_it_defragments()}; });
  }
  static void* copy(abi::ModuleString* from, abi::ModuleString* to, const void* raw) {
    return copy_object<T>(raw, [&] { return key_context{string_ref{from}, string_ref{to}}; });
  }
  static void* copy2(abi::ModuleKeyOptCtx* where, const void* raw) {
    return copy_object<T>(raw, [&] { return key_context{where}; });
  }
  static void unlink(abi::ModuleString* key, const void* raw) {
    unlink_for_server(raw, key_context{string_ref{key}}, &unlink_object<T>);
  }
  static void unlink2(abi::ModuleKeyOptCtx* where, const void* raw) {
    unlink_for_server(raw, key_context{where}, &unlink_object<T>);
  }
  static int defrag(abi::ModuleDefragCtx* ctx, abi::ModuleString*, void** raw) {
    const auto defrag = [](defragmenter& by, void* value) { return defrag_object<T>(by, *static_cast<void**>(value)); };
    return defrag_for_server(ctx, defrag, raw);
  }
  static int restore(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) {
    return restore_for_server(ctx, argv, argc, state_of<T>, of);
  }

  static abi::ModuleTypeMethods methods() noexcept {
    abi::ModuleTypeMethods all{};
    all.rdb_load = &rdb_load;
    all.rdb_save = &rdb_save;
    all.aof_rewrite = &aof_rewrite;
    all.mem_usage = &mem_usage;
    all.digest = &digest;
    all.free = &free;
    all.free_effort = &free_effort;
    all.copy = &copy;
    all.defrag = &defrag;
    all.mem_usage2 = &mem_usage2;
    all.free_effort2 = &free_effort2;
    all.copy2 = &copy2;
    if constexpr (has_unlink<T>) {
      all.unlink = &unlink;
      all.unlink2 = &unlink2;
    }
    return all;
  }
};

struct data_type_definition {
  const type_info& info;
  data_type_state& state;
  abi::ModuleTypeMethods methods;
  abi::ModuleCmdFunc restore;
};

template <class T>
data_type_definition define_data_type() noexcept {
  check_versions<T>();
  check_hooks<T>();
  using callbacks = data_type_callbacks<T>;
  return {info_of<T>, state_of<T>, callbacks::methods(), &callbacks::restore};
}

// A type of the server's own, and of what version it is written: 0 is the newest.
// Fails: throws load_error.
void create_type(abi::ModuleCtx* ctx, const type_info& info, int written, abi::ModuleTypeMethods methods,
                 data_type_state& state);
// Adds what is said of the whole module to what has been said.
void say_options(abi::ModuleCtx* ctx, bool async_loading, bool slot_migration) noexcept;
// Whether the server knows aux_save2.
bool leaves_empty_aux_out() noexcept;

// What is registered with the types, and what of it is ours, when the module goes.
void forget_data_types() noexcept;

}  // namespace detail
}  // namespace redismodule
