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

REDISMODULE_MODULE(ourtypes, 1, m) {
  m.data_type<series>();
  m.command("ourtypes.fill key name count",
            [](rm::write<series> key, std::string_view name, std::int64_t count) {
              series& value = key->set({.total = count, .name = std::string{name}, .samples = {}});
              value.samples.reserve(static_cast<std::size_t>(count));
              for (std::int64_t i = 0; i < count; ++i) value.samples.push_back({1000 + i, static_cast<double>(i) / 3});
            },
            {.flags = rm::flags::write});
}
