// What values have allocated, and what it takes to free them: no block is asked that is none.
#include "redismodule/detail/measure.h"

#include <gtest/gtest.h>

#include <deque>
#include <list>
#include <map>
#include <memory_resource>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

namespace {

namespace rm = redismodule;
using rm::detail::effort_of;
using rm::detail::has_known_blocks;
using rm::detail::memory_of;

// As others write containers: elements in the object itself, or behind something.
template <class T>
struct in_place {
  using value_type = T;
  using allocator_type = std::allocator<T>;
  T elements[4]{};
  std::size_t count = 0;
  std::size_t size() const { return count; }
  const T* data() const { return elements; }
  T* data() { return elements; }
  const T* begin() const { return elements; }
  const T* end() const { return elements + count; }
  void push_back(T value) { elements[count++] = std::move(value); }
};

// The nodes of others' maps are not the standard library's.
struct flat_map : std::vector<std::pair<int, int>> {
  using key_type = int;
  using mapped_type = int;
};

static_assert(has_known_blocks<std::vector<int>>() && has_known_blocks<std::string>() &&
              has_known_blocks<std::deque<int>>() && has_known_blocks<std::list<int>>());
static_assert(has_known_blocks<std::map<int, int>>() && has_known_blocks<std::set<int>>() &&
              has_known_blocks<std::multimap<int, int>>() && has_known_blocks<std::multiset<int>>());
static_assert(has_known_blocks<std::unordered_map<int, int>>() && has_known_blocks<std::unordered_set<int>>() &&
              has_known_blocks<std::unordered_multimap<int, int>>() &&
              has_known_blocks<std::unordered_multiset<int>>());
static_assert(has_known_blocks<std::vector<int, rm::allocator<int>>>());
static_assert(!has_known_blocks<std::pmr::vector<int>>() && !has_known_blocks<std::pmr::map<int, int>>() &&
              !has_known_blocks<std::pmr::string>() && !has_known_blocks<in_place<int>>() &&
              !has_known_blocks<flat_map>());

TEST(measure, what_lies_in_others_blocks_is_estimated_by_its_size) {
  std::byte room[16384];
  std::pmr::monotonic_buffer_resource resource{room, sizeof room, std::pmr::null_memory_resource()};
  std::pmr::vector<std::pmr::string> texts{&resource};
  for (int i = 0; i < 10; ++i) texts.emplace_back("a text that does not fit into the string itself");
  EXPECT_GE(memory_of(texts, 0), 10 * (sizeof(std::pmr::string) + 47));
  EXPECT_LE(memory_of(texts, 0), 3000u);
  std::pmr::map<int, int> map{&resource};
  std::pmr::unordered_set<int> set{&resource};
  for (int i = 0; i < 10; ++i) {
    map[i] = i;
    set.insert(i);
  }
  EXPECT_EQ(memory_of(map, 0), 10 * (sizeof(std::pair<const int, int>) + 4 * sizeof(void*)));
  EXPECT_EQ(memory_of(set, 0), 10 * (sizeof(int) + 4 * sizeof(void*)));
  in_place<std::string> inside;
  inside.push_back("a text that does not fit into the string itself");
  EXPECT_GT(memory_of(inside, 0), 47u);
  flat_map flat;
  flat.emplace_back(1, 2);
  EXPECT_GT(memory_of(flat, 0), 0u);
}

// Their allocator counts what they are said to have.
std::size_t allocated = 0;

template <class T>
struct counting {
  using value_type = T;
  counting() = default;
  template <class U>
  counting(const counting<U>&) {}
  T* allocate(std::size_t count) {
    T* block = std::allocator<T>{}.allocate(count);
    allocated += rm::detail::block_size(block);
    return block;
  }
  void deallocate(T* block, std::size_t count) {
    allocated -= rm::detail::block_size(block);
    std::allocator<T>{}.deallocate(block, count);
  }
  bool operator==(const counting&) const = default;
};

}  // namespace

template <class T>
inline constexpr bool rm::detail::is_own_allocator<counting<T>> = true;

namespace {

TEST(measure, containers_of_the_standard_library_have_what_they_allocated) {
  const auto expect_exact = [](auto container, auto fill, double off = 0.01) {
    const std::size_t before = allocated;
    for (int i = 0; i < 1000; ++i) fill(container, i);
    const auto grown = static_cast<double>(allocated - before);
    EXPECT_NEAR(static_cast<double>(memory_of(container, 0)), grown, off * grown) << __PRETTY_FUNCTION__;
  };
  const auto push = [](auto& to, int i) { to.push_back(i); };
  const auto insert = [](auto& to, int i) { to.insert(i); };
  const auto emplace = [](auto& to, int i) { to.emplace(i, i); };
  using pair = std::pair<const int, int>;
  expect_exact(std::vector<int, counting<int>>{}, push);
  expect_exact(std::list<int, counting<int>>{}, push);
  expect_exact(std::deque<int, counting<int>>{}, push, 0.5);
  expect_exact(std::set<int, std::less<>, counting<int>>{}, insert);
  expect_exact(std::unordered_set<int, std::hash<int>, std::equal_to<>, counting<int>>{}, insert);
  expect_exact(std::map<int, int, std::less<>, counting<pair>>{}, emplace);
  expect_exact(std::multimap<int, int, std::less<>, counting<pair>>{}, emplace);
  expect_exact(std::unordered_map<int, int, std::hash<int>, std::equal_to<>, counting<pair>>{}, emplace);
}

// Servers free in another thread what takes more than 64 steps.
constexpr std::size_t lazy = 64;

TEST(measure, few_elements_that_hold_much_are_much_to_free) {
  EXPECT_LE(effort_of(std::vector<int>(1000)), lazy);
  EXPECT_LE(effort_of(std::vector<std::string>(10)), lazy);
  EXPECT_GT(effort_of(std::vector<std::string>(100)), lazy);
  EXPECT_GT(effort_of(std::map<int, int>{{1, 1}}), 0u);

  const std::vector<std::string> many(100);
  std::map<std::string, std::vector<std::string>> in_map{{"a", many}};
  EXPECT_GT(effort_of(in_map), lazy);
  EXPECT_GT(effort_of(std::optional{many}), lazy);
  EXPECT_GT(effort_of(std::make_unique<std::vector<std::string>>(many)), lazy);
  EXPECT_GT(effort_of(std::variant<int, std::vector<std::string>>{many}), lazy);
  EXPECT_GT(effort_of(std::pair{1, many}), lazy);
  EXPECT_GT(effort_of(std::array{many}), lazy);
  EXPECT_GT(effort_of(std::vector<int>(64 * 65536)), lazy);
}

// As a server defragments in parts what takes more steps than active-defrag-max-scan-fields.
TEST(measure, few_elements_that_hold_very_much_are_as_many) {
  const std::map<int, std::vector<std::string>> few{{1, std::vector<std::string>(100'000)}};
  EXPECT_GT(effort_of(few), 100'000u);
  EXPECT_LT(effort_of(std::vector<std::string>(100)), 300u) << "all were looked at";
}

struct node {
  std::unique_ptr<node> next;
  static constexpr auto fields = rm::fields(rm::field<&node::next>);
};

TEST(measure, what_is_looked_at_is_bounded) {
  std::vector<std::optional<std::string>> empty(1'000'000);
  EXPECT_GE(effort_of(empty), lazy);
  auto first = std::make_unique<node>();
  node* last = first.get();
  for (int i = 0; i < 20'000; ++i) last = (last->next = std::make_unique<node>()).get();
  EXPECT_GT(effort_of(first), lazy);
  EXPECT_LT(effort_of(first) % (1 << 20), 2000u);
  EXPECT_GT(memory_of(first, 0), 0u);
}

}  // namespace
