#include "redismodule/digest.h"

#include <cstring>

namespace redismodule {

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
