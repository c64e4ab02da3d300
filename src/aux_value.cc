#include "redismodule/aux_value.h"

#include <utility>

#include "loading.h"
#include "redismodule/context.h"
#include "redismodule/module.h"

namespace redismodule {
namespace detail {
namespace {

aux_slot* first_slot = nullptr;
bool loading_beside = false;

template <class F>
void for_each_slot(F f) noexcept {
  for (aux_slot* each = first_slot; each != nullptr; each = each->next) f(*each);
}

void finish_loading_beside(bool completed) noexcept {
  loading_beside = false;
  for_each_slot([completed](aux_slot& slot) {
    if (completed) std::swap(slot.current, slot.loaded);
    reset_aux(slot, slot.loaded);
  });
}

void on_async_load(abi::ModuleCtx*, abi::ModuleEvent, std::uint64_t step, void*) {
  if (step != abi::MODULE_SUBEVENT_REPL_ASYNC_LOAD_STARTED)
    return finish_loading_beside(step == abi::MODULE_SUBEVENT_REPL_ASYNC_LOAD_COMPLETED);
  for_each_slot([](aux_slot& slot) { reset_aux(slot, slot.loaded); });
  loading_beside = true;
}

// Before each load that takes the data set's place, and after one that failed, the servers empty the data set: not when
// they start, where it is empty but for what the builder wrote.
void on_flush(abi::ModuleCtx*, abi::ModuleEvent, std::uint64_t step, void* data) {
  const auto& flushed = *static_cast<const abi::ModuleFlushInfo*>(data);
  if (step != abi::MODULE_SUBEVENT_FLUSHDB_START || flushed.dbnum != -1) return;
  for_each_slot([](aux_slot& slot) { reset_aux(slot, slot.current); });
}

// What is registered for a server without asynchronous loading is never called.
void subscribe(abi::ModuleCtx* ctx) noexcept {
  api.SubscribeToServerEvent(ctx, abi::ModuleEvent_FlushDB, &on_flush);
  api.SubscribeToServerEvent(ctx, abi::ModuleEvent_ReplAsyncLoad, &on_async_load);
}

// Where a load fails, Redis 7.0 and before go on calling what was subscribed, in a file that they have unmapped.
void unsubscribe(abi::ModuleCtx* ctx) {
  api.SubscribeToServerEvent(ctx, abi::ModuleEvent_FlushDB, nullptr);
  api.SubscribeToServerEvent(ctx, abi::ModuleEvent_ReplAsyncLoad, nullptr);
}

// No value of such a type is in a key, but a payload of RESTORE may say so.
void* load_no_value(abi::ModuleIO* io, int) {
  api.LogIOError(io, "warning", "there are no keys with such values");
  return nullptr;
}

// Whether a value follows.
enum class aux_mark : std::uint64_t { untouched = 0, written = 1 };

int give(aux_content& into, aux_slot& slot, void* value) noexcept {
  reset_aux(slot, into);
  into = {value, value != nullptr};
  return abi::MODULE_OK;
}

}  // namespace

bool is_loading_beside() noexcept { return loading_beside && !loads_for_served(); }

void* aux_of(aux_slot& slot, aux_content& content) {
  if (content.value == nullptr) content.value = slot.functions->make();
  return content.value;
}

void reset_aux(aux_slot& slot, aux_content& content) noexcept {
  const aux_content before = std::exchange(content, aux_content{});
  if (before.value != nullptr) slot.functions->object.destroy(before.value);
}

void save_aux(abi::ModuleIO* io, aux_slot& slot) noexcept {
  rdb_writer to{io, slot.type.written};
  if (!slot.current.is_written && !slot.always) {
    // Where the server writes the field only when something is put into it, nothing is.
    if (!leaves_empty_aux_out()) to.save_unsigned(static_cast<std::uint64_t>(aux_mark::untouched));
    return;
  }
  to.save_unsigned(static_cast<std::uint64_t>(aux_mark::written));
  const void* value = nullptr;
  try {
    value = aux_of(slot, slot.current);
  } catch (...) {
    return not_saved(io, slot.type.name);
  }
  save_for_server(io, value, slot.type, slot.functions->object);
}

// What is there stays until all of the new value has been read.
int load_aux(abi::ModuleIO* io, int version, aux_slot& slot) noexcept {
  aux_content& into = loading_beside ? slot.loaded : slot.current;
  rdb_reader from{io, version, slot.type.version};
  std::uint64_t mark = 0;
  if (from.read(mark) && mark == static_cast<std::uint64_t>(aux_mark::untouched)) return give(into, slot, nullptr);
  if (from.failed() || mark != static_cast<std::uint64_t>(aux_mark::written)) {
    api.LogIOError(io, "warning", "%s: an aux field ends early, or is of another kind", slot.type.name);
    return abi::MODULE_ERR;
  }
  void* value = load_for_server(io, version, slot.type, slot.functions->object);
  return value == nullptr ? abi::MODULE_ERR : give(into, slot, value);
}

void forget_aux_values() noexcept {
  for_each_slot([](aux_slot& slot) {
    reset_aux(slot, slot.current);
    reset_aux(slot, slot.loaded);
  });
  first_slot = nullptr;
  loading_beside = false;
}

}  // namespace detail

void module_builder::add_aux_value(const detail::aux_definition& definition, const aux_options& options) {
  using namespace detail;
  aux_slot& slot = definition.slot;
  abi::ModuleTypeMethods methods{};
  methods.rdb_load = &load_no_value;
  methods.aux_load = definition.load;
  methods.aux_save = definition.save;
  if (!options.always) methods.aux_save2 = definition.save;
  methods.aux_save_triggers = static_cast<int>(options.when);
  create_type(ctx_, definition.info, options.written_version, methods, slot.type);
  if (first_slot == nullptr) {
    subscribe(ctx_);
    add_unload_hook(&unsubscribe);
  }
  slot.always = options.always;
  slot.next = std::exchange(first_slot, &slot);
  say_options(ctx_, options.async_loading, options.slot_migration);
}

}  // namespace redismodule
