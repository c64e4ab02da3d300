#include "redismodule/key.h"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace redismodule {
namespace detail {

constinit open_key* open_keys = nullptr;

void close_all_open_keys() noexcept {
  while (open_keys != nullptr) open_keys->suspend();
}

open_key::open_key(open_key&& other) noexcept
    : ctx_{other.ctx_},
      name_{other.name_},
      raw_{other.raw_},
      mode_{other.mode_},
      next_database_{other.next_database_},
      wanted_{other.wanted_},
      name_owner_{std::exchange(other.name_owner_, name_owner::argument)},
      has_iterator_{other.has_iterator_},
      revision_{other.revision_} {
  if (!other.is_open_) return;
  other.unlink();
  other.is_open_ = false;
  link();
}

open_key::~open_key() {
  if (is_open_) release();
}

void open_key::unlink_inner() noexcept {
  open_key* before = open_keys;
  while (before->next_ != this) before = before->next_;
  before->next_ = next_;
}

// The handle kept the name; from here on we do. The database is still the one that it was opened in: another is
// selected only after this.
void open_key::suspend() noexcept {
  note_database();
  keep_name();
  close();
}

void open_key::note_database() noexcept {
  if (next_database_ == 0) next_database_ = api.GetSelectedDb(ctx_) + 1;
}

void open_key::note_databases() noexcept {
  for (open_key* each = open_keys; each != nullptr; each = each->next_) each->note_database();
}

void open_key::keep_name() noexcept {
  if (name_owner_ != name_owner::caller) return;
  name_ = string::retain(string_ref{name_}).release();
  name_owner_ = name_owner::key;
}

void open_key::open_again() noexcept {
  const selected_database selected{ctx_, database()};
  open();
}

void open_key::reopen() {
  open_again();
  if (has_type(wanted_)) return;
  close();
  throw wrong_type{};
}

void open_key::close_same_name() noexcept {
  const std::string_view name = string_ref{name_}.view();
  for (open_key* each = open_keys; each != nullptr;) {
    open_key* next = each->next_;
    if (string_ref{each->name_}.view() == name) each->suspend();
    each = next;
  }
}

void open_key::free_name() noexcept { api.FreeString(nullptr, name_); }

selected_database::selected_database(abi::ModuleCtx* ctx, int wanted) noexcept : ctx_{ctx} {
  if (wanted < 0) return;
  const int current = api.GetSelectedDb(ctx);
  if (current == wanted) return;
  before_ = current;
  open_key::note_databases();
  api.SelectDb(ctx, wanted);
}

selected_database::~selected_database() {
  if (before_ >= 0) api.SelectDb(ctx_, before_);
}

checked_mode checked_open_mode(int base, flag_set<open_mode> flags) noexcept {
  if (flags.bits == 0) return {base, true};
  const server_flags wanted = to_server(server().family, flags);
  const auto known = static_cast<std::uint32_t>(
      api.GetOpenKeyModesAll != nullptr ? api.GetOpenKeyModesAll() : write_mode | abi::MODULE_OPEN_KEY_NOTOUCH);
  return {base | static_cast<int>(wanted.bits), wanted.complete && (wanted.bits & ~known) == 0};
}

error_reply unknown_open_mode() { return error_reply{"ERR this server cannot open a key in this mode"}; }

error_reply wrong_type_error() {
  return error_reply{"WRONGTYPE Operation against a key holding the wrong kind of value"};
}

}  // namespace detail

namespace {

constexpr std::optional<milliseconds> known(long long value) noexcept {
  return value < 0 ? std::nullopt : std::optional{milliseconds{value}};
}

// When a key may end at the latest: far from where the sum of two such numbers has no room.
constexpr long long latest = std::numeric_limits<long long>::max() / 2;

}  // namespace

key_type basic_key::type() const {
  abi::ModuleKey* handle = entry_.raw();
  if (handle == nullptr) return key_type::empty;
  return from_server<key_type>(server().family, api.KeyType(handle));
}

string_ref basic_key::name() const {
  abi::ModuleKey* handle = entry_.raw();
  if (handle == nullptr) return entry_.name();
  return string_ref{const_cast<abi::ModuleString*>(api.GetKeyNameFromModuleKey(handle))};
}

int basic_key::database() const {
  abi::ModuleKey* handle = entry_.raw();
  if (handle != nullptr && api.GetDbIdFromModuleKey != nullptr) return api.GetDbIdFromModuleKey(handle);
  return entry_.database() >= 0 ? entry_.database() : api.GetSelectedDb(entry_.context());
}

std::optional<milliseconds> basic_key::time_to_live() const {
  abi::ModuleKey* handle = entry_.raw();
  if (handle == nullptr) return std::nullopt;
  return known(api.GetExpire(handle));
}

// Older servers say only how long it still lives.
std::optional<time_point> basic_key::expires_at() const {
  if (api.GetAbsExpire == nullptr) {
    const std::optional<milliseconds> lifetime = time_to_live();
    if (!lifetime) return std::nullopt;
    return time_point{milliseconds{api.Milliseconds()} + *lifetime};
  }
  abi::ModuleKey* handle = entry_.raw();
  if (handle == nullptr) return std::nullopt;
  const std::optional<milliseconds> end = known(api.GetAbsExpire(handle));
  return end ? std::optional{time_point{*end}} : std::nullopt;
}

std::optional<milliseconds> basic_key::idle_time() const {
  abi::ModuleKey* handle = entry_.raw();
  long long idle = -1;
  if (handle == nullptr || api.GetLRU(handle, &idle) != abi::MODULE_OK) return std::nullopt;
  return known(idle);
}

std::optional<int> basic_key::frequency() const {
  abi::ModuleKey* handle = entry_.raw();
  long long count = -1;
  if (handle == nullptr || api.GetLFU(handle, &count) != abi::MODULE_OK || count < 0) return std::nullopt;
  return static_cast<int>(count);
}

// Servers keep 24 bits of seconds, of which Redis cannot use the last two.
// Valkey 9.1 takes what it is given times a thousand for seconds. As that wraps around, there is a number for each
// multiple of eight seconds.
bool basic_key::set_idle_time(milliseconds idle) const {
  constexpr std::chrono::seconds most{(1 << 24) - 2};
  constexpr long long modulus = 1 << 21, inverse = 620'757;
  static_assert(inverse * 125 % modulus == 1);
  abi::ModuleKey* handle = entry_.raw();
  if (handle == nullptr || idle.count() < 0 || idle >= most + std::chrono::seconds{1}) return false;
  if (api.SetLRU(handle, idle.count()) != abi::MODULE_OK) return false;
  const auto is_kept = [&] {
    long long off = (idle_time().value_or(idle) - idle).count();
    if (server().family == server_family::valkey) off = static_cast<std::int32_t>(off);  // it says no more
    return off > -10'000 && off < 10'000;
  };
  if (is_kept()) return true;
  if (server().family != server_family::valkey) return false;
  const long long eights = std::min<long long>((idle.count() + 7'999) / 8'000, modulus - 1);
  api.SetLRU(handle, eights * inverse % modulus);
  return is_kept();
}

// The server ends itself on more than it can keep.
bool basic_key::set_frequency(int count) const {
  constexpr int most = 255;
  abi::ModuleKey* handle = entry_.raw();
  return handle != nullptr && count >= 0 && count <= most && api.SetLFU(handle, count) == abi::MODULE_OK;
}

void basic_key::touch() const {
  entry_.raw();
  entry_.suspend();
  entry_.raw();
}

bool basic_key::expire_in(milliseconds lifetime) {
  if (lifetime.count() > latest - api.Milliseconds()) return false;
  abi::ModuleKey* handle = entry_.raw_at_rest();
  changing();
  const long long rest = lifetime.count() < 0 ? 0 : lifetime.count();
  return api.SetExpire(handle, rest) == abi::MODULE_OK;
}

bool basic_key::expire_at(time_point end) {
  const long long at = end.time_since_epoch().count();
  if (at > latest) return false;
  if (api.SetAbsExpire == nullptr) return expire_in(milliseconds{at - api.Milliseconds()});
  abi::ModuleKey* handle = entry_.raw_at_rest();
  changing();
  return api.SetAbsExpire(handle, at < 0 ? 0 : at) == abi::MODULE_OK;
}

bool basic_key::persist() {
  abi::ModuleKey* handle = entry_.raw_at_rest();
  changing();
  return api.SetExpire(handle, abi::MODULE_NO_EXPIRE) == abi::MODULE_OK;
}

void basic_key::remove() {
  abi::ModuleKey* handle = entry_.raw_at_rest();
  changing();
  api.DeleteKey(handle);
}

void basic_key::unlink() {
  abi::ModuleKey* handle = entry_.raw_at_rest();
  changing();
  api.UnlinkKey(handle);
}

void basic_key::set_string(const text_argument& value) {
  abi::ModuleKey* handle = entry_.raw_at_rest();
  changing();
  api.StringSet(handle, value.raw());
}

}  // namespace redismodule
