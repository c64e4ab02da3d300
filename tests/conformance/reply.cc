// A command for each kind of reply.
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

double divide(std::optional<double> a, std::optional<double> b) { return a.value_or(std::nan("")) / b.value_or(1); }

void write_lines(rm::reply& out, rm::at_least_one<std::string_view> lines) {
  rm::aggregate array = out.array(lines.size());
  for (auto line : lines) array.push(rm::simple(line));
}

void write_array(rm::reply& out, int size) {
  rm::aggregate array = out.array(size);
  for (int i = 0; i < size; ++i) array.push(i);
}

std::map<int, double> make_map(int size) {
  std::map<int, double> pairs;
  for (int i = 0; i < size; ++i) pairs[i] = i * 1.5;
  return pairs;
}

std::set<int> make_set(int size) {
  std::set<int> members;
  for (int i = 0; i < size; ++i) members.insert(i);
  return members;
}

void write_attribute(rm::context& ctx, rm::reply& out, int size) {
  if (!ctx.flags().has(rm::context_flag::resp3))
    return out.error(rm::error_reply{"Attributes aren't supported by RESP 2"});
  for (rm::aggregate pairs = out.attribute(size); auto [i, value] : make_map(size)) pairs.push(i, value);
  out.status(rm::ok);
}

// The client's format: nothing that a compiler could check.
rm::error_reply format_error(std::string format, std::string_view text) {
  const auto place = format.find("%s");
  return rm::error_reply{place == format.npos ? format : format.replace(place, 2, text)};
}

}  // namespace

REDISMODULE_MODULE(replywith, 1, m) {
  m.command("rw.string text", [](rm::string_ref text) { return text; });
  m.command("rw.cstring", [] { return rm::simple("A simple string"); });
  m.command("rw.bignumber digits", [](std::string_view digits) { return rm::big_number{digits}; });
  m.command("rw.int number", [](long long number) { return number; });
  m.command<divide>("rw.double [a] [b]");
  m.command("rw.longdouble number", [](long double number) { return number; });
  m.command("rw.verbatim text", [](std::string_view text) { return rm::verbatim{text}; });
  m.command<write_lines>("rw.simplestring_array line...");
  m.command<write_array>("rw.array size");
  m.command<make_map>("rw.map size");
  m.command<make_set>("rw.set size");
  m.command<write_attribute>("rw.attribute size");
  m.command("rw.bool", [] { return std::pair{false, true}; });
  m.command("rw.null", [] { return std::nullopt; });
  m.command("rw.error", [] { return rm::error_reply{"An error"}; });
  m.command<format_error>("rw.error_format format text");
}
