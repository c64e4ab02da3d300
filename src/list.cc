#include "redismodule/list.h"

namespace redismodule {

bool list::set(long index, const text_argument& value) {
  detail::need(api.ListSet, abi::function::ListSet);
  abi::ModuleKey* handle = entry_.raw();
  return api.ListSet(handle, index, value.raw()) == abi::MODULE_OK;
}

// Servers from 7.2 on read the missing list when the index is neither end of it.
bool list::insert(long index, const text_argument& value) {
  detail::need(api.ListInsert, abi::function::ListInsert);
  abi::ModuleKey* handle = entry_.raw();
  const bool is_end = index == 0 || index == -1;
  if (!is_end && api.ValueLength(handle) == 0) return false;
  return api.ListInsert(handle, index, value.raw()) == abi::MODULE_OK;
}

bool list::erase(long index) {
  detail::need(api.ListDelete, abi::function::ListDelete);
  abi::ModuleKey* handle = entry_.raw();
  entry_.set_iterator(true);
  return api.ListDelete(handle, index) == abi::MODULE_OK;
}

}  // namespace redismodule
