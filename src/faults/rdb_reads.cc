#include "rdb_reads.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "injector.h"

namespace redismodule::faults {
namespace {

using abi::function;
using abi::ModuleIO;
using abi::ModuleString;

// Between the jump and the function that is jumped to there is nothing.
constinit thread_local std::uint64_t seed_in_use = 0;

constexpr std::size_t most_bytes_added = 64;

std::uint64_t distort(std::uint64_t value) noexcept {
  const std::uint64_t seed = seed_in_use;
  const std::uint64_t one_bit = value ^ std::uint64_t{1} << (seed >> 8) % 64;
  switch (seed % 4) {
    case 0: return value + 1;
    case 1: return value != 0 ? 0 : one_bit;
    case 2: return ~value;
    default: return one_bit;
  }
}

std::uint32_t distort(std::uint32_t value) noexcept {
  const auto changed = static_cast<std::uint32_t>(distort(std::uint64_t{value}));
  return changed != value ? changed : value ^ std::uint32_t{1} << (seed_in_use >> 8) % 32;
}

double distort(double value) noexcept { return std::bit_cast<double>(distort(std::bit_cast<std::uint64_t>(value))); }

// Bytes that were read, as others: one bit flipped, an end missing, or more of them.
class distorted_bytes {
 public:
  explicit distorted_bytes(std::size_t size) noexcept : before_{size}, after_{size} {
    const std::uint64_t choice = seed_in_use % 3;
    const std::uint64_t amount = seed_in_use >> 8;
    if (choice == 0 || size == 0) {
      after_ = size + 1 + amount % most_bytes_added;
    } else if (choice == 1) {
      after_ = amount % size;
    }
  }
  std::size_t size() const noexcept { return after_; }

  // `to` has room for size() bytes.
  void write(char* to, const char* from) const noexcept {
    std::memcpy(to, from, std::min(before_, after_));
    if (after_ > before_) std::memset(to + before_, static_cast<int>(seed_in_use >> 16 & 0xff), after_ - before_);
    if (after_ == before_) to[(seed_in_use >> 8) % after_] ^= static_cast<char>(1 << (seed_in_use >> 4) % 8);
  }

 private:
  std::size_t before_;
  std::size_t after_;
};

// The server has found out by itself that there is nothing to read.
bool has_ended(ModuleIO* io) noexcept { return real().IsIOError(io) != 0; }

std::uint64_t load_unsigned(ModuleIO* io) {
  const std::uint64_t value = real().LoadUnsigned(io);
  return has_ended(io) ? value : distort(value);
}

std::int64_t load_signed(ModuleIO* io) {
  const std::int64_t value = real().LoadSigned(io);
  return has_ended(io) ? value : static_cast<std::int64_t>(distort(static_cast<std::uint64_t>(value)));
}

double load_double(ModuleIO* io) {
  const double value = real().LoadDouble(io);
  return has_ended(io) ? value : distort(value);
}

float load_float(ModuleIO* io) {
  const float value = real().LoadFloat(io);
  return has_ended(io) ? value : std::bit_cast<float>(distort(std::bit_cast<std::uint32_t>(value)));
}

long double load_long_double(ModuleIO* io) {
  const long double value = real().LoadLongDouble(io);
  return has_ended(io) ? value : static_cast<long double>(distort(static_cast<double>(value)));
}

char* load_string_buffer(ModuleIO* io, std::size_t* length) {
  std::size_t size = 0;
  char* bytes = real().LoadStringBuffer(io, &size);
  if (bytes != nullptr) {
    const distorted_bytes other{size};
    auto* changed = static_cast<char*>(real().Alloc(other.size() + 1));
    other.write(changed, bytes);
    real().Free(bytes);
    bytes = changed;
    size = other.size();
  }
  if (length != nullptr) *length = size;
  return bytes;
}

ModuleString* load_string(ModuleIO* io) {
  ModuleString* read = real().LoadString(io);
  if (read == nullptr) return nullptr;
  std::size_t size = 0;
  const char* bytes = real().StringPtrLen(read, &size);
  const distorted_bytes other{size};
  auto* changed = static_cast<char*>(real().Alloc(other.size() + 1));
  other.write(changed, bytes);
  ModuleString* answer = real().CreateString(nullptr, changed, other.size());
  real().Free(changed);
  real().FreeString(nullptr, read);
  return answer;
}

template <class Function>
void* as_pointer(Function* function) noexcept {
  return reinterpret_cast<void*>(function);
}

}  // namespace

void end_data(const abi::function_table& server, abi::function which, ModuleIO* io) noexcept {
  if (server.IsIOError(io) != 0) return;
  if (which == function::LoadUnsigned || which == function::LoadSigned) {
    (void)server.LoadDouble(io);
  } else {
    (void)server.LoadUnsigned(io);
  }
}

void* corrupting(abi::function which, std::uint64_t seed) noexcept {
  seed_in_use = seed;
  switch (which) {
    case function::LoadDouble: return as_pointer(load_double);
    case function::LoadFloat: return as_pointer(load_float);
    case function::LoadLongDouble: return as_pointer(load_long_double);
    case function::LoadSigned: return as_pointer(load_signed);
    case function::LoadString: return as_pointer(load_string);
    case function::LoadStringBuffer: return as_pointer(load_string_buffer);
    default: return as_pointer(load_unsigned);
  }
}

}  // namespace redismodule::faults
