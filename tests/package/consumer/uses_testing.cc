#include <redismodule/testing/server.h>

int main() { return sizeof(redismodule::testing::server) == 0; }
