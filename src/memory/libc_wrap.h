// What the redirected hand-out functions of libc share. None of them takes heap memory from libc: on some servers the
// module's libc and libc's own inner calls use two heaps, so that nothing libc allocates may ever reach a module's
// free.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#pragma GCC visibility push(hidden)

extern "C" {
void* __wrap_malloc(std::size_t size);
void* __wrap_realloc(void* block, std::size_t size);
void __wrap_free(void* block);
}

namespace redismodule::memory::detail {

// The reason of a failure must outlive the tidying up after it.
inline void free_keeping_errno(void* block) noexcept {
  const int why = errno;
  __wrap_free(block);
  errno = why;
}

// An array of plain values that grows by the module's realloc. Its memory can be handed out by release().
template <class T>
class growing_array {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  growing_array() = default;
  growing_array(const growing_array&) = delete;
  growing_array& operator=(const growing_array&) = delete;
  ~growing_array() { free_keeping_errno(data_); }

  T* data() noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  T* begin() noexcept { return data_; }
  T* end() noexcept { return data_ + size_; }
  void clear() noexcept { size_ = 0; }

  // Fails: false, with errno ENOMEM and nothing changed.
  [[nodiscard]] bool reserve(std::size_t wanted) noexcept {
    if (wanted <= capacity_) return true;
    std::size_t capacity = capacity_ * 2 > wanted ? capacity_ * 2 : wanted;
    if (capacity > PTRDIFF_MAX / sizeof(T)) {
      errno = ENOMEM;
      return false;
    }
    auto* moved = static_cast<T*>(__wrap_realloc(data_, capacity * sizeof(T)));
    if (!moved) return false;
    data_ = moved;
    capacity_ = capacity;
    return true;
  }

  [[nodiscard]] bool append(const T* values, std::size_t count) noexcept {
    if (count == 0) return true;
    if (!reserve(size_ + count)) return false;
    std::memcpy(data_ + size_, values, count * sizeof(T));
    size_ += count;
    return true;
  }

  [[nodiscard]] bool append(T value) noexcept { return append(&value, 1); }

  // The memory, cut to what is used, for the caller to free. A block that cannot be cut is handed out as it is.
  T* release() noexcept {
    T* block = data_;
    if (block && size_ != 0 && size_ < capacity_) {
      auto* cut = static_cast<T*>(__wrap_realloc(block, size_ * sizeof(T)));
      if (cut) block = cut;
    }
    data_ = nullptr;
    size_ = capacity_ = 0;
    return block;
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// A copy of `length` characters and a terminator. Owns: the caller frees it. Fails: a null pointer, errno ENOMEM.
template <class Char>
Char* copy_text(const Char* text, std::size_t length) noexcept {
  auto* copy = static_cast<Char*>(__wrap_malloc((length + 1) * sizeof(Char)));
  if (!copy) return nullptr;
  std::memcpy(copy, text, length * sizeof(Char));
  copy[length] = Char{};
  return copy;
}

}  // namespace redismodule::memory::detail
#pragma GCC visibility pop
