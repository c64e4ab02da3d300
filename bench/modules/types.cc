// The measured data type, by this library: everything is made from the fields.
#include <redismodule/redismodule.h>

#include <string>
#include <vector>
namespace rm = redismodule;

struct sample {
  std::int64_t at;
  double value;
  static constexpr auto fields = rm::fields(rm::field<&sample::at>, rm::field<&sample::value>);
};

struct series {
  static constexpr rm::type_info redis_type{.name = "ourseries"};
  std::int64_t total = 0;
  std::string name;
  std::vector<sample> samples;
  static constexpr auto fields =
      rm::fields(rm::field<&series::total>, rm::field<&series::name>, rm::field<&series::samples>);
};

// The same, of which the name is set once.
struct lean_series {
  static constexpr rm::type_info redis_type{.name = "leanserie"};
  std::int64_t total = 0;
  rm::string_buffer name;
  std::vector<sample> samples;
  static constexpr auto fields =
      rm::fields(rm::field<&lean_series::total>, rm::field<&lean_series::name>, rm::field<&lean_series::samples>);
};

template <class T>
void fill(rm::write<T> key, std::string_view name, std::int64_t count) {
  T& value = key->set({.total = count, .name = decltype(T::name){name}, .samples = {}});
  value.samples.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) value.samples.push_back({1000 + i, static_cast<double>(i) / 3});
}

REDISMODULE_MODULE(ourtypes, 1, m) {
  m.data_type<series>();
  m.data_type<lean_series>();
  m.command<fill<series>>("ourtypes.fill key name count", {.flags = rm::flags::write});
  m.command<fill<lean_series>>("leantypes.fill key name count", {.flags = rm::flags::write});
}
