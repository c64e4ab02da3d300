#include "redismodule/result.h"

#include "redismodule/detail/letters.h"

namespace redismodule {
namespace {

constexpr std::size_t longest_echo = 64;

void append_escaped(std::string& text, char byte) {
  if (detail::is_control(byte) || static_cast<unsigned char>(byte) > 0x7f) {
    for (char part : detail::hex_escape(byte)) text.push_back(part);
    return;
  }
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
    for (char part : hex_escape(byte)) *end++ = part;
  }
  *end = '\0';
  return copy;
}

void line::free_copy(const char* text) noexcept { delete[] text; }

void throw_bad_result_access(const error_reply& error) { throw bad_result_access{error}; }

}  // namespace detail
}  // namespace redismodule
