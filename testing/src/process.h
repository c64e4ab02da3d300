// A child process whose output goes to a file, and that does not outlive this process. Internal to the kit.
#pragma once

#include <sys/types.h>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redismodule::testing::detail {

// Of a process whose end somebody else in this one has waited for, or nobody may: SIGCHLD is ignored.
constexpr int unknown_status = -1;

// Any thread may call it.
class process {
 public:
  // Runs `command[0]` with stdin from /dev/null and stdout and stderr appended to the file `output`.
  // Fails: `testing::error` when no process can be made; a program that cannot be run exits with 127 and says why.
  process(const std::vector<std::string>& command, const std::vector<std::string>& environment, std::string output);
  process(const process&) = delete;
  process& operator=(const process&) = delete;
  // Kills it and what it forked; not in a child that the test forked, which only has a copy of this object.
  ~process();

  pid_t pid() const noexcept { return pid_; }
  bool alive();
  // Waits for its end, with which what it forked is killed. The status as a shell tells it, or `unknown_status`;
  // nothing when it still runs after this time.
  std::optional<int> wait(std::chrono::milliseconds limit);
  // With what it forked, as a power cut does. How it ended before stays known. Where SIGCHLD is ignored, nobody learns
  // of its end in time to end what it forked.
  void kill() noexcept;
  // Whether this is the process that started it, and no child forked from that.
  bool is_ours() const noexcept;

  const std::string& output_path() const noexcept { return output_; }
  std::string output() const;
  std::string output_end() const;
  // How it ended, or that it did not, with `output_end()`.
  std::string obituary();

 private:
  std::optional<int> reap() noexcept;

  pid_t pid_ = -1;
  std::string output_;
  std::mutex mutex_;
  std::optional<int> status_;
  pid_t owner_;
};

std::string read_file(const std::string& path);

// Whether the process has a file whose name contains this mapped from its beginning, as the loader does.
bool maps(pid_t pid, std::string_view path);
// The part of a server's output to read first: a crash report where there is one, else the last lines.
std::string log_end(const std::string& path);

}  // namespace redismodule::testing::detail
