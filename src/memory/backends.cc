#include "backends.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>

#include "account.h"
#include "capture.h"
#include "displaced.h"

namespace redismodule::memory::detail {
namespace {

std::uintptr_t address_of(const void* block) noexcept { return reinterpret_cast<std::uintptr_t>(block); }

bool is_aligned(const void* block, std::size_t alignment) noexcept { return address_of(block) % alignment == 0; }

void* align_up(void* at, std::size_t headroom, std::size_t alignment) noexcept {
  return reinterpret_cast<void*>(round_up(address_of(at) + headroom, alignment));
}

// The address that the server gave, in the word before a moved block.
void*& server_address(void* block) noexcept { return static_cast<void**>(block)[-1]; }

bool too_large(std::size_t size, std::size_t more) noexcept { return size > PTRDIFF_MAX - more; }

// Making a block smaller never fails: where a smaller one cannot be had, it stays as it is.
void* kept_if_large_enough(void* block, std::size_t held, std::size_t size) noexcept {
  return size <= held ? block : nullptr;
}

}  // namespace

namespace bootstrap {

static constinit std::atomic<std::size_t> ignored{0};

void* allocate(std::size_t last) noexcept {
  return too_large(last, 1) ? nullptr : arena::allocate(last + 1, default_alignment);
}
void* allocate_aligned(std::size_t size, std::size_t alignment) noexcept { return arena::allocate(size, alignment); }

// Fresh arena memory is zero: it is .bss or a new mapping, and never used twice.
void* allocate_zeroed(std::size_t, std::size_t size) noexcept { return arena::allocate(size, default_alignment); }

// What the arena did not give is not known to anyone here: freeing it wrongly would be worse than keeping it.
void release(void* block) noexcept {
  if (block) ignored.fetch_add(1, std::memory_order_relaxed);
}
void* reallocate(void*, std::size_t) noexcept { return nullptr; }
std::size_t usable_size(void*) noexcept { return 0; }
std::size_t foreign_frees() noexcept { return ignored.load(std::memory_order_relaxed); }

}  // namespace bootstrap

namespace direct {

// Which alignments the server's allocator was seen not to give to sizes rounded up to them: one bit an alignment, for
// small sizes and for large ones, since a jemalloc that spreads its large blocks aligns these to a cache line only.
static constinit std::atomic<std::uint64_t> missed[2] = {0, 0};
constexpr std::size_t largest_small_size = 14336;  // jemalloc's, with pages of 4 KiB

static void release(void* block) noexcept { server_functions.release(block); }

static void* allocate_exactly(std::size_t last) noexcept {
  return too_large(last, 1) ? nullptr : server_functions.allocate(last + 1);
}

static bool is_displaced(const void* block) noexcept {
  return is_aligned(block, displaced::smallest_alignment) && displaced::contains(block);
}

static void release_checked(void* block) noexcept {
  if (!is_displaced(block)) return release(block);
  displaced::erase(block);
  release(server_address(block));
}

static std::size_t usable_size(void* block) noexcept { return server_functions.usable(block); }

static std::size_t usable_size_checked(void* block) noexcept {
  if (!is_displaced(block)) return usable_size(block);
  void* given = server_address(block);
  return server_functions.usable(given) - (address_of(block) - address_of(given));
}

static void* reallocate_checked(void* block, std::size_t size) noexcept {
  if (!is_displaced(block)) return server_functions.reallocate(block, size);
  const auto held = usable_size_checked(block);
  void* fresh = copy_block(block, held, size);
  if (!fresh) return kept_if_large_enough(block, held, size);
  release_checked(block);
  return fresh;
}

// From the first displaced block on, whatever ends or resizes a block asks whether it is one. The block itself is
// handed out after these stores, so that whoever may free it sees them.
static void check_from_now_on() noexcept {
  auto now = load(in_force.release);
  while (!is_checked_release(now)) {
    store(in_force.reallocate, &reallocate_checked);
    store(in_force.usable_size, &usable_size_checked);
    // Last: it is what the test above goes by. A relocation may put its own in front, or take it away, meanwhile.
    replace(in_force.release, now, now == &capture::release ? &capture::release_checked : &release_checked);
  }
}

static void* displace(void* given, std::size_t alignment) noexcept {
  void* block = align_up(given, 0, alignment);
  if (block == given) return block;
  if (!displaced::insert(block)) {
    release(given);
    return nullptr;
  }
  auto& address = server_address(block);
  address = given;  // given is aligned to 16, so that there is a word between
  sanitizer::forbid(given, address_of(&address) - address_of(given));
  check_from_now_on();
  return block;
}

static void* allocate_aligned(std::size_t size, std::size_t alignment) noexcept {
  if (too_large(size, 2 * alignment)) return nullptr;
  const auto rounded = round_up(size, alignment);
  const auto bit = std::uint64_t{1} << std::countr_zero(alignment);
  auto& misses = missed[rounded > largest_small_size];
  if ((misses.load(std::memory_order_relaxed) & bit) == 0) {
    void* given = server_functions.allocate(rounded);
    if (!given || is_aligned(given, alignment)) return given;
    misses.fetch_or(bit, std::memory_order_relaxed);
    release(given);
  }
  void* given = server_functions.allocate(size + alignment - default_alignment);
  return given ? displace(given, alignment) : nullptr;
}

}  // namespace direct

decltype(backend::release) checked_release() noexcept { return &direct::release_checked; }
bool is_checked_release(decltype(backend::release) function) noexcept {
  return function == &direct::release_checked || function == &capture::release_checked;
}

void* move_direct(void* block, const moving& by) noexcept {
  if (direct::is_displaced(block)) return block;
  void* moved = by(block);
  return moved ? moved : block;
}

backend direct_backend(bool has_room) noexcept {
  const bool checked = is_checked_release(load(in_force.release));
  const bool exact = server_functions.not_usable == 0;
  return {has_room ? server_functions.allocate : direct::allocate_exactly,
          checked ? direct::release_checked : server_functions.release,
          checked ? direct::reallocate_checked : server_functions.reallocate,
          server_functions.allocate_zeroed_pair,
          direct::allocate_aligned,
          checked ? direct::usable_size_checked
          : exact ? server_functions.usable_size
                  : direct::usable_size};
}

namespace padded {

static constexpr std::size_t server_alignment = 8;

static void* place(void* given, std::size_t alignment) noexcept {
  if (!given) return nullptr;
  void* block = align_up(given, sizeof(void*), alignment);
  server_address(block) = given;
  return block;
}

// Room for the word before, and for the way up to the alignment from a multiple of 8: together the alignment.
static std::size_t with_room(std::size_t size, std::size_t alignment) noexcept {
  return size + sizeof(void*) + alignment - server_alignment;
}

static void* allocate(std::size_t last) noexcept {
  if (too_large(last, 2 * default_alignment)) return nullptr;
  return place(server_functions.allocate(with_room(last + 1, default_alignment)), default_alignment);
}

static void* allocate_zeroed(std::size_t, std::size_t size) noexcept {
  if (too_large(size, default_alignment)) return nullptr;
  return place(server_functions.allocate_zeroed(with_room(size, default_alignment)), default_alignment);
}

static void* allocate_aligned(std::size_t size, std::size_t alignment) noexcept {
  if (too_large(size, alignment)) return nullptr;
  return place(server_functions.allocate(with_room(size, alignment)), alignment);
}

static void release(void* block) noexcept {
  if (block) server_functions.release(server_address(block));
}

static std::size_t usable_size(void* block) noexcept {
  void* given = server_address(block);
  return server_functions.usable(given) - (address_of(block) - address_of(given));
}

// `held` bytes are at this distance from where the server has moved the block.
static void* place_again(void* moved, std::size_t distance, std::size_t held) noexcept {
  void* fresh = align_up(moved, sizeof(void*), default_alignment);
  auto* content = static_cast<unsigned char*>(moved) + distance;
  if (fresh != content) std::memmove(fresh, content, held);
  server_address(fresh) = moved;
  return fresh;
}

static void* reallocate(void* block, std::size_t size) noexcept {
  void* given = server_address(block);
  const auto distance = address_of(block) - address_of(given);
  if (distance > default_alignment || too_large(size, default_alignment)) {  // over-aligned, or too much anyway
    const auto held = usable_size(block);
    void* fresh = copy_block(block, held, size);
    if (!fresh) return kept_if_large_enough(block, held, size);
    release(block);
    return fresh;
  }
  const auto held = std::min(usable_size(block), size);
  void* moved = server_functions.reallocate(given, with_room(size, default_alignment));
  return moved ? place_again(moved, distance, held) : nullptr;
}

}  // namespace padded

void* move_padded(void* block, const moving& by) noexcept {
  void* given = server_address(block);
  const auto distance = address_of(block) - address_of(given);
  if (distance > default_alignment) return block;
  const auto held = server_functions.usable(given) - padded::with_room(0, default_alignment);
  void* moved = by(given);
  return moved ? padded::place_again(moved, distance, held) : block;
}

backend padded_backend() noexcept {
  return {padded::allocate,        padded::release,          padded::reallocate,
          padded::allocate_zeroed, padded::allocate_aligned, padded::usable_size};
}

namespace counted {

// The two words before a block.
struct tag {
  std::size_t charged;                 // bytes, as the server counts them
  std::uint64_t distance_and_account;  // from the server's address, in bytes, times 256; the account
};
static_assert(sizeof(tag) == default_alignment);

static constinit std::size_t server_alignment = default_alignment;

static tag& tag_of(void* block) noexcept { return static_cast<tag*>(block)[-1]; }
static std::uint8_t account_of(const tag& from) noexcept {
  return static_cast<std::uint8_t>(from.distance_and_account);
}
static std::size_t distance_of(const tag& from) noexcept { return from.distance_and_account >> 8; }
static void* given_of(void* block) noexcept { return static_cast<char*>(block) - distance_of(tag_of(block)); }

static std::size_t with_room(std::size_t size, std::size_t alignment) noexcept {
  return size + sizeof(tag) + alignment - server_alignment;
}

static void* place(void* given, std::size_t alignment, std::uint8_t account) noexcept {
  if (!given) return nullptr;
  const auto bytes = server_functions.counted_size(given);
  if (!accounts::charge(account, bytes)) {
    server_functions.release(given);
    return nullptr;
  }
  void* block = align_up(given, sizeof(tag), alignment);
  tag_of(block) = {bytes, (address_of(block) - address_of(given)) << 8 | account};
  return block;
}

static void* allocate_aligned(std::size_t size, std::size_t alignment) noexcept {
  const auto account = accounts::entered();
  if (too_large(size, sizeof(tag) + alignment) || !accounts::allows(account, size)) return nullptr;
  return place(server_functions.allocate(with_room(size, alignment)), alignment, account);
}

static void* allocate(std::size_t last) noexcept {
  return too_large(last, 1) ? nullptr : allocate_aligned(last + 1, default_alignment);
}

static void* allocate_zeroed(std::size_t, std::size_t size) noexcept {
  const auto account = accounts::entered();
  if (too_large(size, 2 * sizeof(tag)) || !accounts::allows(account, size)) return nullptr;
  const auto needed = with_room(size, default_alignment);
  return place(server_functions.allocate_zeroed(needed), default_alignment, account);
}

static void release(void* block) noexcept {
  if (!block) return;
  const auto& charged = tag_of(block);
  accounts::credit(account_of(charged), charged.charged);
  server_functions.release(given_of(block));
}

static std::size_t usable_size(void* block) noexcept {
  return server_functions.usable(given_of(block)) - distance_of(tag_of(block));
}

// A block stays with the account that it was charged to.
static void* copy_elsewhere(void* block, std::size_t size) noexcept {
  const auto before = accounts::entered();
  accounts::enter(account_of(tag_of(block)));
  const auto held = usable_size(block);
  void* fresh = copy_block(block, held, size);
  accounts::enter(before);
  if (!fresh) return kept_if_large_enough(block, held, size);
  release(block);
  return fresh;
}

// `held` bytes are where they were in a block with this tag, which the server has moved: to one of the same size, where
// its account may have a budget.
static void* place_again(void* moved, const tag& before, std::size_t held) noexcept {
  void* fresh = align_up(moved, sizeof(tag), default_alignment);
  auto* content = static_cast<unsigned char*>(moved) + distance_of(before);
  if (fresh != content) std::memmove(fresh, content, held);
  const auto bytes = server_functions.counted_size(moved);
  tag_of(fresh) = {bytes, (address_of(fresh) - address_of(moved)) << 8 | account_of(before)};
  accounts::recharge(account_of(before), before.charged, bytes);
  return fresh;
}

static void* reallocate(void* block, std::size_t size) noexcept {
  const auto before = tag_of(block);
  const auto distance = distance_of(before);
  if (too_large(size, 2 * sizeof(tag))) return nullptr;
  const bool is_over_aligned = distance > with_room(0, default_alignment);
  // Under a budget the new block has to be charged before it is had, which only an allocation of its own can be.
  if (is_over_aligned || accounts::budget_of(account_of(before)) != 0) return copy_elsewhere(block, size);
  const auto held = std::min(usable_size(block), size);
  void* moved = server_functions.reallocate(given_of(block), with_room(size, default_alignment));
  return moved ? place_again(moved, before, held) : nullptr;
}

}  // namespace counted

void* move_counted(void* block, const moving& by) noexcept {
  const auto before = counted::tag_of(block);
  if (counted::distance_of(before) > counted::with_room(0, default_alignment)) return block;  // over-aligned
  void* given = counted::given_of(block);
  const auto held = server_functions.usable(given) - counted::with_room(0, default_alignment);
  void* moved = by(given);
  return moved ? counted::place_again(moved, before, held) : block;
}

backend counted_backend(std::size_t aligned_to) noexcept {
  counted::server_alignment = aligned_to;
  return {counted::allocate,        counted::release,          counted::reallocate,
          counted::allocate_zeroed, counted::allocate_aligned, counted::usable_size};
}

}  // namespace redismodule::memory::detail
