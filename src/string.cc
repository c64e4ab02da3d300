#include "redismodule/string.h"

#include <new>

#include "redismodule/detail/number.h"
#include "redismodule/unsupported.h"

namespace redismodule {

namespace detail {

std::atomic<const void*> lock_owner{nullptr};
std::atomic<deferred_string*> deferred_strings{nullptr};

namespace {

std::atomic<bool> gives_back_soon{false};

// A list that has begun is announced once: whoever empties it takes all that came since.
void announce_deferred_strings() noexcept {
  if (!gives_back_soon.load(std::memory_order_relaxed) || api.EventLoopAddOneShot == nullptr) return;
  api.EventLoopAddOneShot([](void*) { free_deferred_strings(); }, nullptr);
}

}  // namespace

void strings_are_given_back_soon(bool yes) noexcept { gives_back_soon.store(yes, std::memory_order_relaxed); }

void defer_free(abi::ModuleString* owned) noexcept {
  // Nobody said who holds the lock: the module has an OnLoad of its own, and looks after it by itself.
  if (lock_owner.load(std::memory_order_relaxed) == nullptr) return api.FreeString(nullptr, owned);
  auto* entry = new (std::nothrow) deferred_string{owned, nullptr};
  if (entry == nullptr) return;  // memory is gone, and so is this string's
  deferred_string* others = deferred_strings.load(std::memory_order_relaxed);
  do {
    entry->next = others;
  } while (
      !deferred_strings.compare_exchange_weak(others, entry, std::memory_order_release, std::memory_order_relaxed));
  if (others == nullptr) announce_deferred_strings();  // the entry may be gone already
}

void free_deferred_strings() noexcept {
  deferred_string* entry = deferred_strings.exchange(nullptr, std::memory_order_acquire);
  while (entry != nullptr) {
    deferred_string* next = entry->next;
    api.FreeString(nullptr, entry->string);
    delete entry;
    entry = next;
  }
}

}  // namespace detail

std::optional<long long> string_ref::integer() const noexcept {
  long long value = 0;
  if (raw_ == nullptr || api.StringToLongLong(raw_, &value) != abi::MODULE_OK) return std::nullopt;
  return value;
}

std::optional<unsigned long long> string_ref::unsigned_integer() const noexcept {
  // The view's own rules first: they are stricter than the server's function.
  const std::optional<unsigned long long> value = detail::parse_unsigned(view());
  unsigned long long checked = 0;
  if (!value || api.StringToULongLong == nullptr) return value;
  if (api.StringToULongLong(raw_, &checked) != abi::MODULE_OK) return std::nullopt;
  return checked;
}

std::optional<double> string_ref::number() const noexcept {
  double value = 0;
  if (raw_ == nullptr || api.StringToDouble(raw_, &value) != abi::MODULE_OK) return std::nullopt;
  return value;
}

std::optional<long double> string_ref::long_number() const noexcept {
  long double value = 0;
  if (raw_ == nullptr || api.StringToLongDouble(raw_, &value) != abi::MODULE_OK) return std::nullopt;
  return value;
}

std::optional<stream_id> string_ref::stream_id() const {
  detail::need(api.StringToStreamID, abi::function::StringToStreamID);
  abi::ModuleStreamID id{};
  if (raw_ == nullptr || api.StringToStreamID(raw_, &id) != abi::MODULE_OK) return std::nullopt;
  return redismodule::stream_id{id.ms, id.seq};
}

std::size_t string_ref::allocated() const {
  detail::need(api.MallocSizeString, abi::function::MallocSizeString);
  return raw_ != nullptr ? api.MallocSizeString(raw_) : 0;
}

string string::retain(string_ref borrowed) noexcept {
  if (!borrowed) return {};
  detail::drain_strings();
  // HoldString copies what cannot be shared; RetainString, all there is before Redis 6.0.7, would end the server on
  // it, but is never given such a string there.
  if (api.HoldString != nullptr) return adopt(api.HoldString(nullptr, borrowed.raw()));
  api.RetainString(nullptr, borrowed.raw());
  return adopt(borrowed.raw());
}

string string::copy(string_ref from) noexcept {
  if (!from) return {};
  detail::drain_strings();
  return adopt(api.CreateStringFromString(nullptr, from.raw()));
}

string string::of(long long value) noexcept { return adopt(api.CreateStringFromLongLong(nullptr, value)); }

string string::of(unsigned long long value) noexcept {
  if (api.CreateStringFromULongLong != nullptr) return adopt(api.CreateStringFromULongLong(nullptr, value));
  return string{detail::number_text{value}.view()};
}

string string::of(double value) noexcept { return adopt(api.CreateStringFromDouble(nullptr, value)); }

string string::of(long double value, bool human) noexcept {
  return adopt(api.CreateStringFromLongDouble(nullptr, value, human));
}

string string::of(const redismodule::stream_id& id) {
  detail::need(api.CreateStringFromStreamID, abi::function::CreateStringFromStreamID);
  const abi::ModuleStreamID raw{id.milliseconds, id.sequence};
  return adopt(api.CreateStringFromStreamID(nullptr, &raw));
}

}  // namespace redismodule
