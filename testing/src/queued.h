#pragma once

#include "redismodule/testing/reply.h"

namespace redismodule::testing::detail {

// What is answered between MULTI and EXEC, where nothing is done yet.
inline bool is_queued(const reply& answer) { return answer.type() == reply::kind::simple && answer.str() == "QUEUED"; }

}  // namespace redismodule::testing::detail
