// A program with two static modules linked in, as a server would have them.
#include <cstdio>
#include <cstdlib>
#include <new>

extern "C" {
int ValkeyModule_OnLoad_link_static_one(void*, void**, int);
int ValkeyModule_OnUnload_link_static_one(void*);
int ValkeyModule_OnLoad_link_static_two(void*, void**, int);
int ValkeyModule_OnUnload_link_static_two(void*);
}

// The process's own operators: a static module has none of its own and must come here.
static long allocations = 0;

void* operator new(std::size_t size) {
  ++allocations;
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc{};
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

int main() {
  const int one_first = ValkeyModule_OnLoad_link_static_one(nullptr, nullptr, 0);
  const int one_second = ValkeyModule_OnLoad_link_static_one(nullptr, nullptr, 0);
  const int two_first = ValkeyModule_OnLoad_link_static_two(nullptr, nullptr, 0);
  const int one_loads = ValkeyModule_OnUnload_link_static_one(nullptr);
  const int two_loads = ValkeyModule_OnUnload_link_static_two(nullptr);
  std::printf("%d %d %d, %d %d, %ld allocations\n", one_first, one_second, two_first, one_loads, two_loads,
              allocations);
  const bool apart = one_first == 1 && one_second == 2 && two_first == 1 && one_loads == 2 && two_loads == 1;
  return apart && allocations >= 6 ? 0 : 1;
}
