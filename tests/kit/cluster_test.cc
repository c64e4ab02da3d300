#include "redismodule/testing/cluster.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "ports.h"

namespace {

using namespace std::chrono_literals;
using redismodule::testing::cluster;
using redismodule::testing::cluster_client;
using redismodule::testing::cluster_node;
using redismodule::testing::cluster_options;
using redismodule::testing::connection_lost;
using redismodule::testing::error;
using redismodule::testing::reply;
using redismodule::testing::slot_range;
using redismodule::testing::start_failed;
using redismodule::testing::timed_out;
using redismodule::testing::detail::port_lease;

// Each test of some length has a short form, for every run, and the one that REDISMODULE_LONG_TESTS asks for.
int by_length(int usual, int longer) { return std::getenv("REDISMODULE_LONG_TESTS") != nullptr ? longer : usual; }

std::string key_name(int number) { return "key:" + std::to_string(number); }

std::vector<std::string> key_names(int count, const std::string& tag = {}) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back(tag + key_name(i));
  return names;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
bool starts_with(const std::string& text, const std::string& part) { return text.starts_with(part); }

template <class Error = error>
std::string what_is_thrown(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& thrown) {
    return thrown.what();
  }
  return "nothing was thrown";
}

long long total_of(cluster& c, const std::string& key) {
  const reply value = c.call("TALLY.GET", key);
  if (value.is_error()) throw error{value.error()};
  return value.is_null() ? 0 : value[0].integer();
}

// Those that hold something else than their number in `keys`, or nothing.
std::vector<std::string> wrong_keys(cluster& c, const std::vector<std::string>& keys) {
  std::vector<std::string> wrong;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const reply value = c.call("TALLY.GET", keys[i]);
    if (!(value == std::vector<int>{static_cast<int>(i) + 1, 1})) wrong.push_back(keys[i]);
  }
  return wrong;
}

void fill(cluster& c, const std::vector<std::string>& keys) {
  for (std::size_t i = 0; i < keys.size(); ++i) c.call("TALLY.SET", keys[i], i + 1, 1);
}

cluster_node& other_master(cluster& c, const cluster_node& than) {
  for (cluster_node* node : c.masters()) {
    if (node != &than) return *node;
  }
  throw error{"there is one master only"};
}

// Clients that count up keys, each in a thread and with connections of its own, until they are stopped.
class writers {
 public:
  writers(cluster& c, std::vector<std::string> keys, int count) : keys_{std::move(keys)} {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this, i, client = c.connect()]() mutable { write(client, i); });
    }
  }
  ~writers() { stop(); }

  void stop() {
    ending_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  // Of additions, each of 1, that were answered with a number; what came instead of one.
  long long done() const { return done_; }
  long long redirected() const { return redirected_; }
  const std::string& failure() const { return failure_; }

 private:
  void write(cluster_client& client, int seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    std::uniform_int_distribution<std::size_t> any(0, keys_.size() - 1);
    try {
      while (!ending_) {
        client.call("TALLY.ADD", keys_[any(random)], 1).integer();
        ++done_;
      }
    } catch (const error& unexpected) {
      std::lock_guard lock{mutex_};
      failure_ = unexpected.what();
    }
    redirected_ += static_cast<long long>(client.redirections());
  }

  std::vector<std::string> keys_;
  std::atomic<bool> ending_{false};
  std::atomic<long long> done_{0};
  std::atomic<long long> redirected_{0};
  std::mutex mutex_;
  std::string failure_;
  std::vector<std::thread> threads_;
};

void wait_until(const std::function<bool()>& come_about) {
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!come_about()) {
    if (std::chrono::steady_clock::now() > deadline) throw error{"waited in vain"};
    std::this_thread::sleep_for(1ms);
  }
}

// Three masters, for all tests that leave them as they found them.
class ClusterTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { shared.emplace(TALLY_MODULE); }
  static void TearDownTestSuite() { shared.reset(); }
  void SetUp() override {
    ASSERT_TRUE(shared);
    for (cluster_node* master : shared->masters()) master->call("FLUSHALL");
  }

  static inline std::optional<cluster> shared;
  cluster& c = *shared;
};

// --- slots and routing ---

TEST_F(ClusterTest, AgreesWithTheServerOnSlots) {
  std::vector<std::string> keys{"", "{", "}", "{}", "{}a", "a{}{b}", "{a}b", "x{a}b", "{{a}}b", "{a}{b}", "a{b"};
  std::mt19937 random{1};
  for (int i = 0; i < 500; ++i) {
    std::string key(random() % 40, '\0');
    for (char& byte : key) byte = static_cast<char>(random() % 4 == 0 ? "{}"[random() % 2] : random());
    keys.push_back(std::move(key));
  }
  for (const std::string& key : keys) EXPECT_EQ(c.node(0).call("CLUSTER", "KEYSLOT", key), cluster::slot(key)) << key;
  EXPECT_EQ(cluster::slot("123456789"), 0x31c3);
}

TEST_F(ClusterTest, SharesTheSlotsOut) {
  EXPECT_EQ(c.size(), 3u);
  EXPECT_EQ(c.masters().size(), 3u);
  EXPECT_TRUE(c.replicas().empty());
  EXPECT_EQ(c.slots_of(c.node(0)), (std::vector<slot_range>{{0, 5460}}));
  EXPECT_EQ(c.slots_of(c.node(2)), (std::vector<slot_range>{{10922, 16383}}));
  EXPECT_EQ(&c.master_of_slot(16383), &c.node(2));
  EXPECT_NE(c.node(0).id(), c.node(1).id());
  EXPECT_EQ(c.node(0).call("CLUSTER", "MYID"), c.node(0).id());
}

TEST_F(ClusterTest, SendsCommandsToTheirKeys) {
  const auto keys = key_names(100);
  fill(c, keys);
  EXPECT_EQ(wrong_keys(c, keys), std::vector<std::string>{});
  std::set<const cluster_node*> owners;
  for (const std::string& key : keys) {
    owners.insert(&c.master_of(key));
    EXPECT_TRUE(c.master_of(key).call("TALLY.GET", key).is_array());
  }
  EXPECT_EQ(owners.size(), 3u);
}

TEST_F(ClusterTest, FindsAKeyThatIsNotTheFirstWord) {
  for (int i = 0; i < 30; ++i) EXPECT_EQ(c.call("TALLY.GIVE", 5, "to", key_name(i)), 5);
  for (int i = 0; i < 30; ++i) EXPECT_EQ(total_of(c, key_name(i)), 5);
}

TEST_F(ClusterTest, SendsACommandWithoutKeysToSomeMaster) {
  EXPECT_EQ(c.call("PING"), "PONG");
  EXPECT_EQ(c.call("DBSIZE"), 0);
}

// What a client meets that does not follow: the control of all that is said above.
TEST_F(ClusterTest, OneNodeAloneSendsItsClientAway) {
  cluster_node& owner = c.master_of("key");
  c.call("TALLY.ADD", "key", 1);
  const std::string moved =
      "MOVED " + std::to_string(cluster::slot("key")) + " 127.0.0.1:" + std::to_string(owner.port());
  EXPECT_EQ(other_master(c, owner).call("TALLY.GET", "key").error(), moved);
  EXPECT_TRUE(c.call_on(cluster::slot("key"), "TALLY.GET", "key").is_array());
  EXPECT_EQ(c.call_on(owner.index() == 0 ? 16383 : 0, "TALLY.GET", "key").error(), moved);
}

TEST_F(ClusterTest, AnErrorIsAValue) {
  EXPECT_PRED2(starts_with, c.call("TALLY.SUM", "one", "two").error(), "CROSSSLOT");
  EXPECT_PRED2(starts_with, c.call("NO.SUCH").error(), "ERR unknown command");
}

TEST_F(ClusterTest, RefusesANodeThatIsNotThere) { EXPECT_THROW(c.node(3), error); }

// --- moving a slot key by key ---

TEST_F(ClusterTest, MovesASlotWhileClientsWrite) {
  const auto keys = key_names(by_length(300, 10'000), "{moved}");
  const int slot = cluster::slot("{moved}");
  cluster_node& before = c.master_of_slot(slot);
  cluster_node& after = other_master(c, before);
  for (const std::string& key : keys) c.call("TALLY.ADD", key, 1);

  writers clients{c, keys, 2};
  const int rounds = by_length(1, 4);
  for (int i = 0; i < rounds; ++i) {
    wait_until([&, from = clients.done()] { return clients.done() > from + 100; });
    c.migrate_slot(slot, after);
    EXPECT_EQ(before.call("CLUSTER", "COUNTKEYSINSLOT", slot), 0);
    EXPECT_EQ(after.call("CLUSTER", "COUNTKEYSINSLOT", slot), keys.size());
    wait_until([&, from = clients.done()] { return clients.done() > from + 100 || !clients.failure().empty(); });
    if (i + 1 < rounds) c.migrate_slot(slot, before);
  }
  clients.stop();

  EXPECT_EQ(clients.failure(), "");
  EXPECT_GE(clients.redirected(), 2);
  long long total = 0;
  for (const std::string& key : keys) total += total_of(c, key);
  EXPECT_EQ(total, clients.done() + static_cast<long long>(keys.size()));
  EXPECT_EQ(&c.master_of_slot(slot), &after);
  c.migrate_slot(slot, before);
}

TEST_F(ClusterTest, ShowsASlotOnItsWay) {
  const auto keys = key_names(2, "{way}");
  fill(c, keys);
  cluster_node& from = c.master_of("{way}");
  auto moving = c.begin_slot_migration(cluster::slot("{way}"), other_master(c, from));
  EXPECT_EQ(&moving.from(), &from);
  ASSERT_EQ(moving.move_keys(1), 1u);

  const bool first_moved = from.call("TALLY.GET", keys[0]).is_error();
  const std::string& moved = keys[first_moved ? 0 : 1];
  const std::string& left = keys[first_moved ? 1 : 0];
  EXPECT_PRED2(starts_with, from.call("TALLY.GET", moved).error(), "ASK ");
  EXPECT_TRUE(from.call("TALLY.GET", left).is_array());
  EXPECT_PRED2(starts_with, moving.to().call("TALLY.GET", moved).error(), "MOVED ");
  EXPECT_EQ(wrong_keys(c, keys), std::vector<std::string>{});
  EXPECT_EQ(c.call("TALLY.ADD", "{way}new", 7), 7);
  EXPECT_EQ(moving.to().call("CLUSTER", "COUNTKEYSINSLOT", moving.slot()), 2);

  // Two keys on two nodes: the servers say TRYAGAIN (6.0 sends on before it does), and the cluster's clients try again.
  EXPECT_EQ(moving.to().call("ASKING"), "OK");
  EXPECT_PRED2(starts_with, moving.to().call("TALLY.SUM", keys[0], keys[1]).error(), "TRYAGAIN");
  auto sum = std::async(std::launch::async,
                        [&, client = c.connect()]() mutable { return client.call("TALLY.SUM", keys[0], keys[1]); });
  EXPECT_EQ(sum.wait_for(50ms), std::future_status::timeout);
  moving.finish();
  EXPECT_EQ(sum.get(), 3);
  EXPECT_EQ(moving.move_keys(), 0u);
  EXPECT_EQ(&c.master_of("{way}"), &moving.to());
  c.migrate_slot(moving.slot(), from);
}

TEST_F(ClusterTest, LeavesASlotWhereItWas) {
  cluster_node& from = c.master_of("{stay}");
  auto moving = c.begin_slot_migration(cluster::slot("{stay}"), other_master(c, from));
  EXPECT_PRED2(starts_with, from.call("TALLY.GET", "{stay}").error(), "ASK ");
  moving.cancel();
  EXPECT_TRUE(from.call("TALLY.GET", "{stay}").is_null());
  EXPECT_PRED2(contains, what_is_thrown([&] { c.migrate_slot(moving.slot(), from); }), "is where it shall go");
}

// --- what goes wrong ---

TEST_F(ClusterTest, SeesThatASlotIsMissing) {
  cluster_node& owner = c.master_of_slot(100);
  ASSERT_EQ(owner.call("CLUSTER", "DELSLOTS", 100), "OK");
  c.set_patience(300ms);
  const std::string why = what_is_thrown([&] { c.wait_until_ok(); });
  EXPECT_PRED2(contains, why, "300 ms");
  EXPECT_PRED2(contains, why, "state is not ok");
  EXPECT_PRED2(contains, why, "its log ends:");
  for (std::size_t i = 0; i < c.size(); ++i) {
    EXPECT_PRED2(contains, why, "127.0.0.1:" + std::to_string(c.node(i).port()) + "@");
    EXPECT_PRED2(contains, why, "process " + std::to_string(c.node(i).pid()) + ", runs");
  }
  EXPECT_PRED2(starts_with, what_is_thrown([&] { c.master_of_slot(100); }), "no node that runs serves slot 100");
  c.set_patience(30s);
  ASSERT_EQ(owner.call("CLUSTER", "ADDSLOTS", 100), "OK");
  c.wait_until_ok();
}

TEST_F(ClusterTest, ListensOnLoopbackAlone) {
  std::set<std::string> ports;
  for (std::size_t i = 0; i < c.size(); ++i) {
    for (const int port : {c.node(i).port(), c.node(i).port() + 10'000}) {
      char digits[8];
      std::snprintf(digits, sizeof digits, ":%04X", static_cast<unsigned>(port));
      ports.insert(digits);
    }
  }
  // sl local_address rem_address st …: 0A is listening, 0100007F is 127.0.0.1.
  std::set<std::string> listening;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream lines{table};
    for (std::string line, number, local, remote, status; std::getline(lines, line);) {
      std::istringstream{line} >> number >> local >> remote >> status;
      const std::string port = local.size() > 5 ? local.substr(local.size() - 5) : "";
      if (status != "0A" || !ports.contains(port)) continue;
      EXPECT_EQ(local.substr(0, local.size() - 5), "0100007F");
      listening.insert(port);
    }
  }
  EXPECT_EQ(listening, ports);
}

// The last of these: it takes the two seconds that servers take to trust themselves as masters again.
TEST_F(ClusterTest, SeesALostKeyAndWhatKilledANode) {
  const auto keys = key_names(30);
  fill(c, keys);
  ASSERT_EQ(wrong_keys(c, keys), std::vector<std::string>{});
  cluster_node& victim = c.master_of(keys[0]);
  const std::string id = victim.id();

  const std::string why = what_is_thrown<connection_lost>([&] { c.call_on(cluster::slot(keys[0]), "TALLY.ABORT"); });
  EXPECT_PRED2(contains, why, "signal 6");
  EXPECT_FALSE(victim.alive());
  const std::string down = what_is_thrown<connection_lost>([&] { c.call("TALLY.GET", keys[0]); });
  EXPECT_PRED2(contains, down, "is down");
  EXPECT_PRED2(contains, down, "does not run");
  EXPECT_PRED2(contains, down, "its log ends:");
  EXPECT_THROW(c.kill(victim), error);

  c.start(victim);
  c.wait_until_ok();
  EXPECT_EQ(victim.id(), id);
  const auto wrong = wrong_keys(c, keys);
  EXPECT_EQ(std::ranges::count(wrong, keys[0]), 1);
  for (const std::string& key : wrong) EXPECT_EQ(&c.master_of(key), &victim);
  EXPECT_THROW(c.start(victim), error);
  EXPECT_PRED2(contains, what_is_thrown([&] { c.wait_for_failover(); }), "no node that served slots is down");
}

// --- moving slots at once ---

TEST_F(ClusterTest, SaysThatAModuleDidNotAllowAtomicMigration) {
  const std::string why = what_is_thrown([&] { c.migrate_slots_atomically({0, 99}, c.node(1)); });
  const std::string lack = c.lacks_atomic_migration();
  if (lack.empty()) {
    EXPECT_PRED2(contains, why, "The module tally does not support atomic slot migrations");
  } else {
    EXPECT_PRED2(starts_with, why, lack);
    EXPECT_PRED2(contains, lack, "needs CLUSTER MIGRATESLOTS: Valkey 9.0; this is ");
  }
  EXPECT_EQ(&c.master_of_slot(0), &c.node(0));
}

TEST_F(ClusterTest, MovesSlotsAtOnceWhileClientsWrite) {
  if (const std::string lack = shared->lacks_atomic_migration(); !lack.empty()) GTEST_SKIP() << lack;
  // By default the slots change hands at a moment when nothing is on its way; writers that never rest may delay that.
  cluster c{
      {.masters = 2,
       .server = {.modules = {{TALLY_MODULE, {"atomic"}}}, .config = {"slot-migration-max-failover-repl-bytes -1"}}}};
  const auto keys = key_names(by_length(1'000, 20'000));
  for (const std::string& key : keys) c.call("TALLY.ADD", key, 1);
  writers clients{c, keys, 2};
  // One that lost its last slot would become a replica.
  const slot_range most = {0, c.slots_of(c.node(0))[0].last - 1};
  const int rounds = by_length(1, 5);
  for (int i = 0; i < rounds; ++i) {
    c.migrate_slots_atomically(most, c.node(1));
    EXPECT_EQ(c.slots_of(c.node(0)), (std::vector<slot_range>{{most.last + 1, most.last + 1}}));
    EXPECT_EQ(c.slots_of(c.node(1)), (std::vector<slot_range>{{0, most.last}, {most.last + 2, 16383}}));
    EXPECT_EQ(c.node(0).call("DBSIZE").integer() + c.node(1).call("DBSIZE").integer(), std::ssize(keys));
    EXPECT_LT(c.node(0).call("DBSIZE").integer(), 10);
    if (i + 1 < rounds) c.migrate_slots_atomically(most, c.node(0));
  }
  wait_until([&, from = clients.done()] { return clients.done() > from + 100 || !clients.failure().empty(); });
  clients.stop();
  EXPECT_EQ(clients.failure(), "");
  long long total = 0;
  for (const std::string& key : keys) total += total_of(c, key);
  EXPECT_EQ(total, clients.done() + static_cast<long long>(keys.size()));

  auto back = c.begin_atomic_migration({0, 0}, c.node(0));
  back.wait();
  EXPECT_EQ(back.state(), "success");
  EXPECT_PRED2(contains, what_is_thrown([&] { back.cancel(); }), "No migrations ongoing");
}

// The keys travel by `aof_rewrite`. Valkey 9.1 calls it without looking whether there is one, in a child.
TEST_F(ClusterTest, SaysWhyAnAtomicMigrationFailed) {
  if (const std::string lack = shared->lacks_atomic_migration(); !lack.empty()) GTEST_SKIP() << lack;
  cluster c{{.masters = 2, .server = {.modules = {{TALLY_MODULE, {"atomic", "no-aof"}}}}}};
  const auto keys = key_names(20);
  fill(c, keys);
  const std::string why = what_is_thrown([&] { c.migrate_slots_atomically({0, 8'000}, c.node(1)); });
  EXPECT_PRED2(starts_with, why, "the migration of slots 0-8000 has failed: ");
  EXPECT_EQ(&c.master_of_slot(0), &c.node(0));
  EXPECT_EQ(wrong_keys(c, keys), std::vector<std::string>{});
}

// --- failover ---

TEST(FailoverTest, KeepsAModulesKeysThroughTheDeathOfAMaster) {
  cluster c{TALLY_MODULE, 3, 1};
  ASSERT_EQ(c.masters().size(), 3u);
  ASSERT_EQ(c.replicas().size(), 3u);
  const auto keys = key_names(by_length(200, 2'000));
  fill(c, keys);

  const int rounds = by_length(1, 10);
  for (int i = 0; i < rounds; ++i) {
    cluster_node& fallen = c.master_of(keys[i]);
    for (cluster_node* master : c.masters()) master->call("WAIT", 1, 30'000);
    const auto heirs = c.replicas_of(fallen);
    ASSERT_EQ(heirs.size(), 1u);
    c.kill(fallen);
    cluster_node& heir = c.wait_for_failover();
    EXPECT_EQ(&heir, heirs[0]);
    EXPECT_EQ(&c.master_of(keys[i]), &heir);
    EXPECT_EQ(wrong_keys(c, keys), std::vector<std::string>{});

    c.start(fallen);
    c.wait_until_ok();
    EXPECT_EQ(c.replicas_of(heir), std::vector<cluster_node*>{&fallen});
    EXPECT_PRED2(starts_with, fallen.call("TALLY.GET", keys[i]).error(), "MOVED");
  }

  cluster_node& replica = *c.replicas()[0];
  c.failover(replica);
  EXPECT_EQ(std::ranges::count(c.masters(), &replica), 1);
  EXPECT_EQ(wrong_keys(c, keys), std::vector<std::string>{});
  EXPECT_PRED2(contains, what_is_thrown([&] { c.failover(replica); }), "answers CLUSTER FAILOVER with ERR");
}

// Which node a client takes for such a command, it knows from before.
TEST(FailoverTest, SendsWhatHasNoKeysToAMasterAllTheSame) {
  cluster c{TALLY_MODULE, 1, 1};
  cluster_client one_that_was_not_told = c.connect();
  EXPECT_EQ(one_that_was_not_told.call("FLUSHALL"), "OK");
  c.failover(c.node(1));
  ASSERT_PRED2(starts_with, c.node(0).call("FLUSHALL").error(), "READONLY");
  EXPECT_EQ(one_that_was_not_told.call("FLUSHALL"), "OK");
  EXPECT_EQ(c.call("FLUSHALL"), "OK");
  EXPECT_EQ(c.call("ROLE")[0], "master") << "the cluster's own client has been told";
}

TEST(FailoverTest, AsksForAPasswordAndIsAClusterAllTheSame) {
  cluster c{{.masters = 3,
             .replicas_per_master = 1,
             .server = {.modules = {{TALLY_MODULE, {}}}, .config = {"requirepass secret"}}}};
  const auto keys = key_names(100, "{one}");
  fill(c, keys);
  redismodule::testing::client stranger{c.node(0).socket()};
  EXPECT_PRED2(contains, stranger.call("TALLY.GET", keys[0]).error(), "NOAUTH");
  cluster_node& old_owner = c.master_of(keys[0]);
  cluster_node& new_owner = other_master(c, old_owner);
  c.migrate_slot(cluster::slot(keys[0]), new_owner);
  EXPECT_EQ(&c.master_of(keys[0]), &new_owner);
  EXPECT_EQ(wrong_keys(c, keys), std::vector<std::string>{});
  new_owner.call("WAIT", 1, 30'000);
  c.kill(new_owner);
  c.wait_for_failover();
  EXPECT_EQ(wrong_keys(c, keys), std::vector<std::string>{});
}

// --- forming ---

// Of more than the 2 MiB after which a server that loads looks at its clients.
TEST(FailoverTest, WaitsForAReplicaThatLoadsWhatItsMasterHas) {
  cluster c{
      {.masters = 1, .replicas_per_master = 1, .server = {.config = {"key-load-delay 20000", "rdbcompression no"}}}};
  const std::string large(300'000, 'x');
  for (int i = 0; i < 20; ++i) c.call("SET", i, large);
  c.kill(c.node(1));
  std::filesystem::remove(c.node(1).directory() + "/dump.rdb");  // what it would go on from
  c.start(c.node(1));
  c.wait_until_ok();
  EXPECT_EQ(c.node(1).call("DBSIZE"), 20);
}

TEST(FormingTest, KeepsTheTimeoutThatTheConfigurationSays) {
  cluster c{{.masters = 1, .replicas_per_master = 1, .server = {.config = {"cluster-node-timeout 7000"}}}};
  c.kill(c.node(1));
  c.start(c.node(1));
  c.wait_until_ok();  // for which it is less for a while
  EXPECT_EQ(c.node(0).call("CONFIG", "GET", "cluster-node-timeout")[1], "7000");
}

TEST(FormingTest, FailsWhereTheClusterHasNotFormed) {
  const std::string why = what_is_thrown([] { cluster c{{.masters = 2, .patience = 300ms}}; });
  EXPECT_PRED2(starts_with, why, "waited 300 ms in vain for the cluster to form: node ");
  EXPECT_PRED2(contains, why, "myself,master");
  EXPECT_PRED2(contains, why, "its log ends:");
}

TEST(FormingTest, SaysWhichNodeDoesNotStart) {
  const std::string why = what_is_thrown<start_failed>([] { cluster c{"/no/such/module.so", 2}; });
  EXPECT_PRED2(starts_with, why, "node 0 (127.0.0.1:");
  EXPECT_PRED2(contains, why, "/no/such/module.so");
}

TEST(FormingTest, RefusesWhatIsNoCluster) {
  EXPECT_THROW((cluster{{.masters = 0}}), start_failed);
  EXPECT_PRED2(contains, what_is_thrown<start_failed>([] {
                 cluster c{{.masters = 1, .server = {.config = {"cluster-enabled no"}}}};
               }),
               "cluster support disabled");
}

// --- ports ---

TEST(PortLeaseTest, GivesAPortToOneProcessAtATime) {
  constexpr int count = 200;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const auto take = [] {
    std::vector<port_lease> leases;
    for (int i = 0; i < count; ++i) leases.emplace_back(port_lease::extent::port_and_bus);
    return leases;
  };
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto leases = take();
      for (const port_lease& lease : leases) {
        const std::uint16_t port = lease.port();
        if (::write(ends[1], &port, sizeof port) != sizeof port) ::_exit(1);
      }
      ::pause();  // holds them until it is killed
    }
    children.push_back(child);
  }
  const auto own = take();
  std::set<std::uint16_t> ports;
  for (const port_lease& lease : own) ports.insert(lease.port());
  for (int i = 0; i < 3 * count; ++i) {
    std::uint16_t port = 0;
    ASSERT_EQ(::read(ends[0], &port, sizeof port), static_cast<ssize_t>(sizeof port));
    EXPECT_TRUE(ports.insert(port).second) << port;
  }
  EXPECT_EQ(ports.size(), 4u * count);
  for (const pid_t child : children) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
}

}  // namespace
