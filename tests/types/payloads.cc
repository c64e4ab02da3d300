#include "payloads.h"

#include <algorithm>
#include <array>
#include <optional>

namespace payloads {
namespace {

constexpr std::array<std::uint64_t, 256> checksum_table = [] {
  std::array<std::uint64_t, 256> table{};
  for (std::uint64_t i = 0; i < table.size(); ++i) {
    table[i] = i;
    for (int bit = 0; bit < 8; ++bit) {
      table[i] = (table[i] >> 1) ^ ((table[i] & 1) != 0 ? 0x95ac9329ac4bc9b5u : 0);
    }
  }
  return table;
}();

constexpr std::size_t largest_body = 64 * 1024;  // of what is made by changes

// A number as the RDB has it: in the first byte, in one more, or in four or eight behind it.
struct encoded {
  std::uint64_t number;
  bool is_special;  // it is no number, but how a text is kept
};

std::optional<std::uint64_t> big_endian(std::string_view bytes, std::size_t& at, std::size_t size) {
  if (size > bytes.size() - at) return std::nullopt;
  std::uint64_t number = 0;
  for (; size != 0; --size) number = number << 8 | static_cast<unsigned char>(bytes[at++]);
  return number;
}

std::optional<encoded> read_number(std::string_view bytes, std::size_t& at) {
  if (at >= bytes.size()) return std::nullopt;
  const auto first = static_cast<unsigned char>(bytes[at++]);
  const auto whole = [&](std::size_t size) -> std::optional<encoded> {
    const auto number = big_endian(bytes, at, size);
    return number ? std::optional<encoded>{{*number, false}} : std::nullopt;
  };
  switch (first >> 6) {
    case 0: return encoded{first, false};
    case 1: {
      const auto second = big_endian(bytes, at, 1);
      if (!second) return std::nullopt;
      return encoded{(std::uint64_t{first} & 0x3f) << 8 | *second, false};
    }
    case 2: return first == 0x80 ? whole(4) : first == 0x81 ? whole(8) : std::nullopt;
    default: return encoded{std::uint64_t{first} & 0x3f, true};
  }
}

void append_number(std::string& to, std::uint64_t number) {
  if (number < 64) {
    to += static_cast<char>(number);
    return;
  }
  to += '\x81';
  for (int shift = 56; shift >= 0; shift -= 8) to += static_cast<char>(number >> shift);
}

bool skip(std::string_view bytes, std::size_t& at, std::uint64_t size) {
  if (size > bytes.size() - at) return false;
  at += static_cast<std::size_t>(size);
  return true;
}

// Short numbers, and what is compressed: two lengths and the bytes.
bool read_special_text(std::string_view body, std::size_t& at, std::uint64_t how, part& into) {
  constexpr std::uint64_t compressed = 3;
  if (how < compressed) {
    into.size = std::size_t{1} << how;
    return skip(body, at, into.size);
  }
  if (how != compressed) return false;
  const auto size = read_number(body, at);
  if (!size) return false;
  const auto whole = read_number(body, at);
  constexpr std::uint64_t most_times = 264;
  if (!whole || !skip(body, at, size->number)) return false;
  into.size = static_cast<std::size_t>(std::min(whole->number, size->number * most_times));
  return true;
}

bool read_content(std::string_view body, std::size_t& at, part& into) {
  if (into.of == kind::small_real || into.of == kind::real) {
    into.size = into.of == kind::real ? 8 : 4;
    return skip(body, at, into.size);
  }
  const auto number = read_number(body, at);
  into.after_number = at;
  if (!number) return false;
  if (into.of != kind::text) {
    into.size = at - into.number;
    return !number->is_special;
  }
  if (number->is_special) return read_special_text(body, at, number->number, into);
  into.size = static_cast<std::size_t>(number->number);
  return skip(body, at, number->number);
}

constexpr unsigned char telling_bytes[] = {0,    1,    2,    3,    4,    5,   0x3f, 0x40, 0x7f, 0x80, 0x81,
                                           0xc0, 0xc1, 0xc2, 0xc3, 0xff, 'u', 'i',  'd',  'f',  's'};
constexpr std::uint64_t telling_numbers[] = {0,
                                             1,
                                             2,
                                             3,
                                             63,
                                             64,
                                             127,
                                             128,
                                             255,
                                             256,
                                             1000,
                                             4096,
                                             65'535,
                                             65'536,
                                             INT32_MAX,
                                             1ull << 31,
                                             1ull << 32,
                                             1ull << 40,
                                             1ull << 62,
                                             INT64_MAX,
                                             1ull << 63,
                                             UINT64_MAX,
                                             UINT64_MAX - 1,
                                             UINT64_MAX - 127};

// How many elements or bytes there might be, were it true.
constexpr std::uint64_t claims[] = {1000,       1ull << 20, INT32_MAX,      UINT32_MAX,
                                    1ull << 40, 1ull << 62, UINT64_MAX - 1, UINT64_MAX};

}  // namespace

std::uint64_t checksum(std::string_view bytes) noexcept {
  std::uint64_t crc = 0;
  for (const char each : bytes) crc = checksum_table[(crc ^ static_cast<unsigned char>(each)) & 0xff] ^ (crc >> 8);
  return crc;
}

std::string_view body_of(std::string_view payload) noexcept { return payload.substr(0, payload.size() - footer_size); }

std::string closed(std::string_view body, std::string_view like) {
  std::string payload{body};
  payload += like.substr(like.size() - footer_size, footer_size - checksum_size);
  std::uint64_t crc = checksum(payload);
  for (std::size_t i = 0; i < checksum_size; ++i, crc >>= 8) payload += static_cast<char>(crc);
  return payload;
}

std::string cut_at(const std::string& payload, std::size_t size) { return closed(payload.substr(0, size), payload); }

std::string changed_at(const std::string& payload, std::size_t at, int other) {
  std::string body{body_of(payload)};
  body[at] = static_cast<char>(body[at] ^ other);
  return closed(body, payload);
}

std::vector<part> parts_of(std::string_view body) {
  std::vector<part> parts;
  for (std::size_t at = header_size; at < body.size();) {
    part found{};
    found.begin = at;
    const auto of = read_number(body, at);
    if (!of || of->is_special || of->number == 0 || of->number > static_cast<std::uint64_t>(kind::text)) break;
    found.of = static_cast<kind>(of->number);
    found.number = found.after_number = at;
    if (!read_content(body, at, found)) break;
    found.end = at;
    parts.push_back(found);
  }
  return parts;
}

std::size_t whole_size(std::string_view payload) {
  std::size_t size = payload.size();
  for (const part& each : parts_of(body_of(payload))) {
    const std::size_t stored = each.end - each.number;
    if (each.size > stored) size += each.size - stored;
  }
  return size;
}

std::string with_number(std::string_view body, const part& which, std::uint64_t number) {
  std::string changed{body.substr(0, which.number)};
  append_number(changed, number);
  changed += body.substr(which.after_number);
  return changed;
}

std::vector<std::string> with_claims(const std::string& payload) {
  std::vector<std::string> changed;
  const std::string_view body = body_of(payload);
  for (const part& each : parts_of(body)) {
    if (each.after_number == each.number) continue;
    for (const std::uint64_t claim : claims) changed.push_back(closed(with_number(body, each, claim), payload));
  }
  return changed;
}

std::uint64_t mutator::number() {
  if (below(4) == 0) return random_() >> below(64);
  return telling_numbers[below(std::size(telling_numbers))];
}

std::string_view mutator::changeable(std::string_view whole) const {
  return of_ == form::payload ? body_of(whole) : whole;
}

void mutator::change_bytes(std::string& body) {
  const std::size_t begin = of_ == form::payload ? header_size : 0;
  if (body.size() <= begin) return;
  const std::size_t at = begin + below(body.size() - begin);
  const std::size_t size = std::min(body.size() - at, 1 + below(below(4) == 0 ? 64 : 4));
  switch (below(of_ == form::payload ? 9 : 8)) {
    case 0: body[at] = static_cast<char>(body[at] ^ (1 << below(8))); break;
    case 1: body[at] = static_cast<char>(telling_bytes[below(std::size(telling_bytes))]); break;
    case 2: body[at] = static_cast<char>(random_()); break;
    case 3: body.insert(at, size, static_cast<char>(random_())); break;
    case 4: body.erase(at, size); break;
    case 5: body.insert(begin + below(body.size() - begin), body.substr(at, size)); break;
    case 6: body.resize(at); break;
    case 7: {  // the rest is another's
      const std::string_view other = changeable(corpus_[below(corpus_.size())]);
      if (other.size() > begin) body.replace(at, std::string::npos, other.substr(begin + below(other.size() - begin)));
      break;
    }
    default: body[begin - 1] = static_cast<char>((body[begin - 1] & ~7) | static_cast<int>(below(8)));  // the version
  }
}

void mutator::change_parts(std::string& body) {
  const std::vector<part> parts = parts_of(body);
  if (parts.empty()) return change_bytes(body);
  const part& one = parts[below(parts.size())];
  const part& another = parts[below(parts.size())];
  const std::size_t begin = std::min(one.begin, another.begin), end = std::max(one.end, another.end);
  switch (below(7)) {
    case 0: body[one.begin] = static_cast<char>(below(8)); break;
    case 1:
    case 2:
      if (one.after_number != one.number) body = with_number(body, one, number());
      break;
    case 3: body.erase(one.begin, one.end - one.begin); break;
    case 4: body.insert(another.begin, body.substr(one.begin, one.end - one.begin)); break;
    case 5: body.insert(end, body.substr(begin, end - begin)); break;
    default: {  // the rest is another's, from a part on
      const std::string_view other = body_of(corpus_[below(corpus_.size())]);
      const std::vector<part> others = parts_of(other);
      if (!others.empty()) body.replace(begin, std::string::npos, other.substr(others[below(others.size())].begin));
    }
  }
}

std::string mutator::next(std::size_t which) {
  const std::string& like = corpus_[which];
  std::string body{changeable(like)};
  for (std::size_t changes = 1 + below(2) * below(3); changes != 0; --changes) {
    if (of_ == form::bytes || below(2) == 0) {
      change_bytes(body);
    } else {
      change_parts(body);
    }
    if (body.size() > largest_body) body.resize(largest_body);
  }
  return of_ == form::payload ? closed(body, like) : body;
}

std::string hex(std::string_view bytes) {
  std::string digits;
  for (const char each : bytes) {
    for (const int shift : {4, 0}) digits += "0123456789abcdef"[(static_cast<unsigned char>(each) >> shift) & 15];
  }
  return digits;
}

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string{digits.substr(i, 2)}, nullptr, 16));
  }
  return bytes;
}

}  // namespace payloads
