// What servers free in another thread: Valkey and Redis 8 also what nobody asked them to free so.
#pragma once

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "redismodule/testing/server.h"

// Strings that the other thread lets go of are given back by a command of the module's, before Redis 7.0: `next`.
inline void wait_for_lazy_free(redismodule::testing::server& s, const std::vector<std::string>& next) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (s.info("memory", "lazyfree_pending_objects") != "0") {
    if (std::chrono::steady_clock::now() > deadline) throw redismodule::testing::error{"a server does not free values"};
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  s.call(next);
}
