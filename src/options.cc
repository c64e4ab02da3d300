#include "redismodule/options.h"

#include <string_view>

#include "redismodule/detail/letters.h"

namespace redismodule::detail {
namespace {

std::size_t find(const option_table& table, std::string_view written) noexcept {
  std::size_t place = 0;
  while (place < table.size && !equal_in_any_case(written, {table.entries[place].token, table.entries[place].size}))
    ++place;
  return place;
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
  for (std::uint64_t rest = given; rest != 0; rest &= rest - 1) {
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

bool parse_options(const option_table& table, void* const* into, arg_cursor& from, option_error& error) {
  std::uint64_t given = 0;
  while (from.at < from.end) {
    const std::size_t place = find(table, argument_at(from.at).view());
    if (place == table.size) break;
    const option_entry& entry = table.entries[place];
    const std::uint64_t bit = std::uint64_t{1} << place;
    if ((given & bit) != 0 && entry.kind != option_kind::repeated) return fail(error, option_fault::twice, entry.token);
    if ((given & entry.excludes) != 0)
      return fail(error, option_fault::excluded, entry.token, first_of(table, given & entry.excludes));
    given |= bit;
    ++from.at;
    if (from.end - from.at < entry.words) return fail(error, option_fault::no_value, entry.token);
    error.status = entry.take(from, into[place]);
    if (!error.status.good()) return fail(error, option_fault::bad_value, entry.token);
  }
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
