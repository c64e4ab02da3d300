#include "process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <fstream>
#include <mutex>
#include <sstream>
#include <string_view>
#include <thread>
#include <utility>

#include "redismodule/testing/reply.h"
#include "reports.h"

namespace redismodule::testing::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t lines_shown = 30;
constexpr std::size_t report_lines_shown = 60;
constexpr std::size_t lines_before_report = 10;

// Everything the child needs between fork and exec, made before the fork: after it nothing may allocate.
struct exec_plan {
  const char* output;
  std::vector<char*> command;
  std::vector<char*> environment;
  pid_t parent;
};

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

[[noreturn]] void die_in_child(const char* what) {
  const char* reason = std::strerror(errno);
  for (const char* part : {what, ": ", reason, "\n"}) {
    if (::write(STDERR_FILENO, part, std::strlen(part)) < 0) break;
  }
  ::_exit(127);
}

[[noreturn]] void run_child(const exec_plan& plan) {
  ::setpgid(0, 0);  // with what it forks, and ended with that
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != plan.parent) ::_exit(127);  // it died before the line above
  const int log = ::open(plan.output, O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int null = ::open("/dev/null", O_RDONLY);
  if (log < 0 || null < 0) ::_exit(127);
  ::dup2(null, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::close(null);
  ::close(log);
  // What the test ignores, a server would ignore too: without SIGCHLD it never learns that a child of its own has
  // ended.
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execvpe(plan.command[0], plan.command.data(), plan.environment.data());
  die_in_child(plan.command[0]);
}

// The kernel sends the death signal when the *thread* that forked ends. So one thread, which lives as long as this
// process, does all the forking, and a server may be made in a thread that ends before it.
class forker {
 public:
  // Never destroyed: its thread waits in it until the process ends. A child that the test itself forked has no such
  // thread, and the condition variable it inherits still counts it: it gets a forker of its own.
  static forker& instance() {
    static std::mutex mutex;
    static forker* only = nullptr;
    static pid_t owner = -1;
    std::lock_guard lock{mutex};
    if (std::exchange(owner, ::getpid()) != ::getpid()) only = new forker;
    return *only;
  }

  pid_t fork_and_run(const exec_plan& plan) {
    std::lock_guard one_at_a_time{callers_};
    std::unique_lock lock{mutex_};
    plan_ = &plan;
    changed_.notify_all();
    changed_.wait(lock, [this] { return plan_ == nullptr; });
    errno = errno_;
    return result_;
  }

 private:
  forker() {
    std::thread{[this] { serve(); }}.detach();
  }

  void serve() {
    std::unique_lock lock{mutex_};
    for (;;) {
      changed_.wait(lock, [this] { return plan_ != nullptr; });
      result_ = ::fork();
      if (result_ == 0) run_child(*plan_);
      errno_ = errno;
      plan_ = nullptr;
      changed_.notify_all();
    }
  }

  std::mutex callers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  const exec_plan* plan_ = nullptr;
  pid_t result_ = -1;
  int errno_ = 0;
};

int shell_status(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

std::string last_lines(const std::string& text, std::size_t count) {
  std::size_t begin = text.size();
  while (begin > 0 && count > 0) {
    const std::size_t line = begin >= 2 ? text.rfind('\n', begin - 2) : std::string::npos;
    begin = line == std::string::npos ? 0 : line + 1;
    --count;
  }
  return text.substr(begin);
}

std::string first_lines(const std::string& text, std::size_t count) {
  std::size_t end = 0;
  while (count-- > 0 && end != std::string::npos) end = text.find('\n', end == 0 ? 0 : end + 1);
  return text.substr(0, end);
}

// Servers that show all their threads mark the one that crashed, which may be the last: "123 redis-server *".
std::string crash_in(const std::string& report) {
  const std::size_t mark = report.find(" *\n");
  if (mark == std::string::npos) return first_lines(report, report_lines_shown);
  const std::size_t thread = report.rfind('\n', mark) + 1;
  const std::size_t others = std::min(report.find("\n\n", report.find("STACK TRACE")), thread);
  return report.substr(0, others) + "\n\n" + first_lines(report.substr(thread), report_lines_shown);
}

std::string words_for(int status) {
  if (status == unknown_status) return "has ended, and only somebody else was told how (is SIGCHLD ignored?)";
  if (status <= 128) return "exited with status " + std::to_string(status);
  return std::string{"was ended by signal "} + std::to_string(status - 128) + " (" + ::strsignal(status - 128) + ")";
}

}  // namespace

std::string read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

bool maps(pid_t pid, std::string_view path) {
  std::istringstream lines{read_file("/proc/" + std::to_string(pid) + "/maps")};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields{line};
    std::string range, rights, offset;
    fields >> range >> rights >> offset;
    // Further in is what a sanitizer has read of its debug information, and keeps mapped after the file is unloaded.
    if (offset.find_first_not_of('0') != std::string::npos) continue;
    const std::size_t file = line.find('/');
    if (file != std::string::npos && std::string_view{line}.substr(file).find(path) != std::string_view::npos)
      return true;
  }
  return false;
}

process::process(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                 std::string output)
    : output_{std::move(output)}, owner_{::getpid()} {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view name = std::string_view{*variable}.substr(0, std::string_view{*variable}.find('=') + 1);
    const auto replaced = [&](const std::string& own) { return own.starts_with(name); };
    if (std::none_of(environment.begin(), environment.end(), replaced)) variables.emplace_back(*variable);
  }
  variables.insert(variables.end(), environment.begin(), environment.end());
  const exec_plan plan{output_.c_str(), pointers_to(command), pointers_to(variables), ::getpid()};
  pid_ = forker::instance().fork_and_run(plan);
  if (pid_ < 0) throw error{std::string{"fork: "} + std::strerror(errno)};
}

process::~process() { kill(); }

bool process::alive() { return !wait(0ms); }

std::optional<int> process::wait(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    if (const auto status = reap()) return status;
    if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(1ms);
  }
}

std::optional<int> process::reap() noexcept {
  if (!is_ours()) return unknown_status;  // and another thread may have had the mutex at the fork
  const std::lock_guard lock{mutex_};
  if (status_) return status_;
  siginfo_t ended{};
  if (::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) != 0) {
    if (errno != EINTR) status_ = unknown_status;
    return status_;
  }
  if (ended.si_pid == 0) return std::nullopt;
  // While it is not waited for, no other process has its number, nor its group's.
  ::kill(-pid_, SIGKILL);
  int status = 0;
  status_ = ::waitpid(pid_, &status, 0) == pid_ ? shell_status(status) : unknown_status;
  return status_;
}

void process::kill() noexcept {
  if (reap()) return;
  {
    const std::lock_guard lock{mutex_};
    if (status_) return;
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);  // it may not have made its group yet
  }
  while (!reap()) std::this_thread::sleep_for(100us);
}

bool process::is_ours() const noexcept { return owner_ == ::getpid(); }

std::string process::output() const { return read_file(output_); }

std::string process::output_end() const { return log_end(output_); }

std::string log_end(const std::string& path) {
  const std::string text = read_file(path);
  if (const std::string report = find_report(text); !report.empty()) {
    return last_lines(text.substr(0, text.find(report)), lines_before_report) + report;
  }
  const std::size_t report = text.rfind("BUG REPORT START");
  if (report == std::string::npos) return last_lines(text, lines_shown);
  const std::size_t line = text.rfind('\n', report);
  const std::size_t begin = line == std::string::npos ? 0 : line + 1;
  // The stack traces come first; registers, INFO and the rest follow them.
  const std::size_t end = text.find("------ REGISTERS", report);
  return crash_in(text.substr(begin, end == std::string::npos ? end : end - begin));
}

std::string process::obituary() {
  // The kernel closes the sockets of a process as it ends, a moment before it can be waited for.
  const std::optional<int> status = wait(500ms);
  const std::string how = status ? words_for(*status) : "still runs";
  return "process " + std::to_string(pid_) + ' ' + how + "; its log ends:\n" + output_end();
}

}  // namespace redismodule::testing::detail
