// Values that keep a part of themselves outside of them, by database and key, and values of the data set that are in no
// key.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

// --- Beside the keys ---

struct limits {
  static constexpr rm::type_info redis_type{.name = "beside-li", .version = LIMITS_VERSION};
  std::map<std::string, std::int64_t> by_user;
  static constexpr auto fields = rm::fields(rm::field<&limits::by_user>);
};

namespace {

constinit rm::aux_value<limits> current_limits;

std::string show_limits(const limits& all) {
  std::string text;
  for (const auto& [user, limit] : all.by_user) text += user + '=' + std::to_string(limit) + ' ';
  return text;
}

}  // namespace

// Is no more than text, and can be told to refuse it.
struct remark {
  static constexpr rm::type_info redis_type{.name = "beside-re"};
  static inline bool is_refused = false;
  static inline std::string limits_when_refused;
  std::string text;
  void rdb_save(rm::rdb_writer& to) const {
    if (text == "unsavable") to.refuse("it is not to be saved");
    to.save_string(text);
  }
  static rm::result<remark> rdb_load(rm::rdb_reader& from) {
    auto text = from.load_string();
    if (is_refused) {
      limits_when_refused = show_limits(*current_limits);
      return from.refuse("it was to be refused");
    }
    if (!text) return text.error();
    return remark{std::move(*text)};
  }
};

// Limits its user wherever it is loaded.
struct owner {
  static constexpr rm::type_info redis_type{.name = "beside-ow"};
  std::string user;
  void rdb_save(rm::rdb_writer& to) const { to.save_string(user); }
  static rm::result<owner> rdb_load(rm::rdb_reader& from) {
    auto user = from.load_string();
    if (!user) return user.error();
    current_limits.edit_loading().by_user[*user] = 0;
    return owner{std::move(*user)};
  }
};

namespace {

constinit rm::aux_value<remark> last_remark;

}  // namespace

// --- Outside of their values ---

// Its notes are in a table of all keys.
struct noted {
  static constexpr rm::type_info redis_type{.name = "beside-no"};
  using place = std::pair<int, std::string>;
  static inline std::map<place, std::string> notes;
  static inline std::string seen;

  std::int64_t number = 0;

  static place at(std::optional<int> database, rm::string_ref key) {
    return {database.value_or(-1), std::string{key.view()}};
  }
  static std::string note(const place& where) {
    const auto found = notes.find(where);
    return found == notes.end() ? "none" : found->second;
  }
  static void see(std::string_view hook, const place& where) {
    seen += std::string{hook} + ':' + std::to_string(where.first) + '/' + where.second + ' ';
  }

  void rdb_save(rm::rdb_writer& to) const {
    to.save_signed(number);
    to.save_string(note(at(to.database(), to.key())));
    to.save_long_double(1.0L / 3);
  }
  static rm::result<noted> rdb_load(rm::rdb_reader& from) {
    const auto number = from.load_signed();
    auto note = from.load_string_buffer();
    const auto third = from.load_long_double();
    if (!third) return third.error();
    if (*third != 1.0L / 3) return from.refuse("a third is another number");
    rm::context ctx{from.raw_context()};
    notes[at(from.database(), from.key())] = std::string{note->view()};
    return noted{*number};
  }
  rm::result<noted> copy(const rm::key_context& of) const {
    if (number < 0) return rm::error_reply{"ERR negative numbers are not copied"};
    notes[at(of.to_database(), of.to_key())] = note(at(of.database(), of.key()));
    return noted{number};
  }
  void digest(rm::digest& to) const {
    to.add(number);
    to.add(note(at(to.database(), to.key())));
  }
  std::size_t mem_usage(std::size_t, const rm::key_context& of) const {
    return 1000 + note(at(of.database(), of.key())).size();
  }
  std::size_t free_effort(const rm::key_context& of) const {
    if (of.database()) see("free_effort", at(of.database(), of.key()));
    return 1;
  }
  void unlink(const rm::key_context& of) const {
    see("unlink", at(of.database(), of.key()));
    notes.erase(at(of.database(), of.key()));
  }
};

// The same with the names of keys alone, which Redis 6.2 gives as well, on any server.
struct named {
  static constexpr rm::type_info redis_type{.name = "beside-na"};
  static inline std::string seen;
  std::string text;
  static constexpr auto fields = rm::fields(rm::field<&named::text>);
  named copy(const rm::key_context& of) const {
    return {text + '/' + std::string{of.key().view()} + '/' + std::string{of.to_key().view()}};
  }
};

// Cannot be copied, and looks where it is when it is saved and loaded. All else is made from that.
struct moved {
  static constexpr rm::type_info redis_type{.name = "beside-mo"};
  std::unique_ptr<std::string> text = std::make_unique<std::string>();
  void rdb_save(rm::rdb_writer& to) const {
    if (*text == "throw") throw std::bad_alloc{};
    to.save_string(*text + " <" + std::string{to.key().view()});
  }
  static rm::result<moved> rdb_load(rm::rdb_reader& from) {
    auto loaded = from.load_string();
    if (!loaded) return loaded.error();
    return moved{std::make_unique<std::string>(*loaded + " >" + std::string{from.key().view()})};
  }
};

struct unregistered {
  static constexpr rm::type_info redis_type{.name = "beside-un"};
  std::int64_t number = 0;
  static constexpr auto fields = rm::fields(rm::field<&unregistered::number>);
};

namespace {

void add_limits(rm::module_builder& m) {
  m.command("beside.limit user limit",
            [](rm::context& ctx, std::string_view user, std::int64_t limit) {
              current_limits.edit().by_user[std::string{user}] = limit;
              ctx.replicate_verbatim();
            },
            {.flags = rm::flags::write});
  m.command("beside.limits", [] { return show_limits(*current_limits); });
  m.command("beside.loading", [] {
    return current_limits.loading() == nullptr ? std::string{"none"} : show_limits(*current_limits.loading());
  });
  m.command("beside.remark text",
            [](rm::context& ctx, std::string_view text) {
              last_remark.edit().text = text;
              ctx.replicate_verbatim();
            },
            {.flags = rm::flags::write});
  m.command("beside.lastremark", [] { return last_remark->text; });
  m.command("beside.move-limits", [] {
    rm::defragmenter by{nullptr};  // good for what has allocated nothing
    by.whole(current_limits.unmarked());
  });
  m.command("beside.forget", [] { last_remark.reset(); });
  m.command("beside.refuse yes", [](bool yes) { remark::is_refused = yes; });
  m.command("beside.limitswhenrefused", [] { return remark::limits_when_refused; });
  m.command("beside.loadowner user", [](std::string_view user) {
    const rm::result<rm::string> bytes = rm::dump(owner{std::string{user}});
    return rm::load<owner>(bytes->view()).transform([](const owner& it) { return it.user; });
  });
}

void add_noted(rm::module_builder& m) {
  m.command("beside.note key number text",
            [](rm::context& ctx, rm::write<noted> key, std::int64_t number, std::string_view text) {
              key->set({number});
              noted::notes[noted::at(ctx.database(), key->name())] = text;
              ctx.replicate_verbatim();
            });
  m.command("beside.noteof key", [](rm::context& ctx, rm::read<noted> key) {
    return std::to_string(key->value().number) + ' ' + noted::note(noted::at(ctx.database(), key->name()));
  });
  m.command("beside.notes", [] { return static_cast<long long>(noted::notes.size()); });
  m.command("beside.seen", [] { return std::exchange(noted::seen, {}); });
  m.command("beside.name key text", [](rm::context& ctx, rm::write<named> key, std::string_view text) {
    key->set({std::string{text}});
    ctx.replicate_verbatim();
  });
  m.command("beside.nameof key", [](rm::read<named> key) { return key->value().text; });
  m.command("beside.move key text", [](rm::context& ctx, rm::write<moved> key, std::string_view text) {
    *key->set({}).text = text;
    ctx.replicate_verbatim();
  });
  m.command("beside.moved key", [](rm::read<moved> key) { return *key->value().text; });
}

// --- As a string, in another key, in another file ---

rm::result<rm::string> dump(rm::read<named> key) { return rm::dump(key->value()); }

rm::result<std::string> load(std::string_view bytes, std::optional<int> version) {
  const rm::result<named> loaded = rm::load<named>(bytes, version.value_or(0));
  if (!loaded) return loaded.error();
  return loaded->text;
}

void add_strings(rm::module_builder& m) {
  m.command<dump>("beside.dump key");
  m.command<load>("beside.load bytes [version]");
  m.command("beside.dumpmoved key", [](rm::read<moved> key) { return rm::dump(key->value()); });
  m.command("beside.dumpremark", [] { return rm::dump(*last_remark); });
  m.command("beside.dumpunregistered", [] { return rm::dump(unregistered{}); });
  m.command("beside.loadunregistered",
            []() { return rm::load<unregistered>("x").transform([](const unregistered& it) { return it.number; }); });
  m.command("beside.exchange one another", [](rm::write<named> one, rm::write<named> another) {
    auto first = one->exchange(std::make_unique<named>());
    const named* kept = first.get();
    auto second = another->exchange(std::move(first));
    one->exchange(std::move(second));
    return another->get() == kept;
  });
  m.command("beside.exchangenull key", [](rm::write<named> key) { return key->exchange(nullptr)->text; });
  m.command("beside.change key text", [](rm::context& ctx, rm::write<named> key, std::string_view text) {
    key->value_or_create().text = text;
    ctx.changed(*key, "beside.change");
    return key->value().text;
  });
  m.command("beside.rdbsave file", [](rm::context& ctx, std::string_view file) { return ctx.rdb_save(file); });
  m.command("beside.rdbload file key", [](rm::context& ctx, std::string_view file, rm::write<named> key) {
    const auto loaded = ctx.rdb_load(file);
    return loaded.transform([&] { return key->get() == nullptr ? std::string{"no key"} : key->value().text; });
  });
}

}  // namespace

REDISMODULE_MODULE(beside, 1, m) {
  const bool always = !m.args().empty() && m.args()[0] == "always";
  m.aux_value<current_limits>({.when = rm::aux_when::before_keys, .async_loading = true, .slot_migration = true});
  m.aux_value<last_remark>({.when = rm::aux_when::after_keys, .always = always});
  if (!m.args().empty() && m.args()[0] == "fail") throw rm::load_error{"it was told to fail"};
  if (!m.args().empty() && m.args()[0] == "everyone") current_limits.edit().by_user["everyone"] = 1;
  m.data_type<noted>();
  m.data_type<named>();
  m.data_type<moved>();
  m.data_type<owner>();
  add_limits(m);
  add_noted(m);
  add_strings(m);
}
