// The control of reloading: a thread-local object with a destructor keeps the
// module mapped.
#include <string>

#include "../../server/modules/raw_module.h"

namespace {

thread_local std::string of_this_thread;

int touch(raw::context* ctx, raw::string**, int) {
  of_this_thread.append(100, 'x');
  return raw::api.ReplyWithLongLong(ctx, static_cast<long long>(of_this_thread.size()));
}

constexpr raw::command commands[] = {{"stays.touch", touch}};

}  // namespace

extern "C" __attribute__((visibility("default"))) int RedisModule_OnLoad(raw::context* ctx, raw::string**, int) {
  return raw::load(ctx, "stays", commands);
}

extern "C" __attribute__((visibility("default"))) int RedisModule_OnUnload(raw::context*) {
  redismodule::memory::stop();
  return redismodule::abi::MODULE_OK;
}
