// The faults that are armed, and the table that they stand in. All of it without allocating: allocations may be
// failing.
#pragma once

#include <cstdint>

#include "redismodule/api.h"

namespace redismodule::faults {

enum class action : std::uint8_t {
  count,    // nothing but counting
  fail,     // the function does nothing and answers as when it fails
  delay,    // it is called after a while
  cut,      // for what reads an RDB: the data end here
  corrupt,  // for what reads an RDB: it reads something else
};

enum class trigger : std::uint8_t { never, nth, from_nth, at_random, always };

// What happens at which of the calls, counted from 1 on from when it is armed.
struct order {
  action what = action::count;
  trigger when = trigger::never;
  std::uint64_t number = 0;
  std::uint64_t millionths = 0;  // at_random: how likely
  std::uint64_t seed = 0;        // at_random, corrupt: the same seed, the same faults
  std::uint64_t milliseconds = 0;
};

// The functions as the server gave them, which no fault reaches: what this room itself calls.
const abi::function_table& real() noexcept;

// Notes down the server's functions, and puts back what an earlier load of the same image has left armed. Before
// anything below, with a resolved table. Lock: held, as for all that follows.
void begin() noexcept;

// Functions by name, several with '|' between them: they then share one order and its count.
class function_set {
 public:
  // Fails: false if a name is of no function, or the server has none of those that are named; `bad` is then set to it.
  bool parse(std::string_view names, std::string_view& bad) noexcept;
  bool contains(std::size_t index) const noexcept { return (bits_[index / 64] >> index % 64 & 1) != 0; }

 private:
  std::uint64_t bits_[(abi::function_count + 63) / 64] = {};
};

// All that read a value from an RDB.
inline constexpr std::string_view rdb_reads =
    "LoadDouble|LoadFloat|LoadLongDouble|LoadSigned|LoadString|LoadStringBuffer|LoadUnsigned";

// Instead of what was ordered of these functions before.
void arm(const function_set& functions, const order& wanted) noexcept;
void hide(const function_set& functions) noexcept;
void hide_newer_than(version number) noexcept;
// Counts what is taken and given back, for live(), from the first time on and whatever is reset.
void watch() noexcept;

// Forgets what is counted, and no longer counts.
void unwatch() noexcept;

// Puts back the exact pointers of these functions, or of all, but of those that are watched; forgets their orders.
void reset(const function_set& functions) noexcept;
void reset() noexcept;

// Calls since the order was given, and how many of them had the fault.
struct counts {
  std::uint64_t calls = 0;
  std::uint64_t fired = 0;
};
// Fails: false if nothing is ordered of the function.
bool counts_of(std::size_t index, counts& result) noexcept;
// Faults of all orders since begin() or the last reset of all.
std::uint64_t fired() noexcept;

}  // namespace redismodule::faults
