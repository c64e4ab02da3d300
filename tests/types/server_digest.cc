#include "server_digest.h"

#include <bit>
#include <cstddef>

namespace model {
namespace {

constexpr std::uint8_t module_value = 5;  // the servers' number of this kind of value
using number_in_network_order = std::array<std::uint8_t, 4>;

std::string_view bytes_of(const sha1& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }
std::string_view bytes_of(const number_in_network_order& number) {
  return {reinterpret_cast<const char*>(number.data()), number.size()};
}

void add_unordered(sha1& to, std::string_view bytes) {
  const sha1 more = sha1_of(bytes);
  for (std::size_t i = 0; i < to.size(); ++i) to[i] ^= more[i];
}

void add_ordered(sha1& to, std::string_view bytes) {
  add_unordered(to, bytes);
  to = sha1_of(bytes_of(to));
}

void add_value(sha1& to, const value_digest& value) {
  add_ordered(to, bytes_of(number_in_network_order{0, 0, 0, module_value}));
  // The value is the one element of a set: its parts are one sequence, and what it comes to is a part again.
  sha1 sequences{};
  add_unordered(sequences, bytes_of(value.parts()));
  add_unordered(to, bytes_of(sequences));
}

std::string hexadecimal(const sha1& digest) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

void take_block(std::array<std::uint32_t, 5>& state, const char* block) {
  std::array<std::uint32_t, 80> words;
  for (std::size_t i = 0; i < 80; ++i) {
    if (i < 16) {
      words[i] = 0;
      for (int j = 0; j < 4; ++j) words[i] = words[i] << 8 | static_cast<std::uint8_t>(*block++);
    } else {
      words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    }
  }
  auto [a, b, c, d, e] = state;
  for (std::size_t i = 0; i < 80; ++i) {
    std::uint32_t mixed = 0;
    if (i < 20) {
      mixed = ((b & c) | (~b & d)) + 0x5a827999u;
    } else if (i < 40) {
      mixed = (b ^ c ^ d) + 0x6ed9eba1u;
    } else if (i < 60) {
      mixed = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
    } else {
      mixed = (b ^ c ^ d) + 0xca62c1d6u;
    }
    const std::uint32_t next = std::rotl(a, 5) + mixed + e + words[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  const std::array<std::uint32_t, 5> more{a, b, c, d, e};
  for (std::size_t i = 0; i < 5; ++i) state[i] += more[i];
}

}  // namespace

sha1 sha1_of(std::string_view bytes) {
  std::array<std::uint32_t, 5> state{0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
  const std::uint64_t bits = bytes.size() * 8;
  while (bytes.size() >= 64) {
    take_block(state, bytes.data());
    bytes.remove_prefix(64);
  }
  std::string rest{bytes};
  rest += '\x80';
  while (rest.size() % 64 != 56) rest += '\0';
  for (int shift = 56; shift >= 0; shift -= 8) rest += static_cast<char>(bits >> shift);
  for (std::size_t at = 0; at < rest.size(); at += 64) take_block(state, rest.data() + at);
  sha1 digest;
  for (std::size_t i = 0; i < 20; ++i) digest[i] = static_cast<std::uint8_t>(state[i / 4] >> (24 - i % 4 * 8));
  return digest;
}

void value_digest::add(std::string_view bytes) { add_ordered(parts_, bytes); }

std::string digest_of_value(const value_digest& value) {
  sha1 digest{};
  add_value(digest, value);
  return hexadecimal(digest);
}

void data_set_digest::add(std::string_view key, const value_digest& value) {
  sha1 digest{};
  add_ordered(digest, key);
  add_value(digest, value);
  add_unordered(sum_, bytes_of(digest));
  is_empty_ = false;
}

std::string data_set_digest::text() const {
  sha1 digest{};
  if (!is_empty_) add_ordered(digest, bytes_of(number_in_network_order{0, 0, 0, 0}));
  for (std::size_t i = 0; i < digest.size(); ++i) digest[i] ^= sum_[i];
  return hexadecimal(digest);
}

}  // namespace model
