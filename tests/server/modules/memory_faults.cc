// Commands that do what allocators of modules are known to get wrong, and answer with the number of faults seen.
#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cwchar>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <random>
#include <regex>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "raw_module.h"

namespace {

using raw::api;
using raw::context;
using raw::string;

int reply(context* ctx, long long value) { return api.ReplyWithLongLong(ctx, value); }

bool is_aligned(const void* block, std::size_t alignment) {
  // Through a volatile, since compilers take the alignment of what new returns for granted.
  const volatile auto address = reinterpret_cast<std::uintptr_t>(block);
  return address % alignment == 0;
}

constexpr std::array<std::size_t, 18> sizes = {1,   8,   16,   24,   40,   48,   56,    64,    100,
                                               128, 200, 1000, 2048, 5000, 8192, 20000, 65536, 200000};
constexpr int blocks_of_each = 64;

using allocation = void* (*)(std::size_t size, std::size_t alignment);
using deallocation = void (*)(void* block, std::size_t alignment);

struct method {
  std::string_view name;
  allocation allocate;
  deallocation release;
};

void release_by_free(void* block, std::size_t) { free(block); }

const method methods[] = {
    {"new", [](std::size_t size, std::size_t alignment) { return ::operator new (size, std::align_val_t{alignment}); },
     [](void* block, std::size_t alignment) { ::operator delete (block, std::align_val_t{alignment}); }},
    {"new_nothrow",
     [](std::size_t size, std::size_t alignment) {
       return ::operator new[](size, std::align_val_t{alignment}, std::nothrow);
     },
     [](void* block, std::size_t alignment) { ::operator delete[](block, std::align_val_t{alignment}); }},
    {"aligned_alloc", [](std::size_t size, std::size_t alignment) { return aligned_alloc(alignment, size); },
     release_by_free},
    {"memalign", [](std::size_t size, std::size_t alignment) { return memalign(alignment, size); }, release_by_free},
    {"posix_memalign",
     [](std::size_t size, std::size_t alignment) {
       void* block = nullptr;
       return posix_memalign(&block, alignment, size) == 0 ? block : nullptr;
     },
     release_by_free},
    // The control: what the peers do.
    {"rounded_up_size",
     [](std::size_t size, std::size_t alignment) { return api.Alloc((size + alignment - 1) / alignment * alignment); },
     [](void* block, std::size_t) { api.Free(block); }},
};

// MEM.ALIGN method alignment: how many of 18 sizes times 64 blocks are misaligned; -1 when content was lost.
int align(context* ctx, string** argv, int) {
  const auto alignment = static_cast<std::size_t>(raw::number(argv[2]));
  const method* chosen = nullptr;
  for (const auto& each : methods) {
    if (each.name == raw::text(argv[1])) chosen = &each;
  }
  if (!chosen) return api.ReplyWithError(ctx, "ERR no such method");

  struct held {
    unsigned char* block;
    std::size_t size;
    unsigned char fill;
  };
  std::vector<held> blocks;
  long long misaligned = 0;
  for (const auto size : sizes) {
    for (int i = 0; i < blocks_of_each; ++i) {
      auto* block = static_cast<unsigned char*>(chosen->allocate(size, alignment));
      if (!block) return api.ReplyWithError(ctx, "ERR an allocation failed");
      misaligned += !is_aligned(block, alignment);
      const auto fill = static_cast<unsigned char>(blocks.size() * 31);
      memset(block, fill, size);
      blocks.push_back({block, size, fill});
    }
  }
  std::shuffle(blocks.begin(), blocks.end(), std::minstd_rand{42});
  bool intact = true;
  for (const auto& each : blocks) {
    intact = intact && each.block[0] == each.fill && each.block[each.size - 1] == each.fill;
    chosen->release(each.block, alignment);
  }
  return reply(ctx, intact ? misaligned : -1);
}

void fill(unsigned char* block, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) block[i] = static_cast<unsigned char>(i * 7 + i / 251);
}

bool is_filled(const unsigned char* block, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    if (block[i] != static_cast<unsigned char>(i * 7 + i / 251)) return false;
  }
  return true;
}

// MEM.ALIGN.REALLOC alignment: over-aligned blocks grown and shrunk by realloc; how many lost content.
int align_realloc(context* ctx, string** argv, int) {
  const auto alignment = static_cast<std::size_t>(raw::number(argv[1]));
  long long faults = 0;
  for (const auto size : sizes) {
    for (const auto next : {size * 3, size * 3 / 4 + 1, size / 2 + 1, size / 4 + 1, size}) {
      auto* block = static_cast<unsigned char*>(aligned_alloc(alignment, size));
      faults += malloc_usable_size(block) < size;
      fill(block, size);
      block = static_cast<unsigned char*>(realloc(block, next));
      faults += !is_filled(block, std::min(size, next)) || malloc_usable_size(block) < next;
      fill(block, next);
      block = static_cast<unsigned char*>(realloc(block, size));
      faults += !is_filled(block, std::min(size, next));
      free(block);
    }
  }
  return reply(ctx, faults);
}

// Before the module is loaded: more than the arena's first size, from a static constructor and from threads.
struct early_blocks {
  static constexpr int count = 3000;
  std::vector<unsigned char*> by_malloc;
  std::vector<std::unique_ptr<std::string>> by_new;
  std::map<int, std::string> tree;

  early_blocks() {
    for (int i = 0; i < count; ++i) {
      const auto size = static_cast<std::size_t>(i % 1500 + 1);
      auto* block = static_cast<unsigned char*>(malloc(size));
      memset(block, i & 0xff, size);
      by_malloc.push_back(block);
      by_new.push_back(std::make_unique<std::string>(static_cast<std::size_t>(i % 100 + 1), 'x'));
      tree[i] = std::string(40, 'y');
    }
  }
  ~early_blocks() {
    for (auto* block : by_malloc) free(block);
  }
};
early_blocks early;

// Two threads that pass blocks to each other from before OnLoad until after it: what one allocated the other frees.
struct early_threads {
  std::atomic<void*> mailbox[64] = {};
  std::atomic<bool> stop{false};
  std::atomic<long long> exchanged{0}, faults{0};
  std::thread workers[2];

  early_threads() {
    for (auto& worker : workers) worker = std::thread{[this] { run(); }};
  }
  ~early_threads() { end(); }

  void run() {
    std::minstd_rand random{42};
    while (!stop.load()) {
      const auto size = random() % 300 + sizeof(std::size_t) + 1;
      void* block = malloc(size);
      *static_cast<std::size_t*>(block) = size;
      static_cast<unsigned char*>(block)[size - 1] = static_cast<unsigned char>(size);
      void* other = mailbox[random() % 64].exchange(block);
      if (!other) continue;
      auto held = *static_cast<std::size_t*>(other);
      faults += static_cast<unsigned char*>(other)[held - 1] != (held & 0xff);
      if (held % 2) other = realloc(other, held + 100);
      free(other);
      if (exchanged.fetch_add(1) % 64 == 0) std::this_thread::yield();
    }
  }
  void end() {
    stop = true;
    for (auto& worker : workers) {
      if (worker.joinable()) worker.join();
    }
    for (auto& slot : mailbox) free(slot.exchange(nullptr));
  }
};
std::optional<early_threads> threads{std::in_place};

// MEM.EARLY: frees, grows and shrinks what was allocated before the module was loaded; how many lost content.
int use_early(context* ctx, string**, int) {
  long long faults = 0;
  for (int i = 0; i < early_blocks::count; ++i) {
    auto*& block = early.by_malloc[static_cast<std::size_t>(i)];
    const auto size = static_cast<std::size_t>(i % 1500 + 1);
    faults += block[0] != (i & 0xff) || block[size - 1] != (i & 0xff) || malloc_usable_size(block) < size;
    if (i % 3 == 0) block = static_cast<unsigned char*>(realloc(block, size + 5000));
    if (i % 3 == 1) block = static_cast<unsigned char*>(realloc(block, size / 2 + 1));
    faults += block[0] != (i & 0xff);
    faults += early.by_new[static_cast<std::size_t>(i)]->size() != static_cast<std::size_t>(i % 100 + 1);
    early.by_new[static_cast<std::size_t>(i)]->append(200, 'z');
    early.tree[i] += "more than before";
    if (i % 2) early.tree.erase(i);
  }
  return reply(ctx, faults);
}

// MEM.THREADS: ends the two threads, once they did something; their faults, or -1 if they did nothing.
int end_threads(context* ctx, string**, int) {
  for (int i = 0; i < 2000 && threads->exchanged.load() < 10000; ++i) usleep(1000);
  threads->end();
  return reply(ctx, threads->exchanged.load() == 0 ? -1 : threads->faults.load());
}

void* volatile leaked = nullptr;  // a compiler may drop an allocation that nothing sees

// MEM.LIMITS: the corners of the malloc family; the lines of this file that came out wrong.
int limits(context* ctx, string**, int) {
  const volatile std::size_t half = SIZE_MAX / 2 + 2, all = SIZE_MAX, most = PTRDIFF_MAX;
  std::vector<long long> wrong;
  const auto expect = [&wrong](bool holds, int line = __builtin_LINE()) {
    if (!holds) wrong.push_back(line);
  };
  const auto fails = [&wrong](void* block, int line = __builtin_LINE()) {
    leaked = block;
    asm volatile("" : : : "memory");  // clang believes that malloc leaves errno alone
    if (leaked || errno != ENOMEM) wrong.push_back(line);
    errno = 0;
  };
  errno = 0;
  fails(calloc(half, 2));
  fails(calloc(all, all));
  fails(malloc(all));
  fails(malloc(all - 8));
  fails(malloc(most + 1));
  fails(aligned_alloc(64, all - 100));
  fails(aligned_alloc(4096, most));
  fails(pvalloc(all - 10));
  fails(reallocarray(nullptr, half, 2));
  void* const volatile kept = malloc(100);  // volatile: compilers think that a failed realloc freed it
  memset(kept, 7, 100);
  fails(realloc(kept, all));
  fails(realloc(kept, most + 1));
  fails(reallocarray(kept, half, 4));
  expect(static_cast<char*>(kept)[99] == 7);
  expect(realloc(kept, 0) == nullptr);

  void* block = nullptr;
  expect(posix_memalign(&block, 3, 10) == EINVAL);
  expect(posix_memalign(&block, 24, 10) == EINVAL);
  expect(posix_memalign(&block, 0, 10) == EINVAL);
  expect(posix_memalign(&block, 4, 10) == EINVAL);
  expect(posix_memalign(&block, 64, all - 64) == ENOMEM);
  expect(block == nullptr);

  void* none = malloc(0);
  void* none_either = calloc(0, 8);
  void* of_new = ::operator new(0);
  expect(none && none_either && of_new && none != none_either && none != of_new);
  free(none);
  free(none_either);
  ::operator delete(of_new);
  free(nullptr);
  ::operator delete(nullptr);
  expect(malloc_usable_size(nullptr) == 0);

  const auto throws = [&wrong](auto allocate, int line = __builtin_LINE()) {
    try {
      allocate();
      wrong.push_back(line);
    } catch (const std::bad_alloc&) {
    }
  };
  throws([=] { return ::operator new(all); });
  throws([=] { return ::operator new(most); });
  throws([=] { return ::operator new (all - 20, std::align_val_t{64}); });
  throws([=] { leaked = new char[most]; });
  expect(::operator new(all, std::nothrow) == nullptr);
  expect(::operator new[](most, std::align_val_t{4096}, std::nothrow) == nullptr);

  auto* zeroed = static_cast<unsigned char*>(calloc(1000, 3));
  expect(std::all_of(zeroed, zeroed + 3000, [](unsigned char byte) { return byte == 0; }));
  free(zeroed);
  api.ReplyWithArray(ctx, static_cast<long>(wrong.size()));
  for (const auto line : wrong) api.ReplyWithLongLong(ctx, line);
  return redismodule::abi::MODULE_OK;
}

// MEM.CALLOC.SIZE count: the usable bytes of calloc(count, 1).
int calloc_size(context* ctx, string** argv, int) {
  void* block = calloc(static_cast<std::size_t>(raw::number(argv[1])), 1);
  const auto usable = malloc_usable_size(block);
  free(block);
  return reply(ctx, static_cast<long long>(usable));
}

struct with_members {
  int freed = 0;
  void free(int) { ++freed; }
  void* malloc(std::size_t) { return this; }
};

// MEM.NAMES: free as a deleter, and members that are called like libc's functions; the number of faults.
int names(context* ctx, string**, int) {
  long long faults = 0;
  for (int i = 0; i < 100; ++i) {
    std::unique_ptr<char, decltype(&free)> by_pointer{static_cast<char*>(malloc(100)), &free};
    std::shared_ptr<char> by_function{strdup("shared"), free};
    std::function<void(void*)> deleter = free;
    deleter(malloc(50));
  }
  with_members object;
  object.free(1);
  faults += object.freed != 1 || object.malloc(1) != &object;
  return reply(ctx, faults);
}

int round_of_handouts() {
  int faults = 0;
  const auto take = [&faults](void* block, std::size_t least) {
    faults += !block || malloc_usable_size(block) < least;
    free(block);
  };
  take(strdup("a string of some length, longer than one word"), 46);
  take(strndup("a string", 3), 4);
  take(wcsdup(L"wide"), 5 * sizeof(wchar_t));
  char* formatted = nullptr;
  faults += asprintf(&formatted, "%d and %s", 42, "text") != 11;
  take(formatted, 12);
  take(realpath("/proc/self/../self/exe", nullptr), 2);
  take(realpath("/", nullptr), 2);
  take(canonicalize_file_name("/usr"), 2);
  take(getcwd(nullptr, 0), 2);
  take(get_current_dir_name(), 2);

  char* line = nullptr;
  std::size_t capacity = 0;
  FILE* file = fopen("/proc/self/status", "r");
  while (getline(&line, &capacity, file) > 0) {
  }
  fclose(file);
  take(line, 2);

  char* buffer = nullptr;
  std::size_t written = 0;
  FILE* stream = open_memstream(&buffer, &written);
  for (int i = 0; i < 500; ++i) fprintf(stream, "line %d\n", i);
  fclose(stream);
  faults += written != strlen(buffer);
  take(buffer, written + 1);

  dirent** entries = nullptr;
  const int found = scandir("/proc/self", &entries, nullptr, alphasort);
  faults += found <= 0;
  for (int i = 0; i < found; ++i) take(entries[i], 1);
  take(entries, 1);

  char *word = nullptr, *set = nullptr;
  faults += sscanf("hello 12 abc", "%ms %*d %m[a-c]", &word, &set) != 2 || strcmp(word, "hello") || strcmp(set, "abc");
  take(word, 6);
  take(set, 4);
  return faults;
}

// MEM.HANDOUTS rounds: memory from libc functions that hand it out, given to free; the number of faults.
int handouts(context* ctx, string** argv, int) {
  long long faults = 0;
  for (long long i = raw::number(argv[1]); i > 0; --i) faults += round_of_handouts();
  return reply(ctx, faults);
}

// MEM.FOREIGN rounds: the control of the above: memory that libc itself allocated, given to the module's free.
int foreign(context* ctx, string** argv, int) {
  const auto libc_strdup = reinterpret_cast<char* (*)(const char*)>(dlsym(RTLD_DEFAULT, "strdup"));
  for (long long i = raw::number(argv[1]); i > 0; --i) free(libc_strdup("a string of libc's own heap"));
  return reply(ctx, 0);
}

int round_of_library() {
  int faults = 0;
  std::istringstream lines("first line of text that is long enough\nsecond\n");
  std::string line;
  while (std::getline(lines, line)) faults += line.empty();
  std::ostringstream text;
  for (int i = 0; i < 200; ++i) text << i << ' ' << 1.5 * i << '\n';
  faults += text.str().size() < 1000;
  faults += std::filesystem::current_path().empty();
  faults += !std::filesystem::exists("/proc/self/exe");
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) faults += entry.path().empty();
  faults += std::make_error_code(std::errc::io_error).message().empty();
  try {
    throw std::system_error(EACCES, std::generic_category(), "a text to be copied");
  } catch (const std::exception& error) {
    faults += strlen(error.what()) < 10;
  }
  faults += !std::regex_search("key:1234:value", std::regex{"([a-z]+):([0-9]+):(.*)"});
  std::ifstream file("/proc/self/status");
  while (std::getline(file, line)) {
  }
  std::thread{[&faults] {
    std::vector<std::string> strings(100, std::string(100, 'x'));
    faults += strings.size() != 100;
  }}.join();
  return faults;
}

// MEM.LIBRARY rounds: what the C++ library allocates behind the caller's back; the number of faults.
int library(context* ctx, string** argv, int) {
  long long faults = 0;
  for (long long i = raw::number(argv[1]); i > 0; --i) faults += round_of_library();
  return reply(ctx, faults);
}

// MEM.LEAK count bytes: the control of every "nothing is left".
int leak(context* ctx, string** argv, int) {
  for (auto i = raw::number(argv[1]); i > 0; --i)
    leaked = ::operator new(static_cast<std::size_t>(raw::number(argv[2])));
  return reply(ctx, leaked == nullptr);
}

std::vector<std::vector<char>> taken;

// MEM.TAKE bytes, MEM.RELEASE: blocks of 1,000 bytes that stay until released.
int take(context* ctx, string** argv, int) {
  for (auto left = raw::number(argv[1]); left > 0; left -= 1000) taken.emplace_back(1000, 'x');
  return reply(ctx, static_cast<long long>(taken.size()));
}

int release(context* ctx, string**, int) {
  std::vector<std::vector<char>>{}.swap(taken);
  return reply(ctx, 0);
}

// MEM.STATS: arena size, used, live, live blocks, chunks; frees of foreign blocks; where memory comes from; bytes of
// the index of displaced blocks.
int stats(context* ctx, string**, int) {
  const auto now = redismodule::memory::current();
  api.ReplyWithArray(ctx, 8);
  for (const auto value : {now.arena.size, now.arena.used, now.arena.live, now.arena.live_blocks, now.arena.chunks,
                           now.foreign_frees, static_cast<std::size_t>(now.from), now.displaced_index}) {
    api.ReplyWithLongLong(ctx, static_cast<long long>(value));
  }
  return redismodule::abi::MODULE_OK;
}

// Longer than the 64 bytes that a peer copies its name into without asking.
constexpr const char* module_name = "a_module_with_a_name_that_is_longer_than_sixty_four_bytes_and_then_some_more";

constexpr raw::command commands[] = {
    {"mem.align", align},     {"mem.align.realloc", align_realloc},
    {"mem.early", use_early}, {"mem.threads", end_threads},
    {"mem.limits", limits},   {"mem.calloc.size", calloc_size},
    {"mem.names", names},     {"mem.handouts", handouts},
    {"mem.foreign", foreign}, {"mem.library", library},
    {"mem.leak", leak},       {"mem.take", take},
    {"mem.release", release}, {"mem.stats", stats},
};

}  // namespace

extern "C" int RedisModule_OnLoad(context* ctx, string**, int) { return raw::load(ctx, module_name, commands); }

extern "C" int RedisModule_OnUnload(context*) {
  threads.reset();
  redismodule::memory::stop();
  return redismodule::abi::MODULE_OK;
}
