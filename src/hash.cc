#include "redismodule/hash.h"

namespace redismodule {
namespace detail {

static_assert(hash_chunk == 16, "the two calls below spell the chunk out");

void hash_get(abi::ModuleKey* key, abi::ModuleString* const* f, abi::ModuleString** v) noexcept {
  api.HashGet(key, abi::MODULE_HASH_NONE, f[0], v, f[1], v + 1, f[2], v + 2, f[3], v + 3, f[4], v + 4, f[5], v + 5,
              f[6], v + 6, f[7], v + 7, f[8], v + 8, f[9], v + 9, f[10], v + 10, f[11], v + 11, f[12], v + 12, f[13],
              v + 13, f[14], v + 14, f[15], v + 15, nullptr);
}

int hash_set(abi::ModuleKey* key, abi::ModuleString* const* f, abi::ModuleString* const* v) noexcept {
  return api.HashSet(key, abi::MODULE_HASH_NONE, f[0], v[0], f[1], v[1], f[2], v[2], f[3], v[3], f[4], v[4], f[5], v[5],
                     f[6], v[6], f[7], v[7], f[8], v[8], f[9], v[9], f[10], v[10], f[11], v[11], f[12], v[12], f[13],
                     v[13], f[14], v[14], f[15], v[15], nullptr);
}

}  // namespace detail

// Servers without HashFieldMinExpire take the flag for no flag, and would write a pointer where a time is read.
std::optional<time_point> hash::field_expires_at(const text_argument& field) const {
  detail::need(api.HashFieldMinExpire, abi::function::HashFieldMinExpire);
  const server_flags flags = to_server<hash_flag>(server().family, hash_flag::expire_time);
  abi::ModuleKey* handle = entry_.raw();
  abi::mstime_t end = abi::MODULE_NO_EXPIRE;
  if (handle != nullptr) api.HashGet(handle, static_cast<int>(flags.bits), field.raw(), &end, nullptr);
  return end < 0 ? std::nullopt : std::optional{time_point{milliseconds{end}}};
}

std::optional<time_point> hash::first_field_expires_at() const {
  detail::need(api.HashFieldMinExpire, abi::function::HashFieldMinExpire);
  abi::ModuleKey* handle = entry_.raw();
  const abi::mstime_t end = handle == nullptr ? -1 : api.HashFieldMinExpire(handle);
  return end < 0 ? std::nullopt : std::optional{time_point{milliseconds{end}}};
}

// What HashSet answers for a new field differs between servers, whether there is one does not.
bool hash::set_new(const text_argument& field, const text_argument& value) {
  if (contains(field)) return false;
  set(field, value);
  return true;
}

bool hash::set_existing(const text_argument& field, const text_argument& value) {
  changing();
  return api.HashSet(entry_.raw(), abi::MODULE_HASH_XX, field.raw(), value.raw(), nullptr) != 0;
}

bool hash::erase(const text_argument& field) {
  changing();
  return api.HashSet(entry_.raw(), abi::MODULE_HASH_NONE, field.raw(), detail::deleted_field(), nullptr) != 0;
}

bool hash::erase(const char* field) {
  changing();
  return api.HashSet(entry_.raw(), abi::MODULE_HASH_CFIELDS, field, detail::deleted_field(), nullptr) != 0;
}

int hash::set_chunk(abi::ModuleString* const* fields, abi::ModuleString* const* values) {
  changing();
  return detail::hash_set(entry_.raw(), fields, values);
}

result<void> hash::set_reference(const text_argument& field, std::string_view bytes) {
  if (api.HashSetStringRef == nullptr) return unsupported_error(abi::function::HashSetStringRef);
  changing();
  if (api.HashSetStringRef(entry_.raw(), field.raw(), bytes.data(), bytes.size()) == abi::MODULE_OK) return {};
  return error_reply{"ERR no such field"};
}

// The server looks into fields that are not there.
result<bool> hash::has_reference(const text_argument& field) const {
  if (api.HashHasStringRef == nullptr) return unsupported_error(abi::function::HashHasStringRef);
  return contains(field) && api.HashHasStringRef(entry_.raw(), field.raw()) != 0;
}

}  // namespace redismodule
