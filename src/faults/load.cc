// Stands before the loading and unloading of a module of the builder's: the linker sends their callers here (--wrap),
// so that a module without FAULTS has nothing of this, not even a question.
#include <alloca.h>

#include "injector.h"
#include "orders.h"
#include "redismodule/faults.h"
#include "redismodule/module.h"

using redismodule::detail::module_definition;

extern "C" {
[[gnu::visibility("hidden")]] int redismodule_fault_real_load(const module_definition& module, void* ctx, void** argv,
                                                              int argc) noexcept
    asm("__real__ZN11redismodule6detail4loadERKNS0_17module_definitionEPvPS4_i");
[[gnu::visibility("hidden")]] int redismodule_fault_load(const module_definition& module, void* ctx, void** argv,
                                                         int argc) noexcept
    asm("__wrap__ZN11redismodule6detail4loadERKNS0_17module_definitionEPvPS4_i");
[[gnu::visibility("hidden")]] int redismodule_fault_real_unload(void* ctx) noexcept
    asm("__real__ZN11redismodule6detail6unloadEPv");
[[gnu::visibility("hidden")]] int redismodule_fault_unload(void* ctx) noexcept
    asm("__wrap__ZN11redismodule6detail6unloadEPv");
}

namespace redismodule::faults {
namespace {

constinit bool is_loaded = false;

bool is_for_faults(void* argument) noexcept {
  std::size_t size = 0;
  const char* text = real().StringPtrLen(static_cast<abi::ModuleString*>(argument), &size);
  return is_argument({text, size});
}

// The arguments without those for faults: a copy, since the server's array is the command that loads the module.
int copy_arguments(void** to, void** argv, int argc) noexcept {
  int count = 0;
  for (int i = 0; i < argc; ++i) {
    if (!is_for_faults(argv[i])) to[count++] = argv[i];
  }
  return count;
}

int finish(abi::ModuleCtx* ctx, const module_definition& module) noexcept {
  is_loaded = true;
  if (add_command(ctx, module.name)) return abi::MODULE_OK;
  real().Log(ctx, "warning", "%s: not loaded: the server refuses its command for faults", module.name);
  redismodule_fault_unload(ctx);
  return abi::MODULE_ERR;
}

}  // namespace
}  // namespace redismodule::faults

int redismodule_fault_load(const module_definition& module, void* context, void** argv, int argc) noexcept {
  using namespace redismodule::faults;
  auto* ctx = static_cast<redismodule::abi::ModuleCtx*>(context);
  if (is_loaded) return redismodule_fault_real_load(module, context, argv, argc);
  if (!start(ctx, argv, argc)) return redismodule::abi::MODULE_ERR;
  auto** rest = static_cast<void**>(alloca((static_cast<std::size_t>(argc) + 1) * sizeof(void*)));
  const int count = copy_arguments(rest, argv, argc);
  const int result = redismodule_fault_real_load(module, context, rest, count);
  if (result == redismodule::abi::MODULE_OK) return finish(ctx, module);
  unwatch();
  return result;
}

int redismodule_fault_unload(void* ctx) noexcept {
  const int result = redismodule_fault_real_unload(ctx);
  if (result != redismodule::abi::MODULE_OK) return result;
  redismodule::faults::is_loaded = false;
  redismodule::faults::unwatch();
  redismodule::faults::reset();
  return result;
}
