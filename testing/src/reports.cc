#include "reports.h"

#include <unistd.h>
#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string_view>

namespace redismodule::testing::detail {
namespace {

using namespace std::chrono_literals;

constexpr int lines_shown = 80;
constexpr auto exit_limit = 20s;  // a leak checker reads all of the memory

// "src/file.cc:12:3: runtime error: …"; a server's own lines have no line of source in front of the words.
bool is_undefined_behaviour(std::string_view line) {
  const std::size_t words = line.find(": runtime error: ");
  return words != std::string_view::npos && words > 0 && std::isdigit(static_cast<unsigned char>(line[words - 1])) != 0;
}

bool begins_report(std::string_view line) {
  for (const char* words : {"ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer",
                            "FATAL: ThreadSanitizer", "ERROR: ThreadSanitizer", "Sanitizer: CHECK failed"}) {
    if (line.find(words) != std::string_view::npos) return true;
  }
  return is_undefined_behaviour(line);
}

bool has_sanitizer(pid_t pid) {
  return maps(pid, "/libasan.so") || maps(pid, "/libtsan.so") || maps(pid, "/libclang_rt.");
}

void end_in_failure() {
  std::fputs("A sanitizer has reported in a server of this test: it fails, whatever it says above.\n", stderr);
  std::fflush(nullptr);
  ::_exit(1);
}

void fail_this_process(const std::string& report) {
  static std::once_flag once;
  std::call_once(once, [] { std::atexit(end_in_failure); });
  std::fprintf(stderr, "A sanitizer reports in a server of this test:\n%s\n", report.c_str());
}

}  // namespace

std::string reports_in(const std::string& text, std::size_t from) {
  for (std::size_t begin = std::min(from, text.size()); begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (begins_report(std::string_view{text}.substr(begin, end - begin))) return text.substr(begin);
    begin = end + 1;
  }
  return {};
}

std::string find_report(const std::string& text, std::size_t from) {
  const std::string all = reports_in(text, from);
  std::size_t end = 0;
  for (int line = 0; line < lines_shown && end < all.size(); ++line)
    end = std::min(all.find('\n', end + 1), all.size());
  return all.substr(0, end);
}

void end_process(process& server) noexcept {
  try {
    if (server.alive() && has_sanitizer(server.pid())) {
      ::kill(server.pid(), SIGTERM);
      server.wait(exit_limit);
    }
  } catch (...) {
    // It is killed all the same.
  }
  server.kill();
}

void refuse_reports_of_start(const process& server) noexcept {
  try {
    const std::string report = find_report(server.output());
    if (report.find("ERROR: LeakSanitizer") == std::string::npos) refuse_reports(server, 0);
  } catch (...) {
    fail_this_process("(its output cannot be read)");
  }
}

void refuse_reports(const process& server, std::size_t seen) noexcept {
  try {
    const std::string report = find_report(server.output(), seen);
    if (!report.empty()) fail_this_process(report);
  } catch (...) {
    fail_this_process("(its output cannot be read)");
  }
}

}  // namespace redismodule::testing::detail
