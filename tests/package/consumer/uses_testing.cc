// A test of the consumer's, without a framework: the module to load is the first argument.
#include <redismodule/testing/server.h>

#include <cstdio>
#include <exception>

int main(int, char** arguments) try {
  redismodule::testing::server server{arguments[1]};
  return server.call("multiply", 6, 7) == 42 ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
