// What belongs to the data set beside its keys: a value of the module's own, saved in the RDB's aux fields.
//
//   struct limits {
//     static constexpr rm::type_info redis_type{.name = "hello-lim"};
//     std::map<std::string, std::int64_t> by_user;
//     static constexpr auto fields = rm::fields(rm::field<&limits::by_user>);
//   };
//   constinit rm::aux_value<limits> current;
//
//   m.aux_value<current>();
//
// It is described as a data type is, changes as one does, and goes with the data set: FLUSHALL resets it, a replica
// gets its primary's, and one that is loaded beside the data set that is served takes its place when that does.
#pragma once

#include <cstdint>
#include <type_traits>

#include "redismodule/data_type.h"

namespace redismodule {

// Where in an RDB a value is: what is before the keys is there when they are loaded.
enum class aux_when : std::uint8_t {
  before_keys = static_cast<std::uint8_t>(abi::MODULE_AUX_BEFORE_RDB),
  after_keys = static_cast<std::uint8_t>(abi::MODULE_AUX_AFTER_RDB),
};

struct aux_options {
  aux_when when = aux_when::before_keys;
  // Saved also where nobody has written to it. Without this such a value leaves no trace in an RDB, so that a server
  // without the module can load it. Before Redis 7.2 there is a trace always.
  bool always = false;
  // As those of data_type_options.
  int written_version = 0;
  bool async_loading = false;
  bool slot_migration = false;
};

namespace detail {

struct aux_functions {
  object_functions object;  // no more of them than what is needed here
  void* (*make)();
};
template <class T>
inline constexpr aux_functions aux_functions_of{
    {&save_object<T>, &load_object<T>, &destroy_object<T>, nullptr, nullptr}, []() -> void* { return new T{}; }};

// A value, and whether anything was written to it.
struct aux_content {
  void* value = nullptr;
  bool is_written = false;
};

// What an aux_value consists of, whatever it holds.
// Owns: the values, until the module is forgotten.
struct aux_slot {
  aux_content current;
  aux_content loaded;  // while a data set is loaded beside the one that is served
  const aux_functions* functions;
  data_type_state type{};  // not that of T, so that no key can have such a value
  bool always = false;
  aux_slot* next = nullptr;
};

void* aux_of(aux_slot& slot, aux_content& content);
void reset_aux(aux_slot& slot, aux_content& content) noexcept;
bool is_loading_beside() noexcept;

void save_aux(abi::ModuleIO* io, aux_slot& slot) noexcept;
int load_aux(abi::ModuleIO* io, int version, aux_slot& slot) noexcept;

struct aux_definition {
  const type_info& info;
  aux_slot& slot;
  abi::ModuleTypeAuxSaveFunc save;
  abi::ModuleTypeAuxLoadFunc load;
};

// What is registered, when the module goes.
void forget_aux_values() noexcept;

}  // namespace detail

// A value beside the keys. T is what a data type is: it has a redis_type, whose name is that of its field in every RDB,
// and fields, or rdb_save and rdb_load. Its object has to live as long as the module: a namespace-scope object,
// constinit. Owns: the value. Lock: held.
template <data_type_class T>
class aux_value {
 public:
  using value_type = T;

  constexpr aux_value() noexcept : slot_{{}, {}, &detail::aux_functions_of<T>} {}
  aux_value(const aux_value&) = delete;
  aux_value& operator=(const aux_value&) = delete;

  // The value of the data set that is served: T{} where nobody has written to it. Good until a command is called, and
  // until the handler returns. Fails: throws what T{} throws.
  const T& operator*() const { return *static_cast<const T*>(detail::aux_of(slot_, slot_.current)); }
  const T* operator->() const { return &**this; }
  // To write to. From now on it is saved.
  T& edit() { return written(slot_.current); }
  // To move in memory what it has allocated, in m.defrag: by.value(current.unmarked()). Saved or not as before, so that
  // what is changed by it may be lost.
  T& unmarked() { return *static_cast<T*>(detail::aux_of(slot_, slot_.current)); }
  // T{} again, and not saved.
  void reset() noexcept { detail::reset_aux(slot_, slot_.current); }

  // The value of a data set that is being loaded while the old one is served: null otherwise, and before it was read.
  const T* loading() const noexcept { return static_cast<const T*>(slot_.loaded.value); }
  // For the rdb_load of a data type: the value of the data set that its own belongs to, to write to. While one is
  // loaded beside the served one, a client's RESTORE is not told from that load, and gets what is being loaded.
  T& edit_loading() { return written(detail::is_loading_beside() ? slot_.loaded : slot_.current); }

 private:
  friend class module_builder;

  T& written(detail::aux_content& content) {
    void* value = detail::aux_of(slot_, content);
    content.is_written = true;
    return *static_cast<T*>(value);
  }
  template <auto& Value>
  static detail::aux_definition define() noexcept {
    detail::check_versions<T>();
    detail::check_saving<T>();
    return {detail::info_of<T>, Value.slot_, [](abi::ModuleIO* io, int) { detail::save_aux(io, Value.slot_); },
            [](abi::ModuleIO* io, int version, int) { return detail::load_aux(io, version, Value.slot_); }};
  }

  mutable detail::aux_slot slot_;
};

}  // namespace redismodule
