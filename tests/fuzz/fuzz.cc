#include "fuzz.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace fuzz {
namespace {

using kind = rt::reply::kind;

// What values, keys, and attacks on the protocol are made of. Few enough, so that what is stored is bounded.
const std::vector<std::string> common_words = {"0",
                                               "1",
                                               "2",
                                               "3",
                                               "10",
                                               "-1",
                                               "-0",
                                               "05",
                                               "+5",
                                               "1.5",
                                               "-2.25",
                                               "1e3",
                                               "inf",
                                               "nan",
                                               "1e400",
                                               "0x10",
                                               "",
                                               "9223372036854775807",
                                               "-9223372036854775808",
                                               "9223372036854775808",
                                               "18446744073709551615",
                                               "2147483648",
                                               "list",
                                               "hash",
                                               "zset",
                                               "set",
                                               "string",
                                               "stream",
                                               "none",
                                               "session:1",
                                               "session:last",
                                               "1h",
                                               "250ms",
                                               "2d",
                                               "7q",
                                               "+OK\r\n",
                                               "-ERR forged\r\n",
                                               "x\r\n+OK",
                                               "\r\n",
                                               "\n",
                                               "\r",
                                               "$5\r\nhello\r\n",
                                               ":1\r\n",
                                               "*1\r\n",
                                               "%s%n%d",
                                               "{}",
                                               std::string(70, 'A'),
                                               std::string(300, '\n'),
                                               std::string("a\0b", 3),
                                               "\xff\xfe",
                                               "\x1b[2J",
                                               "'\"\\",
                                               "a b",
                                               "*",
                                               "-",
                                               "GET",
                                               "SET",
                                               "DEL",
                                               "LRANGE",
                                               "LPUSH",
                                               "HGETALL",
                                               "INCR",
                                               "TYPE",
                                               "SHUTDOWN",
                                               "FLUSHALL",
                                               "CONFIG",
                                               "ZADD",
                                               "ECHO"};

void append_word(std::string& bytes, std::string_view word) {
  bytes += '$';
  bytes += std::to_string(word.size());
  bytes += "\r\n";
  bytes += word;
  bytes += "\r\n";
}

bool is_one_line(const rt::reply& reply) {
  const std::string& text = reply.is_error() ? reply.error() : reply.str();
  return text.find_first_of("\r\n") == std::string::npos;
}

bool has_code(const std::string& error) {
  const std::size_t end = error.find(' ');
  return end != std::string::npos && end != 0 &&
         std::all_of(error.begin(), error.begin() + static_cast<std::ptrdiff_t>(end),
                     [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
}

// The end of the shape that begins there.
std::size_t end_of(std::string_view shape, std::size_t at) {
  int depth = 0;
  do {
    const char c = shape[at++];
    if (c == '(' || c == '[' || c == '{' || c == '<') ++depth;
    if (c == ')' || c == ']' || c == '}' || c == '>') --depth;
  } while (depth != 0);
  return at;
}

std::vector<std::string_view> parts_of(std::string_view shape) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 1; at + 1 < shape.size();) {
    const std::size_t end = end_of(shape, at);
    parts.push_back(shape.substr(at, end - at));
    at = end;
  }
  return parts;
}

bool has_simple_shape(const rt::reply& reply, char shape) {
  switch (shape) {
    case 'i': return reply.type() == kind::integer;
    case 's': return reply.type() == kind::string;
    case '+': return reply.type() == kind::simple && is_one_line(reply);
    case 'd': return reply.type() == kind::real;
    case 'b': return reply.type() == kind::boolean;
    case 'n': return reply.is_null();
    default: return shape == '*';
  }
}

// Keys and values in turn.
bool is_map_of(const rt::reply& reply, const std::vector<std::string_view>& parts) {
  if (!reply.is_map() || reply.map().size() * 2 != parts.size()) return false;
  auto part = parts.begin();
  for (const auto& [key, value] : reply.map()) {
    if (!has_shape(key, part[0]) || !has_shape(value, part[1])) return false;
    part += 2;
  }
  return true;
}

}  // namespace

bool has_shape(const rt::reply& reply, std::string_view shape) {
  if (shape.size() == 1) return has_simple_shape(reply, shape[0]);
  const std::vector<std::string_view> parts = parts_of(shape);
  const auto fits = [&](std::string_view part) { return has_shape(reply, part); };
  if (shape[0] == '{') return std::any_of(parts.begin(), parts.end(), fits);
  if (shape[0] == '<') return is_map_of(reply, parts);
  if (reply.type() != kind::array) return false;
  const std::vector<rt::reply>& elements = reply.array();
  if (shape[0] == '[') {
    return std::all_of(elements.begin(), elements.end(), [&](const auto& each) { return has_shape(each, parts[0]); });
  }
  return std::equal(elements.begin(), elements.end(), parts.begin(), parts.end(), has_shape);
}

fuzzer::fuzzer(rt::server& server, std::vector<declared_command> commands, std::uint64_t seed)
    : server_{server}, commands_{std::move(commands)}, words_{common_words}, random_{seed} {
  server_.call("ACL", "SETUSER", "fuzz", "on", "nopass", "~*", "+@all", "-@admin", "-@dangerous", "-@blocking",
               "-@pubsub", "-@scripting", "-@transaction", "-@connection", "+echo", "+hello", "+auth");
  std::vector<int> shares;
  for (const declared_command& each : commands_) {
    shares.push_back(each.share);
    add_words_of(each);
  }
  choice_ = std::discrete_distribution<std::size_t>(shares.begin(), shares.end());
  for (int i = 0; i < 40; ++i) {
    std::string bytes(random_() % 12, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_());
    words_.push_back(bytes);
  }
}

// The keywords that the server knows of the command.
void fuzzer::add_words_of(const declared_command& command) {
  std::string name = command.name;
  std::replace(name.begin(), name.end(), ' ', '|');
  const rt::reply docs = server_.call("COMMAND", "DOCS", name);
  if (docs.is_error()) return;  // before Redis 7.0
  for (const auto& [key, value] : docs.map().at(0).second.map()) {
    if (key == "arguments") add_tokens(value);
  }
}

void fuzzer::add_tokens(const rt::reply& arguments) {
  for (const rt::reply& argument : arguments.array()) {
    for (const auto& [key, value] : argument.map()) {
      // Several times: what is decoded behind a keyword is reached by these alone.
      if (key == "token") words_.insert(words_.end(), 6, value.str());
      if (key == "arguments") add_tokens(value);
    }
  }
}

const std::string& fuzzer::pick_word(const declared_command& command) {
  const bool is_own = !command.words.empty() && random_() % 5 != 0;
  const std::vector<std::string>& words = is_own ? command.words : words_;
  return words[random_() % words.size()];
}

const declared_command& fuzzer::append_call(std::string& bytes, std::string& words) {
  const declared_command& command = commands_[choice_(random_)];
  const std::size_t space = command.name.find(' ');
  std::vector<std::string_view> call{std::string_view{command.name}.substr(0, space)};
  if (space != std::string::npos) call.push_back(std::string_view{command.name}.substr(space + 1));
  const int surplus = random_() % 4 == 0 ? static_cast<int>(random_() % 8) - 1 : 0;
  for (int left = command.arguments + surplus; left > 0; --left) call.push_back(pick_word(command));
  bytes += '*' + std::to_string(call.size()) + "\r\n";
  words.clear();
  for (std::string_view word : call) {
    append_word(bytes, word);
    words.append(word).append("|");
  }
  return command;
}

void fuzzer::check(const rt::reply& reply, const declared_command& command, bool is_resp3, const std::string& words) {
  outcome_count& count = counts_[command.name];
  if (reply.is_error()) {
    ++count.refused;
    if (!has_code(reply.error()) || !is_one_line(reply))
      throw finding{words + " answers an error without a code: " + to_string(reply)};
    return;
  }
  ++count.accepted;
  const std::string& shape = is_resp3 ? command.resp3 : command.resp2;
  if (!has_shape(reply, shape)) throw finding{words + " answers not as " + shape + ": " + to_string(reply)};
}

// Behind each batch stands a word of its own: a reply too many or too few would put another in its place.
void fuzzer::run_batch(rt::client& client, bool is_resp3, std::size_t size) {
  std::string bytes;
  std::vector<const declared_command*> commands(size);
  std::vector<std::string> words(size);
  for (std::size_t i = 0; i < size; ++i) commands[i] = &append_call(bytes, words[i]);
  const std::string mark = "batch " + std::to_string(++batches_);
  bytes += "*2\r\n";
  append_word(bytes, "ECHO");
  append_word(bytes, mark);
  client.send_raw(bytes);
  for (std::size_t i = 0; i < size; ++i) check(client.receive(), *commands[i], is_resp3, words[i]);
  const rt::reply last = client.receive();
  if (last != mark) throw finding{"behind a batch stands another reply than its own: " + to_string(last)};
}

void fuzzer::run(std::uint64_t calls) {
  constexpr std::size_t batch = 200;
  rt::client resp2 = server_.connect(), resp3 = server_.connect();
  for (rt::client* client : {&resp2, &resp3}) client->call("AUTH", "fuzz", "any");
  resp3.hello(3);
  try {
    for (std::uint64_t done = 0; done < calls; done += batch) {
      const bool is_resp3 = done / batch % 2 == 1;
      run_batch(is_resp3 ? resp3 : resp2, is_resp3, std::min<std::uint64_t>(batch, calls - done));
      // Keys are few but for the sessions, which are numbered: only of the first ones are the numbers ever given.
      if (done % 10'000 == 0) server_.call("FLUSHALL");
    }
  } catch (const rt::connection_lost& lost) {
    throw finding{std::string{"the server is gone: "} + lost.what()};
  } catch (const rt::protocol_error& broken) {
    throw finding{std::string{"what comes is no reply: "} + broken.what()};
  }
}

}  // namespace fuzz
