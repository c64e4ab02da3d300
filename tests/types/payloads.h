// Payloads of RESTORE with a value of a module in them, and what becomes of them when they are cut or changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace payloads {

// What surrounds the parts of a value: the kind of value and the id of the type, with the version in its last ten bits;
// the RDB's version and the checksum.
inline constexpr std::size_t header_size = 1 + 9;
inline constexpr std::size_t checksum_size = 8;
inline constexpr std::size_t footer_size = 2 + checksum_size;

// The CRC that closes a payload: 64 bits, reflected.
std::uint64_t checksum(std::string_view bytes) noexcept;

// The payload without what closes it, and with that again: as `like`, and with a checksum that is right.
std::string_view body_of(std::string_view payload) noexcept;
std::string closed(std::string_view body, std::string_view like);

std::string cut_at(const std::string& payload, std::size_t size);
// The byte at this place is another one: exclusive or.
std::string changed_at(const std::string& payload, std::size_t at, int other);

// The parts that a module writes, as an RDB has them.
enum class kind : std::uint64_t { end, signed_number, unsigned_number, small_real, real, text };
struct part {
  kind of;
  std::size_t begin;
  std::size_t number;  // where the number, or the text's length, begins
  std::size_t after_number;
  std::size_t end;
  std::size_t size;  // of what is in it, when that is not compressed
};
// As far as there are any, without the last, which says that there are no more.
std::vector<part> parts_of(std::string_view body);
// As if nothing in it were compressed.
std::size_t whole_size(std::string_view payload);

// The number, or the length of a text, is another one.
std::string with_number(std::string_view body, const part& which, std::uint64_t number);
// Each number and length in turn says that there is much more than there is.
std::vector<std::string> with_claims(const std::string& payload);

// What a mutator changes: payloads, which are closed again, or any bytes.
enum class form : std::uint8_t { payload, bytes };

// Data without end, made of others by a few changes each: bits, bytes, chunks and parts that are other ones, more,
// less, twice or of another payload, and other versions. The same seed makes the same.
class mutator {
 public:
  // Fails: the corpus must not be empty.
  mutator(std::vector<std::string> corpus, std::uint64_t seed, form of = form::payload)
      : corpus_{std::move(corpus)}, random_{seed}, of_{of} {}
  std::string next() { return next(below(corpus_.size())); }
  // Made of this one.
  std::string next(std::size_t like);

 private:
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }
  std::uint64_t number();
  std::string_view changeable(std::string_view whole) const;
  void change_bytes(std::string& body);
  void change_parts(std::string& body);

  std::vector<std::string> corpus_;
  std::mt19937_64 random_;
  form of_;
};

std::string hex(std::string_view bytes);
std::string from_hex(std::string_view digits);

}  // namespace payloads
