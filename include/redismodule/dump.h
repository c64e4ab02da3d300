// A value of a data type as a string, and back.
#pragma once

#include <memory>

#include "redismodule/data_type.h"

namespace redismodule {

namespace detail {

// Fails: an error where the value throws while it is saved, or its type is not registered.
result<string> dump_value(const void* value, const data_type_state& type);
// A value that the caller destroys. `version` 0: as this module writes it.
result<void*> load_dumped(const text_argument& bytes, int version, const data_type_state& type);

}  // namespace detail

// What an RDB has of a value, without its key, expiry, type and version: rm::load reads it. What is kept for longer
// than the module runs is kept beside its version, which is data_type_options::written_version, or the type's newest.
// Lock: held.
// Fails: an error where saving throws, or the module has not registered the type.
template <data_type_class T>
result<string> dump(const T& value) {
  return detail::dump_value(&value, detail::state_of<T>);
}

// The value that rm::dump wrote. `version`: what was written; 0: what this module writes.
// Lock: held.
// Fails: an error for what is no value of that type and version, as far as the type can tell; what comes behind a value
// is not looked at. A line in the log says more. On Redis 6 a size that is too large to allocate ends the server.
template <data_type_class T>
result<T> load(const text_argument& bytes, int version = 0) {
  const result<void*> loaded = detail::load_dumped(bytes, version, detail::state_of<T>);
  if (!loaded) return loaded.error();
  const std::unique_ptr<T> value{static_cast<T*>(*loaded)};
  return result<T>{std::move(*value)};
}

}  // namespace redismodule
