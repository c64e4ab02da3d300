#include <array>

#include "redismodule/testing/cluster.h"

namespace redismodule::testing {
namespace {

constexpr int slot_count = 16'384;

// CRC-16 as XMODEM has it: polynomial 0x1021, most significant bit first, beginning with 0.
constexpr auto crc_table = [] {
  std::array<std::uint16_t, 256> table{};
  for (unsigned byte = 0; byte < table.size(); ++byte) {
    unsigned crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x8000u) != 0 ? 0x1021u : 0u);
    table[byte] = static_cast<std::uint16_t>(crc);
  }
  return table;
}();

std::uint16_t crc16(std::string_view text) noexcept {
  unsigned crc = 0;
  for (const unsigned char byte : text) crc = ((crc << 8) ^ crc_table[((crc >> 8) ^ byte) & 0xff]) & 0xffff;
  return static_cast<std::uint16_t>(crc);
}

// What is between the first `{` and the first `}` after it, unless that is nothing.
std::string_view hashed_part(std::string_view key) noexcept {
  const std::size_t open = key.find('{');
  if (open == std::string_view::npos) return key;
  const std::size_t close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

}  // namespace

int cluster::slot(std::string_view key) noexcept { return crc16(hashed_part(key)) % slot_count; }

}  // namespace redismodule::testing
