#include "redismodule/options.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "redismodule/detail/letters.h"

namespace redismodule::detail {
namespace {

// Without its size above, and in upper case: see keyword_mark().
std::uint64_t first_bytes(const char* at, std::size_t size) noexcept {
  const auto load = [&]<class T>(T, std::size_t from) {
    T bytes;
    std::memcpy(&bytes, at + from, sizeof bytes);
    return std::uint64_t{bytes};
  };
  if (size >= 8) return load(std::uint64_t{}, 0) << 8 >> 8;
  if (size >= 4) return load(std::uint32_t{}, 0) | load(std::uint32_t{}, size - 4) << (8 * (size - 4));
  if (size >= 2) return load(std::uint16_t{}, 0) | load(std::uint16_t{}, size - 2) << (8 * (size - 2));
  return size == 0 ? 0 : static_cast<unsigned char>(*at);
}

// All eight bytes at once: a letter is small if adding to it sets the high bit from 'a' on, but not past 'z'.
std::uint64_t to_upper(std::uint64_t bytes) noexcept {
  constexpr std::uint64_t each = 0x0101010101010101;
  const std::uint64_t low = bytes & (0x7f * each);
  const std::uint64_t small = (low + (0x80 - 'a') * each) & ~(low + (0x7f - 'z') * each) & ~bytes & (0x80 * each);
  return bytes ^ (small >> 2);
}

bool is_same_word(const option_entry& entry, std::string_view written) noexcept {
  return written.size() <= 7 || equal_in_any_case(written.substr(7), {entry.token + 7, entry.size - std::size_t{7}});
}

// The place of this mark from there on, or one past the size: there the marks go on to a multiple of four.
std::size_t next(const std::uint64_t* marks, std::size_t place, std::size_t size, std::uint64_t mark) noexcept {
  for (; place < size; place += 4) {
    if (marks[place] == mark) return place;
    if (marks[place + 1] == mark) return place + 1;
    if (marks[place + 2] == mark) return place + 2;
    if (marks[place + 3] == mark) return place + 3;
  }
  return size;
}

std::size_t find(const option_table& table, std::string_view written) noexcept {
  static_assert(std::endian::native == std::endian::little);
  if (written.size() >= 255) return table.size;
  const std::uint64_t mark = to_upper(first_bytes(written.data(), written.size())) | std::uint64_t{written.size()}
                                                                                         << 56;
  for (std::size_t place = 0; place < table.size; ++place) {
    place = next(table.marks, place, table.size, mark);
    if (place >= table.size || is_same_word(table.entries[place], written)) return std::min(place, table.size);
  }
  return table.size;
}

const char* first_of(const option_table& table, std::uint64_t bits) noexcept {
  return table.entries[__builtin_ctzll(bits)].token;
}

bool fail(option_error& error, option_fault fault, const char* token, const char* other = nullptr) noexcept {
  error.fault = fault;
  error.token = token;
  error.other = other;
  return false;
}

// What can only be told when all are there.
bool check_given(const option_table& table, std::uint64_t given, option_error& error) noexcept {
  for (std::uint64_t rest = given & table.needing; rest != 0; rest &= rest - 1) {
    const option_entry& entry = table.entries[__builtin_ctzll(rest)];
    const std::uint64_t missing = entry.needs & ~given;
    if (missing != 0) return fail(error, option_fault::needed, entry.token, first_of(table, missing));
  }
  for (std::size_t i = 0; i < table.required_size; ++i) {
    if ((table.required[i] & given) == 0)
      return fail(error, option_fault::required, first_of(table, table.required[i]));
  }
  return true;
}

// (clang 14 does not get past several literals in return statements of one function.)
constexpr literal too_few_keys{"ERR numkeys should be greater than 0"};
constexpr literal too_many_keys{"ERR Number of keys can't be greater than number of args"};

}  // namespace

bool parse_options(const option_table& table, void* into, arg_cursor& from, option_error& error) {
  std::uint64_t given = 0;
  abi::ModuleString** at = from.at;
  while (at < from.end) {
    const std::size_t place = find(table, argument_at(at).view());
    if (place == table.size) break;
    const option_entry& entry = table.entries[place];
    const std::uint64_t bit = std::uint64_t{1} << place;
    if ((given & bit) != 0 && entry.kind != option_kind::repeated) return fail(error, option_fault::twice, entry.token);
    if ((given & entry.excludes) != 0)
      return fail(error, option_fault::excluded, entry.token, first_of(table, given & entry.excludes));
    given |= bit;
    ++at;
    void* const storage = static_cast<char*>(into) + entry.offset;
    if (entry.kind == option_kind::flag) {
      static_cast<flag_value*>(storage)->set();
      continue;
    }
    if (from.end - at < entry.words) return fail(error, option_fault::no_value, entry.token);
    from.at = at;
    error.status = entry.take(from, storage);
    if (!error.status.good()) [[unlikely]]
      return fail(error, option_fault::bad_value, entry.token);
    at = from.at;
  }
  from.at = at;
  return check_given(table, given, error);
}

message describe(const option_error& error) noexcept {
  message text;
  if (error.fault == option_fault::bad_value)
    return text.append(error.status.error()).append(" (option '").append(error.token).append("')");
  text.append("ERR syntax error (");
  switch (error.fault) {
    case option_fault::twice: text.append(error.token).append(" is given twice"); break;
    case option_fault::excluded: text.append(error.token).append(" is not allowed beside ").append(error.other); break;
    case option_fault::needed: text.append(error.token).append(" needs ").append(error.other); break;
    case option_fault::required: text.append(error.token).append(" is missing"); break;
    case option_fault::no_value: text.append(error.token).append(" needs a value"); break;
    case option_fault::unknown:
      text.append("unexpected '");
      append_escaped(text, string_ref{error.word}.view());
      text.append("'");
      break;
    case option_fault::bad_value:
    case option_fault::none: break;
  }
  return text.append(")");
}

decode_status take_count(arg_cursor& from, int width, std::size_t& count) noexcept {
  long long number = 0;
  const decode_status status = arg_traits<long long>::decode(argument_at(from.at), number);
  if (!status.good()) return status;
  if (number <= 0) return too_few_keys;
  if (number > (from.end - from.at - 1) / width) return too_many_keys;
  ++from.at;
  count = static_cast<std::size_t>(number);
  return decoded;
}

}  // namespace redismodule::detail
