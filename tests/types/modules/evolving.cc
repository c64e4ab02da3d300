// One data type as it was in version 1, in version 2 and as it is in version 3. With the argument "write=1" or
// "write=2" it writes that version.
#include <map>
#include <string>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

#if EVOLVING_VERSION == 1

struct account {
  static constexpr rm::type_info redis_type{.name = "accounts1", .version = 1};
  std::int64_t cents = 0;
  static constexpr auto fields = rm::fields(rm::field<&account::cents>);
  std::string show() const { return std::to_string(cents); }
  void add(std::int64_t more, std::string_view) { cents += more; }
};

#elif EVOLVING_VERSION == 2

// Knows why.
struct account {
  static constexpr rm::type_info redis_type{.name = "accounts1", .version = 2};
  std::int64_t cents = 0;
  std::string last_reason = "unknown";
  static constexpr auto fields =
      rm::fields(rm::field<&account::cents>, rm::field<&account::last_reason, rm::since_version<2> >);
  std::string show() const { return std::to_string(cents) + ' ' + last_reason; }
  void add(std::int64_t more, std::string_view why) {
    cents += more;
    last_reason = why;
  }
};

#else

// Counts by reason; what came from older versions is the last reason's.
struct account {
  static constexpr rm::type_info redis_type{.name = "accounts1", .version = 3};
  std::map<std::string, std::int64_t> by_reason;

  std::int64_t old_cents = 0;
  void take_cents(std::int64_t cents) { old_cents = cents; }
  std::int64_t give_cents() const { return sum(); }
  void take_reason(std::string reason) { by_reason[std::move(reason)] = old_cents; }
  std::string give_reason() const { return by_reason.empty() ? "unknown" : by_reason.rbegin()->first; }

  static constexpr auto fields = rm::fields(
      rm::removed_field<std::int64_t, 1, 3, rm::loaded_by<&account::take_cents>, rm::saved_by<&account::give_cents> >,
      rm::removed_field<std::string, 2, 3, rm::loaded_by<&account::take_reason>, rm::saved_by<&account::give_reason> >,
      rm::field<&account::by_reason, rm::since_version<3> >);

  static void migrate(account& value, int from) {
    if (from == 1) value.by_reason["unknown"] = value.old_cents;
  }
  std::int64_t sum() const {
    std::int64_t all = 0;
    for (const auto& [reason, cents] : by_reason) all += cents;
    return all;
  }
  std::string show() const {
    std::string text = std::to_string(sum());
    for (const auto& [reason, cents] : by_reason) text += ' ' + reason + '=' + std::to_string(cents);
    return text;
  }
  void add(std::int64_t more, std::string_view why) { by_reason[std::string{why}] += more; }
};

#endif

REDISMODULE_MODULE(evolving, EVOLVING_VERSION, m) {
  int written = 0;
  for (const int version : {1, 2}) {
    if (!m.args().empty() && m.args()[0] == "write=" + std::to_string(version)) written = version;
  }
  m.data_type<account>({.written_version = written});
  m.command("account.add key cents why",
            [](rm::context& ctx, rm::write<account> key, std::int64_t cents, std::string_view why) {
              key->value_or_create().add(cents, why);
              ctx.replicate_verbatim();
            });
  m.command("account.show key", [](rm::read<account> key) { return key->value().show(); });
}
