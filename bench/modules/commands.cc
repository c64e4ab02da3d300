// The measured commands, by this library.
#include <array>
#include <string>
#include <utility>

#include <redismodule/redismodule.h>
namespace rm = redismodule;

long long multiply(int a, int b) { return static_cast<long long>(a) * b; }

rm::string_ref echo(rm::string_ref text) { return text; }

template <std::size_t Size>
std::array<long long, Size> numbers;
// Sorted pairs in a row, as C would have them: to this library a map, since it has a mapped_type.
struct flat_map : std::array<std::pair<std::string, long long>, 100> {
  using key_type = std::string;
  using mapped_type = long long;
};
flat_map pairs;

template <std::size_t Size>
const std::array<long long, Size>& array() {
  return numbers<Size>;
}

const flat_map& map() { return pairs; }

// The value of a key by a call, passed through; and as text, whose length is answered.
rm::call_reply get(rm::context& ctx, rm::string_ref key) { return ctx.call("GET", key); }

long long get_length(rm::context& ctx, rm::string_ref key) {
  return static_cast<long long>(ctx.call("GET", key).text().size());
}

template <std::size_t Size>
void fill_numbers() {
  for (std::size_t i = 0; i < Size; ++i) numbers<Size>[i] = static_cast<long long>(i * 1000);
}

REDISMODULE_MODULE(ours, 1, m) {
  fill_numbers<100>();
  fill_numbers<1000>();
  for (int i = 0; i < 100; ++i) pairs[i] = {"field:" + std::to_string(100 + i), i * 1000};
  m.command<array<100>>("ours.array100", {.flags = rm::flags::fast});
  m.command<array<1000>>("ours.array1000", {.flags = rm::flags::fast});
  m.command<map>("ours.map100", {.flags = rm::flags::fast});
  m.command<get>("ours.get key", {.flags = rm::flags::fast});
  m.command<get_length>("ours.getlen key", {.flags = rm::flags::fast});
  m.command<multiply>("ours.mul a b", {.flags = rm::flags::fast});
  m.command<echo>("ours.echo text", {.flags = rm::flags::fast});
}
