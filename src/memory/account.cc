#include "account.h"

#include <atomic>
#include <cstring>

#include "redismodule/memory/scope.h"

namespace redismodule::memory {
namespace detail::accounts {
namespace {

// A line of its own each, so that threads in different scopes do not share one.
struct alignas(64) account {
  std::atomic<const char*> name{nullptr};
  std::atomic<std::size_t> bytes{0}, blocks{0}, peak_bytes{0}, peak_blocks{0}, budget{0};
};

constinit account table[256];
constinit account whole_module;
constinit thread_local std::uint8_t entered_account = unscoped;

void raise(std::atomic<std::size_t>& peak, std::size_t reached) noexcept {
  auto seen = peak.load(std::memory_order_relaxed);
  while (reached > seen && !peak.compare_exchange_weak(seen, reached, std::memory_order_relaxed)) {
  }
}

void add(account& to, std::size_t bytes) noexcept {
  raise(to.peak_bytes, to.bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes);
  raise(to.peak_blocks, to.blocks.fetch_add(1, std::memory_order_relaxed) + 1);
}

void subtract(account& from, std::size_t bytes) noexcept {
  from.bytes.fetch_sub(bytes, std::memory_order_relaxed);
  from.blocks.fetch_sub(1, std::memory_order_relaxed);
}

usage usage_of(const account& of) noexcept {
  return {of.bytes.load(std::memory_order_relaxed), of.blocks.load(std::memory_order_relaxed),
          of.peak_bytes.load(std::memory_order_relaxed), of.peak_blocks.load(std::memory_order_relaxed)};
}

}  // namespace

std::uint8_t entered() noexcept { return entered_account; }
void enter(std::uint8_t index) noexcept { entered_account = index; }

std::uint8_t find_or_make(const char* name) noexcept {
  for (std::uint8_t index = unscoped + 1; index < other; ++index) {
    const char* there = nullptr;
    if (table[index].name.compare_exchange_strong(there, name, std::memory_order_acq_rel)) return index;
    if (std::strcmp(there, name) == 0) return index;
  }
  table[other].name.store("other", std::memory_order_release);
  return other;
}

bool allows(std::uint8_t index, std::size_t bytes) noexcept {
  const auto budget = table[index].budget.load(std::memory_order_relaxed);
  if (budget == 0) return true;
  const auto held = table[index].bytes.load(std::memory_order_relaxed);
  return held <= budget && bytes <= budget - held;
}

bool charge(std::uint8_t index, std::size_t bytes) noexcept {
  auto& to = table[index];
  const auto budget = to.budget.load(std::memory_order_relaxed);
  const auto held = to.bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (budget != 0 && held > budget) [[unlikely]] {
    to.bytes.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  raise(to.peak_bytes, held);
  raise(to.peak_blocks, to.blocks.fetch_add(1, std::memory_order_relaxed) + 1);
  add(whole_module, bytes);
  return true;
}

void credit(std::uint8_t index, std::size_t bytes) noexcept {
  subtract(table[index], bytes);
  subtract(whole_module, bytes);
}

void recharge(std::uint8_t index, std::size_t before, std::size_t now) noexcept {
  const auto change = now - before;  // modulo 2^64 where it shrinks, as the additions are
  raise(table[index].peak_bytes, table[index].bytes.fetch_add(change, std::memory_order_relaxed) + change);
  raise(whole_module.peak_bytes, whole_module.bytes.fetch_add(change, std::memory_order_relaxed) + change);
}

usage total() noexcept { return usage_of(whole_module); }
usage of(std::uint8_t index) noexcept { return usage_of(table[index]); }
const char* name_of(std::uint8_t index) noexcept { return table[index].name.load(std::memory_order_acquire); }
std::size_t budget_of(std::uint8_t index) noexcept { return table[index].budget.load(std::memory_order_relaxed); }
void set_budget(std::uint8_t index, std::size_t bytes) noexcept {
  table[index].budget.store(bytes, std::memory_order_relaxed);
}

}  // namespace detail::accounts

namespace accounts = detail::accounts;

scope::scope(const char* name) noexcept : index_{accounts::find_or_make(name)} {}

const char* scope::name() const noexcept {
  const char* name = accounts::name_of(index_);
  return name ? name : "";
}

usage scope::current() const noexcept { return accounts::of(index_); }
void scope::set_budget(std::size_t bytes) const noexcept { accounts::set_budget(index_, bytes); }
std::size_t scope::budget() const noexcept { return accounts::budget_of(index_); }

scope::entry::entry(std::uint8_t index) noexcept : before_{accounts::entered()} { accounts::enter(index); }
scope::entry::~entry() { accounts::enter(before_); }

void for_each_scope(void (*visit)(const char*, const usage&, void*), void* argument) noexcept {
  for (unsigned index = accounts::unscoped + 1; index <= accounts::other; ++index) {
    const auto account = static_cast<std::uint8_t>(index);
    if (const char* name = accounts::name_of(account)) visit(name, accounts::of(account), argument);
  }
}

}  // namespace redismodule::memory
