// A data type with one fault of those that a search for broken values has to find; which one is the load argument.
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "peak.h"
#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

enum class fault { none, reserves, crashes, leaks, overreads, loses, hangs };
constexpr std::string_view names[] = {"none", "reserves", "crashes", "leaks", "overreads", "loses", "hangs"};
fault planted = fault::none;

char* volatile lost = nullptr;
constexpr std::int64_t certain_number = 42;

void believe_count(std::vector<std::int64_t>& into, std::uint64_t count) {
  constexpr std::uint64_t most = 1 << 20;  // so that memory does not run out, which would be an error as it should
  into.reserve(static_cast<std::size_t>(count < most ? count : most));
}

// An index that was read, and is not looked at.
void look_at(const std::vector<std::int64_t>& all, std::int64_t index) {
  const volatile std::int64_t* elements = all.data();
  static_cast<void>(elements[index & 0xff]);
}

void do_wrong(std::int64_t number) {
  if (number != certain_number) return;
  if (planted == fault::crashes) *static_cast<volatile int*>(nullptr) = 1;
  if (planted == fault::leaks) lost = new char[2000];
  while (planted == fault::hangs) std::this_thread::sleep_for(std::chrono::seconds{1});
}

}  // namespace

struct careless {
  static constexpr rm::type_info redis_type{.name = "careless-"};
  std::vector<std::int64_t> numbers{1, 2, 3};
  std::int64_t chosen = 1;

  void rdb_save(rm::rdb_writer& to) const {
    to.save_unsigned(numbers.size());
    for (const std::int64_t each : numbers) to.save_signed(each);
    to.save_signed(planted == fault::loses ? 1 : chosen);
  }
  static rm::result<careless> rdb_load(rm::rdb_reader& from) {
    const auto count = from.load_unsigned();
    if (!count) return count.error();
    careless value;
    value.numbers.clear();
    if (planted == fault::reserves) believe_count(value.numbers, *count);
    for (std::uint64_t i = 0; i < *count; ++i) {
      const auto number = from.load_signed();
      if (!number) return number.error();
      do_wrong(*number);
      value.numbers.push_back(*number);
    }
    const auto chosen = from.load_signed();
    if (!chosen) return chosen.error();
    if (planted == fault::overreads) look_at(value.numbers, *chosen);
    value.chosen = *chosen;
    return value;
  }
  void digest(rm::digest& to) const {
    for (const std::int64_t each : numbers) to.add(each);
    to.add(chosen);
  }
  std::size_t mem_usage(std::size_t) const { return sizeof *this; }
};

REDISMODULE_MODULE(careless, 1, m) {
  peak::count();
  for (std::size_t i = 0; i < std::size(names); ++i) {
    if (!m.args().empty() && m.args()[0] == names[i]) planted = static_cast<fault>(i);
  }
  m.data_type<careless>();
  m.command("careless.fill key", [](rm::write<careless> key) { key->set(careless{}); });
  m.command("careless.peak", [] { return peak::since_asked(); });
}
