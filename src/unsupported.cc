#include "redismodule/unsupported.h"

namespace redismodule {
namespace {

message error_for(abi::function which) noexcept { return message{}.append("ERR ").append(missing(which).view()); }

}  // namespace

unsupported::unsupported(abi::function which) noexcept : which_{which}, text_{error_for(which)} {}

error_reply unsupported_error(abi::function which) { return error_reply{error_for(which).view()}; }

namespace detail {

void throw_unsupported(abi::function which) { throw unsupported{which}; }

}  // namespace detail
}  // namespace redismodule
