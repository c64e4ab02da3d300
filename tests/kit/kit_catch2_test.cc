// The kit in Catch2: what it throws fails the test in words.
#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_test_macros.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include "redismodule/testing/leak_watch.h"
#include "redismodule/testing/server.h"

namespace rt = redismodule::testing;

TEST_CASE("a server answers, restarts, and leaves nothing") {
  rt::server s{KIT_PROBE_MODULE};
  rt::leak_watch watch{s};
  REQUIRE(s.call("ECHO", "hello") == "hello");
  CHECK(s.call("kit_probe.arguments").as<std::vector<std::string>>().empty());
  CHECK_THROWS_AS(s.call("GET", "none").integer(), rt::error);
  CHECK_NOTHROW(watch.check());
  CHECK(s.call("kit_probe.leave", "thread") == 1);
  CHECK_THROWS_AS(watch.check(), rt::leaked);
  s.restart();
  CHECK(s.call("PING") == "PONG");
}
