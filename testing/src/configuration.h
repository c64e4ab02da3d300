// What a test's own lines of a server's configuration say.
#pragma once

#include <algorithm>
#include <cctype>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace redismodule::testing::detail {

inline bool is_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](unsigned char x, unsigned char y) {
           return std::tolower(x) == std::tolower(y);
         });
}

// What stands behind the word, without the quotes around it; what is escaped within them stays so.
inline std::string value_of(std::string_view rest) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t first = rest.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  rest = rest.substr(first, rest.find_last_not_of(blanks) + 1 - first);
  const bool is_quoted =
      rest.size() >= 2 && (rest.front() == '"' || rest.front() == '\'') && rest.back() == rest.front();
  return std::string{is_quoted ? rest.substr(1, rest.size() - 2) : rest};
}

// The value of the last line that begins with this word; empty without one.
inline std::string configured(const std::vector<std::string>& lines, std::string_view word) {
  std::string value;
  for (const std::string& line : lines) {
    std::istringstream words{line};
    std::string name, rest;
    if (words >> name && is_word(name, word) && std::getline(words, rest)) value = value_of(rest);
  }
  return value;
}

inline std::string password_in(const std::vector<std::string>& lines) { return configured(lines, "requirepass"); }

// What a replica gives: that of its master, which has the same lines, where none says otherwise.
inline std::string password_for_master_in(const std::vector<std::string>& lines) {
  const std::string said = configured(lines, "masterauth");
  return said.empty() ? password_in(lines) : said;
}

}  // namespace redismodule::testing::detail
