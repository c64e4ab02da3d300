// What is charged to whom, in modules built with accounting.
#pragma once

#include <cstddef>
#include <cstdint>

#include "redismodule/memory/memory.h"

namespace redismodule::memory::detail::accounts {

inline constexpr std::uint8_t unscoped = 0;
inline constexpr std::uint8_t other = 255;  // what all names share that came when the table was full

// The account of this thread's innermost scope.
std::uint8_t entered() noexcept;
void enter(std::uint8_t index) noexcept;

std::uint8_t find_or_make(const char* name) noexcept;

// Charges the bytes and one block to the account and to the module.
// Fails: false, and nothing is charged, when the account's budget does not allow it.
bool charge(std::uint8_t index, std::size_t bytes) noexcept;
void credit(std::uint8_t index, std::size_t bytes) noexcept;
// Charges more or fewer bytes for a block that is charged already; for accounts without a budget, or as many bytes.
void recharge(std::uint8_t index, std::size_t before, std::size_t now) noexcept;
// Whether the account's budget allows `bytes` more.
bool allows(std::uint8_t index, std::size_t bytes) noexcept;

usage total() noexcept;
usage of(std::uint8_t index) noexcept;
const char* name_of(std::uint8_t index) noexcept;  // null where there is no such account
std::size_t budget_of(std::uint8_t index) noexcept;
void set_budget(std::uint8_t index, std::size_t bytes) noexcept;

}  // namespace redismodule::memory::detail::accounts
