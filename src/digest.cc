#include "redismodule/digest.h"

#include <cstring>

namespace redismodule {

string_ref digest::key() const {
  detail::need(api.GetKeyNameFromDigest, abi::function::GetKeyNameFromDigest);
  if (raw_ == nullptr) return {};
  // The server says const, of a string that it keeps.
  return string_ref{const_cast<abi::ModuleString*>(api.GetKeyNameFromDigest(raw_))};
}

std::optional<int> digest::database() const {
  detail::need(api.GetDbIdFromDigest, abi::function::GetDbIdFromDigest);
  if (raw_ == nullptr) return std::nullopt;
  return detail::database_if_any(api.GetDbIdFromDigest(raw_));
}

void digest::mix(std::string_view bytes) noexcept {
  mix(bytes.size());
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const std::size_t part = bytes.size() < sizeof word ? bytes.size() : sizeof word;
    std::memcpy(&word, bytes.data(), part);
    bytes.remove_prefix(part);
    mix(word);
  }
}

}  // namespace redismodule
