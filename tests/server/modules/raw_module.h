// What the allocator's test modules have in common: an OnLoad of their own over the resolved table, as in a module that
// takes the allocator alone.
#pragma once

#include <cstring>
#include <string_view>

#include "redismodule/abi/constants.h"
#include "redismodule/api.h"
#include "redismodule/memory/memory.h"

namespace raw {

namespace rm = redismodule;
using rm::api;
using context = rm::abi::ModuleCtx;
using string = rm::abi::ModuleString;
using handler = int (*)(context*, string**, int);

struct command {
  const char* name;
  handler run;
};

inline std::string_view text(string* from) {
  std::size_t size = 0;
  const char* at = api.StringPtrLen(from, &size);
  return {at, size};
}

inline long long number(string* from) {
  long long value = 0;
  api.StringToLongLong(from, &value);
  return value;
}

template <std::size_t Count>
int load(context* ctx, const char* name, const command (&commands)[Count]) {
  if (!rm::memory::start(ctx)) return rm::abi::MODULE_ERR;
  if (api.IsModuleNameBusy(name)) return rm::abi::MODULE_ERR;
  api.SetModuleAttribs(ctx, name, 1, rm::abi::MODULE_APIVER_1);
  for (const auto& each : commands) {
    if (api.CreateCommand(ctx, each.name, each.run, "", 0, 0, 0) != rm::abi::MODULE_OK) return rm::abi::MODULE_ERR;
  }
  return rm::abi::MODULE_OK;
}

}  // namespace raw
