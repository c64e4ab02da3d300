#include "data_set.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <sstream>

namespace redismodule::testing::detail {
namespace {

constexpr std::size_t most_shown = 160;           // bytes of a value
constexpr long long loose_milliseconds = 10'000;  // what the ends of some keys may differ by, on Redis 6

// DEBUG DIGEST-VALUE of a module's type without a `digest` callback, without and with an end: of its kind alone.
constexpr const char* no_digest = "865b1024b47cf7b38672487172782cb7502865bb";
constexpr const char* no_digest_with_end = "60deeedb68451de74764a3893712e32c4a862438";

bool starts_with_digit(const std::string& text) { return !text.empty() && text[0] >= '0' && text[0] <= '9'; }

std::string shortened(std::string text) {
  if (text.size() > most_shown) text.resize(most_shown), text += "…";
  return text;
}

std::string quoted(const std::string& text) { return to_string(reply::of_text(reply::kind::string, text)); }

// Drops these fields, and the value behind each, from a reply of fields and values in turn, and from those within it.
reply without_fields(const reply& info, const std::vector<std::string>& names) {
  if (!info.is_array()) return info;
  std::vector<reply> kept;
  for (std::size_t i = 0; i < info.size(); ++i) {
    const auto is_field = [&each = info[i]](const std::string& name) { return each == name; };
    if (std::any_of(names.begin(), names.end(), is_field)) {
      ++i;
    } else {
      kept.push_back(without_fields(info[i], names));
    }
  }
  return reply::of_elements(reply::kind::array, std::move(kept));
}

// Fields of XINFO STREAM that say how a server stores a stream, or when it saw a consumer: not what the stream holds.
// A replica of Redis 7.0 does not learn how many entries a group has read.
std::vector<std::string> local_fields_of_streams(const server_version& version) {
  std::vector<std::string> names{"radix-tree-keys", "radix-tree-nodes", "seen-time", "active-time"};
  if (version.is_redis() && version.number < version_number{7, 2, 0})
    names.insert(names.end(), {"entries-read", "lag"});
  return names;
}

bool is_same_end(long long a, long long b, bool is_loose) {
  if (a == b) return true;
  return is_loose && a != no_end && b != no_end && std::llabs(a - b) <= loose_milliseconds;
}

bool differs(const seen_data& a, const seen_data& b, const key_place& at, bool is_loose) {
  const auto in_a = a.data->find(at), in_b = b.data->find(at);
  if (in_a == a.data->end() || in_b == b.data->end()) return true;
  if (!is_same_end(in_a->second.end, in_b->second.end, is_loose)) return true;
  return in_a->second.dump != in_b->second.dump && a.by->canonical(at) != b.by->canonical(at);
}

}  // namespace

observer::observer(server& of)
    : connection_{of.connect()},
      has_absolute_ends_{of.version().is_valkey() || of.version().number >= version_number{7, 0, 0}},
      local_fields_of_streams_{local_fields_of_streams(of.version())} {}

reply observer::ask(const std::vector<std::string>& words) {
  reply answer = connection_.call(words);
  if (answer.is_error()) throw error{words[0] + " answered: " + answer.error()};
  return answer;
}

// "db0:keys=1,expires=0,…"
std::vector<int> observer::databases() {
  std::vector<int> numbers;
  std::istringstream lines{ask({"INFO", "keyspace"}).str()};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("db") && starts_with_digit(line.substr(2))) numbers.push_back(std::atoi(line.c_str() + 2));
  }
  return numbers;
}

data_set observer::look() {
  data_set found;
  for (const int database : databases()) read_database(database, found);
  return found;
}

// A key may go while it is read: its time has come.
void observer::read_database(int database, data_set& into) {
  ask({"SELECT", std::to_string(database)});
  const auto names = ask({"KEYS", "*"}).as<std::vector<std::string>>();
  std::vector<command> questions;
  for (const std::string& name : names) {
    questions.push_back({"DUMP", name});
    questions.push_back({has_absolute_ends_ ? "PEXPIRETIME" : "PTTL", name});
  }
  const std::vector<reply> answers = connection_.pipeline(questions);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const reply &dump = answers[2 * i], &end = answers[2 * i + 1];
    if (dump.is_error() || end.is_error()) throw error{"the key " + quoted(names[i]) + ": " + to_string(dump)};
    if (dump.is_null()) continue;
    const bool ends = end.integer() >= 0;
    const long long at = !ends ? no_end : has_absolute_ends_ ? end.integer() : end_of(names[i]);
    into[{database, names[i]}] = {dump.str(), at};
  }
}

// For servers without PEXPIRETIME: what is left, and the server's clock before and after, until both are one time.
long long observer::end_of(const std::string& key) {
  const auto in_milliseconds = [](const reply& time) {
    return std::stoll(time[0].str()) * 1000 + std::stoll(time[1].str()) / 1000;
  };
  for (;;) {
    const auto answers = connection_.pipeline({{"MULTI"}, {"TIME"}, {"PTTL", key}, {"TIME"}, {"EXEC"}});
    const reply& together = answers.back();
    const long long left = together[1].integer();
    if (left < 0) return no_end;
    if (in_milliseconds(together[0]) == in_milliseconds(together[2])) return in_milliseconds(together[0]) + left;
  }
}

std::string observer::canonical(const key_place& at) {
  ask({"SELECT", std::to_string(at.first)});
  const std::string type = ask({"TYPE", at.second}).str();
  if (type == "stream") {
    const reply info = ask({"XINFO", "STREAM", at.second, "FULL", "COUNT", "0"});
    return to_string(without_fields(info, local_fields_of_streams_));
  }
  const std::string digest = ask({"DEBUG", "DIGEST-VALUE", at.second})[0].str();
  if (digest == no_digest || digest == no_digest_with_end) return type + ' ' + to_string(ask({"DUMP", at.second}));
  return type + ' ' + digest + (type == "hash" ? ends_of_fields(at.second) : std::string{});
}

// Empty on servers whose fields have none.
std::string observer::ends_of_fields(const std::string& key) {
  auto names = ask({"HKEYS", key}).as<std::vector<std::string>>();
  if (names.empty()) return {};
  std::sort(names.begin(), names.end());
  std::vector<std::string> words{"HPEXPIRETIME", key, "FIELDS", std::to_string(names.size())};
  words.insert(words.end(), names.begin(), names.end());
  const reply ends = connection_.call(words);
  return ends.is_error() ? std::string{} : ' ' + to_string(ends);
}

std::string observer::describe(const key_place& at, const held_value& value) {
  ask({"SELECT", std::to_string(at.first)});
  const std::string type = ask({"TYPE", at.second}).str();
  const std::string end = value.end == no_end ? " without an end" : ", which ends at " + std::to_string(value.end);
  return type + ' ' + show(type, at.second) + end;
}

std::string observer::show(const std::string& type, const std::string& key) {
  std::vector<std::string> words{"DEBUG", "DIGEST-VALUE", key};
  if (type == "string") words = {"GET", key};
  if (type == "list") words = {"LRANGE", key, "0", "-1"};
  if (type == "hash") words = {"HGETALL", key};
  if (type == "set") words = {"SMEMBERS", key};
  if (type == "zset") words = {"ZRANGE", key, "0", "-1", "WITHSCORES"};
  if (type == "stream") words = {"XRANGE", key, "-", "+"};
  return shortened(to_string(connection_.call(words)));
}

std::vector<key_place> differing(const seen_data& a, const seen_data& b, const std::set<key_place>& loose) {
  std::set<key_place> places;
  for (const seen_data* each : {&a, &b}) {
    for (const auto& [at, value] : *each->data) places.insert(at);
  }
  std::vector<key_place> found;
  for (const key_place& at : places) {
    if (differs(a, b, at, loose.contains(at))) found.push_back(at);
  }
  return found;
}

std::string text_of(const key_place& at) {
  return "database " + std::to_string(at.first) + ", key " + quoted(at.second);
}

}  // namespace redismodule::testing::detail
