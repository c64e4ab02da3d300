// Shows on a real server that a module's memory is the server's: what it takes is in INFO memory, counts towards
// maxmemory and drives eviction, and comes back. Ends with status 1 if any of this does not hold.
#include <redismodule/testing/server.h>

#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace testing = redismodule::testing;
using namespace std::chrono_literals;

namespace {

constexpr long long mib = 1 << 20;
constexpr long long kib = 1 << 10;
constexpr long long taken = 64 * mib;
constexpr long long drift = 16 * kib;  // what the server itself may keep: a shared buffer grown, a slow command noted
constexpr int bar_width = 40;

bool speaks_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string_view text{value};
    return text.find("UTF-8") != text.npos || text.find("utf8") != text.npos || text.find("UTF8") != text.npos;
  }
  return false;
}

class screen {
 public:
  void title(const std::string& text) const { std::printf("\n%s%s%s\n", bold(), text.c_str(), plain()); }

  void row(const std::string& what, const std::string& value) const {
    std::printf("  %-38s %12s\n", what.c_str(), value.c_str());
  }

  // One line of the table: a figure, and a bar where `full` fills the width.
  void bar(const std::string& what, long long bytes, long long full) const {
    const int cells = static_cast<int>(std::lround(static_cast<double>(bytes) / static_cast<double>(full) * bar_width));
    std::string drawn;
    for (int i = 0; i < std::clamp(cells, 1, bar_width); ++i) drawn += utf8_ ? "\u2588" : "#";
    std::printf("  %-38s %8.2f MiB  %s%s%s\n", what.c_str(), static_cast<double>(bytes) / mib, blue(), drawn.c_str(),
                plain());
  }

  // A claim, and whether it held.
  bool claim(bool holds, const std::string& text) {
    std::printf("  %s %s\n",
                holds ? (colour_ ? "\033[32mok\033[0m    " : "ok    ") : (colour_ ? "\033[31mFAILED\033[0m" : "FAILED"),
                text.c_str());
    if (!holds) ++failed_;
    return holds;
  }

  int failed() const { return failed_; }

 private:
  const char* bold() const { return colour_ ? "\033[1m" : ""; }
  const char* blue() const { return colour_ ? "\033[34m" : ""; }
  const char* plain() const { return colour_ ? "\033[0m" : ""; }

  bool colour_ = ::isatty(STDOUT_FILENO) != 0;
  bool utf8_ = speaks_utf8();
  int failed_ = 0;
};

std::string in_mib(long long bytes) {
  char text[64];
  std::snprintf(text, sizeof text, "%.2f MiB", static_cast<double>(bytes) / mib);
  return text;
}

std::string in_kib(long long bytes) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f KiB", static_cast<double>(bytes) / kib);
  return text;
}

// The server frees some things a little later, on its timer: the figure is the least of a short while.
long long settled_memory(testing::server& s) {
  long long least = s.memory();
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(10ms);
    least = std::min(least, s.memory());
  }
  return least;
}

// An answer that must not be an error.
testing::reply must(testing::reply answer) {
  if (answer.is_error()) throw testing::error{answer.error()};
  return answer;
}

bool within(long long value, long long wanted, long long tolerance) { return std::llabs(value - wanted) <= tolerance; }

void show_command(screen& out, testing::server& s) {
  s.load(HELLO_MODULE);
  const testing::reply answer = s.call("HELLO.MUL", 31, 11);
  out.title("A function is a command");
  out.row("HELLO.MUL 31 11", to_string(answer));
  out.row("HELLO.MUL 31 x", to_string(s.call("HELLO.MUL", 31, "x")));
  out.claim(answer == 341, "31 times 11 is 341");
}

// One of the two ways of taking memory, before, during and after.
void show_taking(screen& out, testing::server& s, const char* command, const std::string& name) {
  const long long before = settled_memory(s);
  const long long counted = must(s.call(command, taken / mib)).integer();
  const long long during = settled_memory(s);
  out.bar(name, during, 80 * mib);
  out.claim(within(during - before, taken, taken / 20),
            "INFO memory grew by " + in_mib(during - before) + " for 64 MiB taken");
  out.claim(within(during - before, counted, taken / 100),
            "the module's own account differs from that by " + in_kib(std::llabs(during - before - counted)));
  if (std::string_view{command} == "MEMORY.SQLITE") {
    const long long rows = must(s.call("MEMORY.ROWS")).integer();
    out.claim(rows > 10'000, "SQLite finds " + std::to_string(rows) + " rows in its database");
  }
  const long long left = must(s.call("MEMORY.RELEASE")).integer();
  const long long after = settled_memory(s);
  out.bar("given back", after, 80 * mib);
  out.claim(left < drift && within(after, before, drift),
            "INFO memory is back within " + in_kib(std::llabs(after - before)));
}

long long field(testing::server& s, const char* section, const char* name) { return std::stoll(s.info(section, name)); }

void add_plain_keys(testing::server& s, int count) {
  testing::client filler = s.connect();
  const std::string value(900, 'v');
  for (int i = 0; i < count; ++i) filler.send("SET", "key:" + std::to_string(i), value);
  for (int i = 0; i < count; ++i) must(filler.receive());
}

// It evicts until it is below the limit again: in small steps, some with each command and some on the timer.
void wait_for_eviction(testing::server& s, long long limit) {
  for (int i = 0; i < 1000 && s.memory() > limit + drift; ++i) std::this_thread::sleep_for(5ms);
}

// What FLUSHALL drops a server may free in a thread, and eviction a large key.
void wait_for_lazy_free(testing::server& s) {
  for (int i = 0; i < 6000 && field(s, "memory", "lazyfree_pending_objects") > 0; ++i) std::this_thread::sleep_for(5ms);
}

void show_eviction(screen& out, testing::server& s) {
  constexpr long long limit = 100 * mib;
  must(s.call("CONFIG", "SET", "maxmemory", limit));
  must(s.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru"));
  add_plain_keys(s, 60'000);
  const long long keys_before = s.call("DBSIZE").integer();
  const long long evicted_before = field(s, "stats", "evicted_keys");
  const long long memory_before = s.memory();

  must(s.call("MEMORY.CONTAINERS", taken / mib));
  wait_for_eviction(s, limit);
  const long long memory_after = settled_memory(s);
  must(s.call("CONFIG", "SET", "maxmemory", 0));  // from here on the figures stand still
  const long long keys_after = s.call("DBSIZE").integer();
  const long long evicted = field(s, "stats", "evicted_keys");

  out.title("It counts towards maxmemory (" + in_mib(limit) + ", allkeys-lru)");
  out.bar(std::to_string(keys_before) + " plain keys", memory_before, limit);
  out.bar("the module takes 64 MiB: " + std::to_string(keys_after) + " keys", memory_after, limit);
  out.claim(evicted_before == 0, "no key was evicted before");
  out.claim(evicted > 1000 && keys_after == keys_before - evicted,
            std::to_string(evicted) + " keys were evicted because the module grew");
  // INFO's own answer, some KiB, is in the figure that it gives.
  out.claim(memory_after <= limit + drift, "the server is back at its limit");
  must(s.call("MEMORY.RELEASE"));
  must(s.call("FLUSHALL"));
  wait_for_lazy_free(s);
}

void show_memory(screen& out, testing::server& s) {
  // What a server keeps from the first load of any module it keeps once: it does so for a plain C module too.
  s.load(MEMORY_MODULE);
  s.unload("memory");
  const long long before = settled_memory(s);
  s.load(MEMORY_MODULE);

  out.title("Its memory is the server's (used_memory of INFO memory)");
  out.bar("module loaded", settled_memory(s), 80 * mib);
  show_taking(out, s, "MEMORY.CONTAINERS", "64 MiB in C++ containers");
  show_taking(out, s, "MEMORY.SQLITE", "64 MiB in SQLite, linked in");
  show_eviction(out, s);

  const long long arena = must(s.call("MEMORY.ARENA")).integer();
  s.unload("memory");
  const long long after = settled_memory(s);
  out.title("It is gone when the module is (MODULE UNLOAD)");
  out.bar("before the module was loaded", before, 80 * mib);
  out.bar("after it was unloaded", after, 80 * mib);
  out.claim(within(after, before, drift), "INFO memory differs by " + in_kib(after - before));
  out.claim(!s.maps("memory.so"), "the server's process has no mapping of it left");
  out.row("outside of the server's figure it had", in_kib(arena));
}

int run() {
  screen out;
  testing::server s;
  const auto& number = s.version().number;
  out.title("On " + s.version().product + ' ' + std::to_string(number.major) + '.' + std::to_string(number.minor) +
            '.' + std::to_string(number.patch) + " with " + s.info("memory", "mem_allocator"));
  show_command(out, s);
  show_memory(out, s);
  std::printf("\n%s\n", out.failed() == 0 ? "Every claim held." : "Some claims did not hold.");
  return out.failed() == 0 ? 0 : 1;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
