#include "redismodule/scan.h"

#include <algorithm>
#include <new>

namespace redismodule::detail {
namespace {

abi::ModuleString* retained(abi::ModuleString* raw) noexcept { return string::retain(string_ref{raw}).release(); }

void add_element(abi::ModuleKey*, abi::ModuleString* name, abi::ModuleString* value, void* page) noexcept {
  static_cast<scan_page*>(page)->add({name, value, 0});
}

void add_key(abi::ModuleCtx*, abi::ModuleString* name, abi::ModuleKey* key, void* page) noexcept {
  static_cast<scan_page*>(page)->add({name, nullptr, api.KeyType(key)});
}

}  // namespace

void scan_page::add(const scanned& item) noexcept {
  if (size_ == capacity_ && !grow()) {
    is_complete_ = false;
    return;
  }
  items_[size_++] = {retained(item.name), retained(item.value), item.type};
}

bool scan_page::grow() noexcept {
  auto* larger = new (std::nothrow) scanned[2 * capacity_];
  if (larger == nullptr) return false;
  std::copy_n(items_, size_, larger);
  if (items_ != room_) delete[] items_;
  items_ = larger;
  capacity_ *= 2;
  return true;
}

void scan_page::check_complete() const {
  if (!is_complete_) throw std::bad_alloc{};
}

void scan_page::clear() noexcept {
  for (std::size_t i = 0; i < size_; ++i) {
    api.FreeString(nullptr, items_[i].name);
    if (items_[i].value != nullptr) api.FreeString(nullptr, items_[i].value);
  }
  size_ = 0;
}

bool scan_key(open_key& entry, const scan_cursor& cursor, scan_page& page) {
  abi::ModuleKey* handle = entry.raw();
  if (handle == nullptr) return false;
  const bool more = api.ScanKey(handle, cursor.raw(), add_element, &page) != 0;
  page.check_complete();
  return more;
}

bool scan_database(abi::ModuleCtx* ctx, int database, const scan_cursor& cursor, scan_page& page) {
  const selected_database selected{ctx, database};
  const bool more = api.Scan(ctx, cursor.raw(), add_key, &page) != 0;
  page.check_complete();
  return more;
}

}  // namespace redismodule::detail
