// What a test's own lines of a server's configuration say.
#pragma once

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace redismodule::testing::detail {

// The value of the last line that begins with this word; empty without one.
inline std::string configured(const std::vector<std::string>& lines, std::string_view word) {
  std::string value;
  for (const std::string& line : lines) {
    std::istringstream words{line};
    std::string name, rest;
    if (words >> name >> rest && name == word) value = rest;
  }
  return value == "\"\"" ? std::string{} : value;
}

inline std::string password_in(const std::vector<std::string>& lines) { return configured(lines, "requirepass"); }

// What a replica gives: that of its master, which has the same lines, where none says otherwise.
inline std::string password_for_master_in(const std::vector<std::string>& lines) {
  const std::string said = configured(lines, "masterauth");
  return said.empty() ? password_in(lines) : said;
}

}  // namespace redismodule::testing::detail
