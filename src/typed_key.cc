#include "redismodule/typed_key.h"

#include <stdexcept>

namespace redismodule::detail {

void put_value(open_key& entry, const data_type_state& type, void* value, void (*destroy)(void*) noexcept) {
  try {
    if (type.type == nullptr) throw std::logic_error{"a data type is used that the module has not registered"};
    if (api.ModuleTypeSetValue(entry.raw_at_rest(), type.type, value) == abi::MODULE_OK) return;
    throw std::logic_error{"the server did not take the value"};
  } catch (...) {
    destroy(value);
    throw;
  }
}

void* exchange_value(open_key& entry, const data_type_state& type, void* value) {
  if (value == nullptr) throw std::logic_error{"a key was to have no value"};
  void* before = nullptr;
  if (api.ModuleTypeReplaceValue(entry.raw_at_rest(), type.type, value, &before) != abi::MODULE_OK) throw_no_value();
  return before;
}

void throw_no_value() { throw no_value{}; }

}  // namespace redismodule::detail
