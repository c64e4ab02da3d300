// Wrong on purpose: MEMORY USAGE is told of nothing that a value holds. The conformance suite must find that.
#include <string>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

rm::abi::ModuleType* value_type;

std::size_t forgets_the_memory(const void*) { return 0; }

void store(rm::context& ctx, rm::string_ref key, std::string held) {
  auto* opened = rm::api.OpenKey(ctx.raw(), key.raw(), rm::abi::MODULE_WRITE);
  rm::api.ModuleTypeSetValue(opened, value_type, new std::string{std::move(held)});
  rm::api.CloseKey(opened);
}

void set_raw(rm::context& ctx, rm::string_ref key, std::uint32_t size) { store(ctx, key, std::string(size, '\0')); }

void set_string(rm::context& ctx, rm::string_ref key, std::string text) { store(ctx, key, std::move(text)); }

void set_dict(rm::context& ctx, rm::string_ref key, rm::at_least_one<std::string_view> fields_and_texts) {
  std::string joined;
  for (auto word : fields_and_texts) joined += word;
  store(ctx, key, std::move(joined));
}

}  // namespace

REDISMODULE_MODULE(mallocsize, 1, m) {
  rm::abi::ModuleTypeMethods methods{};
  methods.version = 1;
  methods.mem_usage = forgets_the_memory;
  methods.free = [](void* held) { delete static_cast<std::string*>(held); };
  value_type = rm::api.CreateDataType(m.raw(), "allocsize", 0, &methods);
  if (value_type == nullptr) throw rm::load_error{"the server refuses the data type"};
  m.command<set_raw>("mallocsize.setraw key size", {.flags = rm::flags::write});
  m.command<set_string>("mallocsize.setstr key text", {.flags = rm::flags::write});
  m.command<set_dict>("mallocsize.setdict key word...", {.flags = rm::flags::write});
}
