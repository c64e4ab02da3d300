#include "redismodule/string.h"

namespace redismodule {

string string::retain(string_ref borrowed) noexcept {
  if (!borrowed) return {};
  // HoldString copies what cannot be shared; RetainString, all there is before Redis 6.2, would end the server on it,
  // but is never given such a string there.
  if (api.HoldString != nullptr) return adopt(api.HoldString(nullptr, borrowed.raw()));
  api.RetainString(nullptr, borrowed.raw());
  return adopt(borrowed.raw());
}

}  // namespace redismodule
