#include "injector.h"

#include <time.h>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "entries.h"
#include "failure.h"
#include "rdb_reads.h"
#include "redismodule/memory/memory.h"
#include "watch.h"

namespace redismodule::faults {
namespace {

using abi::function;
using abi::function_count;

constexpr std::uint16_t nobody = function_count;

// What is ordered of a function, or of several that share it.
struct place {
  order wanted;
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> fired{0};
};

struct entry_state {
  std::atomic<std::uint16_t> place{nobody};
  bool watched = false;
  bool hidden = false;
};

constinit abi::function_table originals{};
constinit version original_version{};
constinit bool pretends = false;
constinit bool is_watching = false;
constinit place places[function_count];
constinit entry_state entries[function_count];
constinit std::atomic<std::uint64_t> all_fired{0};

void* original(std::size_t index) noexcept {
  void* pointer;
  std::memcpy(&pointer, reinterpret_cast<const char*>(&originals) + index * sizeof pointer, sizeof pointer);
  return pointer;
}

bool server_has(std::size_t index) noexcept { return original(index) != nullptr; }

// --- The table ---

bool is_of_memory(function which) noexcept {
  switch (which) {
    case function::Alloc:
    case function::Calloc:
    case function::Free:
    case function::MallocSize:
    case function::MallocUsableSize:
    case function::Realloc:
    case function::TryAlloc:
    case function::TryCalloc:
    case function::TryRealloc: return true;
    default: return false;
  }
}

void* wanted_in_table(std::size_t index) noexcept {
  const entry_state& state = entries[index];
  if (state.hidden) return nullptr;
  const bool is_armed = state.place.load(std::memory_order_relaxed) != nobody || state.watched;
  return is_armed ? entry_of(static_cast<function>(index)) : original(index);
}

// Brings the table to what the states say. The memory room keeps copies of its functions.
void publish() noexcept {
  bool refresh = false;
  for (std::size_t i = 0; i < function_count; ++i) {
    if (!server_has(i)) continue;
    const auto which = static_cast<function>(i);
    void* wanted = wanted_in_table(i);
    if (exchange(which, wanted) != wanted && is_of_memory(which)) refresh = true;
  }
  if (refresh) memory::refresh();
}

void forget(std::size_t index) noexcept {
  entry_state& state = entries[index];
  state.place.store(nobody, std::memory_order_relaxed);
  state.hidden = false;
}

// --- When ---

// A number that looks random, from a seed and a count (the finalizer of splitmix64).
std::uint64_t scramble(std::uint64_t seed, std::uint64_t count) noexcept {
  std::uint64_t value = seed + count * 0x9e3779b97f4a7c15u;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
  value = (value ^ value >> 27) * 0x94d049bb133111ebu;
  return value ^ value >> 31;
}

bool fires(const order& wanted, std::uint64_t call) noexcept {
  switch (wanted.when) {
    case trigger::never: return false;
    case trigger::nth: return call == wanted.number;
    case trigger::from_nth: return call >= wanted.number;
    case trigger::at_random: return scramble(wanted.seed, call) % 1'000'000 < wanted.millionths;
    case trigger::always: break;
  }
  return true;
}

void sleep(std::uint64_t milliseconds) noexcept {
  timespec rest{static_cast<time_t>(milliseconds / 1000), static_cast<long>(milliseconds % 1000) * 1'000'000};
  while (::nanosleep(&rest, &rest) != 0 && errno == EINTR) {
  }
}

// --- What ---

struct call {
  std::size_t index;
  arguments given;
  void* target;
  bool returns_to_caller;  // false: it answers a failure, so nothing was taken or given back
};

void carry_out(const order& wanted, std::uint64_t number, call& now) noexcept {
  const auto which = static_cast<function>(now.index);
  switch (wanted.what) {
    case action::count: return;
    case action::delay: return sleep(wanted.milliseconds);
    case action::fail:
      now.target = failing(which, now.given);
      now.returns_to_caller = false;
      return;
    case action::cut: return end_data(real(), which, reinterpret_cast<abi::ModuleIO*>(now.given[0]));
    case action::corrupt: now.target = corrupting(which, scramble(wanted.seed, number)); return;
  }
}

void count_call(place& at, call& now) noexcept {
  const std::uint64_t number = at.calls.fetch_add(1, std::memory_order_relaxed) + 1;
  if (!fires(at.wanted, number)) return;
  at.fired.fetch_add(1, std::memory_order_relaxed);
  all_fired.fetch_add(1, std::memory_order_relaxed);
  carry_out(at.wanted, number, now);
}

// The caller's errno is as it was: some functions tell by it why they failed.
class errno_keeper {
 public:
  errno_keeper() noexcept : kept_{errno} {}
  errno_keeper(const errno_keeper&) = delete;
  errno_keeper& operator=(const errno_keeper&) = delete;
  ~errno_keeper() { errno = kept_; }

 private:
  int kept_;
};

// One that no function outside of these uses; there are as many places as functions.
std::uint16_t free_place(const function_set& functions) noexcept {
  bool used[function_count] = {};
  for (std::size_t i = 0; i < function_count; ++i) {
    const std::uint16_t at = entries[i].place.load(std::memory_order_relaxed);
    if (at != nobody && !functions.contains(i)) used[at] = true;
  }
  std::uint16_t at = 0;
  while (used[at]) ++at;
  return at;
}

bool find(std::string_view name, std::size_t& index) noexcept {
  for (index = 0; index < function_count; ++index) {
    if (name_of(static_cast<function>(index)) == name) return true;
  }
  return false;
}

}  // namespace

const abi::function_table& real() noexcept { return originals; }

void begin() noexcept {
  if (server_has(static_cast<std::size_t>(function::Alloc))) {
    unwatch();
    return reset();
  }
  originals = api;
  original_version = server().number;
}

bool function_set::parse(std::string_view names, std::string_view& bad) noexcept {
  bool any = false;
  bad = names;
  while (true) {
    const std::size_t end = names.find('|');
    const std::string_view name = names.substr(0, end);
    std::size_t index = 0;
    if (!find(name, index)) {
      bad = name;
      return false;
    }
    if (server_has(index)) {
      bits_[index / 64] |= std::uint64_t{1} << index % 64;
      any = true;
    }
    if (end == std::string_view::npos) return any;
    names.remove_prefix(end + 1);
  }
}

void arm(const function_set& functions, const order& wanted) noexcept {
  const std::uint16_t at = free_place(functions);
  places[at].wanted = wanted;
  places[at].calls.store(0, std::memory_order_relaxed);
  places[at].fired.store(0, std::memory_order_relaxed);
  for (std::size_t i = 0; i < function_count; ++i) {
    if (!functions.contains(i)) continue;
    entries[i].place.store(at, std::memory_order_relaxed);
    entries[i].hidden = false;
  }
  publish();
}

void hide(const function_set& functions) noexcept {
  for (std::size_t i = 0; i < function_count; ++i) {
    if (!functions.contains(i)) continue;
    entries[i].place.store(nobody, std::memory_order_relaxed);
    entries[i].hidden = true;
  }
  publish();
}

void hide_newer_than(version number) noexcept {
  pretend_older(number);
  pretends = true;
  for (std::size_t i = 0; i < function_count; ++i) {
    if (server_has(i) && !has(static_cast<function>(i))) entries[i].hidden = true;
  }
  publish();
  memory::refresh();
}

// Who watches already goes on: a figure is of use by what it was before.
void watch() noexcept {
  if (is_watching) return;
  is_watching = true;
  for (std::size_t i = 0; i < function_count; ++i) entries[i].watched = tells_of_life(static_cast<function>(i));
  publish();
}

void unwatch() noexcept {
  for (entry_state& state : entries) state.watched = false;
  is_watching = false;
  publish();
  forget_live();
}

void reset(const function_set& functions) noexcept {
  for (std::size_t i = 0; i < function_count; ++i) {
    if (functions.contains(i)) forget(i);
  }
  publish();
}

void reset() noexcept {
  if (pretends) pretend_older(original_version);
  pretends = false;
  for (std::size_t i = 0; i < function_count; ++i) forget(i);
  all_fired.store(0, std::memory_order_relaxed);
  publish();
  memory::refresh();
}

bool counts_of(std::size_t index, counts& result) noexcept {
  const std::uint16_t at = entries[index].place.load(std::memory_order_relaxed);
  if (at == nobody) return false;
  result = {places[at].calls.load(std::memory_order_relaxed), places[at].fired.load(std::memory_order_relaxed)};
  return true;
}

std::uint64_t fired() noexcept { return all_fired.load(std::memory_order_relaxed); }

}  // namespace redismodule::faults

void* redismodule_fault_target(std::size_t index, redismodule::faults::arguments arguments,
                               void** return_address) noexcept {
  using namespace redismodule::faults;
  const errno_keeper keeper;
  const entry_state& state = entries[index];
  call now{index, arguments, original(index), true};
  const std::uint16_t at = state.place.load(std::memory_order_relaxed);
  if (at != nobody) count_call(places[at], now);
  if (state.watched && now.returns_to_caller) {
    look_at(static_cast<redismodule::abi::function>(index), arguments, return_address);
  }
  return now.target;
}
