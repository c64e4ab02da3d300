// The control: a module with nothing to refuse, using the parts of the library that allocate.
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "on_load.h"

namespace {

int count_matches(const std::string& text) {
  const std::regex word{"[a-z]+"};
  return static_cast<int>(std::distance(std::sregex_iterator{text.begin(), text.end(), word}, std::sregex_iterator{}));
}

int fail_and_recover() {
  try {
    throw std::runtime_error{"no reason"};
  } catch (const std::exception& error) {
    return static_cast<int>(std::strlen(error.what()));
  }
}

int take_from_libc() {
  char* copy = strdup("copied");
  char* path = realpath(".", nullptr);
  int number = 0;
  char* word = nullptr;
  std::sscanf("word 7", "%ms %d", &word, &number);
  std::free(word);
  std::free(path);
  std::free(copy);
  return number;
}

}  // namespace

int on_load() {
  std::map<std::string, int> numbers{{"one", 1}};
  std::ostringstream out;
  out << numbers["one"] << std::filesystem::current_path();
  std::thread{[&] { numbers["two"] = count_matches(out.str()); }}.join();
  return fail_and_recover() + take_from_libc() + numbers["two"] == -1;
}
