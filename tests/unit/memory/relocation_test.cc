// Blocks exchanged for better placed ones: caught as they are freed, handed out to the next allocation, and moved with
// what stands before them. Over functions of libc's in the place of a server's, with a prefix of 8 bytes or without.
#include "redismodule/memory/relocation.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "like_a_server.h"
#include "memory/backends.h"
#include "memory/displaced.h"
#include "redismodule/memory/memory.h"
#include "redismodule/memory/scope.h"

namespace detail = redismodule::memory::detail;
using redismodule::memory::relocation;
using redismodule::memory::source;

namespace {

using like_a_server::blocks;
using like_a_server::get_api;
using like_a_server::give;
using like_a_server::size_of;
using like_a_server::take_back;

// As a server's DefragAlloc does, for each second block. Prefixes make the addresses go through both remainders of 16.
struct mover {
  int asked = 0;
  int moved = 0;
  static void* ask(void* self, void* block) {
    auto& by = *static_cast<mover*>(self);
    if (by.asked++ % 2 == 1) return nullptr;
    ++by.moved;
    void* there = give(size_of(block));
    std::memcpy(there, block, size_of(block));
    std::memset(block, 0xdd, size_of(block));
    take_back(block);
    return there;
  }
};

class blocks_of_the_server : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    early_ = detail::allocate(100);
    struct {
      int (*get_api)(const char*, void**);
    } ctx{get_api};
    ASSERT_TRUE(redismodule::memory::start(&ctx));
  }
  long before_ = blocks;
  static void* early_;
};
void* blocks_of_the_server::early_ = nullptr;
using relocations = blocks_of_the_server;

char* filled(std::size_t size) {
  auto* block = static_cast<char*>(detail::allocate(size));
  for (std::size_t i = 0; i < size; ++i) block[i] = static_cast<char>(i * 7 + size);
  return block;
}
bool is_filled(const char* block, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    if (block[i] != static_cast<char>(i * 7 + size)) return false;
  }
  return true;
}

}  // namespace

TEST_F(relocations, move_what_is_in_a_block_and_what_is_before_it) {
  mover by;
  relocation moving{&mover::ask, &by};
  const auto charged = redismodule::memory::current().total.bytes;
  std::vector<char*> made;
  for (std::size_t size = 1; size < 2000; size += 13) made.push_back(filled(size));
  std::size_t size = 1;
  for (char*& each : made) {
    ASSERT_TRUE(relocation::can_move(each));
    each = static_cast<char*>(moving.move(each));
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(each) % 16, 0u);
    ASSERT_GE(detail::usable_size(each), size);
    EXPECT_TRUE(is_filled(each, size)) << size;
    size += 13;
  }
  EXPECT_GT(by.moved, 70);
  for (char* each : made) detail::release(each);
  EXPECT_EQ(blocks, before_);
  EXPECT_EQ(redismodule::memory::current().total.bytes, charged);
}

TEST_F(relocations, leave_a_block_of_before_the_start_alone) { EXPECT_FALSE(relocation::can_move(early_)); }

TEST_F(relocations, catch_the_one_block_that_is_wanted) {
  mover by;
  relocation moving{&mover::ask, &by};
  char* first = filled(64);
  char* wanted = filled(64);
  moving.catch_between(wanted - 10, wanted);
  detail::release(first);
  EXPECT_EQ(blocks, before_ + 1) << "another block is freed";
  detail::release(wanted);
  EXPECT_EQ(blocks, before_ + 1) << "this one is not";
  EXPECT_TRUE(is_filled(wanted, 64));
  EXPECT_EQ(moving.caught(), wanted);
  EXPECT_EQ(moving.caught(), nullptr);
  detail::release(wanted);
  EXPECT_EQ(blocks, before_) << "it is caught once";
}

TEST_F(relocations, hand_a_block_out_to_what_fits_into_it) {
  mover by;
  relocation moving{&mover::ask, &by};
  char* block = filled(64);
  moving.hand_out(block);
  void* larger = detail::allocate(5000);
  EXPECT_NE(larger, block);
  EXPECT_EQ(detail::allocate(60), block);
  void* next = detail::allocate(60);
  EXPECT_NE(next, block) << "once";
  moving.settle();
  for (void* each : {larger, static_cast<void*>(block), next}) detail::release(each);
  moving.hand_out(filled(64));
  moving.settle();
  EXPECT_EQ(blocks, before_) << "what nobody took is freed";
}

TEST_F(relocations, do_not_concern_other_threads) {
  mover by;
  relocation moving{&mover::ask, &by};
  char* wanted = filled(64);
  moving.catch_between(wanted, wanted);
  std::thread{[wanted] { detail::release(wanted); }}.join();
  EXPECT_EQ(blocks, before_);
  EXPECT_EQ(moving.caught(), nullptr);
  char* spare = filled(64);
  moving.hand_out(spare);
  void* taken_elsewhere = nullptr;
  std::thread{[&] { taken_elsewhere = detail::allocate(64); }}.join();
  EXPECT_NE(taken_elsewhere, spare);
  detail::release(taken_elsewhere);
  moving.settle();
  EXPECT_EQ(blocks, before_);
}

TEST_F(relocations, let_the_first_displaced_block_come_meanwhile) {
  std::vector<void*> made;
  bool is_any_displaced = false;
  {
    mover by;
    relocation moving{&mover::ask, &by};
    char* wanted = filled(64);
    moving.catch_between(wanted, wanted);
    for (int i = 0; i < 64; ++i) made.push_back(detail::allocate_aligned(100, 4096));
    for (void* each : made) is_any_displaced = is_any_displaced || detail::displaced::contains(each);
    for (int i = 0; i < 32; ++i) detail::release(made[static_cast<std::size_t>(i)]);
    detail::release(wanted);
    EXPECT_EQ(moving.caught(), wanted);
    detail::release(wanted);
  }
  if (redismodule::memory::current_source() == source::server) {
    EXPECT_EQ(detail::is_checked_release(detail::load(detail::in_force.release)), is_any_displaced);
  }
  for (int i = 32; i < 64; ++i) detail::release(made[static_cast<std::size_t>(i)]);
  detail::displaced::clear();
  EXPECT_EQ(blocks, before_);
}

TEST_F(relocations, come_and_go_beside_threads_that_allocate) {
  std::atomic<bool> done{false};
  std::vector<std::thread> others;
  for (int i = 0; i < 3; ++i) {
    others.emplace_back([&done, i] {
      while (!done) {
        void* plain = detail::allocate(64);
        void* aligned = i == 0 ? detail::allocate_aligned(100, 4096) : nullptr;
        detail::release(plain);
        detail::release(aligned);
      }
    });
  }
  for (int i = 0; i < 20'000; ++i) {
    mover by;
    relocation moving{&mover::ask, &by};
    char* block = filled(64);
    moving.catch_between(block, block);
    detail::release(block);
    void* caught = moving.caught();
    ASSERT_EQ(caught, block);
    void* better = moving.move(caught);
    moving.hand_out(better);
    ASSERT_EQ(detail::allocate(64), better);
    detail::release(better);
  }
  done = true;
  for (auto& each : others) each.join();
  detail::displaced::clear();
  EXPECT_EQ(blocks, before_);
}
