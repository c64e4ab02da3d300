// In a file of its own: the library's tables for floats are linked into a module only if it makes text of them.
#include "redismodule/format.h"

namespace redismodule::detail {
namespace {

template <class T>
std::size_t write(char* text, std::size_t room, T value) noexcept {
  return static_cast<std::size_t>(std::to_chars(text, text + room, value).ptr - text);
}

}  // namespace

number_text::number_text(float value) noexcept : size_{write(text_, sizeof text_, value)} {}
number_text::number_text(double value) noexcept : size_{write(text_, sizeof text_, value)} {}
number_text::number_text(long double value) noexcept : size_{write(text_, sizeof text_, value)} {}

}  // namespace redismodule::detail
