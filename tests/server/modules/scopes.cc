// Containers whose memory is charged to named accounts.
#include <cstdlib>
#include <deque>
#include <list>
#include <map>
#include <memory_resource>
#include <string>
#include <thread>
#include <vector>

#include "redismodule/memory/allocator.h"
#include "redismodule/memory/resource.h"
#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

// Static, as authors write it: made before the module is loaded.
const rm::memory::scope rows{"rows"}, names{"names"}, library{"library"};

struct alignas(128) wide {
  int value[32] = {};
};

using row_vector = std::vector<long long, rm::allocator<long long>>;
using name_map = std::map<int, int, std::less<>, rm::allocator<std::pair<const int, int>>>;

row_vector row_store{rows};
name_map name_store{names};
std::list<wide, rm::allocator<wide>> wide_store{names};
// What C code allocated: freed with the rest, where nobody did before.
struct c_blocks : std::vector<void*> {
  ~c_blocks() {
    for (auto* block : *this) free(block);
  }
} library_store;

rm::memory::scope scope_of(std::string_view name) {
  if (name == "rows") return rows;
  if (name == "names") return names;
  if (name == "library") return library;
  return {};
}

// SCOPE.ROWS count: a vector of as many integers.
void fill_rows(long long count) { row_store.assign(static_cast<std::size_t>(count), 1); }

// SCOPE.NAMES count: as many nodes of a map, and a tenth as many over-aligned ones of a list.
void fill_names(int count) {
  for (int i = 0; i < count; ++i) name_store[i] = i;
  for (int i = 0; i < count / 10; ++i) wide_store.emplace_back();
}

// SCOPE.LIBRARY blocks bytes: what C code allocates while the scope is entered, and grows once it is left.
void fill_library(long long blocks, unsigned long long bytes) {
  library_store.reserve(static_cast<std::size_t>(blocks));
  {
    const auto entered = library.enter();
    for (long long i = 0; i < blocks; ++i) library_store.push_back(malloc(bytes));
  }
  for (auto*& block : library_store) block = realloc(block, bytes * 2);
}

// SCOPE.RESIZE budget from to: in a scope with a budget, a block that is grown or shrunk; whether that worked, and what
// the scope held then.
std::vector<long long> resize(unsigned long long budget, unsigned long long from, unsigned long long to, bool aligned) {
  static const rm::memory::scope limited{"a budget"};
  limited.set_budget(budget);
  const auto entered = limited.enter();
  void* block = aligned ? aligned_alloc(256, from) : malloc(from);
  void* resized = realloc(block, to);
  const auto held = static_cast<long long>(limited.current().bytes);
  free(resized ? resized : block);
  return {resized != nullptr, held, static_cast<long long>(limited.current().bytes)};
}

// SCOPE.CLEAR: frees everything, from another thread.
void clear() {
  std::thread{[] {
    row_vector{rows}.swap(row_store);
    name_store.clear();
    wide_store.clear();
    for (auto* block : library_store) free(block);
    std::vector<void*>{}.swap(library_store);
  }}.join();
}

// SCOPE.PMR count: a polymorphic container's bytes while it lives, and after.
std::vector<long long> polymorphic(long long count) {
  rm::memory::resource resource{rows};
  const auto before = rows.current().bytes;
  std::size_t during = 0;
  {
    std::pmr::vector<std::pmr::string> texts(&resource);
    for (long long i = 0; i < count; ++i) texts.emplace_back("a string that is too long for the short string form");
    during = rows.current().bytes;
  }
  return {static_cast<long long>(during - before), static_cast<long long>(rows.current().bytes - before)};
}

std::vector<long long> to_list(const rm::memory::usage& held) {
  std::vector<long long> list;
  for (const auto figure : {held.bytes, held.blocks, held.peak_bytes, held.peak_blocks}) {
    list.push_back(static_cast<long long>(figure));
  }
  return list;
}

// SCOPE.HELD name: bytes and blocks, now and at peak; of the whole module, with TOTAL.
std::vector<long long> held(std::string_view name) {
  return to_list(name == "total" ? rm::memory::current().total : scope_of(name).current());
}

}  // namespace

REDISMODULE_MODULE(scopes, 1, m) {
  m.command<fill_rows>("scope.rows count");
  m.command<fill_names>("scope.names count");
  m.command<fill_library>("scope.library blocks bytes");
  m.command<clear>("scope.clear");
  m.command<resize>("scope.resize budget from to aligned");
  m.command<polymorphic>("scope.pmr count");
  m.command<held>("scope.held name");
}
