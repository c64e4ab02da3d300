// Keys that are hashes.
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "redismodule/scan.h"

namespace redismodule {

struct hash_field {
  string_ref field;
  string_ref value;
};

namespace detail {

// As nothrow(), for the functions that take C's open-ended arguments.
template <class Result, class... Parameters>
auto nothrow_open_ended(Result (*function)(Parameters..., ...)) noexcept {
  return reinterpret_cast<Result (*)(Parameters..., ...) noexcept>(function);
}

// Pairs for one call of the server's functions, which take C's open-ended arguments. Unused ones are null: the first
// null ends the list.
inline constexpr std::size_t hash_chunk = 16;

void hash_get(abi::ModuleKey* key, abi::ModuleString* const* fields, abi::ModuleString** values) noexcept;
int hash_set(abi::ModuleKey* key, abi::ModuleString* const* fields, abi::ModuleString* const* values) noexcept;

// What HashSet takes for a value to delete the field.
inline abi::ModuleString* deleted_field() noexcept { return reinterpret_cast<abi::ModuleString*>(std::intptr_t{1}); }

inline abi::ModuleString* raw_of(string_ref text) noexcept { return text.raw(); }
inline abi::ModuleString* raw_of(const string& text) noexcept { return text.raw(); }

// The values of a chunk of fields, freed whatever the visitor throws.
struct hash_values {
  abi::ModuleString* raw[hash_chunk] = {};

  hash_values() noexcept = default;
  hash_values(const hash_values&) = delete;
  hash_values& operator=(const hash_values&) = delete;
  ~hash_values() {
    for (abi::ModuleString* each : raw) {
      if (each != nullptr) nothrow(api.FreeString)(nullptr, each);
    }
  }
  void free(std::size_t i) noexcept {
    abi::ModuleString* value = std::exchange(raw[i], nullptr);
    if (value != nullptr) nothrow(api.FreeString)(nullptr, value);
  }
};

}  // namespace detail

// A hash as a key's value. Where a field's name is a string literal or another C string, no temporary is made of it
// here: the server makes one.
class hash : public basic_key {
  struct source {
    using value_type = hash_field;
    detail::open_key* entry;
    bool next(const scan_cursor& cursor, detail::scan_page& page) { return detail::scan_key(*entry, cursor, page); }
    static hash_field make(const detail::scanned& item) noexcept {
      return {string_ref{item.name}, string_ref{item.value}};
    }
  };

 public:
  using iterator = detail::scan_iterator<source>;

  static constexpr key_type wanted = key_type::hash;

  explicit hash(const detail::key_seed& seed) noexcept : basic_key{seed, wanted} {}

  std::optional<string> get(const text_argument& field) const { return one(abi::MODULE_HASH_NONE, field.raw()); }
  std::optional<string> get(const char* field) const { return one(abi::MODULE_HASH_CFIELDS, field); }
  bool contains(const text_argument& field) const { return has(abi::MODULE_HASH_EXISTS, field.raw()); }
  bool contains(const char* field) const { return has(abi::MODULE_HASH_EXISTS | abi::MODULE_HASH_CFIELDS, field); }

  // The values of many fields: fn(field, value), in order, the value null where there is no such field. `fields`: a
  // span, a vector or an rm::rest of string_ref or string. Allocates nothing but the values, one at a time as it were:
  // each is freed after its call.
  template <class Fields, class F>
  void get_each(const Fields& fields, F&& fn) const;

  // When a field ends: nothing where it stays or is not there. A view opened with open_mode::access_expired sees fields
  // that have ended too. Since: Redis 8.0; no Valkey. Fails: throws unsupported on other servers.
  std::optional<time_point> field_expires_at(const text_argument& field) const;
  // When the first of its fields ends. Since: Redis 8.0; no Valkey. Fails: throws unsupported on other servers.
  std::optional<time_point> first_field_expires_at() const;

  // Whether the field is new.
  bool set(const text_argument& field, const text_argument& value) {
    changing();
    abi::ModuleKey* handle = entry_.raw();
    return detail::nothrow_open_ended(api.HashSet)(handle, abi::MODULE_HASH_NONE, field.raw(), value.raw(), nullptr) ==
           0;
  }
  // Only where there is no such field; only where there is one. Whether it was set.
  bool set_new(const text_argument& field, const text_argument& value);
  bool set_existing(const text_argument& field, const text_argument& value);
  // Many pairs: of string_ref or string, as of an rm::rest<std::pair<rm::string_ref, rm::string_ref>>. How many fields
  // are new.
  template <class Pairs>
  std::size_t set_each(const Pairs& pairs);

  // Whether there was such a field. A hash without fields is gone.
  bool erase(const text_argument& field);
  bool erase(const char* field);
  // How many of them there were.
  template <class Fields>
  std::size_t erase_each(const Fields& fields);

  // Makes a field that is there refer to bytes of the module's, which the server then does not copy. They have to stay
  // as they are until the field is gone or set anew, whoever does that: removing the key and FLUSHALL included.
  // Since: Valkey 9.1; no Redis. Fails: an error on other servers, or if there is no such field.
  result<void> set_reference(const text_argument& field, std::string_view bytes);
  // Whether a field refers to bytes of a module's. Since, fails: likewise; of a missing field, it does not.
  result<bool> has_reference(const text_argument& field) const;

  // Its fields in no order, as in scan.h: `for (auto [field, value] : *hash)`.
  iterator begin() const { return iterator{source{&entry_}}; }
  std::default_sentinel_t end() const noexcept { return {}; }

  // fn(hash_field), or fn(field, value), until it answers false, if it answers. Allocates nothing of the module's for
  // hashes that the server keeps in one piece by its defaults.
  template <class F>
  void for_each(F&& fn) const;

 protected:
  hash(hash&&) noexcept = default;
  ~hash() = default;

 private:
  template <class Field>
  std::optional<string> one(int flags, Field* field) const {
    abi::ModuleKey* handle = entry_.raw();
    if (handle == nullptr) return std::nullopt;
    abi::ModuleString* value = nullptr;
    detail::nothrow_open_ended(api.HashGet)(handle, flags, field, &value, nullptr);
    return value == nullptr ? std::nullopt : std::optional{string::adopt(value)};
  }
  template <class Field>
  bool has(int flags, Field* field) const {
    abi::ModuleKey* handle = entry_.raw();
    int exists = 0;
    if (handle != nullptr) detail::nothrow_open_ended(api.HashGet)(handle, flags, field, &exists, nullptr);
    return exists != 0;
  }
  int set_chunk(abi::ModuleString* const* fields, abi::ModuleString* const* values);
};

template <class Fields, class F>
void hash::get_each(const Fields& fields, F&& fn) const {
  const std::size_t size = fields.size();
  for (std::size_t begin = 0; begin < size; begin += detail::hash_chunk) {
    const std::size_t count = size - begin < detail::hash_chunk ? size - begin : detail::hash_chunk;
    abi::ModuleString* names[detail::hash_chunk];
    for (std::size_t i = 0; i < count; ++i) names[i] = detail::raw_of(fields[begin + i]);
    for (std::size_t i = count; i < detail::hash_chunk; ++i) names[i] = nullptr;
    detail::hash_values values;
    abi::ModuleKey* handle = entry_.raw();
    if (handle != nullptr) detail::hash_get(handle, names, values.raw);
    for (std::size_t i = 0; i < count; ++i) {
      fn(string_ref{names[i]}, string_ref{values.raw[i]});
      values.free(i);
    }
  }
}

template <class Pairs>
std::size_t hash::set_each(const Pairs& pairs) {
  const std::size_t size = pairs.size();
  std::size_t replaced = 0;
  for (std::size_t begin = 0; begin < size; begin += detail::hash_chunk) {
    abi::ModuleString* names[detail::hash_chunk] = {};
    abi::ModuleString* values[detail::hash_chunk] = {};
    for (std::size_t i = 0; i < detail::hash_chunk && begin + i < size; ++i) {
      const auto& [name, value] = pairs[begin + i];
      names[i] = detail::raw_of(name);
      values[i] = detail::raw_of(value);
    }
    replaced += static_cast<std::size_t>(set_chunk(names, values));
  }
  return size - replaced;
}

template <class Fields>
std::size_t hash::erase_each(const Fields& fields) {
  const std::size_t size = fields.size();
  std::size_t erased = 0;
  for (std::size_t begin = 0; begin < size; begin += detail::hash_chunk) {
    abi::ModuleString* names[detail::hash_chunk] = {};
    abi::ModuleString* values[detail::hash_chunk] = {};
    for (std::size_t i = 0; i < detail::hash_chunk && begin + i < size; ++i) {
      names[i] = detail::raw_of(fields[begin + i]);
      values[i] = detail::deleted_field();
    }
    erased += static_cast<std::size_t>(set_chunk(names, values));
  }
  return erased;
}

template <class F>
void hash::for_each(F&& fn) const {
  source from{&entry_};
  detail::visit_all([&](const scan_cursor& cursor, detail::scan_page& page) { return from.next(cursor, page); },
                    [&](const detail::scanned& item) {
                      if constexpr (std::is_invocable_v<F&, string_ref, string_ref>) {
                        return fn(string_ref{item.name}, string_ref{item.value});
                      } else {
                        return fn(source::make(item));
                      }
                    });
}

}  // namespace redismodule
