#include "redismodule/result.h"

#include <cstring>

namespace redismodule {
namespace {

constexpr char digits[] = "0123456789abcdef";
constexpr std::size_t longest_echo = 64;

void append_hex(std::string& text, char byte) {
  const auto value = static_cast<unsigned char>(byte);
  text.append({'\\', 'x', digits[value >> 4], digits[value & 15]});
}

void append_escaped(std::string& text, char byte) {
  if (detail::is_control(byte) || static_cast<unsigned char>(byte) > 0x7f) return append_hex(text, byte);
  if (byte == '\\') text.push_back(byte);
  text.push_back(byte);
}

}  // namespace

std::string escaped(std::string_view bytes) {
  std::string text;
  for (char byte : bytes) {
    const std::size_t whole = text.size();
    append_escaped(text, byte);
    if (text.size() <= longest_echo) continue;
    text.resize(whole);
    return text.append("...");
  }
  return text;
}

namespace detail {

const char* line::clean_copy(std::string_view text) {
  std::size_t size = text.size();
  for (char byte : text) size += is_control(byte) ? 3 : 0;
  char* copy = new char[size + 1];
  char* end = copy;
  for (char byte : text) {
    if (!is_control(byte)) {
      *end++ = byte;
      continue;
    }
    const auto value = static_cast<unsigned char>(byte);
    const char escape[] = {'\\', 'x', digits[value >> 4], digits[value & 15]};
    std::memcpy(end, escape, sizeof escape);
    end += sizeof escape;
  }
  *end = '\0';
  return copy;
}

void line::free_copy(const char* text) noexcept { delete[] text; }

void throw_bad_result_access(const error_reply& error) { throw bad_result_access{error}; }

}  // namespace detail
}  // namespace redismodule
