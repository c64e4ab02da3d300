// Values of three kinds, of which MEMORY USAGE is to know the memory.
#include <malloc.h>

#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

using block = std::vector<char>;
using dict = std::map<std::string, rm::string>;
using value = std::variant<block, rm::string, dict>;

rm::abi::ModuleType* value_type;

std::size_t size_of(const block& bytes) { return malloc_usable_size(const_cast<char*>(bytes.data())); }

std::size_t size_of(const rm::string& text) { return text.borrow().allocated(); }

std::size_t size_of(const dict& fields) {
  std::size_t size = 0;
  for (const auto& [field, text] : fields) size += sizeof(dict::value_type) + field.size() + size_of(text);
  return size;
}

// --- Raw calls until data_type.h makes all of this from the type ---

std::size_t mem_usage(const void* raw) {
  return sizeof(value) + std::visit([](const auto& held) { return size_of(held); }, *static_cast<const value*>(raw));
}

void free_value(void* raw) { delete static_cast<value*>(raw); }

void save(rm::abi::ModuleIO* rdb, const block& bytes) { rm::api.SaveStringBuffer(rdb, bytes.data(), bytes.size()); }
void save(rm::abi::ModuleIO* rdb, const rm::string& text) { rm::api.SaveString(rdb, text.raw()); }
void save(rm::abi::ModuleIO* rdb, const dict& fields) {
  rm::api.SaveUnsigned(rdb, fields.size());
  for (const auto& [field, text] : fields) {
    rm::api.SaveStringBuffer(rdb, field.data(), field.size());
    save(rdb, text);
  }
}

void rdb_save(rm::abi::ModuleIO* rdb, void* raw) {
  const value& saved = *static_cast<value*>(raw);
  rm::api.SaveUnsigned(rdb, saved.index());
  std::visit([rdb](const auto& held) { save(rdb, held); }, saved);
}

rm::string load(rm::abi::ModuleIO* rdb) { return rm::string::adopt(rm::api.LoadString(rdb)); }

value load(rm::abi::ModuleIO* rdb, std::uint64_t kind) {
  if (kind == 1) return load(rdb);
  if (kind == 0) {
    const rm::string bytes = load(rdb);
    return block(bytes.view().begin(), bytes.view().end());
  }
  dict fields;
  for (std::uint64_t left = rm::api.LoadUnsigned(rdb); left > 0; --left) {
    const rm::string field = load(rdb);
    fields.emplace(field.view(), load(rdb));
  }
  return fields;
}

void* rdb_load(rm::abi::ModuleIO* rdb, int) { return new value{load(rdb, rm::api.LoadUnsigned(rdb))}; }

void add_data_type(rm::module_builder& m) {
  rm::abi::ModuleTypeMethods methods{};
  methods.version = 1;
  methods.rdb_load = rdb_load;
  methods.rdb_save = rdb_save;
  methods.mem_usage = mem_usage;
  methods.free = free_value;
  value_type = rm::api.CreateDataType(m.raw(), "allocsize", 0, &methods);
  if (value_type == nullptr) throw rm::load_error{"the server refuses the data type"};
}

// A raw call until data_type.h says it.
void store(rm::write<rm::any_key>& key, value stored) {
  rm::api.ModuleTypeSetValue(key->raw(), value_type, new value{std::move(stored)});
}

// --- What the module is ---

void set_raw(rm::write<rm::any_key> key, std::uint32_t size) { store(key, block(size)); }

void set_string(rm::write<rm::any_key> key, rm::string text) { store(key, std::move(text)); }

void set_dict(rm::write<rm::any_key> key, rm::at_least_one<std::pair<std::string, rm::string>> pairs) {
  dict fields;
  for (auto [field, text] : pairs) fields.insert_or_assign(std::move(field), std::move(text));
  store(key, std::move(fields));
}

}  // namespace

REDISMODULE_MODULE(mallocsize, 1, m) {
  add_data_type(m);
  m.command<set_raw>("mallocsize.setraw key size");
  m.command<set_string>("mallocsize.setstr key text");
  m.command<set_dict>("mallocsize.setdict key field text...");
}
