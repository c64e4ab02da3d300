#include "redismodule/testing/resp.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace redismodule::testing {
namespace {

// Deeper than any server nests; what nests deeper is an attack on the reader's stack.
constexpr int max_depth = 512;
constexpr std::size_t max_line = 1 << 20;
constexpr std::size_t chunk = 64 * 1024;

[[noreturn]] void malformed(const std::string& what) { throw protocol_error{"malformed reply: " + what}; }

std::int64_t parse_integer(std::string_view text) {
  const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  std::int64_t value = 0;
  const auto [stop, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool sign_twice = text.size() != digits.size() && digits.starts_with('-');
  if (failure != std::errc{} || stop != digits.data() + digits.size() || sign_twice) {
    malformed("'" + std::string{text} + "' is not an integer");
  }
  return value;
}

double parse_real(std::string_view text) {
  double value = 0;
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || stop != text.data() + text.size()) {
    malformed("'" + std::string{text} + "' is not a double");
  }
  return value;
}

// A length or a count; -1 stands for a null.
std::int64_t parse_length(std::string_view text) {
  const std::int64_t length = parse_integer(text);
  if (length < -1) malformed("negative length " + std::string{text});
  return length;
}

bool parse_boolean(std::string_view text) {
  if (text != "t" && text != "f") malformed("'" + std::string{text} + "' is not a boolean");
  return text == "t";
}

reply null_of(std::string_view rest) {
  if (!rest.empty()) malformed("a null with content");
  return {};
}

reply big_number_of(std::string_view text) {
  const std::string_view digits = text.starts_with('-') || text.starts_with('+') ? text.substr(1) : text;
  const bool all_digits = std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits.empty() || !all_digits) malformed("'" + std::string{text} + "' is not a big number");
  return reply::of_text(reply::kind::big_number, std::string{text});
}

}  // namespace

std::string encode_command(const std::vector<std::string>& words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    bytes += "$" + std::to_string(word.size()) + "\r\n";
    bytes += word;
    bytes += "\r\n";
  }
  return bytes;
}

reply_reader::reply_reader(source more) : more_{std::move(more)} {}

reply reply_reader::next() { return read_value(0); }

void reply_reader::fill() {
  if (position_ == buffer_.size()) {
    buffer_.clear();
    position_ = 0;
  }
  const std::size_t old_size = buffer_.size();
  buffer_.resize(old_size + chunk);
  std::size_t count = 0;
  try {
    count = more_(buffer_.data() + old_size, chunk);
  } catch (...) {
    buffer_.resize(old_size);
    throw;
  }
  buffer_.resize(old_size + count);
}

std::string reply_reader::read_line() {
  std::size_t searched = position_;
  for (;;) {
    const std::size_t end = buffer_.find('\r', searched);
    if (end != std::string::npos && end + 1 < buffer_.size()) {
      if (buffer_[end + 1] != '\n') malformed("a carriage return inside a line");
      std::string line = buffer_.substr(position_, end - position_);
      position_ = end + 2;
      if (line.find('\n') != std::string::npos) malformed("a line feed inside a line");
      return line;
    }
    if (buffer_.size() - position_ > max_line) malformed("a line without end");
    const std::size_t kept = std::min(end, buffer_.size()) - position_;
    fill();
    searched = position_ + kept;
  }
}

std::string reply_reader::read_bytes(std::size_t count) {
  std::string bytes;
  while (bytes.size() < count) {
    if (!has_buffered()) fill();
    const std::size_t part = std::min(count - bytes.size(), buffer_.size() - position_);
    bytes.append(buffer_, position_, part);
    position_ += part;
  }
  return bytes;
}

reply reply_reader::read_bulk(reply::kind kind, std::string_view length_text) {
  const std::int64_t length = parse_length(length_text);
  if (length == -1) return {};
  std::string bytes = read_bytes(static_cast<std::size_t>(length));
  if (read_bytes(2) != "\r\n") malformed("a bulk string longer than it says");
  if (kind != reply::kind::verbatim) return reply::of_text(kind, std::move(bytes));
  if (bytes.size() < 4 || bytes[3] != ':') malformed("a verbatim string without a format");
  return reply::of_text(kind, bytes.substr(4), bytes.substr(0, 3));
}

reply reply_reader::read_elements(reply::kind kind, std::string_view count_text, int depth) {
  const std::int64_t count = parse_length(count_text);
  if (count == -1) return {};
  if (count > std::numeric_limits<std::int64_t>::max() / 2) malformed("more elements than can be");
  const std::int64_t wanted = kind == reply::kind::map ? count * 2 : count;
  std::vector<reply> elements;
  elements.reserve(static_cast<std::size_t>(std::min<std::int64_t>(wanted, 1024)));
  for (std::int64_t i = 0; i < wanted; ++i) elements.push_back(read_value(depth + 1));
  return reply::of_elements(kind, std::move(elements));
}

reply reply_reader::read_value(int depth) {
  using kind = reply::kind;
  if (depth > max_depth) malformed("nested too deeply");
  const std::string line = read_line();
  if (line.empty()) malformed("an empty line");
  const std::string_view rest = std::string_view{line}.substr(1);
  switch (line[0]) {
    case '+': return reply::of_text(kind::simple, std::string{rest});
    case '-': return reply::of_text(kind::error, std::string{rest});
    case ':': return reply::of_integer(parse_integer(rest));
    case '$': return read_bulk(kind::string, rest);
    case '*': return read_elements(kind::array, rest, depth);
    case '_': return null_of(rest);
    case '#': return reply::of_boolean(parse_boolean(rest));
    case ',': return reply::of_real(parse_real(rest));
    case '(': return big_number_of(rest);
    case '!': return read_bulk(kind::error, rest);
    case '=': return read_bulk(kind::verbatim, rest);
    case '~': return read_elements(kind::set, rest, depth);
    case '%': return read_elements(kind::map, rest, depth);
    case '>': return read_elements(kind::push, rest, depth);
    case '|': {
      reply attributes = read_elements(kind::map, rest, depth);
      reply value = read_value(depth + 1);
      value.set_attributes(std::move(attributes));
      return value;
    }
    default: malformed("unknown type in '" + line.substr(0, 32) + "'");
  }
}

}  // namespace redismodule::testing
