// Twelve features of the C++ library, each told right or wrong by what it
// gives: what breaks first when a module's runtime is bound to another's. Needs
// nothing of the project.
#pragma once

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <locale>
#include <map>
#include <new>
#include <random>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace features {

inline bool getline_is_right() {
  std::istringstream in("a first line that no small string has room for\nsecond\n\n");
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines.size() == 3 && lines[0].size() == 46 && lines[1] == "second" && lines[2].empty();
}

inline bool ostringstream_is_right() {
  std::ostringstream out;
  for (int i = 0; i < 100; ++i) out << i << ' ' << 0.5 * i << ';';
  const auto text = out.str();
  return text.rfind("0 0;1 0.5;", 0) == 0 && text.find("99 49.5;") != std::string::npos;
}

inline bool path_is_right() {
  const auto path = std::filesystem::path("/a/directory/of/some/length") / "and a file.txt";
  std::string joined;
  for (const auto& part : path) joined += part.string() + "|";
  return joined == "/|a|directory|of|some|length|and a file.txt|" && path.extension() == ".txt" &&
         (path.parent_path() / ".." / "x").lexically_normal() == "/a/directory/of/some/x";
}

inline bool current_path_is_right() {
  const auto here = std::filesystem::current_path();
  return here.is_absolute() && std::filesystem::is_directory(here) &&
         std::filesystem::equivalent(here, std::filesystem::absolute("."));
}

inline bool regex_is_right() {
  const std::string text = "name=value; other=12345; last=x";
  const std::regex pair{"([a-z]+)=([a-z0-9]+)"};
  std::string seen;
  for (std::sregex_iterator at{text.begin(), text.end(), pair}, end; at != end; ++at) seen += at->str(2) + ",";
  return seen == "value,12345,x," && std::regex_replace(text, pair, "$2=$1").rfind("value=name; 12345=other", 0) == 0;
}

inline bool system_error_is_right() {
  try {
    throw std::system_error{ENOENT, std::generic_category(), "a text that no small string has room for"};
  } catch (const std::exception& caught) {
    return std::strcmp(caught.what(),
                       "a text that no small string has room "
                       "for: No such file or directory") == 0;
  }
}

inline bool message_is_right() {
  return std::make_error_code(std::errc::permission_denied).message() == "Permission denied" &&
         std::error_code(EEXIST, std::system_category()).message() == "File exists";
}

struct of_ours : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline bool throw_is_right() {
  int caught = 0;
  for (int i = 0; i < 3; ++i) {
    try {
      if (i == 0) throw of_ours{"thrown with a text that is longer than a small string"};
      if (i == 1) static_cast<void>(std::string(3, 'x').at(4));
      if (i == 2) throw std::string(100, 'y');
    } catch (const of_ours&) {
      caught += 1;
    } catch (const std::out_of_range&) {
      caught += 10;
    } catch (const std::string& text) {
      caught += text.size() == 100 ? 100 : 0;
    }
  }
  return caught == 111;
}

inline bool thread_is_right() {
  std::vector<std::string> made;
  std::thread{[&made] {
    try {
      made.assign(10, std::string(50, 'z'));
      throw of_ours{"in a thread of its own"};
    } catch (const std::exception& caught) {
      made.emplace_back(caught.what());
    }
  }}.join();
  return made.size() == 11 && made.back() == "in a thread of its own";
}

struct with_groups : std::numpunct<char> {
  char do_thousands_sep() const override { return '\''; }
  std::string do_grouping() const override { return "\3"; }
};

inline bool locale_is_right() {
  const std::locale grouped{std::locale::classic(), new with_groups};
  std::ostringstream out;
  out.imbue(grouped);
  out << 1234567;
  return out.str() == "1'234'567" && std::use_facet<std::ctype<char>>(grouped).toupper('q') == 'Q';
}

inline bool containers_are_right() {
  std::map<std::string, std::vector<std::string>> index;
  for (int i = 0; i < 500; ++i) index["key number " + std::to_string(i % 50)].push_back(std::string(40, 'v'));
  std::vector<std::string> names;
  for (const auto& [name, values] : index) {
    if (values.size() == 10) names.push_back(name);
  }
  std::sort(names.begin(), names.end(), std::greater<>{});
  return names.size() == 50 && names.front() == "key number 9" && names.back() == "key number 0";
}

inline bool random_is_right() {
  std::random_device device;
  const auto first = device();
  bool differs = false;
  for (int i = 0; i < 20; ++i) differs = differs || device() != first;
  std::mt19937 engine{42};
  return differs && engine() == 1608637542u;
}

struct feature {
  const char* name;
  bool (*is_right)();
};

inline constexpr feature all[] = {
    {"getline", getline_is_right},
    {"ostringstream::str", ostringstream_is_right},
    {"filesystem::path", path_is_right},
    {"current_path", current_path_is_right},
    {"regex", regex_is_right},
    {"system_error", system_error_is_right},
    {"error_code::message", message_is_right},
    {"throw and catch", throw_is_right},
    {"thread", thread_is_right},
    {"locale", locale_is_right},
    {"vector, string, map", containers_are_right},
    {"random_device", random_is_right},
};
inline constexpr int count = sizeof all / sizeof all[0];

// How often the feature came out wrong.
inline int wrong(int index, long long rounds) {
  int faults = 0;
  for (; rounds > 0; --rounds) {
    try {
      faults += !all[index].is_right();
    } catch (...) {
      ++faults;
    }
  }
  return faults;
}

}  // namespace features
