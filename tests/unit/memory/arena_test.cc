// The bootstrap arena: what it hands out, and that it knows its own. It is 64 KiB here.
#include "memory/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace arena = redismodule::memory::detail::arena;
using redismodule::memory::detail::arena_hull;

namespace {

constexpr std::size_t array_size = 65536;

std::uintptr_t address_of(const void* block) { return reinterpret_cast<std::uintptr_t>(block); }

bool is_filled(const void* block, std::size_t size, unsigned char byte) {
  const auto* bytes = static_cast<const unsigned char*>(block);
  return std::all_of(bytes, bytes + size, [byte](unsigned char each) { return each == byte; });
}

struct span {
  void* block;
  std::size_t size;
  unsigned char fill;
};

span take(std::size_t size, std::size_t alignment, unsigned char fill) {
  void* block = arena::allocate(size, alignment);
  if (block) std::memset(block, fill, size);
  return {block, size, fill};
}

}  // namespace

TEST(arena, aligns_every_block_and_keeps_them_apart) {
  std::vector<span> spans;
  for (std::size_t alignment = 16; alignment <= 4096; alignment *= 2) {
    for (std::size_t size : {1, 15, 16, 17, 100}) {
      spans.push_back(take(size, alignment, static_cast<unsigned char>(spans.size() + 1)));
      ASSERT_NE(spans.back().block, nullptr);
      EXPECT_EQ(address_of(spans.back().block) % alignment, 0u);
    }
  }
  for (const span& each : spans) {
    EXPECT_TRUE(is_filled(each.block, each.size, each.fill));
    EXPECT_TRUE(arena_hull.contains(each.block));
    EXPECT_TRUE(arena::owns(each.block));
  }
}

TEST(arena, tells_a_size_of_at_least_what_was_asked_for) {
  for (std::size_t size : {0, 1, 15, 16, 17, 31, 32, 33, 1000}) {
    void* block = arena::allocate(size, 16);
    ASSERT_NE(block, nullptr);
    EXPECT_GE(arena::size_of(block), std::max<std::size_t>(size, 1));
    EXPECT_LT(arena::size_of(block), size + 17);
  }
}

TEST(arena, gives_every_block_of_no_bytes_an_address_of_its_own) {
  EXPECT_NE(arena::allocate(0, 16), arena::allocate(0, 16));
}

TEST(arena, hands_out_zeros) {
  for (int i = 0; i < 100; ++i) {
    void* block = arena::allocate(333, 16);
    ASSERT_TRUE(is_filled(block, 333, 0));
    std::memset(block, 0xff, 333);
    arena::release(block);
  }
}

TEST(arena, goes_on_in_chunks_when_the_array_is_full) {
  const auto before = arena::current();
  const span large = take(std::size_t{2} << 20, 64, 0x5a);  // more than the first chunk has
  ASSERT_NE(large.block, nullptr);
  const auto after = arena::current();
  EXPECT_EQ(after.chunks, before.chunks + 1);
  EXPECT_GT(after.size, before.size);
  EXPECT_TRUE(arena::owns(large.block));
  EXPECT_TRUE(arena_hull.contains(static_cast<char*>(large.block) + large.size - 1));
  EXPECT_TRUE(is_filled(large.block, large.size, 0x5a));
  std::vector<span> more;
  for (int i = 0; i < 64; ++i) more.push_back(take(200'000, 32, static_cast<unsigned char>(i)));
  for (const span& each : more) {
    ASSERT_NE(each.block, nullptr);
    EXPECT_TRUE(arena::owns(each.block));
    EXPECT_TRUE(is_filled(each.block, each.size, each.fill));
  }
}

TEST(arena, does_not_own_what_lies_beside_it) {
  int local = 0;
  static int global = 0;
  EXPECT_FALSE(arena::owns(&local));
  EXPECT_FALSE(arena::owns(&global));
  EXPECT_FALSE(arena::owns(nullptr));
  const auto first = reinterpret_cast<std::uintptr_t>(redismodule_arena);
  EXPECT_FALSE(arena::owns(reinterpret_cast<void*>(first - 1)));
  EXPECT_TRUE(arena::owns(redismodule_arena));
  EXPECT_TRUE(arena::owns(redismodule_arena + array_size - 1));
  EXPECT_FALSE(arena::owns(reinterpret_cast<void*>(first + array_size)));
}

TEST(arena, refuses_what_nobody_has) {
  EXPECT_EQ(arena::allocate(static_cast<std::size_t>(PTRDIFF_MAX), 16), nullptr);
  EXPECT_EQ(arena::allocate(static_cast<std::size_t>(PTRDIFF_MAX) + 1, 16), nullptr);
  EXPECT_EQ(arena::allocate(SIZE_MAX, 16), nullptr);
  EXPECT_NE(arena::allocate(16, 16), nullptr);
}

TEST(arena, counts_what_lives) {
  const auto before = arena::current();
  void* one = arena::allocate(100, 16);
  void* other = arena::allocate(200, 256);
  const auto with_both = arena::current();
  EXPECT_EQ(with_both.live_blocks, before.live_blocks + 2);
  EXPECT_GE(with_both.live, before.live + 300);
  arena::release(one);
  arena::release(other);
  const auto after = arena::current();
  EXPECT_EQ(after.live, before.live);
  EXPECT_EQ(after.live_blocks, before.live_blocks);
  EXPECT_EQ(after.used, with_both.used);
}

TEST(arena, is_shared_by_threads_without_giving_a_byte_twice) {
  constexpr int count = 2000;
  std::vector<std::vector<span>> taken(8);
  std::vector<std::thread> threads;
  for (auto& mine : taken) {
    mine.reserve(count);
    const auto fill = static_cast<unsigned char>(&mine - taken.data() + 1);
    threads.emplace_back([&mine, fill] {
      for (int i = 0; i < count; ++i) mine.push_back(take(static_cast<std::size_t>(i) % 700 + 1, 16, fill));
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& mine : taken) {
    for (const span& each : mine) {
      ASSERT_NE(each.block, nullptr);
      ASSERT_TRUE(arena::owns(each.block));
      ASSERT_TRUE(is_filled(each.block, each.size, each.fill));
    }
  }
}
