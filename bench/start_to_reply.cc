// How long a test waits for a server of its own: from nothing to the first reply of a module's command, the median
// of 20.
//
//   start_to_reply <server>...
//
// A server is a program, or a directory that holds one.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "redismodule/testing/server.h"

namespace {

namespace rt = redismodule::testing;
using milliseconds = std::chrono::duration<double, std::milli>;

constexpr int rounds = 20;

double start_and_call(const char* server, bool& right) {
  const auto begin = std::chrono::steady_clock::now();
  rt::server s{{.modules = {{HELLO_MODULE}}, .binary = server}};
  right = s.call("hello.mul", 6, 7) == 42 && right;
  return milliseconds{std::chrono::steady_clock::now() - begin}.count();
}

bool measure(const char* server) {
  bool right = true;
  start_and_call(server, right);  // reads the program from disk, and asks for its version
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) times.push_back(start_and_call(server, right));
  std::sort(times.begin(), times.end());
  const rt::server one{{.binary = server}};
  const auto& [major, minor, patch] = one.version().number;
  std::printf("%-7s %d.%d.%-3d %6.1f ms (%.1f to %.1f)  %s\n", one.version().product.c_str(), major, minor, patch,
              times[rounds / 2], times.front(), times.back(), server);
  return right;
}

}  // namespace

int main(int count, char** arguments) try {
  bool right = count > 1;
  for (int i = 1; i < count; ++i) right = measure(arguments[i]) && right;
  return right ? 0 : 1;
} catch (const rt::error& failure) {
  std::fprintf(stderr, "start_to_reply: %s\n", failure.what());
  return 1;
}
