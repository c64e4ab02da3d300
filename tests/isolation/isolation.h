// What the isolation tests share: the length of a run, samples of used_memory,
// and figures for the tables.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "redismodule/testing/server.h"

namespace isolation {

namespace kit = redismodule::testing;

// Whether REDISMODULE_LONG_TESTS asks for the lengths that take minutes.
inline bool long_run() { return std::getenv("REDISMODULE_LONG_TESTS") != nullptr; }

template <class T>
T by_length(T in_short, T in_long) {
  return long_run() ? in_long : in_short;
}

// Servers' own allocations that come and go with time and not with the module.
inline kit::server_options quiet(std::vector<std::string> more = {}) {
  kit::server_options options;
  options.config = {"slowlog-log-slower-than -1", "hz 10"};
  options.config.insert(options.config.end(), more.begin(), more.end());
  return options;
}

template <class T>
T median(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// What a server has in the buffers of its clients depends on how long ago they did what. So samples are taken by one
// that has done nothing else, after those that work are gone or have been idle for long enough.
inline long long settled_memory(kit::server& s) {
  auto sampler = s.connect();
  std::vector<long long> samples;
  for (int i = 0; i < 20; ++i) {
    const auto text = sampler.call("INFO", "memory").str();
    samples.push_back(std::stoll(text.substr(text.find("used_memory:") + std::strlen("used_memory:"))));
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return median(samples);
}

// The server's directory name, which tells builds of one version apart:
// redis-8.0.6-libc.
inline std::string label(const kit::server& s) {
  const auto& binary = s.binary();
  const auto slash = binary.rfind('/');
  if (slash == std::string::npos) return binary;
  char* real = realpath(binary.substr(0, slash).c_str(), nullptr);
  if (!real) return binary;
  const std::string directory{real};
  std::free(real);
  return directory.substr(directory.rfind('/') + 1);
}

inline std::string text_of(const std::string& value) { return value; }
inline std::string text_of(const char* value) { return value; }
template <class T>
std::string text_of(const T& value) {
  return std::to_string(value);
}

// One row of the table `name`, to the test's output and, where
// REDISMODULE_FIGURES names a file, appended to it: tab-separated, the table
// and the server first. `columns` is the table's head.
template <class... Values>
void figures(const std::string& name, const kit::server& s, const std::string& columns, const Values&... values) {
  std::string row = name + "\t" + label(s);
  ((row += "\t" + text_of(values)), ...);
  std::cout << "[ figures  ] " << columns << "\n[ figures  ] " << row << "\n";
  const char* path = std::getenv("REDISMODULE_FIGURES");
  if (!path) return;
  std::ofstream file{path, std::ios::app};
  file << name << "\t#server\t" << columns << "\n" << row << "\n";
}

}  // namespace isolation
