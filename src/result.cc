#include "redismodule/result.h"

#include "redismodule/api.h"
#include "redismodule/detail/letters.h"

namespace redismodule {
namespace {

constexpr std::size_t longest_echo = 64;

// One byte of an echo: 1, 2 or 4 characters.
struct echoed_byte {
  explicit echoed_byte(char byte) noexcept {
    const bool is_printable = !detail::is_control(byte) && static_cast<unsigned char>(byte) <= 0x7f;
    if (!is_printable) {
      for (char part : detail::hex_escape(byte)) text[size++] = part;
      return;
    }
    if (byte == '\\') text[size++] = byte;
    text[size++] = byte;
  }

  char text[4];
  std::size_t size = 0;
};

template <class Text>
void append_echo(Text& text, std::string_view bytes) {
  std::size_t size = 0;
  for (char byte : bytes) {
    const echoed_byte echo{byte};
    size += echo.size;
    if (size > longest_echo) {
      text.append("...");
      return;
    }
    text.append(std::string_view{echo.text, echo.size});
  }
}

}  // namespace

std::string escaped(std::string_view bytes) {
  std::string text;
  append_echo(text, bytes);
  return text;
}

namespace detail {

void append_escaped(message& text, std::string_view bytes) noexcept { append_echo(text, bytes); }

namespace {

bool is_line_break(char byte) noexcept { return byte == '\r' || byte == '\n'; }

}  // namespace

const char* line::clean_copy(std::string_view text) {
  std::size_t size = text.size();
  for (char byte : text) size += is_control(byte) && !is_line_break(byte) ? 3 : 0;
  char* copy = new char[size + 1];
  char* end = copy;
  for (char byte : text) {
    if (!is_control(byte)) {
      *end++ = byte;
    } else if (is_line_break(byte)) {
      *end++ = ' ';
    } else {
      for (char part : hex_escape(byte)) *end++ = part;
    }
  }
  *end = '\0';
  return copy;
}

void line::free_copy(const char* text) noexcept { delete[] text; }

void throw_bad_result_access(const error_reply& error) { throw bad_result_access{error}; }

}  // namespace detail
}  // namespace redismodule
