// The allocator once it has started, over functions of libc's in the place of a server's: sizes asked for, alignment,
// and the index of blocks that had to be moved for it.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

#include "like_a_server.h"
#include "memory/core.h"
#include "memory/displaced.h"
#include "redismodule/memory/memory.h"

namespace detail = redismodule::memory::detail;
namespace displaced = detail::displaced;

namespace {

using like_a_server::blocks;
using like_a_server::get_api;
using like_a_server::last_asked;

struct context {
  int (*get_api)(const char*, void**);
};

std::uintptr_t address_of(const void* block) { return reinterpret_cast<std::uintptr_t>(block); }

void* at(std::uintptr_t address) { return reinterpret_cast<void*>(address); }

class backends : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    early_ = detail::allocate(100);
    std::memset(early_, 'e', 100);
    context ctx{get_api};
    ASSERT_TRUE(redismodule::memory::start(&ctx));
    ASSERT_EQ(redismodule::memory::current_source(), redismodule::memory::source::server);
  }

  static void* early_;
};
void* backends::early_ = nullptr;

}  // namespace

TEST_F(backends, moves_a_block_of_before_the_start_into_the_servers_memory) {
  ASSERT_TRUE(detail::arena::owns(early_));
  const long before = blocks;
  auto* moved = static_cast<char*>(detail::reallocate(early_, 200));
  ASSERT_NE(moved, nullptr);
  EXPECT_FALSE(detail::arena::owns(moved));
  EXPECT_EQ(std::string_view(moved, 100), std::string(100, 'e'));
  EXPECT_EQ(blocks, before + 1);
  detail::release(moved);
  EXPECT_EQ(blocks, before);
}

TEST_F(backends, asks_for_one_byte_less_than_a_multiple_and_has_room_for_it) {
  if (detail::in_force.rounding == 0) GTEST_SKIP() << "a checking build asks for exact sizes";
  const std::size_t step = detail::in_force.rounding + 1;
  EXPECT_TRUE(step == 8 || step == 16);
  for (std::size_t size = 1; size <= 4096; ++size) {
    void* block = detail::allocate(size);
    ASSERT_NE(block, nullptr);
    ASSERT_EQ(last_asked, (size - 1) | (step - 1));
    ASSERT_EQ(address_of(block) % 16, 0u);
    ASSERT_GE(detail::usable_size(block), size);
    std::memset(block, 0xa5, size);
    detail::release(block);
  }
}

TEST_F(backends, has_a_block_for_no_bytes_and_none_for_too_many) {
  void* nothing = detail::allocate(0);
  EXPECT_NE(nothing, nullptr);
  detail::release(nothing);
  const long before = blocks;
  for (std::size_t size : {std::size_t{PTRDIFF_MAX}, std::size_t{PTRDIFF_MAX} + 1, SIZE_MAX - 15, SIZE_MAX}) {
    EXPECT_EQ(detail::allocate(size), nullptr);
    EXPECT_EQ(detail::allocate_aligned(size, 64), nullptr);
    EXPECT_EQ(detail::allocate_zeroed(1, size), nullptr);
  }
  EXPECT_EQ(detail::allocate_zeroed(std::size_t{1} << 33, std::size_t{1} << 33), nullptr);
  EXPECT_EQ(blocks, before);
}

TEST_F(backends, keeps_alignments_that_the_server_does_not_and_gives_every_block_back) {
  const long before = blocks;
  const std::size_t index_before = displaced::index_bytes();
  std::vector<void*> made;
  bool any_displaced = false;
  for (std::size_t alignment = 32; alignment <= 65536; alignment *= 2) {
    for (std::size_t size : {1, 40, 100, 5000, 20000}) {
      void* block = detail::allocate_aligned(size, alignment);
      ASSERT_NE(block, nullptr);
      ASSERT_EQ(address_of(block) % alignment, 0u);
      ASSERT_GE(detail::usable_size(block), size);
      std::memset(block, 0x3c, size);
      any_displaced = any_displaced || displaced::contains(block);
      made.push_back(block);
    }
  }
#ifndef __SANITIZE_THREAD__  // whose allocator happens to give blocks that need not be displaced
  EXPECT_TRUE(any_displaced);
#endif
  for (void* block : made) detail::release(block);
  for (void* block : made) EXPECT_FALSE(displaced::contains(block));
  const bool has_index = displaced::index_bytes() > index_before;
  EXPECT_EQ(has_index, any_displaced);
  displaced::clear();
  EXPECT_EQ(blocks, before);
}

TEST_F(backends, resizes_a_displaced_block_with_what_is_in_it) {
  const long before = blocks;
  for (int i = 0; i < 64; ++i) {
    auto* block = static_cast<char*>(detail::allocate_aligned(200, 4096));
    ASSERT_NE(block, nullptr);
    std::memset(block, 'd', 200);
    auto* longer = static_cast<char*>(detail::reallocate(block, 100'000));
    ASSERT_NE(longer, nullptr);
    EXPECT_EQ(std::string_view(longer, 200), std::string(200, 'd'));
    auto* shorter = static_cast<char*>(detail::reallocate(longer, 10));
    ASSERT_NE(shorter, nullptr);
    EXPECT_EQ(std::string_view(shorter, 10), std::string(10, 'd'));
    detail::release(shorter);
  }
  displaced::clear();
  EXPECT_EQ(blocks, before);
}

TEST_F(backends, index_knows_a_block_and_not_its_neighbours) {
  for (const std::uintptr_t address :
       {std::uintptr_t{32}, std::uintptr_t{0x5555'5555'5540}, std::uintptr_t{0x0000'7fff'ffff'ffe0},
        std::uintptr_t{0x0000'ffff'ffff'ffe0}, std::uintptr_t{0x0000'aaaa'abc0'0000}}) {
    ASSERT_FALSE(displaced::contains(at(address)));
    ASSERT_TRUE(displaced::insert(at(address)));
    EXPECT_TRUE(displaced::contains(at(address)));
    EXPECT_FALSE(displaced::contains(at(address - 32)));
    EXPECT_FALSE(displaced::contains(at(address + 32)));
    displaced::erase(at(address));
    EXPECT_FALSE(displaced::contains(at(address)));
  }
  displaced::clear();
  EXPECT_FALSE(displaced::insert(at(std::uintptr_t{1} << 48)));
  EXPECT_FALSE(displaced::contains(at(std::uintptr_t{1} << 48)));
}

TEST_F(backends, index_is_shared_by_threads) {
  constexpr std::uintptr_t base = 0x6000'0000'0000;
  constexpr std::uintptr_t count = 20'000, threads = 4;
  std::vector<std::thread> running;
  std::atomic<int> refused{0};
  for (std::uintptr_t mine = 0; mine < threads; ++mine) {
    running.emplace_back([mine, &refused] {
      for (std::uintptr_t i = mine; i < count; i += threads) {
        if (!displaced::insert(at(base + 32 * i))) ++refused;
      }
      for (std::uintptr_t i = mine; i < count; i += 2 * threads) displaced::erase(at(base + 32 * i));
    });
  }
  for (auto& thread : running) thread.join();
  EXPECT_EQ(refused, 0);
  for (std::uintptr_t i = 0; i < count; ++i) {
    ASSERT_EQ(displaced::contains(at(base + 32 * i)), i % (2 * threads) >= threads) << i;
  }
  displaced::clear();
}
