// Unloading and loading a C++ module again and again under a running client: it
// leaves the process's maps each time, and used_memory is where a plain C
// module in its place would leave it.
#include <gtest/gtest.h>

#include <atomic>

#include "isolation.h"

namespace {

using isolation::kit::client;
using isolation::kit::server;

constexpr long long most_difference = 4096;  // bytes of used_memory
constexpr double most_slope_difference = 8;  // bytes a reload

// A client that issues commands, the module's among them whether it is loaded
// or not.
class running_client {
 public:
  explicit running_client(server& s) : connection_{s.connect()}, thread_{[this] { run(); }} {}
  ~running_client() { stop(); }

  void stop() {
    ending_ = true;
    if (thread_.joinable()) thread_.join();
  }
  long long commands() const { return commands_; }
  long long answers_of_module() const { return answers_of_module_; }

 private:
  // In one pipeline, so that no unloading comes in between: Redis 8.0 reads a
  // client's last command again at its next one, and crashes where that was a
  // command of a module unloaded since, in whatever language.
  void run() {
    while (!ending_) {
      connection_.send_raw(commands_at_once);
      connection_.receive();
      answers_of_module_ += !connection_.receive().is_error();
      connection_.receive();
      commands_ += 3;
      std::this_thread::sleep_for(std::chrono::microseconds{500});
    }
  }

  const std::string commands_at_once = isolation::kit::encode_command({"SET", "key", "value"}) +
                                       isolation::kit::encode_command({"reload.echo", "a text of some length"}) +
                                       isolation::kit::encode_command({"GET", "key"});
  client connection_;
  std::atomic<bool> ending_{false};
  std::atomic<long long> commands_{0}, answers_of_module_{0};
  std::thread thread_;
};

struct course {
  std::vector<long long> at;      // reloads
  std::vector<long long> memory;  // used_memory then, unloaded
  int still_mapped = 0;           // unloads after which the module's file was mapped
  long long commands = 0;         // of the running client
  long long answers = 0;          // those that the module answered

  // Least squares from reload `first` on, in bytes a reload.
  double slope(long long first) const {
    double n = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (at[i] < first) continue;
      const auto a = static_cast<double>(at[i]), m = static_cast<double>(memory[i]);
      n += 1, x += a, y += m, xx += a * a, xy += a * m;
    }
    return (n * xy - x * y) / (n * xx - x * x);
  }
  long long growth() const { return memory.back() - memory.front(); }
};

constexpr int warm_up = 20;

void reload_once(server& s, client& c, const std::string& module, course& seen) {
  ASSERT_EQ(c.call("MODULE", "LOAD", module), "OK");
  EXPECT_TRUE(c.call("reload.work", 2).is_integer());
  EXPECT_FALSE(c.call("reload.echo", "x").is_error());
  ASSERT_EQ(c.call("MODULE", "UNLOAD", "reload"), "OK");
  seen.still_mapped += s.maps(module.substr(module.rfind('/') + 1));
}

void reload_until(server& s, const std::string& module, int from, int to, course& seen) {
  auto control = s.connect();
  running_client client{s};
  for (int i = from; i < to && !testing::Test::HasFatalFailure(); ++i) reload_once(s, control, module, seen);
  client.stop();
  seen.commands += client.commands();
  seen.answers += client.answers_of_module();
}

course reload(server& s, const std::string& module, int times) {
  course seen;
  reload_until(s, module, -warm_up, 0, seen);
  const int step = times / 10;
  for (int at = 0; at <= times; at += step) {
    if (at > 0) reload_until(s, module, at - step, at, seen);
    seen.at.push_back(at);
    seen.memory.push_back(isolation::settled_memory(s));
  }
  return seen;
}

// Once a second and not more often does such a server look for buffers to shrink, so that it seldom happens amid
// samples.
isolation::kit::server_options steady() { return isolation::quiet({"hz 1"}); }

// Longer than a server keeps large buffers for the client that was the kit's
// when it started.
void let_settle() { std::this_thread::sleep_for(std::chrono::seconds{3}); }

TEST(reload, used_memory_follows_a_twin_in_c_and_the_module_leaves_the_maps) {
  const int times = isolation::by_length(100, 1000);
  server with_ours{steady()}, with_twin{steady()};
  let_settle();
  const auto ours = reload(with_ours, RELOAD_OURS_MODULE, times);
  const auto twin = reload(with_twin, RELOAD_TWIN_MODULE, times);
  EXPECT_EQ(ours.still_mapped, 0);
  EXPECT_EQ(twin.still_mapped, 0);
  EXPECT_GT(ours.commands, times);
  EXPECT_GT(ours.answers, 0) << "the client never met the module";

  const auto difference = ours.memory.back() - twin.memory.back();
  const auto first = times / 10;
  const auto slope = ours.slope(first) - twin.slope(first);
  isolation::figures("reload", with_ours,
                     "reloads\tclient commands\tstill mapped\tgrowth "
                     "ours\tgrowth twin\tdifference\tslope ours\tslope twin",
                     times, ours.commands, ours.still_mapped, ours.growth(), twin.growth(), difference,
                     ours.slope(first), twin.slope(first));
  EXPECT_LE(std::abs(difference), most_difference);
  EXPECT_LE(std::abs(slope), most_slope_difference);
}

TEST(reload, the_control_of_memory_sees_64_bytes_a_load) {
  server with_leak{steady()}, with_twin{steady()};
  let_settle();
  const auto leak = reload(with_leak, LEAKS_BY_LOAD_MODULE, 100);
  const auto twin = reload(with_twin, RELOAD_TWIN_MODULE, 100);
  EXPECT_GT(leak.memory.back() - twin.memory.back(), most_difference);
  EXPECT_GT(leak.slope(10) - twin.slope(10), most_slope_difference);
  with_leak.stop();
  with_leak.take_reports();  // a sanitizer sees it too
}

TEST(reload, the_control_of_the_maps_sees_a_module_that_stays) {
  server s;
  s.load(STAYS_MAPPED_MODULE);
  s.call("stays.touch");
  s.unload("stays");
  EXPECT_TRUE(s.maps("stays_mapped.so"));
}

}  // namespace
