// A command that allocates in every way there is, for a test that has its allocations fail one by one.
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "redismodule/memory/memory.h"
#include "redismodule/memory/scope.h"
#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

struct alignas(256) wide {
  unsigned char bytes[256] = {};
};

template <class Type>
Type* checked(Type* block) {
  if (!block) throw std::bad_alloc{};
  return block;
}

using c_block = std::unique_ptr<unsigned char, decltype(&std::free)>;

unsigned long long c_library_part() {
  unsigned long long sum = 0;
  for (int i = 0; i < 30; ++i) {
    c_block plain{checked(static_cast<unsigned char*>(malloc(100))), &std::free};
    c_block zeroed{checked(static_cast<unsigned char*>(calloc(10, 10))), &std::free};
    memset(plain.get(), i, 100);
    auto* grown = checked(static_cast<unsigned char*>(realloc(plain.get(), 5000)));
    plain.release();
    plain.reset(grown);
    sum += plain.get()[99] + zeroed.get()[99];
    c_block aligned{checked(static_cast<unsigned char*>(aligned_alloc(512, 700))), &std::free};
    c_block text{reinterpret_cast<unsigned char*>(checked(strdup("a text of libc's"))), &std::free};
    sum += text.get()[0];
  }
  return sum;
}

unsigned long long container_part() {
  std::map<std::string, std::vector<int>> tree;
  std::unordered_map<int, std::string> table;
  std::deque<wide> wides;
  for (int i = 0; i < 40; ++i) {
    tree["a key that is longer than a short string " + std::to_string(i)].assign(20, i);
    table[i] = std::string(50, 'x');
    if (i % 10 == 0) wides.emplace_back();
  }
  std::ostringstream text;
  text.exceptions(std::ios::badbit);
  for (const auto& [key, values] : tree) text << key << values.size();
  unsigned long long sum = wides.size();
  for (unsigned char letter : text.str()) sum = sum * 31 + letter;
  return sum + table.size();
}

unsigned long long exception_part() {
  unsigned long long sum = 0;
  for (int i = 0; i < 10; ++i) {
    try {
      throw std::runtime_error("an error whose text is too long to be kept without an allocation");
    } catch (const std::runtime_error& error) {
      sum += strlen(error.what());
    }
  }
  return sum;
}

std::string work() {
  const auto sum = c_library_part() + container_part() + exception_part();
  return "the sum of all parts is " + std::to_string(sum) + ", and this text is too long for a short string";
}

// OOM.HELD: bytes and blocks of the module's account.
std::vector<long long> held() {
  std::vector<long long> figures(2);  // before the figures are taken, and gone when they are compared
  const auto now = rm::memory::current();
  figures[0] = static_cast<long long>(now.total.bytes);
  figures[1] = static_cast<long long>(now.total.blocks);
  return figures;
}

void* volatile seen = nullptr;  // a compiler may drop an allocation that nothing sees

// OOM.HUGE bytes: one allocation.
bool huge(unsigned long long bytes) {
  seen = ::operator new(bytes);
  ::operator delete(seen);
  return true;
}

// OOM.BUDGET limit blocks: blocks of 1,000 bytes in a scope with a budget; how many there were when it was spent.
std::vector<long long> budget(unsigned long long limit, long long blocks) {
  static const rm::memory::scope limited{"limited"};
  limited.set_budget(limit);
  std::vector<std::unique_ptr<char[]>> kept;
  kept.reserve(static_cast<std::size_t>(blocks));
  long long made = 0;
  try {
    const auto entered = limited.enter();
    for (; made < blocks; ++made) kept.push_back(std::make_unique<char[]>(1000));
  } catch (const std::bad_alloc&) {
  }
  const auto bytes = static_cast<long long>(limited.current().bytes);
  kept.clear();
  return {made, bytes, static_cast<long long>(limited.current().bytes),
          static_cast<long long>(limited.current().peak_bytes)};
}

}  // namespace

REDISMODULE_MODULE(out_of_memory, 1, m) {
  m.command<work>("oom.work");
  m.command<held>("oom.held");
  m.command<huge>("oom.huge bytes");
  m.command<budget>("oom.budget limit blocks");
}
