#include "protocol.h"

#include "redismodule/detail/number.h"

namespace redismodule::detail {
namespace {

constexpr int deepest = 64;

// Reads RESP2 and RESP3. What a server wrote is whole; where it is not, what is left reads as nulls.
class reader {
 public:
  explicit reader(std::string_view bytes) noexcept : left_{bytes} {}

  call_value value(int depth = 0) {
    call_value read;
    const char kind = byte();
    const std::string_view rest = line();
    switch (kind) {
      case '+': return text(reply_type::string, rest);
      case '-': return text(reply_type::error, rest);
      case '(': return text(reply_type::big_number, rest);
      case '$': return bulk(reply_type::string, rest);
      case '!': return bulk(reply_type::error, rest);
      case '=': return verbatim(rest);
      case ':':
        read.type = reply_type::integer;
        read.integer = parse_integer(rest).value_or(0);
        break;
      case '#':
        read.type = reply_type::boolean;
        read.integer = rest == "t";
        break;
      case ',':
        read.type = reply_type::real;
        read.real = parse_number(rest).value_or(0);
        break;
      case '*': return collection(reply_type::array, rest, 1, depth);
      case '~': return collection(reply_type::set, rest, 1, depth);
      case '%': return collection(reply_type::map, rest, 2, depth);
      case '|': {
        std::vector<call_value> before = pairs(rest, depth);
        read = depth < deepest ? value(depth + 1) : call_value{};
        read.attributes = std::move(before);
        break;
      }
      default: break;
    }
    return read;
  }

  std::vector<call_value> attribute() {
    if (byte() != '|') return {};
    return pairs(line(), 0);
  }

 private:
  char byte() noexcept {
    if (left_.empty()) return '\0';
    const char first = left_.front();
    left_.remove_prefix(1);
    return first;
  }
  std::string_view take(std::size_t size) noexcept {
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view line() noexcept {
    const std::size_t end = left_.find("\r\n");
    const std::string_view text = take(end);
    take(2);
    return text;
  }
  static call_value text(reply_type type, std::string_view bytes) {
    call_value read;
    read.type = type;
    read.text = bytes;
    return read;
  }
  call_value bulk(reply_type type, std::string_view size) {
    const std::optional<unsigned long long> count = parse_unsigned(size);
    if (!count) return {};
    call_value read = text(type, take(*count));
    take(2);
    return read;
  }
  call_value verbatim(std::string_view size) {
    call_value read = bulk(reply_type::verbatim_string, size);
    if (read.text.size() < 4) return {};
    read.format = read.text.substr(0, 3);
    read.text.erase(0, 4);
    return read;
  }
  call_value collection(reply_type type, std::string_view size, std::size_t width, int depth) {
    const std::optional<unsigned long long> count = parse_unsigned(size);
    if (!count) return {};
    call_value read;
    read.type = type;
    read.elements = values(*count * width, depth);
    return read;
  }
  std::vector<call_value> pairs(std::string_view size, int depth) {
    return values(2 * parse_unsigned(size).value_or(0), depth);
  }
  std::vector<call_value> values(std::size_t count, int depth) {
    std::vector<call_value> all;
    if (depth >= deepest) return all;
    for (std::size_t i = 0; i < count && !left_.empty(); ++i) all.push_back(value(depth + 1));
    return all;
  }

  std::string_view left_;
};

}  // namespace

std::vector<call_value> parse_attribute(std::string_view protocol) { return reader{protocol}.attribute(); }

}  // namespace redismodule::detail
