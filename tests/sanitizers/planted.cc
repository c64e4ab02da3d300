// Faults for a sanitizer to find, one a command; in the memory of the module, which is the server's, before and after
// the load. Nothing is inlined, so that a report names the function.
#include <unistd.h>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <thread>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace planted {

// Says nothing to the compiler about where a pointer leads.
template <class T>
T* hidden(T* pointer) {
  asm volatile("" : "+r"(pointer) : : "memory");
  return pointer;
}

// Made by a static constructor, so that it is in the bootstrap arena; the second one is too large for what is left.
char* const early = hidden(new char[21]);
char* const early_and_freed = hidden(new char[21]);
char* const early_and_large = hidden(new char[(3 << 20) + 5]);

[[gnu::noinline]] int touch(char* block, long long at) {
  hidden(block)[at] = 1;
  return block[at];
}

// PLANT.BYTE size offset: writes one byte of a block of `size` bytes from new; likewise the next ones.
[[gnu::noinline]] int new_byte(long long size, long long at) { return touch(new char[size], at); }
[[gnu::noinline]] int malloc_byte(long long size, long long at) { return touch(static_cast<char*>(malloc(size)), at); }
[[gnu::noinline]] int calloc_byte(long long size, long long at) {
  return touch(static_cast<char*>(calloc(1, size)), at);
}
[[gnu::noinline]] int realloc_byte(long long size, long long at) {
  return touch(static_cast<char*>(realloc(malloc(8 * size), size)), at);
}
[[gnu::noinline]] int aligned_byte(long long size, long long at) {
  void* block = nullptr;
  if (posix_memalign(&block, 256, size) != 0) return 0;
  return touch(static_cast<char*>(block), at);
}
[[gnu::noinline]] int early_byte(long long at) { return touch(early, at); }
[[gnu::noinline]] int early_and_large_byte(long long at) { return touch(early_and_large, at); }

[[gnu::noinline]] int freed_byte() {
  auto* block = hidden(new char[30]);
  delete[] block;
  return touch(block, 3);
}
[[gnu::noinline]] int early_and_freed_byte() {
  delete[] early_and_freed;
  return touch(early_and_freed, 3);
}
[[gnu::noinline]] void free_twice() {
  auto* block = hidden(new char[30]);
  delete[] block;
  delete[] hidden(block);
}
[[gnu::noinline]] void free_early_twice() {
  delete[] early_and_freed;
  delete[] hidden(early_and_freed);
}
[[gnu::noinline]] int stack_byte(long long at) {
  char block[16] = {};
  return touch(block, at);
}

// What only the arena still leads to is not lost.
void*** const kept_by_the_arena = new void** [1] {};
char** const kept_by_a_chunk = new (early_and_large) char* {};
void keep() {
  *kept_by_the_arena = new void*[3];
  *kept_by_a_chunk = new char[50];
}
void give_back() {
  delete[] * kept_by_the_arena;
  delete[] * kept_by_a_chunk;
  delete[] kept_by_the_arena;
  delete[] early;
  delete[] early_and_freed;
  delete[] early_and_large;
}
[[gnu::noinline]] void lose_new() { hidden(new char[77]); }
[[gnu::noinline]] void lose_malloc() { hidden(static_cast<char*>(malloc(77))); }
[[gnu::noinline]] void lose_aligned() { hidden(static_cast<char*>(aligned_alloc(256, 512))); }
[[gnu::noinline]] void lose_directory() { hidden(getcwd(nullptr, 0)); }

[[gnu::noinline]] int add(int a, int b) { return a + b; }
int overflow() { return add(*hidden(new int{std::numeric_limits<int>::max()}), 1); }
[[gnu::noinline]] int read_int(const char* at) { return *reinterpret_cast<const int*>(at); }
int misaligned() { return read_int(hidden(new char[16]{}) + 1); }
[[gnu::noinline]] int shift(int by) { return 1 << by; }
int shift_too_far() { return shift(40); }

int shared = 0;
[[gnu::noinline]] void add_to(int* to) {
  for (int i = 0; i < 1000; ++i) {
    ++*hidden(to);
    if (i % 100 == 0) usleep(10);
  }
}
void race_for(int* value) {
  std::thread one{add_to, value}, two{add_to, value};
  one.join();
  two.join();
}
void race() { race_for(&shared); }
void race_for_a_block() {
  auto* block = new int{};
  race_for(block);
  delete block;
}
// In OnLoad already, after which the load goes on where the sanitizer lets it.
void while_loading() {
#if defined(__SANITIZE_THREAD__)
  race();
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
  race();
#else
  freed_byte();
#endif
#else
  freed_byte();
#endif
}

}  // namespace planted

REDISMODULE_MODULE(planted, 1, m) {
  using namespace planted;
  m.command<new_byte>("plant.new size offset");
  m.command<malloc_byte>("plant.malloc size offset");
  m.command<calloc_byte>("plant.calloc size offset");
  m.command<realloc_byte>("plant.realloc size offset");
  m.command<aligned_byte>("plant.aligned size offset");
  m.command<early_byte>("plant.early offset");
  m.command<early_and_large_byte>("plant.large offset");
  m.command<stack_byte>("plant.stack offset");
  m.command<freed_byte>("plant.freed");
  m.command<early_and_freed_byte>("plant.early-freed");
  m.command<free_twice>("plant.free-twice");
  m.command<free_early_twice>("plant.free-early-twice");
  m.command<keep>("plant.keep");
  m.command<lose_new>("plant.lose.new");
  m.command<lose_malloc>("plant.lose.malloc");
  m.command<lose_aligned>("plant.lose.aligned");
  m.command<lose_directory>("plant.lose.directory");
  m.command<overflow>("plant.overflow");
  m.command<misaligned>("plant.misaligned");
  m.command<shift_too_far>("plant.shift");
  m.command<race>("plant.race");
  m.command<race_for_a_block>("plant.race-for-a-block");
  m.on_unload<give_back>();
  if (!m.args().empty()) while_loading();
}
