#include "redismodule/dump.h"

#include "loading.h"
#include "saving.h"

namespace redismodule::detail {
namespace {

error_reply not_registered() { return error_reply{"ERR a data type is used that the module has not registered"}; }

}  // namespace

result<string> dump_value(const void* value, const data_type_state& type) {
  if (type.type == nullptr) return not_registered();
  saving_to_string saving;
  string bytes = string::adopt(api.SaveDataTypeToString(nullptr, const_cast<void*>(value), type.type));
  if (!bytes || saving.failed()) return error_reply{"ERR the value could not be saved"};
  return bytes;
}

result<void*> load_dumped(const text_argument& bytes, int version, const data_type_state& type) {
  if (type.type == nullptr) return not_registered();
  const int written = version == 0 ? type.written : version;
  if (written < 1) return error_reply{"ERR the version of a value is 1 at least"};
  void* value = nullptr;
  const loading_for_served for_served;
  if (api.LoadDataTypeFromStringEncver != nullptr) {
    value = api.LoadDataTypeFromStringEncver(bytes.raw(), type.type, written);
  } else {
    const unsaid_version scope{written};
    value = api.LoadDataTypeFromString(bytes.raw(), type.type);
  }
  if (value == nullptr) return error_reply{"ERR Bad data format"};
  return value;
}

}  // namespace redismodule::detail
