// A data type, and values of the data set beside the keys: saved before them or after them, or not at all.
#include <string>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

struct text {
  static constexpr rm::type_info redis_type{.name = "test__rdb"};
  static constexpr long double third = 0.333333333333333333L;
  rm::string value;

  void rdb_save(rm::rdb_writer& to) const {
    to.save_signed(1);
    to.save_string(value);
    to.save_float(1.5f);
    to.save_long_double(third);
  }
  static rm::result<text> rdb_load(rm::rdb_reader& from) {
    const auto count = from.load_signed();
    auto value = from.load_server_string();
    const auto number = from.load_float();
    const auto loaded_third = from.load_long_double();
    const rm::context ctx{from.raw_context()};
    if (!loaded_third) return loaded_third.error();
    if (*count != 1 || *number != 1.5f || *loaded_third != third) return from.refuse("numbers are others");
    return text{std::move(*value)};
  }
};

namespace {

int loaded = 0;

}  // namespace

template <bool IsBefore>
struct global {
  static constexpr rm::type_info redis_type{.name = IsBefore ? "test_befo" : "test_afte"};
  std::string value;

  void rdb_save(rm::rdb_writer& to) const { to.save_string(value); }
  static rm::result<global> rdb_load(rm::rdb_reader& from) {
    ++loaded;
    return from.load_string().transform([](std::string value) { return global{std::move(value)}; });
  }
};

namespace {

constinit rm::aux_value<global<true>> before;
constinit rm::aux_value<global<false>> after;

// Bits of the argument. On Redis 7.0 it is 1 for the value after the keys, 2 for both.
enum option : std::uint8_t { leaves_empty_out = 1, saves_before = 2, saves_after = 4 };

}  // namespace

REDISMODULE_MODULE(testrdb, 1, m) {
  const auto options = m.args().empty() ? 0 : m.args()[0].integer().value_or(0);
  const bool always = (options & leaves_empty_out) == 0;
  m.data_type<text>({.async_loading = true, .slot_migration = true});
  if ((options & saves_before) != 0) m.aux_value<before>({.when = rm::aux_when::before_keys, .always = always});
  if ((options & saves_after) != 0 || options == 1 || options == 2)
    m.aux_value<after>({.when = rm::aux_when::after_keys, .always = always});

  m.command("testrdb.set.before text", [](std::string value) {
    before.edit().value = value;
    return 1;
  });
  m.command("testrdb.get.before", [] { return before->value; });
  m.command("testrdb.async_loading.get.before", [] { return before.loading() ? before.loading()->value : ""; });
  m.command("testrdb.set.after text", [](std::string value) {
    after.edit().value = value;
    return 1;
  });
  m.command("testrdb.get.after", [] { return after->value; });
  m.command("testrdb.set.key key text", [](rm::write<text> key, rm::string_ref value) {
    key->set({rm::string::retain(value)});
    return 1;
  });
  m.command("testrdb.get.key key", [](rm::read<text> key) { return key->value().value.borrow(); });
  m.command("testrdb.get.n_aux_load_called", [] { return loaded; });
}
