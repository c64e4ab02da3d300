// What used_memory says, read so that only what a module does shows in it.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "redismodule/testing/server.h"

namespace memory_figures {

namespace testing = redismodule::testing;

// used_memory without the buffers of clients, which the server shrinks when it likes.
inline long long memory_without_clients(testing::server& s) {
  auto figures = s.info("memory");
  return std::stoll(figures.at("used_memory")) - std::stoll(figures.at("mem_clients_normal"));
}

// The median of 20 samples: the server's own timers take and give back.
inline long long settled_memory(testing::server& s) {
  std::vector<long long> samples;
  for (int i = 0; i < 20; ++i) samples.push_back(memory_without_clients(s));
  std::nth_element(samples.begin(), samples.begin() + 10, samples.end());
  return samples[10];
}

// A leak of one block a round shows as 16 bytes times the rounds; what the server does by itself stays below this.
inline constexpr long long noise = 4096;

// What used_memory grows by while `run` runs, less what `known` says it grew by, after a run that fills caches. Of
// five measurements the one nearest to zero: a leak is in each, what the server does by itself only in some.
template <class Run, class Known>
long long growth(testing::server& s, Run run, Known known) {
  run();
  long long nearest = std::numeric_limits<long long>::max();
  for (int i = 0; i < 5 && std::abs(nearest) > noise; ++i) {
    const auto before = settled_memory(s) - known();
    run();
    const auto grown = settled_memory(s) - known() - before;
    if (std::abs(grown) < std::abs(nearest)) nearest = grown;
  }
  return nearest;
}

template <class Run>
long long growth(testing::server& s, Run run) {
  return growth(s, run, [] { return 0LL; });
}

}  // namespace memory_figures
