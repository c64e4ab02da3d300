// Everything but what is opt-in.
#pragma once

#include "redismodule/api.h"
#include "redismodule/args.h"
#include "redismodule/command.h"
#include "redismodule/context.h"
#include "redismodule/handle.h"
#include "redismodule/memory/allocator.h"
#include "redismodule/memory/memory.h"
#include "redismodule/memory/scope.h"
#include "redismodule/module.h"
#include "redismodule/reply.h"
#include "redismodule/result.h"
#include "redismodule/string.h"
