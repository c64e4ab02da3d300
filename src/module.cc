#include "redismodule/module.h"

#include <cstdio>
#include <vector>

#include "image.h"
#include "redismodule/memory/memory.h"
#include "redismodule/string.h"

// Written by redismodule_add_module(): the symbols that the check after linking let pass, separated by spaces.
extern "C" {
[[gnu::weak, gnu::visibility("hidden")]] extern const char redismodule_waivers[];
}

namespace redismodule {
namespace {

using unload_hook = void (*)(abi::ModuleCtx*);

std::vector<unload_hook> unload_hooks;
const detail::module_definition* loaded = nullptr;
bool left_by_failed_load = false;  // the image stayed mapped, with a thread in it

std::string_view waivers() noexcept { return redismodule_waivers != nullptr ? redismodule_waivers : ""; }

// With such a destructor registered, the C library would call into the module after it is unmapped.
bool has_thread_destructors() noexcept { return waivers().find("__cxa_thread_atexit") != std::string_view::npos; }

void warn(abi::ModuleCtx* ctx, const char* module, std::string_view what, std::string_view why) noexcept {
  message subject;
  subject.append(module).append(what);
  detail::log_line(ctx, log_level::warning, subject.view(), why);
}

void say_not_loaded(abi::ModuleCtx* ctx, const char* module, std::string_view why) noexcept {
  warn(ctx, module, ": not loaded", why);
}

void say_not_unloaded(abi::ModuleCtx* ctx, const char* module, std::string_view why) noexcept {
  warn(ctx, module, ": not unloaded", why);
}

// Why the module may not be loaded now, or nothing. A copy of the same file under another path has statics of its own,
// so the name is what tells.
std::string_view reason_not_to_load(const char* name) noexcept {
  if (loaded != nullptr) return "this file is loaded already, a second time would share its state";
  if (left_by_failed_load)
    return "an earlier load of this file failed and left a thread: the server has to be restarted";
  if (api.IsModuleNameBusy == nullptr || api.IsModuleNameBusy(name) == 0) return {};
  return "a module of this name is loaded already";
}

struct crash_section {
  abi::ModuleInfoCtx* info;
  int frames;
};

void add_frame(const char* frame, void* argument) noexcept {
  auto& section = *static_cast<crash_section*>(argument);
  char field[24];
  std::snprintf(field, sizeof field, "frame_%02d", section.frames++);
  api.InfoAddFieldCString(section.info, field, frame);
}

// The server's own stack trace has addresses only, since a module exports no names but its entry points.
void write_crash_section(abi::ModuleInfoCtx* info) noexcept {
  if (api.InfoAddSection(info, "crash") == abi::MODULE_ERR) return;
  crash_section section{info, 0};
  detail::visit_own_frames(add_frame, &section);
}

void write_info(abi::ModuleInfoCtx* info, int for_crash_report) noexcept {
  if (api.InfoAddSection(info, "") != abi::MODULE_ERR) {
    api.InfoAddFieldULongLong(info, "version", static_cast<unsigned long long>(loaded->version));
    api.InfoAddFieldCString(info, "build_id", detail::own_build_id().digits);
    memory::add_info_fields(info);
  }
  if (for_crash_report) write_crash_section(info);
}

bool build(const detail::module_definition& module, abi::ModuleCtx* ctx, args arguments) noexcept {
  try {
    module_builder builder{ctx, module.name, arguments};
    module.build(builder);
    detail::finish_commands(ctx);
    return true;
  } catch (const std::bad_alloc&) {
    say_not_loaded(ctx, module.name, "out of memory");
  } catch (const std::exception& error) {
    say_not_loaded(ctx, module.name, error.what());
  } catch (...) {
    say_not_loaded(ctx, module.name, "its builder threw an exception of unknown type");
  }
  return false;
}

// The server takes back what was registered; what we hold goes here, since the image may stay mapped.
void forget() noexcept {
  detail::forget_commands();
  detail::forget_aux_values();
  detail::forget_data_types();
  detail::drain_strings();
  std::vector<unload_hook>{}.swap(unload_hooks);
  loaded = nullptr;
}

bool run_unload_hooks(abi::ModuleCtx* ctx, const char* name) noexcept {
  try {
    for (; !unload_hooks.empty(); unload_hooks.pop_back()) unload_hooks.back()(ctx);
    return true;
  } catch (const std::exception& error) {
    say_not_unloaded(ctx, name, error.what());
  } catch (...) {
    say_not_unloaded(ctx, name, "an unload hook threw an exception of unknown type");
  }
  return false;
}

// The server unmaps a module that did not load. Under a thread of its own that would end the server.
void undo_load(abi::ModuleCtx* ctx, const char* name) noexcept {
  while (!run_unload_hooks(ctx, name)) unload_hooks.pop_back();  // all of them, whichever throws
  forget();
  if (memory::threads_left() == 0) return memory::stop();
  left_by_failed_load = true;
  detail::keep_mapped();
  say_not_loaded(ctx, name, "one of its threads still runs, or was not joined: the file stays mapped");
}

}  // namespace

void module_builder::require_function(abi::function function) {
  if (has(function)) return;
  throw load_error{missing(function).view()};
}

void module_builder::require(since needed, std::string_view what) {
  const bool is_valkey = server().family == server_family::valkey;
  const version& first = is_valkey ? needed.valkey : needed.redis;
  if (first != version{} && server().number >= first) return;
  message text;
  text.append(what).append(" need");
  if (needed.redis != version{}) text.append(" Redis ").append(needed.redis);
  if (needed.redis != version{} && needed.valkey != version{}) text.append(" or");
  if (needed.valkey != version{}) text.append(" Valkey ").append(needed.valkey);
  text.append("; this is ").append(name_of(server().family)).append(" ").append(server().number);
  throw load_error{text.view()};
}

namespace {

// For servers that ask for no answer.
abi::ModuleDefragFunc2 defrag_globals = nullptr;

}  // namespace

void module_builder::add_defrag(abi::ModuleDefragFunc2 callback) {
  require(abi::function::RegisterDefragFunc);
  defrag_globals = callback;
  const auto whole = [](abi::ModuleDefragCtx* ctx) { static_cast<void>(defrag_globals(ctx)); };
  if (api.RegisterDefragFunc2 != nullptr) {
    api.RegisterDefragFunc2(ctx_, callback);
  } else {
    api.RegisterDefragFunc(ctx_, whole);
  }
}

void module_builder::add_around_defrag(abi::ModuleDefragFunc before, abi::ModuleDefragFunc after) {
  require(abi::function::RegisterDefragCallbacks);
  api.RegisterDefragCallbacks(ctx_, before, after);
}

void module_builder::add_unload_hook(void (*hook)(abi::ModuleCtx*)) { unload_hooks.push_back(hook); }

namespace {

constexpr version oldest_server{6, 0, 0};

// What the oldest server has is called without asking whether it is there. That no later one has dropped any of it is
// made sure of once, here.
bool has_what_is_taken_for_granted(abi::ModuleCtx* ctx, const char* name) noexcept {
  for (std::size_t i = 0; i < abi::function_count; ++i) {
    const auto each = static_cast<abi::function>(i);
    const version first = since_of(each).redis;
    if (has(each) || first == version{} || first > oldest_server) continue;
    say_not_loaded(ctx, name, missing(each).view());
    return false;
  }
  return true;
}

}  // namespace

namespace detail {

int load(const module_definition& module, void* context, void** argv, int argc) noexcept {
  auto* ctx = static_cast<abi::ModuleCtx*>(context);
  if (!resolve(ctx) || !has_what_is_taken_for_granted(ctx, module.name)) return abi::MODULE_ERR;
  take_lock_ownership();
  calls_run_as_caller = false;
  const bool is_live = loaded != nullptr || left_by_failed_load;
  auto reason = reason_not_to_load(module.name);
  if (reason.empty() && !memory::start(ctx)) reason = "the server does not give out memory";
  if (!reason.empty()) {
    say_not_loaded(ctx, module.name, reason);
    if (!is_live) memory::stop();
    return abi::MODULE_ERR;
  }
  api.SetModuleAttribs(ctx, module.name, module.version, abi::MODULE_APIVER_1);
  loaded = &module;
  // Before the builder, so that a callback of the author's own takes its place.
  if (api.RegisterInfoFunc != nullptr) api.RegisterInfoFunc(ctx, write_info);
  const args arguments{reinterpret_cast<abi::ModuleString**>(argv), static_cast<std::size_t>(argc)};
  if (!build(module, ctx, arguments)) {
    undo_load(ctx, module.name);
    return abi::MODULE_ERR;
  }
  return abi::MODULE_OK;
}

int unload(void* context) noexcept {
  auto* ctx = static_cast<abi::ModuleCtx*>(context);
  if (loaded == nullptr) return abi::MODULE_OK;
  const char* name = loaded->name;
  if (has_thread_destructors()) {
    say_not_unloaded(ctx, name, "it has thread-local objects whose destructors would run after it is gone");
    return abi::MODULE_ERR;
  }
  if (!run_unload_hooks(ctx, name)) return abi::MODULE_ERR;
  if (memory::threads_left() != 0) {
    say_not_unloaded(ctx, name, "one of its threads still runs, or was neither joined nor detached");
    return abi::MODULE_ERR;
  }
  forget();
  memory::stop();
  return abi::MODULE_OK;
}

}  // namespace detail
}  // namespace redismodule
