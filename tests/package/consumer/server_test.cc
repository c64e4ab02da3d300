// A test of the consumer's that CTest runs on each server: the module as it is, and with a fault in it.
#include <redismodule/testing/faults.h>
#include <redismodule/testing/server.h>

#include <cstdio>
#include <exception>

namespace testing = redismodule::testing;

bool multiplies() {
  testing::server server{MULTIPLY_MODULE};
  return server.call("multiply", 6, 7) == 42;
}

bool fails_when_told_to() {
  testing::server server{MULTIPLY_WITH_FAULTS_MODULE};
  testing::faults faults{server, "multiply"};
  faults.fail("StringToLongLong");
  const bool refused = server.call("multiply", 6, 7).is_error();
  return refused && faults.fired() == 1 && server.call("multiply", 6, 7) == 42;
}

int main() try {
  return multiplies() && fails_when_told_to() ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
