// Slots full of values of a data type move from node to node, while clients write them: none is lost and none is there
// twice. What has to be there a model says that shares no code with the type (board_model.h). Each test prints the seed
// that its commands are made from; another one: REDISMODULE_CLUSTER_SEED.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "../isolation/isolation.h"
#include "board_model.h"
#include "redismodule/testing/cluster.h"

namespace {

namespace rt = redismodule::testing;
using isolation::long_run;
using model::words;
using rt::cluster;
using rt::cluster_node;
using namespace std::chrono_literals;

std::uint64_t seed() {
  const char* wanted = std::getenv("REDISMODULE_CLUSTER_SEED");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 1;
}

// What keys have in their braces so that they are in as many different slots below a limit.
words tags_below(int slot, std::size_t count) {
  words tags;
  std::vector<bool> is_taken(static_cast<std::size_t>(slot));
  for (int i = 0; tags.size() < count; ++i) {
    const std::string tag = "{" + std::to_string(i) + "}";
    const int at = cluster::slot(tag);
    if (at >= slot || is_taken[static_cast<std::size_t>(at)]) continue;
    is_taken[static_cast<std::size_t>(at)] = true;
    tags.push_back(tag);
  }
  return tags;
}

// Clients that write boards, each in a thread and each its own ones, and what their answers say is in them.
class writers {
 public:
  static constexpr int count = 4;

  // As many boards for each tag.
  writers(cluster& c, const words& tags, int boards) : tags_{tags}, boards_{boards} {
    for (int i = 0; i < count; ++i) all_.emplace_back();
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this, i, client = c.connect()]() mutable { write(client, i); });
    }
    while (filled_ < count && !has_failed()) std::this_thread::sleep_for(1ms);
  }
  writers(const writers&) = delete;
  writers& operator=(const writers&) = delete;
  ~writers() { stop(); }

  void stop() {
    ending_ = true;
    for (std::thread& each : threads_) each.join();
    threads_.clear();
  }
  void wait_for_more(std::uint64_t commands) {
    const std::uint64_t until = done_ + commands;
    while (done_ < until && !has_failed()) std::this_thread::sleep_for(1ms);
  }
  std::uint64_t done() const { return done_; }
  std::uint64_t redirected() const { return redirected_; }
  std::string failure() {
    std::lock_guard lock{mutex_};
    return failure_;
  }
  // After stop(): all boards.
  std::map<std::string, model::board> boards() const {
    std::map<std::string, model::board> together;
    for (const model::boards& each : all_) together.insert(each.all().begin(), each.all().end());
    return together;
  }

 private:
  bool has_failed() { return !failure().empty(); }

  words keys_of(const std::string& tag, int writer) const {
    words keys;
    for (int i = writer; i < boards_; i += count) keys.push_back(tag + ":board " + std::to_string(i));
    return keys;
  }

  void call(rt::cluster_client& client, model::boards& mine, const words& command) {
    const rt::reply answer = client.call(command);
    if (answer.is_error()) throw rt::error{command[0] + " " + command[1] + ": " + answer.error()};
    mine.apply(command);
    ++done_;
  }

  void write(rt::cluster_client& client, int number) {
    model::boards& mine = all_[static_cast<std::size_t>(number)];
    std::mt19937_64 random{seed() * 1000 + static_cast<std::uint64_t>(number)};
    std::int64_t time = 1'700'000'000'000;
    try {
      for (const std::string& tag : tags_) {
        for (const std::string& key : keys_of(tag, number))
          call(client, mine, {"leaderboard.add", key, "AT", std::to_string(time), "1", "first"});
      }
      ++filled_;
      while (!ending_)
        call(client, mine, model::make_command(random, time, keys_of(tags_[random() % tags_.size()], number)));
    } catch (const std::exception& unexpected) {
      std::lock_guard lock{mutex_};
      failure_ = unexpected.what();
    }
    redirected_ += client.redirections();
  }

  words tags_;
  int boards_;
  std::vector<model::boards> all_;
  std::atomic<bool> ending_{false};
  std::atomic<int> filled_{0};
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> redirected_{0};
  std::mutex mutex_;
  std::string failure_;
  std::vector<std::thread> threads_;
};

// What is wrong, nothing: "". Each board has to be where its slot is, nowhere else, and have in it what it has to.
std::string check(cluster& c, const std::map<std::string, model::board>& boards) {
  std::map<std::string, const cluster_node*> found;
  for (cluster_node* node : c.masters()) {
    model::data_set_digest expected;
    const rt::reply keys = node->call("KEYS", "*");
    for (const rt::reply& key : keys.array()) {
      const std::string name = key.str();
      const auto board = boards.find(name);
      if (board == boards.end()) return name + " is there and should not be";
      if (!found.emplace(name, node).second) return name + " is there twice";
      expected.add(name, board->second.digest());
    }
    const std::string digest = node->call("DEBUG", "DIGEST").str();
    if (digest != expected.text()) return "a board of node " + std::to_string(node->index()) + " is another one";
  }
  for (const auto& [key, board] : boards) {
    if (!found.contains(key)) return key + " is lost";
    if (found[key] != &c.master_of(key)) return key + " is not where its slot is";
  }
  return "";
}

// One cluster for all of them, since forming one takes seconds: each test begins without keys.
class cluster_types : public testing::Test {
 protected:
  static void SetUpTestSuite() { shared = new cluster{{.masters = 2, .server = {.modules = {{LEADERBOARD_MODULE}}}}}; }
  static void TearDownTestSuite() { delete std::exchange(shared, nullptr); }
  void SetUp() override {
    for (cluster_node* node : c.masters()) node->call("FLUSHALL");
  }

  cluster& c = *shared;

 private:
  static inline cluster* shared = nullptr;
};

// A node that lost its last slot would become a replica: one is left to it.
constexpr rt::slot_range most_of_the_first{0, 8190};

int length(int usual, int longer) { return long_run() ? longer : usual; }

TEST_F(cluster_types, lose_and_double_no_value_where_slots_move_key_by_key) {
  std::cout << "seed " << seed() << "\n";
  const words tags = tags_below(most_of_the_first.last + 1, static_cast<std::size_t>(length(4, 20)));
  writers clients{c, tags, length(75, 530)};
  const int rounds = length(2, 6);
  for (int i = 0; i < rounds; ++i) {
    clients.wait_for_more(100);
    for (const std::string& tag : tags) c.migrate_slot(cluster::slot(tag), c.node(i % 2 == 0 ? 1 : 0));
  }
  clients.wait_for_more(100);
  clients.stop();
  EXPECT_EQ(clients.failure(), "");
  EXPECT_GT(clients.redirected(), 0u);
  EXPECT_EQ(check(c, clients.boards()), "");
  isolation::figures("slots moved key by key", c.node(0), "slots moved\tvalues\tcommands\tredirected",
                     rounds * static_cast<int>(tags.size()), clients.boards().size(), clients.done(),
                     clients.redirected());
}

TEST_F(cluster_types, lose_and_double_no_value_where_slots_move_as_one) {
  std::cout << "seed " << seed() << "\n";
  if (const std::string lacking = c.lacks_atomic_migration(); !lacking.empty()) GTEST_SKIP() << lacking;
  for (cluster_node* node : c.masters()) {
    // Writers never rest: without this the slots wait for a moment when nothing is on its way.
    node->call("CONFIG", "SET", "slot-migration-max-failover-repl-bytes", -1);
  }
  const words tags = tags_below(most_of_the_first.last + 1, static_cast<std::size_t>(length(20, 100)));
  writers clients{c, tags, length(15, 108)};
  const int rounds = length(2, 6);
  for (int i = 0; i < rounds; ++i) {
    clients.wait_for_more(100);
    c.migrate_slots_atomically(most_of_the_first, c.node(i % 2 == 0 ? 1 : 0));
  }
  clients.wait_for_more(100);
  clients.stop();
  EXPECT_EQ(clients.failure(), "");
  EXPECT_GT(clients.redirected(), 0u);
  EXPECT_EQ(check(c, clients.boards()), "");
  isolation::figures("slots moved as one", c.node(0), "migrations\tvalues\tcommands\tredirected", rounds,
                     clients.boards().size(), clients.done(), clients.redirected());
}

// A value that its slot's node has not: what a migration that goes wrong would leave.
class stranger {
 public:
  stranger(cluster& c, const std::string& key)
      : on_{&c.master_of(key) == &c.node(0) ? c.node(1) : c.node(0)},
        slot_{cluster::slot(key)},
        client_{on_.connect()},
        key_{key} {
    on_.call("CLUSTER", "SETSLOT", slot_, "IMPORTING", c.master_of(key).id());
    call({"RESTORE", key, "0", c.call("DUMP", key).str()});
  }
  stranger(const stranger&) = delete;
  stranger& operator=(const stranger&) = delete;
  ~stranger() {
    call({"DEL", key_});
    on_.call("CLUSTER", "SETSLOT", slot_, "STABLE");
  }

 private:
  void call(const words& command) {
    client_.call("ASKING");
    EXPECT_FALSE(client_.call(command).is_error());
  }

  cluster_node& on_;
  int slot_;
  rt::client client_;
  std::string key_;
};

TEST_F(cluster_types, are_found_where_one_is_lost_doubled_or_changed) {
  const words tags = tags_below(most_of_the_first.last + 1, 2);
  writers clients{c, tags, 20};
  c.migrate_slot(cluster::slot(tags[0]), c.node(1));
  clients.stop();
  const auto boards = clients.boards();
  const std::string key = boards.begin()->first;
  ASSERT_EQ(check(c, boards), "");
  {
    const stranger planted{c, key};
    EXPECT_EQ(check(c, boards), key + " is there twice");
  }
  ASSERT_EQ(check(c, boards), "");

  const std::string value = c.call("DUMP", key).str();
  c.call("DEL", key);
  EXPECT_EQ(check(c, boards), key + " is lost");
  c.call("RESTORE", key, 0, value);
  ASSERT_EQ(check(c, boards), "");

  c.call("leaderboard.incr", key, 1e12, "somebody");  // enough for a full board
  EXPECT_EQ(check(c, boards), "a board of node " + std::to_string(c.master_of(key).index()) + " is another one");
  c.call("SET", tags[0], "x");
  EXPECT_EQ(check(c, boards), tags[0] + " is there and should not be");
}

// --- A value that is larger than servers take in one argument ---

constexpr int players_of_large = 640;
constexpr std::size_t name_size = 1024 * 1024;

// Of bytes that servers cannot compress.
std::string large_name(int number) {
  std::mt19937_64 random{static_cast<std::uint64_t>(number)};
  std::string name(name_size, '\0');
  for (std::size_t i = 0; i + sizeof(std::uint64_t) <= name_size; i += sizeof(std::uint64_t)) {
    const std::uint64_t bytes = random();
    std::memcpy(name.data() + i, &bytes, sizeof bytes);
  }
  return name;
}

model::board fill_large(cluster& c, const std::string& key) {
  model::boards made;
  for (int i = 0; i < players_of_large; ++i) {
    const words command{"leaderboard.add", key, "AT", "1700000000000", std::to_string(i), large_name(i)};
    const rt::reply answer = c.call(command);
    if (answer != 1) throw rt::error{"leaderboard.add: " + to_string(answer)};
    made.apply(command);
  }
  return *made.find(key);
}

void configure(cluster& c, const char* name, const char* value) {
  for (cluster_node* node : c.masters()) node->call("CONFIG", "SET", name, value);
}

// MIGRATE of one key, with all the time it may need.
rt::reply migrate(rt::slot_migration& moving, const std::string& key) {
  return moving.from().call("MIGRATE", "127.0.0.1", moving.to().port(), key, 0, 600'000);
}

TEST(large_value, moves_from_node_to_node) {
  if (!long_run()) GTEST_SKIP() << "takes a while: REDISMODULE_LONG_TESTS=1";
  // DUMP and RESTORE of it take seconds, in which a node answers nobody.
  cluster c{{.masters = 2,
             .server = {.modules = {{LEADERBOARD_MODULE}}, .answer_timeout = 600s},
             .node_timeout = 300s,
             .patience = 600s}};
  const words tags = tags_below(most_of_the_first.last + 1, 6);
  const std::string large = tags[0] + ":large";
  const int slot = cluster::slot(large);
  std::map<std::string, model::board> all{{large, fill_large(c, large)}};
  writers clients{c, {tags.begin() + 1, tags.end()}, 100};

  // MIGRATE sends it as one argument of RESTORE, and who takes no argument of that size refuses it: the value stays.
  {
    auto moving = c.begin_slot_migration(slot, c.node(1));
    const rt::reply refused = migrate(moving, large);
    EXPECT_TRUE(refused.is_error()) << to_string(refused);
    std::cout << "MIGRATE with proto-max-bulk-len 512mb: " << to_string(refused) << "\n";
    moving.cancel();
    EXPECT_EQ(c.node(0).call("EXISTS", large), 1);
    EXPECT_EQ(c.node(1).call("CLUSTER", "COUNTKEYSINSLOT", slot), 0);
  }
  configure(c, "proto-max-bulk-len", "2gb");
  {
    auto moving = c.begin_slot_migration(slot, c.node(1));
    const auto began = std::chrono::steady_clock::now();
    const rt::reply moved = migrate(moving, large);
    EXPECT_EQ(moved, "OK") << to_string(moved);
    std::cout << "MIGRATE with proto-max-bulk-len 2gb: " << to_string(moved) << ", "
              << std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began).count()
              << " ms\n";
    moving.finish();
  }
  EXPECT_EQ(&c.master_of(large), &c.node(1));

  // As the commands of a rewritten AOF no part of it is larger than half a mebibyte: servers need no other limit.
  if (c.lacks_atomic_migration().empty()) {
    configure(c, "proto-max-bulk-len", "1mb");
    configure(c, "slot-migration-max-failover-repl-bytes", "-1");
    const auto began = std::chrono::steady_clock::now();
    c.migrate_slots_atomically({slot, slot}, c.node(0));
    std::cout << "as one: "
              << std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began).count()
              << " ms\n";
    EXPECT_EQ(&c.master_of(large), &c.node(0));
  }
  clients.stop();
  EXPECT_EQ(clients.failure(), "");
  all.merge(clients.boards());
  EXPECT_EQ(check(c, all), "");
}

}  // namespace
