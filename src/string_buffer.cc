#include "redismodule/string_buffer.h"

#include <cstring>
#include <new>

namespace redismodule {

string_buffer::string_buffer(std::size_t size) : size_{size} {
  if (size == 0) return;
  const auto allocate = api.TryAlloc != nullptr ? api.TryAlloc : api.Alloc;
  handle_.reset(static_cast<char*>(allocate(size)));
  if (!handle_) throw std::bad_alloc{};
}

string_buffer::string_buffer(std::string_view text) : string_buffer{text.size()} {
  if (!text.empty()) std::memcpy(handle_.raw(), text.data(), text.size());
}

std::size_t string_buffer::allocated() const noexcept { return handle_ ? api.MallocSize(handle_.raw()) : 0; }

}  // namespace redismodule
