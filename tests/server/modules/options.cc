// A command for each way in which keyword options, counted arguments and subcommands can stand.
#include <chrono>
#include <string>
#include <tuple>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;
using namespace std::chrono_literals;

namespace units {
enum class length { metre, mile };
constexpr auto describe(rm::of<length>) {
  return rm::names<length>({{"m", length::metre}, {"mi", length::mile}, {"metre", length::metre}});
}
}  // namespace units

namespace {

struct set_options {
  rm::one_of<rm::flag<"NX">, rm::flag<"XX">> condition;
  rm::one_of<rm::option<"EX", std::chrono::seconds, rm::named<"seconds">>,
             rm::option<"PX", std::chrono::milliseconds, rm::named<"milliseconds">>, rm::flag<"KEEPTTL">>
      expiry;
  rm::flag<"GET", rm::excludes<"NX">> get;
};

std::string set(std::string_view name, const set_options& options) {
  std::string text{name};
  if (options.condition.get<"NX">()) text += " nx";
  if (options.condition.get<"XX">()) text += " xx";
  if (const auto& ex = options.expiry.get<"EX">()) text += " ex=" + std::to_string(ex->count());
  if (const auto& px = options.expiry.get<"PX">()) text += " px=" + std::to_string(px->count());
  if (options.expiry.get<"KEEPTTL">()) text += " keepttl";
  return options.get ? text + " get" : text;
}

struct search_options {
  rm::required<rm::option<"BY", std::string_view, rm::named<"pattern">>> by;
  rm::option<"LIMIT", std::pair<long long, long long>, rm::named<"offset count">> limit;
  rm::repeated<"TAG", std::string_view> tags;
  rm::option<"UNIT", units::length> unit;
  rm::option<"COUNT", rm::bounded<int, 1, 100>, rm::needs<"LIMIT">> count;
  rm::option<"AMONG", rm::count_then<long long>, rm::named<"number">> among;
};

std::vector<std::string> search(const search_options& options) {
  std::vector<std::string> all{"by=" + std::string{*options.by}};
  if (options.limit)
    all.push_back("limit=" + std::to_string(options.limit->first) + "," + std::to_string(options.limit->second));
  for (std::string_view tag : options.tags) all.push_back("tag=" + std::string{tag});
  if (options.unit) all.push_back(*options.unit == units::length::mile ? "unit=mile" : "unit=metre");
  if (options.count) all.push_back("count=" + std::to_string(*options.count));
  if (options.among) {
    long long sum = 0;
    for (long long number : *options.among) sum += number;
    all.push_back("among=" + std::to_string(options.among->size()) + "," + std::to_string(sum));
  }
  return all;
}

struct add_options {
  rm::one_of<rm::flag<"NX">, rm::flag<"XX">> condition;
  rm::flag<"CH"> ch;
};

// Options before what has to be there, as in ZADD.
long long add(std::string_view, add_options options, rm::at_least_one<std::pair<double, std::string_view>> members) {
  return static_cast<long long>(members.size()) * (options.ch ? 100 : 1) + (options.condition ? 1000 : 0);
}

std::vector<std::string> middle(std::string_view first, add_options options, std::string_view last) {
  return {std::string{first}, options.ch ? "ch" : "", std::string{last}};
}

std::vector<long long> counted(rm::count_then<long long> numbers, std::string_view last) {
  std::vector<long long> all{numbers.begin(), numbers.end()};
  all.push_back(static_cast<long long>(last.size()));
  return all;
}

struct key_options {
  rm::option<"STORE", rm::write<rm::list>, rm::named<"destination">> store;
  rm::option<"FROM", rm::count_then<rm::key_name<>>> from;
  rm::option<"WEIGHTS", rm::count_then<std::pair<std::string_view, double>>, rm::named<"name weight">> weights;
};
struct switch_options {
  rm::repeated<"SWITCH", bool> switches;
};
std::size_t keys(const key_options& options) { return options.from ? options.from->size() : 0; }

std::size_t raw(rm::rest<std::string_view> words) { return words.size(); }

void add_types(rm::module_builder& m) {
  m.command("opts.seconds s", [](std::chrono::seconds s) { return static_cast<long long>(s.count()); });
  m.command("opts.fraction s", [](std::chrono::duration<double> s) { return s.count(); });
  m.command("opts.time t",
            [](std::chrono::sys_seconds t) { return static_cast<long long>(t.time_since_epoch().count()); });
  m.command("opts.timeout t",
            [](rm::with_unit<std::chrono::milliseconds> t) { return static_cast<long long>(t.value.count()); });
  m.command("opts.halves t",
            [](rm::with_unit<std::chrono::duration<int, std::ratio<90>>> t) { return t.value.count(); });
  m.command("opts.hours t",
            [](rm::with_unit<std::chrono::hours> t) { return static_cast<long long>(t.value.count()); });
  m.command("opts.bytes n", [](rm::byte_count n) { return n.value; });
  m.command("opts.bounded n", [](rm::bounded<int, -5, 5> n) { return n.value; });
  m.command("opts.same-unit unit", [](int unit) { return static_cast<units::length>(unit); });
  m.command("opts.unit unit [other]", [](units::length unit, std::optional<units::length> other) {
    return std::pair{unit == units::length::mile, other == units::length::mile};
  });
}

// What an author says of a command may be data.
constexpr rm::command_options raw_description{
    .key_specs = {{.flags = rm::key_flags::rw | rm::key_flags::update,
                   .begin = rm::key_begin::behind("KEYS", 1),
                   .find = rm::key_find::counted(),
                   .notes = "all of them"},
                  {.flags = rm::key_flags::ro, .begin = rm::key_begin::at(2), .find = rm::key_find::range(-1, 2)}},
    .arguments = {
        {.name = "key", .type = rm::argument_type::key, .key_spec = 0},
        {.name = "trim",
         .type = rm::argument_type::block,
         .flags = rm::argument_flags::optional,
         .parts = {
             {.name = "strategy",
              .type = rm::argument_type::one_of,
              .parts = {{.name = "maxlen", .type = rm::argument_type::pure_token, .token = "MAXLEN"},
                        {.name = "minid", .type = rm::argument_type::pure_token, .token = "MINID", .since = "6.2.0"}}},
             {.name = "threshold", .display_text = "how many"}}}}};

}  // namespace

REDISMODULE_MODULE(options, 1, m) {
  m.acl_category("opts");
  m.command<set>("opts.set name", {.summary = "Sets nothing",
                                   .complexity = "O(1)",
                                   .since = "1.0.0",
                                   .flags = rm::flags::fast,
                                   .history = {{"1.1.0", "Added the GET option."}},
                                   .tips = "nondeterministic_output"});
  m.command<raw>("opts.raw [word...]", raw_description);
  m.command<raw>("opts.silent [word...]", {.documented = false});
  m.command<search>("opts.search", {.acl_categories = "opts"});
  m.command<add>("opts.add name score member...");
  m.command<middle>("opts.middle first last");
  m.command<keys>("opts.keys");
  m.command("opts.switches", [](switch_options options) {
    std::string text;
    for (bool each : options.switches) text += each ? '1' : '0';
    return text;
  });
  m.command<counted>("opts.counted numkeys number... last");
  add_types(m);
  auto group = m.command_group("opts.admin", {.summary = "Does what admins do"});
  group.command("reset [name]", [](std::optional<std::string_view> name) { return name.value_or("all"); },
                {.summary = "Resets", .flags = rm::flags::admin});
  group.command<set>("set name");
  group.command("sum number...", [](rm::at_least_one<long long> numbers) {
    long long sum = 0;
    for (long long number : numbers) sum += number;
    return sum;
  });
}
