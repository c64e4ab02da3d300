// Tests that pass, beside a report that they do not look for: the program must fail all the same.
#include <gtest/gtest.h>

#include "redismodule/testing/server.h"

namespace rt = redismodule::testing;

TEST(unnoticed, by_a_command) {
  rt::server s{PLANTED_MODULE};
#ifdef PLANT_IN_MEMORY
  s.call("plant.lose.new");  // reported as late as the server's end
#else
  s.call("plant.race");
#endif
}

TEST(unnoticed, while_loading) {
  const rt::server_options options{.modules = {{PLANTED_MODULE, {"now"}}}};
#ifdef PLANT_IN_MEMORY
  EXPECT_THROW(rt::server{options}, rt::start_failed);
#else
  rt::server s{options};
#endif
}
