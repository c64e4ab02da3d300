// The server's forked children, which save and rewrite the module's values while its threads allocate: each ends in
// time, and well.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <iterator>

#include "isolation.h"

namespace {

using isolation::kit::server;
using clock_type = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct kind_of_child {
  const char* command;
  const char* in_progress;
  const char* scheduled;
  const char* status;
};

constexpr kind_of_child saving{"BGSAVE", "rdb_bgsave_in_progress:1", "aof_rewrite_scheduled:1",
                               "rdb_last_bgsave_status:ok"};
constexpr kind_of_child rewriting{"BGREWRITEAOF", "aof_rewrite_in_progress:1", "aof_rewrite_scheduled:1",
                                  "aof_last_bgrewrite_status:ok"};

enum class outcome { good, failed, hangs };

bool has(const std::string& text, const char* field) { return text.find(field) != std::string::npos; }

// Starts a child and waits for its end.
outcome run_child(server& s, const kind_of_child& kind, milliseconds limit) {
  if (s.call(kind.command).is_error()) return outcome::failed;
  const auto end = clock_type::now() + limit;
  while (clock_type::now() < end) {
    const auto now = s.call("INFO", "persistence").str();
    if (!has(now, kind.in_progress) && !has(now, kind.scheduled)) {
      return has(now, kind.status) ? outcome::good : outcome::failed;
    }
    std::this_thread::sleep_for(milliseconds{2});
  }
  return outcome::hangs;
}

std::vector<pid_t> children_of(const server& s) {
  const auto pid = std::to_string(s.pid());
  std::ifstream file{"/proc/" + pid + "/task/" + pid + "/children"};
  return {std::istream_iterator<pid_t>{file}, {}};
}

void end_children(const server& s) {
  for (const auto child : children_of(s)) kill(child, SIGKILL);
}

constexpr seconds limit{20};

void fill(server& s) {
  for (int i = 0; i < 20; ++i) s.call("forks.set", "key" + std::to_string(i), std::string(200, 'v'));
}

struct tally {
  int good = 0, failed = 0, hung = 0;
  double slowest = 0;
};

tally run_children(server& s, const kind_of_child& kind, int times) {
  tally seen;
  for (int i = 0; i < times; ++i) {
    const auto start = clock_type::now();
    const auto end = run_child(s, kind, limit);
    seen.slowest = std::max(seen.slowest, std::chrono::duration<double>(clock_type::now() - start).count());
    seen.good += end == outcome::good;
    seen.failed += end == outcome::failed;
    seen.hung += end == outcome::hangs;
    if (end == outcome::hangs) end_children(s);
    if (seen.hung > 2) break;
  }
  return seen;
}

TEST(fork, no_child_hangs_while_eight_threads_allocate) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer's own allocator keeps its locks over a fork: a child of many threads hangs in it";
#endif
  const auto times = isolation::by_length(15, 500);
  server s{[] {
    auto options = isolation::quiet({"hz 500"});
    options.modules = {{FORK_MODULE_MODULE}};
    return options;
  }()};
  fill(s);
  s.call("forks.churn", 8);
  const auto saved = run_children(s, saving, times);
  const auto rewritten = run_children(s, rewriting, times);
  const auto steps = s.call("forks.churn", 0).integer();
  isolation::figures("fork", s, "BGSAVE\tBGREWRITEAOF\tfailed\thung\tslowest s\tallocations of threads", saved.good,
                     rewritten.good, saved.failed + rewritten.failed, saved.hung + rewritten.hung,
                     std::max(saved.slowest, rewritten.slowest), steps);
  EXPECT_EQ(saved.good, times);
  EXPECT_EQ(rewritten.good, times);
  EXPECT_GT(steps, 0);
}

TEST(fork, the_control_with_a_mutex_hangs) {
  server s{FORK_CONTROL_MODULE};
  fill(s);
  s.call("forks.churn", 8);
  outcome end = outcome::good;
  for (int i = 0; i < 30 && end != outcome::hangs; ++i) end = run_child(s, saving, seconds{3});
  EXPECT_EQ(end, outcome::hangs);
  EXPECT_EQ(children_of(s).size(), 1u);
  end_children(s);
  s.call("forks.churn", 0);
}

}  // namespace
