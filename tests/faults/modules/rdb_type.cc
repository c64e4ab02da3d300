// A data type by the server's own functions, which reads every kind of value from an RDB and believes none of it.
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;
namespace abi = redismodule::abi;
using rm::api;

namespace {

constexpr std::uint64_t most_records = 64;
constexpr std::size_t most_bytes = 1024;

struct record {
  std::int64_t whole = 0;
  double real = 0;
  float small = 0;
  long double large = 0;
  std::string name;
  std::string bytes;
};
using records = std::vector<record>;

abi::ModuleType* type = nullptr;
std::atomic<long long> live_values{0};  // servers free values in another thread too

struct value {
  records all;
  value() { ++live_values; }
  value(const value&) = delete;
  value& operator=(const value&) = delete;
  ~value() { --live_values; }
};

std::string read_string(abi::ModuleIO* io) {
  abi::ModuleString* string = api.LoadString(io);
  if (string == nullptr) return {};
  std::size_t size = 0;
  const char* bytes = api.StringPtrLen(string, &size);
  std::string text;
  try {
    text.assign(bytes, size < most_bytes ? size : most_bytes);
  } catch (const std::bad_alloc&) {
    api.FreeString(nullptr, string);
    throw;
  }
  api.FreeString(nullptr, string);
  return text;
}

std::string read_bytes(abi::ModuleIO* io) {
  std::size_t size = 0;
  const std::unique_ptr<char, void (*)(void*)> bytes{api.LoadStringBuffer(io, &size), api.Free};
  return bytes ? std::string{bytes.get(), size < most_bytes ? size : most_bytes} : std::string{};
}

record read_record(abi::ModuleIO* io) {
  record read;
  read.whole = api.LoadSigned(io);
  read.real = api.LoadDouble(io);
  read.small = api.LoadFloat(io);
  read.large = api.LoadLongDouble(io);
  read.name = read_string(io);
  read.bytes = read_bytes(io);
  return read;
}

std::unique_ptr<value> read_value(abi::ModuleIO* io) {
  auto read = std::make_unique<value>();
  const std::uint64_t count = api.LoadUnsigned(io);
  if (api.IsIOError(io) || count > most_records) return nullptr;
  for (std::uint64_t i = 0; i < count; ++i) {
    read->all.push_back(read_record(io));
    if (api.IsIOError(io)) return nullptr;
  }
  return read;
}

void* rdb_load(abi::ModuleIO* io, int) {
  try {
    return read_value(io).release();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void rdb_save(abi::ModuleIO* io, void* raw) {
  const records& all = static_cast<value*>(raw)->all;
  api.SaveUnsigned(io, all.size());
  for (const record& each : all) {
    api.SaveSigned(io, each.whole);
    api.SaveDouble(io, each.real);
    api.SaveFloat(io, each.small);
    api.SaveLongDouble(io, each.large);
    abi::ModuleString* name = api.CreateString(nullptr, each.name.data(), each.name.size());
    api.SaveString(io, name);
    api.FreeString(nullptr, name);
    api.SaveStringBuffer(io, each.bytes.data(), each.bytes.size());
  }
}

void rewrite(abi::ModuleIO*, abi::ModuleString*, void*) {}
void release(void* raw) { delete static_cast<value*>(raw); }

// A key that is open for writing, for the length of a scope.
class open_key {
 public:
  open_key(rm::context& ctx, rm::string_ref name)
      : raw_{api.OpenKey(ctx.raw(), const_cast<abi::ModuleString*>(name.raw()), abi::MODULE_READ | abi::MODULE_WRITE)} {
  }
  open_key(const open_key&) = delete;
  open_key& operator=(const open_key&) = delete;
  ~open_key() { api.CloseKey(raw_); }
  abi::ModuleKey* raw() const { return raw_; }

 private:
  abi::ModuleKey* raw_;
};

// RECORDS.SET key count: values whose every part is another one.
void set(rm::context& ctx, rm::string_ref name, long long count) {
  auto made = std::make_unique<value>();
  for (long long i = 1; i <= count; ++i) {
    made->all.push_back({i, static_cast<double>(i) / 3, static_cast<float>(i) / 5, static_cast<long double>(i) / 7,
                         "name " + std::to_string(i), std::string(static_cast<std::size_t>(i), 'x')});
  }
  const open_key key{ctx, name};
  if (api.ModuleTypeSetValue(key.raw(), type, made.get()) == abi::MODULE_OK) made.release();
}

// RECORDS.GET key: all of it, or nothing.
std::optional<std::string> get(rm::context& ctx, rm::string_ref name) {
  const open_key key{ctx, name};
  if (key.raw() == nullptr || api.ModuleTypeGetType(key.raw()) != type) return std::nullopt;
  std::string text;
  for (const record& each : static_cast<value*>(api.ModuleTypeGetValue(key.raw()))->all) {
    char numbers[128];
    std::snprintf(numbers, sizeof numbers, "%lld %.17g %.9g %.21Lg ", static_cast<long long>(each.whole), each.real,
                  static_cast<double>(each.small), each.large);
    text += numbers + each.name + ' ' + each.bytes + ';';
  }
  return text;
}

}  // namespace

REDISMODULE_MODULE(records, 1, m) {
  abi::ModuleTypeMethods methods{};
  methods.version = 1;
  methods.rdb_load = rdb_load;
  methods.rdb_save = rdb_save;
  methods.aof_rewrite = rewrite;
  methods.free = release;
  type = api.CreateDataType(m.raw(), "records-x", 1, &methods);
  if (type == nullptr) throw rm::load_error{"the data type was refused"};
  const bool careless = !m.args().empty() && m.args()[0] == "careless";
  if (!careless) api.SetModuleOptions(m.raw(), abi::MODULE_OPTIONS_HANDLE_IO_ERRORS);
  m.command<set>("records.set key count");
  m.command<get>("records.get key");
  m.command("records.live", [] { return live_values.load(); });
}
