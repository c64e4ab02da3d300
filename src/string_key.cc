#include "redismodule/string_key.h"

#include <cstdint>
#include <cstring>

namespace redismodule {
namespace {

constexpr std::size_t most_bytes = std::size_t{512} * 1024 * 1024;

error_reply too_long() { return error_reply{"ERR string exceeds maximum allowed size (512MB)"}; }

// Where `part` begins in `whole`, or its size if it is none of it.
std::size_t offset_in(std::span<char> whole, std::string_view part) noexcept {
  const auto begin = reinterpret_cast<std::uintptr_t>(whole.data());
  const auto at = reinterpret_cast<std::uintptr_t>(part.data());
  return at >= begin && at < begin + whole.size() ? at - begin : whole.size();
}

void copy(char* to, const char* from, std::size_t size) noexcept {
  if (size != 0) std::memmove(to, from, size);
}

}  // namespace

std::span<char> string_key::bytes() {
  std::size_t size = 0;
  char* bytes = api.StringDMA(entry_.raw(), &size, abi::MODULE_READ | abi::MODULE_WRITE);
  return {bytes, size};
}

result<std::span<char>> string_key::resize(std::size_t size) {
  if (api.StringTruncate(entry_.raw(), size) != abi::MODULE_OK) return too_long();
  if (size == 0 && !bytes().empty()) clear();
  return bytes();
}

// Redis before 6.2 leaves a string as it is when it is to be cut to nothing.
void string_key::clear() {
  const std::optional<milliseconds> left = time_to_live();
  set(std::string_view{});
  if (left) expire_in(*left);
}

result<void> string_key::assign(std::string_view value) {
  if (value.size() > most_bytes) return too_long();
  const std::span<char> before = bytes();
  if (offset_in(before, value) != before.size()) {
    copy(before.data(), value.data(), value.size());
    return resize(value.size()).transform([](std::span<char>) {});
  }
  result<std::span<char>> after = resize(value.size());
  if (!after) return after.error();
  copy(after->data(), value.data(), value.size());
  return {};
}

result<void> string_key::append(std::string_view more) {
  const std::span<char> before = bytes();
  const std::size_t size = before.size();
  if (more.size() > most_bytes - size) return too_long();
  const std::size_t own = offset_in(before, more);
  result<std::span<char>> after = resize(size + more.size());
  if (!after) return after.error();
  copy(after->data() + size, own == size ? more.data() : after->data() + own, more.size());
  return {};
}

}  // namespace redismodule
