#include "watch.h"

#include <sys/mman.h>
#include <mutex>

#include "injector.h"

namespace redismodule::faults {
namespace {

using abi::function;
using abi::function_count;

enum class kind : std::uint8_t {
  blocked_clients,
  call_replies,
  command_filters,
  contexts,
  cursors,
  dictionaries,
  dictionary_iterators,
  keys,
  rdb_streams,
  server_infos,
  strings,
  timers,
  users,
};

constexpr const char* kind_names[] = {"blocked_clients",
                                      "call_replies",
                                      "command_filters",
                                      "contexts",
                                      "cursors",
                                      "dictionaries",
                                      "dictionary_iterators",
                                      "keys",
                                      "rdb_streams",
                                      "server_infos",
                                      "strings",
                                      "timers",
                                      "users"};
constexpr std::size_t kind_count = sizeof kind_names / sizeof *kind_names;
static_assert(static_cast<std::size_t>(kind::users) + 1 == kind_count);

enum class event : std::uint8_t {
  none,
  taken,      // the result is what the module now has
  held_more,  // the argument has one holder more
  given_back  // the argument is no longer the module's
};

struct role {
  function which;
  event what;
  kind of;
  std::uint8_t argument = 0;
};

// Strings that come through a pointer (HashGet, StreamIteratorNextField) are not seen to be taken. Clients that wait
// for keys (BlockClientOnKeys) are given back by the server alone, which nobody is told: they are not counted.
constexpr role roles[] = {
    {function::BlockClient, event::taken, kind::blocked_clients},
    {function::BlockClientOnAuth, event::taken, kind::blocked_clients},
    {function::UnblockClient, event::given_back, kind::blocked_clients},
    {function::AbortBlock, event::given_back, kind::blocked_clients},
    {function::Call, event::taken, kind::call_replies},
    {function::FreeCallReply, event::given_back, kind::call_replies},
    {function::RegisterCommandFilter, event::taken, kind::command_filters},
    {function::UnregisterCommandFilter, event::given_back, kind::command_filters, 1},
    {function::GetThreadSafeContext, event::taken, kind::contexts},
    {function::GetDetachedThreadSafeContext, event::taken, kind::contexts},
    {function::FreeThreadSafeContext, event::given_back, kind::contexts},
    {function::ScanCursorCreate, event::taken, kind::cursors},
    {function::ScanCursorDestroy, event::given_back, kind::cursors},
    {function::CreateDict, event::taken, kind::dictionaries},
    {function::FreeDict, event::given_back, kind::dictionaries, 1},
    {function::DictIteratorStart, event::taken, kind::dictionary_iterators},
    {function::DictIteratorStartC, event::taken, kind::dictionary_iterators},
    {function::DictIteratorStop, event::given_back, kind::dictionary_iterators},
    {function::OpenKey, event::taken, kind::keys},
    {function::CloseKey, event::given_back, kind::keys},
    {function::RdbStreamCreateFromFile, event::taken, kind::rdb_streams},
    {function::RdbStreamFree, event::given_back, kind::rdb_streams},
    {function::GetServerInfo, event::taken, kind::server_infos},
    {function::FreeServerInfo, event::given_back, kind::server_infos, 1},
    {function::CreateString, event::taken, kind::strings},
    {function::CreateStringFromCallReply, event::taken, kind::strings},
    {function::CreateStringFromDouble, event::taken, kind::strings},
    {function::CreateStringFromLongDouble, event::taken, kind::strings},
    {function::CreateStringFromLongLong, event::taken, kind::strings},
    {function::CreateStringFromStreamID, event::taken, kind::strings},
    {function::CreateStringFromString, event::taken, kind::strings},
    {function::CreateStringFromULongLong, event::taken, kind::strings},
    {function::CreateStringPrintf, event::taken, kind::strings},
    {function::DictNext, event::taken, kind::strings},
    {function::DictPrev, event::taken, kind::strings},
    {function::GetClientCertificate, event::taken, kind::strings},
    {function::GetClientNameById, event::taken, kind::strings},
    {function::GetClientUserNameById, event::taken, kind::strings},
    {function::GetCurrentUserName, event::taken, kind::strings},
    {function::GetModuleUserACLString, event::taken, kind::strings},
    {function::HoldString, event::taken, kind::strings},
    {function::ListGet, event::taken, kind::strings},
    {function::ListPop, event::taken, kind::strings},
    {function::LoadString, event::taken, kind::strings},
    {function::RandomKey, event::taken, kind::strings},
    {function::SaveDataTypeToString, event::taken, kind::strings},
    {function::ServerInfoGetField, event::taken, kind::strings},
    {function::ZsetRangeCurrentElement, event::taken, kind::strings},
    {function::RetainString, event::held_more, kind::strings, 1},
    {function::FreeString, event::given_back, kind::strings, 1},
    {function::CommandFilterArgInsert, event::given_back, kind::strings, 2},
    {function::CommandFilterArgReplace, event::given_back, kind::strings, 2},
    {function::CreateTimer, event::taken, kind::timers},
    {function::CreateModuleUser, event::taken, kind::users},
    {function::FreeModuleUser, event::given_back, kind::users},
};

struct roles_by_function {
  std::uint8_t of[function_count];  // a place in roles and one, 0 where there is none
};
constexpr roles_by_function find_roles() {
  roles_by_function found{};
  std::uint8_t at = 0;
  for (const role& each : roles) found.of[static_cast<std::size_t>(each.which)] = ++at;
  return found;
}
constexpr roles_by_function role_places = find_roles();

// --- What is live: a hash table in pages of its own, since the module's memory may be what fails ---

struct handle {
  std::uintptr_t value = 0;  // 0: the slot is free
  std::uint32_t holders = 0;
  kind of = kind::keys;
};

class handle_table {
 public:
  void add(kind of, std::uintptr_t value, bool is_fresh) noexcept {
    if (used_ * 2 >= size_ && !grow()) return;
    handle& slot = slots_[find(of, value)];
    if (slot.value == 0) {
      slot = {value, 0, of};
      ++used_;
    }
    // What the server frees by itself (automatic memory) and hands out again begins anew.
    slot.holders = is_fresh ? 1 : slot.holders + 1;
  }

  // One that is not known was taken before anyone looked.
  void remove(kind of, std::uintptr_t value) noexcept {
    if (size_ == 0) return;
    const std::size_t at = find(of, value);
    if (slots_[at].value != 0 && --slots_[at].holders == 0) erase(at);
  }

  template <class Condition>
  void remove_if(Condition condition) noexcept {
    for (std::size_t at = 0; at < size_;) {
      if (slots_[at].value != 0 && condition(slots_[at])) {
        erase(at);  // another one may have moved to this place
      } else {
        ++at;
      }
    }
  }

  long long count(kind of) const noexcept {
    long long sum = 0;
    for (std::size_t at = 0; at < size_; ++at) {
      if (slots_[at].value != 0 && slots_[at].of == of) sum += slots_[at].holders;
    }
    return sum;
  }

  void clear() noexcept {
    if (slots_ != nullptr) ::munmap(slots_, size_ * sizeof(handle));
    slots_ = nullptr;
    size_ = 0;
    used_ = 0;
  }

 private:
  std::size_t home(kind of, std::uintptr_t value) const noexcept {
    return ((value ^ static_cast<std::uintptr_t>(of) << 58) * 0x9e3779b97f4a7c15u >> 20) & (size_ - 1);
  }

  std::size_t find(kind of, std::uintptr_t value) const noexcept {
    std::size_t at = home(of, value);
    while (slots_[at].value != 0 && (slots_[at].value != value || slots_[at].of != of)) at = (at + 1) & (size_ - 1);
    return at;
  }

  // Those behind move up, so that each is found from its home without a gap.
  void erase(std::size_t at) noexcept {
    std::size_t next = at;
    while (true) {
      next = (next + 1) & (size_ - 1);
      if (slots_[next].value == 0) break;
      const std::size_t wanted = home(slots_[next].of, slots_[next].value);
      if (((next - wanted) & (size_ - 1)) < ((next - at) & (size_ - 1))) continue;
      slots_[at] = slots_[next];
      at = next;
    }
    slots_[at] = {};
    --used_;
  }

  bool grow() noexcept {
    const std::size_t size = size_ == 0 ? 1024 : size_ * 2;
    void* pages = ::mmap(nullptr, size * sizeof(handle), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return false;
    handle* before = slots_;
    const std::size_t size_before = size_;
    slots_ = static_cast<handle*>(pages);
    size_ = size;
    for (std::size_t i = 0; i < size_before; ++i) {
      if (before[i].value != 0) slots_[find(before[i].of, before[i].value)] = before[i];
    }
    if (before != nullptr) ::munmap(before, size_before * sizeof(handle));
    return true;
  }

  handle* slots_ = nullptr;
  std::size_t size_ = 0;  // a power of two, or 0
  std::size_t used_ = 0;
};

constinit handle_table live;
constinit std::mutex live_mutex;

// --- Calls whose result is waited for ---

struct waiting_call {
  void* return_address;
  const role* what;
};

constexpr std::size_t most_nested = 128;
constinit thread_local waiting_call waiting[most_nested] = {};
constinit thread_local std::size_t waiting_count = 0;

void wait_for_result(const role& what, void** return_address) noexcept {
  if (waiting_count == most_nested) return;
  waiting[waiting_count++] = {*return_address, &what};
  *return_address = leave_point();
}

}  // namespace

bool tells_of_life(function which) noexcept { return role_places.of[static_cast<std::size_t>(which)] != 0; }

void look_at(function which, arguments given, void** return_address) noexcept {
  const role& what = roles[role_places.of[static_cast<std::size_t>(which)] - 1];
  if (what.what == event::taken) return wait_for_result(what, return_address);
  const std::lock_guard lock{live_mutex};
  const std::uintptr_t value = given[what.argument];
  if (value == 0) return;
  if (what.what == event::held_more) return live.add(what.of, value, false);
  live.remove(what.of, value);
}

void forget_live() noexcept {
  const std::lock_guard lock{live_mutex};
  live.clear();
}

// A timer that has fired is gone without a call of the module's: the server knows.
void visit_live(abi::ModuleCtx* ctx, void (*visit)(const char*, long long, void*), void* argument) noexcept {
  const std::lock_guard lock{live_mutex};
  live.remove_if([ctx](const handle& each) {
    return each.of == kind::timers && real().GetTimerInfo(ctx, each.value, nullptr, nullptr) != 0;
  });
  for (std::size_t i = 0; i < kind_count; ++i) visit(kind_names[i], live.count(static_cast<kind>(i)), argument);
}

std::size_t live_kinds() noexcept { return kind_count; }

}  // namespace redismodule::faults

void* redismodule_fault_returned(std::uintptr_t result) noexcept {
  using namespace redismodule::faults;
  const waiting_call call = waiting[--waiting_count];
  if (result == 0) return call.return_address;
  const bool is_fresh = call.what->which != redismodule::abi::function::HoldString;
  const std::lock_guard lock{live_mutex};
  live.add(call.what->of, result, is_fresh);
  return call.return_address;
}
