// Records which functions of the module API a server's modules call, and from where. Preloaded into a server, it stands
// between the server and each module that it loads: what the module asks for goes to the entries that faults use, which
// note the call and go on to the server's own function. The modules are those that are shipped: nothing is built in.
//
// REDISMODULE_RECORD names the file. One line for each place that a function is called from, when it is first reached:
//   <function> <module's file> <offset behind the call, or behind the beginning of the function that jumped>
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "entries.h"

namespace redismodule::faults {
namespace {

using get_api_function = int (*)(const char* name, void** target);
using load_function = int (*)(void* ctx, void** argv, int argc);
using lookup_function = void* (*)(void* handle, const char* name);

constexpr std::string_view names[] = {
#define REDISMODULE_ROW(name, result, parameters, redis, valkey) #name,
#include "redismodule/abi/functions.inc"
};

constinit void* originals[abi::function_count] = {};
constinit get_api_function server_get_api = nullptr;
constinit load_function module_load = nullptr;

// The places that were seen, by function and return address: open addressing, as many as any module has.
constexpr std::size_t place_count = 1 << 16;
constinit std::atomic<std::uintptr_t> places[place_count] = {};

bool is_new(std::size_t index, void* address) noexcept {
  const std::uintptr_t key = reinterpret_cast<std::uintptr_t>(address) * abi::function_count + index;
  for (std::size_t at = key * 0x9e3779b97f4a7c15u >> 48;; at = (at + 1) % place_count) {
    std::uintptr_t seen = places[at].load(std::memory_order_relaxed);
    if (seen == key) return false;
    if (seen == 0 && places[at].compare_exchange_strong(seen, key)) return true;
    if (seen == key) return false;
  }
}

// Where a call comes from, by its return address: behind the instruction that called. Was that a call of a function of
// the module itself, then that function ended in a jump, and is the caller.
const char* caller_of(const char* address) noexcept {
  const char* target = address;
#if defined(__x86_64__)
  constexpr unsigned char call_near = 0xe8;
  std::int32_t distance;
  std::memcpy(&distance, address - sizeof distance, sizeof distance);
  if (static_cast<unsigned char>(address[-5]) == call_near) target = address + distance + 1;
#elif defined(__aarch64__)
  std::uint32_t word;
  std::memcpy(&word, address - sizeof word, sizeof word);
  const auto distance = static_cast<std::int32_t>(word << 6) >> 4;  // 26 bits, in words
  if (word >> 26 == 0x25) target = address - 4 + distance + 1;
#endif
  Dl_info from;
  Dl_info to;
  if (::dladdr(address, &from) == 0 || ::dladdr(target, &to) == 0) return address;
  return from.dli_fbase == to.dli_fbase ? target : address;
}

// Each line is one write to a file that is only ever appended to: servers that a test runs side by side share it.
void note(std::size_t index, void* address) noexcept {
  static const char* const path = std::getenv("REDISMODULE_RECORD");
  Dl_info module;
  if (path == nullptr || ::dladdr(address, &module) == 0) return;
  const auto offset = caller_of(static_cast<const char*>(address)) - static_cast<const char*>(module.dli_fbase);
  char line[4096];
  const int size = std::snprintf(line, sizeof line, "%s %s %td\n", names[index].data(), module.dli_fname, offset);
  const int file = ::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return;
  if (::write(file, line, static_cast<std::size_t>(size)) != size) std::fputs("recorder: a line was lost\n", stderr);
  ::close(file);
}

std::size_t index_of(std::string_view name) noexcept {
  for (const std::string_view prefix : {"RedisModule_", "ValkeyModule_"}) {
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  }
  std::size_t index = 0;
  while (index < abi::function_count && names[index] != name) ++index;
  return index;
}

int get_api(const char* name, void** target) {
  const int answer = server_get_api(name, target);
  const std::size_t index = index_of(name);
  if (answer != 0 || index == abi::function_count) return answer;
  originals[index] = *target;
  *target = entry_of(static_cast<abi::function>(index));
  return answer;
}

// A context begins with the function that the module asks for all others.
int load(void* ctx, void** argv, int argc) {
  void* own = reinterpret_cast<void*>(get_api);
  std::memcpy(&server_get_api, ctx, sizeof server_get_api);
  std::memcpy(ctx, &own, sizeof own);
  return module_load(ctx, argv, argc);
}

lookup_function real_dlsym() noexcept {
  for (const char* version : {"GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17"}) {
    if (void* found = ::dlvsym(RTLD_NEXT, "dlsym", version)) return reinterpret_cast<lookup_function>(found);
  }
  std::fputs("recorder: this libc has no dlsym that is known\n", stderr);
  std::abort();
}

}  // namespace
}  // namespace redismodule::faults

extern "C" [[gnu::visibility("default")]] void* dlsym(void* handle, const char* name) noexcept {
  using namespace redismodule::faults;
  static const lookup_function real = real_dlsym();
  void* found = real(handle, name);
  if (found == nullptr) return found;
  if (std::strcmp(name, "RedisModule_OnLoad") != 0 && std::strcmp(name, "ValkeyModule_OnLoad") != 0) return found;
  module_load = reinterpret_cast<load_function>(found);
  return reinterpret_cast<void*>(load);
}

void* redismodule_fault_target(std::size_t index, redismodule::faults::arguments, void** return_address) noexcept {
  const int kept = errno;  // some functions tell by it why they failed
  if (redismodule::faults::is_new(index, *return_address)) redismodule::faults::note(index, *return_address);
  errno = kept;
  return redismodule::faults::originals[index];
}

// No return address is ever exchanged here.
void* redismodule_fault_returned(std::uintptr_t) noexcept { std::abort(); }
