// A server that is killed at any moment, while fifty clients write values of a data type: what it has acknowledged is
// there when it is started again, and what a replica has confirmed is there when that is promoted. What has to be there
// a model says that shares no code with the type (board_model.h). Each test prints the seed that its commands and the
// moments are made from; another one: REDISMODULE_CRASH_SEED, another number of kills: REDISMODULE_CRASH_KILLS.
#include <gtest/gtest.h>
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <functional>
#include <iostream>
#include <mutex>
#include <random>
#include <thread>

#include "../isolation/isolation.h"
#include "board_model.h"
#include "redismodule/testing/server.h"

namespace {

namespace rt = redismodule::testing;
using isolation::long_run;
using model::words;
using rt::aof;
using rt::server;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr int clients = 50;
constexpr int threads = 5;
const std::string shared_board = "all";

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* wanted = std::getenv(variable);
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : otherwise;
}

std::uint64_t seed() { return number_from("REDISMODULE_CRASH_SEED", 1); }
std::uint64_t kills_to_make(std::uint64_t usual) {
  return number_from("REDISMODULE_CRASH_KILLS", long_run() ? 200 : usual);
}

// A client, and what has come of its commands. It has three boards of its own and one player on a board of all. On one
// connection a server does them in order, so that what is there afterwards is what some number of them left.
class writer {
 public:
  writer(int number, std::uint64_t seed) : number_{number}, random_{seed * 1000 + static_cast<std::uint64_t>(number)} {
    for (const char* name : {"a", "b", "c"}) keys_.push_back(std::to_string(number) + ":" + name);
  }

  const std::string& player() const { return player_; }
  const words& keys() const { return keys_; }
  const model::boards& state() const { return state_; }
  std::size_t unanswered() const { return sent_.size(); }

  words next_command() {
    sent_.push_back(make_command());
    return sent_.back();
  }
  // The first that was not answered yet has been.
  void acknowledge() {
    state_.apply(sent_.front());
    sent_.pop_front();
  }

  // What was not answered may have been done or not, but none without all before it. Takes the last state that fits
  // what the server has. False: none does.
  bool settle(const std::function<bool(const model::boards&)>& fits) {
    model::boards possible = state_;
    bool is_found = fits(possible);
    for (const words& command : sent_) {
      possible.apply(command);
      if (!fits(possible)) continue;
      is_found = true;
      state_ = possible;
    }
    sent_.clear();
    return is_found;
  }

 private:
  words make_command() {
    if (random_() % 7 != 0) return model::make_command(random_, time_, keys_);
    return {"leaderboard.incr", shared_board, "AT", std::to_string(++time_), "1", player_};
  }

  int number_;
  std::string player_ = "client " + std::to_string(number_);
  words keys_;
  std::mt19937_64 random_;
  std::int64_t time_ = 1'700'000'000'000;
  model::boards state_;
  std::deque<words> sent_;
};

void append(std::string& bytes, const words& command) {
  bytes += '*' + std::to_string(command.size()) + "\r\n";
  for (const std::string& word : command) bytes += '$' + std::to_string(word.size()) + "\r\n" + word + "\r\n";
}

// When a write counts as done: at its answer, or once a replica has it.
enum class acknowledged_by { answer, replica };

// All clients and their threads, until the server is killed.
class load {
 public:
  load(const server& s, std::vector<writer>& writers, acknowledged_by when) : when_{when} {
    for (int i = 0; i < threads; ++i) {
      std::vector<writer*> own;
      for (int j = i; j < clients; j += threads) own.push_back(&writers[static_cast<std::size_t>(j)]);
      threads_.emplace_back([this, own, socket = s.socket(), i] { write(socket, own, static_cast<unsigned>(i)); });
    }
  }
  load(const load&) = delete;
  load& operator=(const load&) = delete;
  ~load() { wait(); }

  // For so many to be acknowledged, with no hurry on a slow machine, and some milliseconds more.
  void run_for(std::uint64_t commands, milliseconds more) const {
    const auto limit = std::chrono::steady_clock::now() + 10s;
    while (acknowledged_ < commands && std::chrono::steady_clock::now() < limit) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(more);
  }
  void wait() {
    for (std::thread& each : threads_) each.join();
    threads_.clear();
  }
  std::uint64_t acknowledged() const { return acknowledged_; }
  // An answer that should not have been.
  const std::string& failure() const { return failure_; }

 private:
  struct connection {
    writer& of;
    rt::client client;
    std::size_t commands = 0;
  };

  void write(const std::string& socket, const std::vector<writer*>& own, unsigned number) {
    std::minstd_rand random{number + 1};
    std::vector<connection> all;
    try {
      for (writer* each : own) all.push_back({*each, rt::client{socket}});
    } catch (const rt::error&) {
      return;  // killed by now
    }
    for (bool is_lost = false; !is_lost;) {
      for (connection& each : all) is_lost |= !sent(each, 1 + random() % 16);
      for (connection& each : all) is_lost |= !received(each);
    }
  }

  bool sent(connection& to, std::size_t commands) {
    std::string bytes;
    to.commands = commands;
    for (std::size_t i = 0; i < commands; ++i) append(bytes, to.of.next_command());
    if (when_ == acknowledged_by::replica) append(bytes, {"WAIT", "1", "0"});
    try {
      to.client.send_raw(bytes);
      return true;
    } catch (const rt::error&) {
      return false;
    }
  }

  // What was answered before the server died can be read still.
  bool received(connection& from) {
    try {
      for (std::size_t i = 0; i < from.commands; ++i) {
        const rt::reply answer = from.client.receive();
        if (answer.is_error()) note(answer.error());
        if (when_ == acknowledged_by::answer) acknowledge(from.of);
      }
      if (when_ == acknowledged_by::answer) return true;
      if (from.client.receive().integer() < 1) note("WAIT was answered by no replica");
      for (std::size_t i = 0; i < from.commands; ++i) acknowledge(from.of);
      return true;
    } catch (const rt::error&) {
      return false;
    }
  }

  void acknowledge(writer& of) {
    of.acknowledge();
    ++acknowledged_;
  }
  void note(const std::string& failure) {
    std::lock_guard lock{mutex_};
    failure_ = failure;
  }

  acknowledged_by when_;
  std::atomic<std::uint64_t> acknowledged_{0};
  std::mutex mutex_;
  std::string failure_;
  std::vector<std::thread> threads_;
};

// --- What is there is what has to be there ---

model::entry entry_of(const rt::reply& standing) {
  return {standing.at("score").real(), standing.at("reached").integer()};
}

// Whether a server has what this writer has in this state.
bool has_state(const model::boards& state, const writer& of, const rt::reply& digests, const rt::reply& standing) {
  for (std::size_t i = 0; i < of.keys().size(); ++i) {
    const model::board* board = state.find(of.keys()[i]);
    const std::string digest = board != nullptr ? model::digest_of_value(board->digest()) : std::string(40, '0');
    if (digests[i] != digest) return false;
  }
  const model::board* all = state.find(shared_board);
  if (all == nullptr) return standing.is_null();
  return !standing.is_null() && entry_of(standing) == all->players.at(of.player());
}

std::string digest_of(const std::vector<writer>& writers) {
  model::data_set_digest digest;
  model::board all;
  for (const writer& each : writers) {
    for (const auto& [key, board] : each.state().all()) {
      if (key == shared_board) {
        all.players.insert(board.players.begin(), board.players.end());
      } else {
        digest.add(key, board.digest());
      }
    }
  }
  if (!all.players.empty()) digest.add(shared_board, all.digest());
  return digest.text();
}

// What is wrong, nothing: "". The writers go on from what is there.
std::string check(server& s, std::vector<writer>& writers) {
  for (writer& each : writers) {
    words ask{"DEBUG", "DIGEST-VALUE"};
    ask.insert(ask.end(), each.keys().begin(), each.keys().end());
    const rt::reply digests = s.call(ask);
    const rt::reply standing = s.call("leaderboard.rank", shared_board, each.player());
    const std::size_t unanswered = each.unanswered();
    if (!each.settle([&](const model::boards& state) { return has_state(state, each, digests, standing); })) {
      return each.player() + " finds neither what was acknowledged nor that with any of " + std::to_string(unanswered) +
             " commands more";
    }
  }
  const std::string there = s.call("DEBUG", "DIGEST").str();
  const std::string expected = digest_of(writers);
  return there == expected ? "" : "the digest is " + there + " and not " + expected;
}

std::vector<writer> make_writers() {
  std::vector<writer> all;
  for (int i = 0; i < clients; ++i) all.emplace_back(i, seed());
  return all;
}

struct outcome {
  std::string finding;  // what was lost; nothing: ""
  std::uint64_t kills = 0;
  std::uint64_t in_rewrites = 0;
  std::uint64_t acknowledged = 0;

  void show_progress() const {
    if (kills % 20 == 0) std::cout << kills << " kills, " << acknowledged << " acknowledged" << std::endl;
  }
};

// --- Killed, and started again ---

// Kills the server, and a child of it that rewrites the AOF. Whether there was one.
bool kill_with_child(server& s) {
  const std::string pid = std::to_string(s.pid());
  std::ifstream children{"/proc/" + pid + "/task/" + pid + "/children"};
  pid_t child = 0;
  children >> child;
  s.kill();
  if (child != 0) ::kill(child, SIGKILL);
  return child != 0;
}

struct crashes {
  rt::module_file module;
  bool rdb_preamble = true;
  std::uint64_t kills = 1;
};

outcome run(const crashes& how) {
  outcome result;
  std::mt19937_64 random{seed()};
  server s{{.modules = {how.module},
            .config = {std::string{"aof-use-rdb-preamble "} + (how.rdb_preamble ? "yes" : "no"),
                       // So that rewriting takes some tens of milliseconds.
                       "rdb-key-save-delay 200", "auto-aof-rewrite-percentage 100", "auto-aof-rewrite-min-size 200kb"},
            .aof = aof::always}};
  std::vector<writer> writers = make_writers();
  while (result.kills < how.kills && result.finding.empty()) {
    load clients{s, writers, acknowledged_by::answer};
    clients.run_for(random() % 600, milliseconds{random() % 20});
    if (random() % 2 == 0) {
      s.call("BGREWRITEAOF");
      clients.run_for(0, milliseconds{random() % 40});
    }
    result.in_rewrites += kill_with_child(s);
    ++result.kills;
    clients.wait();
    result.acknowledged += clients.acknowledged();
    s.start();
    result.finding = clients.failure().empty() ? check(s, writers) : "answered: " + clients.failure();
    result.show_progress();
  }
  return result;
}

// One whose commands forget to replicate, one in twenty.
const rt::module_file forgetful{LEADERBOARD_WITH_FAULTS_MODULE, {"fault:fail-randomly=ReplicateVerbatim,50000,1"}};
const rt::module_file not_forgetful{LEADERBOARD_WITH_FAULTS_MODULE, {"fault:count=ReplicateVerbatim"}};

bool is_loss(const std::string& finding) { return finding.find("finds neither what was acknowledged") != finding.npos; }

class crash : public testing::TestWithParam<bool> {};

TEST_P(crash, loses_nothing_that_was_acknowledged) {
  std::cout << "seed " << seed() << "\n";
  const outcome result = run({{LEADERBOARD_MODULE}, GetParam(), kills_to_make(4)});
  EXPECT_EQ(result.finding, "");
  EXPECT_GT(result.acknowledged, 0u);
  isolation::figures(GetParam() ? "killed, rewritten as RDB" : "killed, rewritten as commands", server{},
                     "kills\tin rewrites\tacknowledged\tlost", result.kills, result.in_rewrites, result.acknowledged,
                     result.finding.empty() ? 0 : 1);
}

INSTANTIATE_TEST_SUITE_P(aof, crash, testing::Bool(),
                         [](const auto& parameter) { return parameter.param ? "of_rdb" : "of_commands"; });

TEST(crash_control, finds_a_command_that_forgets_to_replicate) {
  EXPECT_PRED1(is_loss, run({forgetful, true, 5}).finding);
}
TEST(crash_control, finds_nothing_in_the_same_module_where_nothing_is_planted) {
  EXPECT_EQ(run({not_forgetful}).finding, "");
}

// --- Killed, and replaced by its replica ---

outcome run_promotions(const rt::module_file& module, std::uint64_t kills) {
  outcome result;
  std::mt19937_64 random{seed()};
  server master{{.modules = {module}}};
  server replica = master.add_replica();
  std::vector<writer> writers = make_writers();
  while (result.kills < kills && result.finding.empty()) {
    load clients{master, writers, acknowledged_by::replica};
    clients.run_for(random() % 600, milliseconds{random() % 20});
    master.kill();
    clients.wait();
    ++result.kills;
    result.acknowledged += clients.acknowledged();
    replica.promote();
    result.finding = clients.failure().empty() ? check(replica, writers) : "answered: " + clients.failure();
    result.show_progress();
    master = std::move(replica);
    replica = master.add_replica();
  }
  return result;
}

TEST(promotion, loses_nothing_that_a_replica_has_confirmed) {
  std::cout << "seed " << seed() << "\n";
  const outcome result = run_promotions({LEADERBOARD_MODULE}, kills_to_make(2));
  EXPECT_EQ(result.finding, "");
  EXPECT_GT(result.acknowledged, 0u);
  isolation::figures("killed, and a replica promoted", server{}, "kills\tconfirmed\tlost", result.kills,
                     result.acknowledged, result.finding.empty() ? 0 : 1);
}

TEST(promotion_control, finds_a_command_that_forgets_to_replicate) {
  EXPECT_PRED1(is_loss, run_promotions(forgetful, 5).finding);
}

}  // namespace
