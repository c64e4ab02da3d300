// The commands that the allocator's benchmarks measure. One source, linked once with each way to replace operator new
// and delete, so that the loops of all are the same instructions.
//
//   <module>.run <what> <size> <count>   nanoseconds for that many pairs of allocation and deallocation; under
//                                        callgrind, the instructions of the loop as a dump of their own
//   <module>.threads <what> <threads> <count>
//                                        nanoseconds for that many pairs in each thread, over an allocator that touches
//                                        nothing but its own thread's memory
//   <module>.below <size> <count>        how many of so many blocks, held at once, lie below the module
//   <module>.dump <label>                what callgrind has collected so far, as a dump of that name
#include <time.h>
#include <valgrind/callgrind.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "loops.h"
#include "redismodule/abi/constants.h"
#include "redismodule/api.h"

namespace {

namespace rm = redismodule;
using rm::api;
using context = rm::abi::ModuleCtx;
using argument = rm::abi::ModuleString;

std::string_view text(argument* from) {
  std::size_t size = 0;
  const char* at = api.StringPtrLen(from, &size);
  return {at, size};
}

long long number(argument* from) {
  long long value = 0;
  api.StringToLongLong(from, &value);
  return value;
}

// What the compiler must take for used, and for changed.
[[gnu::always_inline]] inline void escape(void* block) { asm volatile("" : : "r"(block) : "memory"); }

void direct_pair(std::size_t size) {
  void* block = api.Alloc(size);
  escape(block);
  api.Free(block);
}

void direct_try_pair(std::size_t size) {
  void* block = api.TryAlloc(size);
  escape(block);
  api.Free(block);
}

void new_pair(std::size_t size) {
  void* block = ::operator new(size);
  escape(block);
  ::operator delete(block, size);
}

// The server's functions as a standard allocator: what a string costs at least.
template <class T>
struct direct_allocator {
  using value_type = T;
  T* allocate(std::size_t count) { return static_cast<T*>(api.Alloc(count * sizeof(T))); }
  void deallocate(T* block, std::size_t) { api.Free(block); }
  friend bool operator==(direct_allocator, direct_allocator) { return true; }
};

char characters[4096];

template <class String>
void string_pair(std::size_t size) {
  String made(characters, size);
  escape(made.data());
}

// Of the calling thread's own time: what else runs on the machine does not count.
long long thread_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

template <auto Pair>
[[gnu::noinline]] long long run(std::size_t size, long long count) {
  const auto start = thread_nanoseconds();
  CALLGRIND_TOGGLE_COLLECT;
  for (long long i = 0; i < count; ++i) Pair(size);
  CALLGRIND_TOGGLE_COLLECT;
  return thread_nanoseconds() - start;
}

using loop = long long (*)(std::size_t, long long);

struct named_loop {
  std::string_view name;
  loop run;
};

constexpr named_loop loops[] = {
    {"direct", run<direct_pair>},
    {"direct_try", run<direct_try_pair>},
    {"new", run<new_pair>},
    {"direct_string", run<string_pair<std::basic_string<char, std::char_traits<char>, direct_allocator<char>>>>},
    {"string", run<string_pair<std::string>>},
};

loop find_loop(std::string_view name) {
  for (const auto& each : loops) {
    if (each.name == name) return each.run;
  }
  return nullptr;
}

int run_command(context* ctx, argument** argv, int argc) {
  if (argc != 4) return api.WrongArity(ctx);
  const auto chosen = find_loop(text(argv[1]));
  const auto size = number(argv[2]);
  if (!chosen || size < 1 || size > static_cast<long long>(sizeof characters)) {
    return api.ReplyWithError(ctx, "ERR no such loop or size");
  }
  if (chosen == loops[1].run && !api.TryAlloc) return api.ReplyWithError(ctx, "ERR no TryAlloc");
  std::memset(characters, 'x', sizeof characters);
  chosen(static_cast<std::size_t>(size), 100);  // lays out the allocator's caches
  CALLGRIND_ZERO_STATS;
  const auto elapsed = chosen(static_cast<std::size_t>(size), number(argv[3]));
  CALLGRIND_DUMP_STATS_AT("loop");
  return api.ReplyWithLongLong(ctx, elapsed);
}

int dump_command(context* ctx, argument** argv, int argc) {
  if (argc != 2) return api.WrongArity(ctx);
  CALLGRIND_DUMP_STATS_AT(text(argv[1]).data());
  return api.ReplyWithSimpleString(ctx, "OK");
}

// One block a thread, always the same: whatever two threads still share is not this allocator's.
alignas(64) thread_local unsigned char own_block[256];
void* own_allocate(std::size_t) { return own_block; }
void own_release(void*) {}
std::size_t own_size(void*) { return sizeof own_block; }

// The server's allocator in the table, for one scope, exchanged for the above.
class own_memory {
 public:
  own_memory() {
    for (auto& each : entries_) each.pointer = rm::exchange(each.which, each.pointer);
    loops::refresh();
  }
  own_memory(const own_memory&) = delete;
  own_memory& operator=(const own_memory&) = delete;
  ~own_memory() {
    for (auto& each : entries_) rm::exchange(each.which, each.pointer);
    loops::refresh();
  }

 private:
  struct entry {
    rm::abi::function which;
    void* pointer;
  };
  entry entries_[5] = {{rm::abi::function::Alloc, reinterpret_cast<void*>(own_allocate)},
                       {rm::abi::function::TryAlloc, reinterpret_cast<void*>(own_allocate)},
                       {rm::abi::function::Free, reinterpret_cast<void*>(own_release)},
                       {rm::abi::function::MallocSize, reinterpret_cast<void*>(own_size)},
                       {rm::abi::function::MallocUsableSize, reinterpret_cast<void*>(own_size)}};
};

// Threads that run the loop while the table is exchanged, and neither start nor end in that time: a thread's own
// bookkeeping is allocated.
class crew {
 public:
  crew(std::size_t size, loop chosen, long long count) : elapsed_(size) {
    for (std::size_t i = 0; i < size; ++i) threads_.emplace_back([=, this] { work(i, chosen, count); });
    wait_for(ready_);
  }
  crew(const crew&) = delete;
  crew& operator=(const crew&) = delete;
  ~crew() {
    may_end_.store(true);
    for (auto& each : threads_) each.join();
  }

  long long slowest() {
    may_run_.store(true);
    wait_for(done_);
    return *std::max_element(elapsed_.begin(), elapsed_.end());
  }

 private:
  void work(std::size_t index, loop chosen, long long count) {
    ready_.fetch_add(1);
    while (!may_run_.load()) {
    }
    elapsed_[index] = chosen(48, count);
    done_.fetch_add(1);
    while (!may_end_.load()) std::this_thread::yield();
  }
  void wait_for(const std::atomic<std::size_t>& counter) const {
    while (counter.load() != elapsed_.size()) std::this_thread::sleep_for(std::chrono::microseconds{100});
  }

  std::vector<long long> elapsed_;
  std::atomic<std::size_t> ready_{0}, done_{0};
  std::atomic<bool> may_run_{false}, may_end_{false};
  std::vector<std::thread> threads_;
};

int threads_command(context* ctx, argument** argv, int argc) {
  if (argc != 4) return api.WrongArity(ctx);
  const auto chosen = find_loop(text(argv[1]));
  const auto size = number(argv[2]);
  if (!chosen || size < 1 || size > 64) return api.ReplyWithError(ctx, "ERR no such loop or number of threads");
  long long slowest = 0;
  {
    crew threads{static_cast<std::size_t>(size), chosen, number(argv[3])};
    const own_memory lent;
    slowest = threads.slowest();
  }
  return api.ReplyWithLongLong(ctx, slowest);
}

// The reply: how many of the blocks lie at lower addresses than the module.
int below_command(context* ctx, argument** argv, int argc) {
  if (argc != 3) return api.WrongArity(ctx);
  const auto size = static_cast<std::size_t>(number(argv[1]));
  std::vector<void*> blocks(static_cast<std::size_t>(number(argv[2])));
  for (auto& each : blocks) each = ::operator new(size);
  const auto below = std::count_if(blocks.begin(), blocks.end(), [](void* at) { return at < characters; });
  for (auto* each : blocks) ::operator delete(each);
  return api.ReplyWithLongLong(ctx, below);
}

struct command {
  std::string_view name;
  int (*run)(context*, argument**, int);
};

constexpr command commands[] = {
    {".run", run_command}, {".threads", threads_command}, {".below", below_command}, {".dump", dump_command}};

int load(context* ctx) {
  if (!loops::start(ctx)) return rm::abi::MODULE_ERR;
  api.SetModuleAttribs(ctx, loops::name, 1, rm::abi::MODULE_APIVER_1);
  for (const auto& each : commands) {
    const auto name = std::string{loops::name}.append(each.name);
    if (api.CreateCommand(ctx, name.c_str(), each.run, "", 0, 0, 0) != rm::abi::MODULE_OK) return rm::abi::MODULE_ERR;
  }
  return rm::abi::MODULE_OK;
}

}  // namespace

extern "C" [[gnu::visibility("default")]] int RedisModule_OnLoad(void* ctx, void**, int) {
  return load(static_cast<context*>(ctx));
}
