// A server's environment with more of AddressSanitizer's options than those that all tests have.
#pragma once

#include <cstdlib>
#include <string>

inline std::string with_asan_options(const std::string& more) {
  const char* given = std::getenv("ASAN_OPTIONS");
  return std::string{"ASAN_OPTIONS="} + (given != nullptr ? std::string{given} + ":" : "") + more;
}
