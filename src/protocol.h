// Replies from their bytes, where the server's functions do not reach.
#pragma once

#include <string_view>
#include <vector>

#include "redismodule/call_reply.h"

namespace redismodule::detail {

// The keys and values, in turn, of an attribute as a command wrote it; none where the bytes are no attribute.
// Fails: throws std::bad_alloc.
std::vector<call_value> parse_attribute(std::string_view protocol);

}  // namespace redismodule::detail
