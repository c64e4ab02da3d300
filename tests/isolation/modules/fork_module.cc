// A data type whose values are saved and rewritten by code that allocates, while threads of the module allocate without
// pause: what the server's forked child finds is whatever state they were in.
// With FORK_HOLDS_A_MUTEX it is the control: threads and callbacks allocate under one mutex, as an allocator with a
// lock would, and the child waits for a thread that it does not have.
#include <malloc.h>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "../../server/modules/raw_module.h"
#include "redismodule/abi/structs.h"

namespace {

namespace abi = redismodule::abi;
using raw::api;
using raw::context;
using raw::string;

#ifdef FORK_HOLDS_A_MUTEX
constexpr bool under_a_mutex = true;
constexpr const char* module_name = "forkheld";
#else
constexpr bool under_a_mutex = false;
constexpr const char* module_name = "forks";
#endif

std::mutex planted;

std::unique_lock<std::mutex> around_an_allocation() {
  return under_a_mutex ? std::unique_lock{planted} : std::unique_lock<std::mutex>{};
}

// Blocks of all kinds, made and freed in turn: plain, zeroed, resized, over-aligned.
class churn {
 public:
  explicit churn(unsigned seed) : random_{seed} {}
  ~churn() {
    for (auto* block : held_) free(block);
  }

  void step() {
    const auto held = around_an_allocation();
    void*& slot = held_[random_() % held_.size()];
    const auto size = random_() % 3000 + 1;
    switch (random_() % 6) {
      case 0: return put(slot, malloc(size));
      case 1: return put(slot, calloc(size, 1));
      case 2: return put(slot, aligned_alloc(std::size_t{64} << random_() % 7, size));
      case 3: slot = realloc(slot, size); return;
      case 4: return use_new(size);
      default: return put(slot, nullptr);
    }
  }

 private:
  static void put(void*& slot, void* block) {
    free(slot);
    slot = block;
  }
  void use_new(std::size_t size) {
    auto* aligned = ::operator new (size, std::align_val_t{512});
    const std::string text(size, 'x');
    last_ = text.back();
    ::operator delete (aligned, std::align_val_t{512});
  }

  std::minstd_rand random_;
  std::array<void*, 256> held_ = {};
  volatile char last_ = 0;
};

class churning_threads {
 public:
  explicit churning_threads(long long count) {
    for (long long i = 0; i < count; ++i) {
      threads_.emplace_back([this, seed = static_cast<unsigned>(i + 1)] { run(seed); });
    }
  }
  ~churning_threads() {
    ending_ = true;
    for (auto& each : threads_) each.join();
  }
  long long steps() const { return steps_; }

 private:
  // Pauses now and then, so that machines with few processors get on with the rest as well.
  void run(unsigned seed) {
    churn blocks{seed};
    while (!ending_) {
      for (int i = 0; i < 1000; ++i) blocks.step();
      steps_ += 1000;
      std::this_thread::sleep_for(std::chrono::microseconds{200});
    }
  }

  std::atomic<bool> ending_{false};
  std::atomic<long long> steps_{0};
  std::vector<std::thread> threads_;
};
std::optional<churning_threads> threads;

using value = std::map<std::string, std::string>;

// What a save does in the child: allocates, over-aligned too, throws and catches, uses streams; frees what the parent
// allocated.
std::string described(value& of) {
  churn blocks{7};
  for (int i = 0; i < 500; ++i) blocks.step();
  const auto held = around_an_allocation();
  std::ostringstream out;
  for (const auto& [name, content] : of) out << name << '=' << content.size() << ';';
  try {
    throw std::runtime_error{"in the child: " + out.str()};
  } catch (const std::exception& caught) {
    of.clear();
    return caught.what();
  }
}

void* load_value(abi::ModuleIO* io, int) {
  std::size_t size = 0;
  char* text = api.LoadStringBuffer(io, &size);
  if (!text) return nullptr;
  auto* loaded = new value{{"loaded", std::string(text, size)}};
  api.Free(text);
  return loaded;
}

// A child writes a copy of its own of the value; a save in the server itself must not touch it.
void save_value(abi::ModuleIO* io, void* held) {
  auto copy = *static_cast<value*>(held);
  const auto text = described(copy);
  api.SaveStringBuffer(io, text.data(), text.size());
}

void rewrite_value(abi::ModuleIO* io, string* key, void* held) {
  auto copy = *static_cast<value*>(held);
  api.EmitAOF(io, "forks.set", "sc", key, described(copy).c_str());
}

void free_value(void* held) { delete static_cast<value*>(held); }

abi::ModuleType* type = nullptr;

// forks.set KEY TEXT
int set(context* ctx, string** argv, int argc) {
  if (argc != 3) return api.WrongArity(ctx);
  auto* key = api.OpenKey(ctx, argv[1], abi::MODULE_READ | abi::MODULE_WRITE);
  auto fresh = std::make_unique<value>();
  for (int i = 0; i < 50; ++i) (*fresh)["field number " + std::to_string(i)] = std::string(raw::text(argv[2]));
  api.ModuleTypeSetValue(key, type, fresh.release());
  api.CloseKey(key);
  return api.ReplyWithLongLong(ctx, 1);
}

// forks.churn THREADS: that many threads, none for 0; what the former ones did.
int set_threads(context* ctx, string** argv, int argc) {
  if (argc != 2) return api.WrongArity(ctx);
  const auto steps = threads ? threads->steps() : 0;
  threads.reset();
  if (const auto count = raw::number(argv[1]); count > 0) threads.emplace(count);
  return api.ReplyWithLongLong(ctx, steps);
}

constexpr raw::command commands[] = {{"forks.set", set}, {"forks.churn", set_threads}};

int make_type(context* ctx) {
  abi::ModuleTypeMethods methods{};
  methods.version = 1;
  methods.rdb_load = load_value;
  methods.rdb_save = save_value;
  methods.aof_rewrite = rewrite_value;
  methods.free = free_value;
  type = api.CreateDataType(ctx, "forkstype", 0, &methods);
  return type ? abi::MODULE_OK : abi::MODULE_ERR;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int RedisModule_OnLoad(context* ctx, string**, int) {
  const int loaded = raw::load(ctx, module_name, commands);
  return loaded == abi::MODULE_OK ? make_type(ctx) : loaded;
}
