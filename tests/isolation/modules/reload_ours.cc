// A module that is loaded and unloaded many times, and leaves in between what
// C++ leaves: static containers, a thread, locales, caches of streams.
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <locale>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "../../server/modules/raw_module.h"

namespace {

using raw::api;
using raw::context;
using raw::string;

// Filled before OnLoad, grown afterwards, destroyed by dlclose.
std::map<std::string, std::vector<std::string>> registry{{"made before the module is loaded", {std::string(100, 'a')}}};
std::unordered_map<int, std::unique_ptr<std::string>> pool;
const std::regex word{"([a-z]+) ([0-9]+)"};
std::vector<std::function<long long(long long)>> steps{
    [held = std::string(60, 'h')](long long n) { return n + static_cast<long long>(held.size()); }};

struct alignas(4096) page {
  unsigned char bytes[4096];
};

std::set<std::string>& names() {
  static std::set<std::string> made_on_first_use{"one name that no small string has room for"};
  return made_on_first_use;
}

// Runs jobs on a thread of its own until the module is unloaded.
class worker {
 public:
  worker() : thread_{[this] { run(); }} {}
  ~worker() {
    {
      const std::scoped_lock lock{mutex_};
      ending_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  void add(std::function<void()> job) {
    const std::scoped_lock lock{mutex_};
    jobs_.push(std::move(job));
    wake_.notify_all();
  }
  void drain() {
    std::unique_lock lock{mutex_};
    idle_.wait(lock, [this] { return jobs_.empty() && !busy_; });
  }

 private:
  void run() {
    std::unique_lock lock{mutex_};
    while (true) {
      wake_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      auto job = std::move(jobs_.front());
      jobs_.pop();
      busy_ = true;
      lock.unlock();
      job();
      job = nullptr;
      lock.lock();
      busy_ = false;
      idle_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::queue<std::function<void()>> jobs_;
  bool ending_ = false, busy_ = false;
  std::thread thread_;
};
std::optional<worker> background;

long long use_streams(long long n) {
  std::ostringstream out;
  out.imbue(std::locale{std::locale::classic(), new std::numpunct<char>});
  out << "item " << n << " of " << 1.5 << std::endl;
  std::ifstream file{"/proc/self/status"};
  long long lines = 0;
  for (std::string line; std::getline(file, line);) ++lines;
  std::cout << std::flush;
  return static_cast<long long>(out.str().size()) + (lines > 5);
}

long long use_exceptions(long long n) {
  try {
    throw std::runtime_error{"thrown in round " + std::to_string(n)};
  } catch (const std::exception& caught) {
    return static_cast<long long>(std::strlen(caught.what()));
  }
}

long long use_containers(long long n) {
  const auto name = "key number " + std::to_string(n);
  registry[name].push_back(std::string(80, 'v'));
  names().insert(name);
  pool[static_cast<int>(n)] = std::make_unique<std::string>(200, 'p');
  auto aligned = std::make_unique<page[]>(2);
  std::smatch found;
  const std::string text = "abc " + std::to_string(n);
  return std::regex_match(text, found, word) + (reinterpret_cast<std::uintptr_t>(aligned.get()) % 4096 == 0) +
         steps.front()(n) + std::filesystem::exists(std::filesystem::current_path());
}

// reload.work ROUNDS
int work(context* ctx, string** argv, int argc) {
  if (argc != 2) return api.WrongArity(ctx);
  long long sum = 0, on_thread = 0;
  for (long long i = raw::number(argv[1]); i > 0; --i) {
    sum += use_streams(i) + use_exceptions(i) + use_containers(i);
    background->add([&on_thread, i, name = std::string(50, 't')] {
      on_thread += use_exceptions(i) + static_cast<long long>(name.size());
    });
  }
  background->drain();
  return api.ReplyWithLongLong(ctx, sum + on_thread);
}

// reload.echo TEXT
int echo(context* ctx, string** argv, int argc) {
  if (argc != 2) return api.WrongArity(ctx);
  const std::string copy{raw::text(argv[1])};
  return api.ReplyWithStringBuffer(ctx, copy.data(), copy.size());
}

constexpr raw::command commands[] = {{"reload.work", work}, {"reload.echo", echo}};

}  // namespace

extern "C" __attribute__((visibility("default"))) int RedisModule_OnLoad(context* ctx, string**, int) {
  const int loaded = raw::load(ctx, "reload", commands);
  if (loaded == redismodule::abi::MODULE_OK) background.emplace();
  return loaded;
}

extern "C" __attribute__((visibility("default"))) int RedisModule_OnUnload(context*) {
  background.reset();
  redismodule::memory::stop();
  return redismodule::abi::MODULE_OK;
}
