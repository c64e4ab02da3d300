#include "orders.h"

#include <charconv>

#include "injector.h"

namespace redismodule::faults {
namespace {

constexpr std::string_view prefix = "fault:";

// One order: its words, and what it does with them. The first word after the name is functions, unless it is said that
// the order is for whatever reads an RDB, or takes none.
struct verb {
  std::string_view name;
  enum : std::uint8_t { some_functions, rdb_functions, no_function } on;
  std::uint8_t least;  // numbers after the functions
  std::uint8_t most;
  order (*make)(const std::uint64_t* numbers, std::size_t count);
};

order make_order(action what, trigger when, std::uint64_t number) noexcept {
  order made;
  made.what = what;
  made.when = when;
  made.number = number;
  return made;
}

order count_calls(const std::uint64_t*, std::size_t) { return {}; }

order fail_nth(const std::uint64_t* numbers, std::size_t) { return make_order(action::fail, trigger::nth, numbers[0]); }

order fail_from(const std::uint64_t* numbers, std::size_t) {
  return make_order(action::fail, trigger::from_nth, numbers[0]);
}

order fail_randomly(const std::uint64_t* numbers, std::size_t) {
  order made = make_order(action::fail, trigger::at_random, 0);
  made.millionths = numbers[0];
  made.seed = numbers[1];
  return made;
}

order delay_calls(const std::uint64_t* numbers, std::size_t count) {
  order made = make_order(action::delay, count > 1 ? trigger::nth : trigger::always, numbers[1]);
  made.milliseconds = numbers[0];
  return made;
}

order cut_nth(const std::uint64_t* numbers, std::size_t) { return make_order(action::cut, trigger::nth, numbers[0]); }

order corrupt_nth(const std::uint64_t* numbers, std::size_t) {
  order made = make_order(action::corrupt, trigger::nth, numbers[0]);
  made.seed = numbers[1];
  return made;
}

constexpr verb verbs[] = {
    {"count", verb::some_functions, 0, 0, count_calls},
    {"fail", verb::some_functions, 1, 1, fail_nth},
    {"fail-from", verb::some_functions, 1, 1, fail_from},
    {"fail-randomly", verb::some_functions, 2, 2, fail_randomly},
    {"delay", verb::some_functions, 1, 2, delay_calls},
    {"cut-read", verb::rdb_functions, 1, 1, cut_nth},
    {"corrupt-read", verb::rdb_functions, 2, 2, corrupt_nth},
};

bool refuse(message& why, std::string_view what, std::string_view word) noexcept {
  why.append("ERR ").append(what).append(" '").append(word.substr(0, 64)).append("'");
  return false;
}

bool parse_functions(std::string_view names, function_set& functions, message& why) noexcept {
  std::string_view bad;
  if (functions.parse(names, bad)) return true;
  return refuse(why, "this server has no function", bad);
}

bool parse_version(std::string_view text, version& number) noexcept {
  std::uint8_t* const parts[] = {&number.major, &number.minor, &number.patch};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::uint8_t* part : parts) {
    const auto [next, error] = std::from_chars(at, end, *part);
    if (error != std::errc{}) return false;
    if (next == end) return true;
    if (*next != '.') return false;
    at = next + 1;
  }
  return false;
}

bool obey_verb(const verb& which, words rest, message& why) noexcept {
  function_set functions;
  std::string_view names = rdb_reads;
  if (which.on == verb::some_functions) {
    if (rest.empty()) return refuse(why, "no function is named after", which.name);
    names = rest[0];
    rest = rest.subspan(1);
  }
  if (!parse_functions(names, functions, why)) return false;
  if (rest.size() < which.least || rest.size() > which.most)
    return refuse(why, "wrong number of words for", which.name);
  std::uint64_t numbers[most_words] = {};
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (!parse_number(rest[i], numbers[i])) return refuse(why, "not a number:", rest[i]);
  }
  arm(functions, which.make(numbers, rest.size()));
  return true;
}

bool obey_hide(words rest, message& why) noexcept {
  function_set functions;
  if (rest.size() != 1) return refuse(why, "wrong number of words for", "hide");
  if (!parse_functions(rest[0], functions, why)) return false;
  hide(functions);
  return true;
}

bool obey_older(words rest, message& why) noexcept {
  version number;
  if (rest.size() != 1) return refuse(why, "wrong number of words for", "older");
  if (!parse_version(rest[0], number)) return refuse(why, "not a version:", rest[0]);
  hide_newer_than(number);
  return true;
}

bool obey_watch(words rest, message& why) noexcept {
  if (!rest.empty()) return refuse(why, "wrong number of words for", "watch");
  watch();
  return true;
}

bool obey_reset(words rest, message& why) noexcept {
  if (rest.empty()) {
    reset();
    return true;
  }
  function_set functions;
  if (rest.size() > 1) return refuse(why, "wrong number of words for", "reset");
  if (!parse_functions(rest[0], functions, why)) return false;
  reset(functions);
  return true;
}

}  // namespace

bool parse_number(std::string_view text, std::uint64_t& number) noexcept {
  const char* const end = text.data() + text.size();
  const auto [next, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && next == end;
}

bool obey(words order, message& why) noexcept {
  const std::string_view name = order.empty() ? std::string_view{} : order[0];
  const words rest = order.empty() ? order : order.subspan(1);
  for (const verb& each : verbs) {
    if (each.name == name) return obey_verb(each, rest, why);
  }
  if (name == "hide") return obey_hide(rest, why);
  if (name == "older") return obey_older(rest, why);
  if (name == "watch") return obey_watch(rest, why);
  if (name == "reset") return obey_reset(rest, why);
  return refuse(why, "no such fault:", name);
}

bool is_argument(std::string_view argument) noexcept { return argument.starts_with(prefix); }

bool obey_argument(std::string_view argument, message& why) noexcept {
  std::string_view parts[most_words];
  std::size_t count = 0;
  argument.remove_prefix(prefix.size());
  for (char separator = '=';; separator = ',') {
    if (count == most_words) return refuse(why, "too many words in", argument);
    const std::size_t end = argument.find(separator);
    parts[count++] = argument.substr(0, end);
    if (end == std::string_view::npos) break;
    argument.remove_prefix(end + 1);
  }
  return obey({parts, count}, why);
}

}  // namespace redismodule::faults
