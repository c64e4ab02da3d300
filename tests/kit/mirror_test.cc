// The mirror: it finds each kind of write that replicas or the AOF miss, names the command, and lets good ones pass.
#include "redismodule/testing/mirror.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace redismodule::testing {
namespace {

const std::string module = MIRRORED_MODULE;

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

template <class Function>
std::string thrown_by(Function run) {
  try {
    run();
  } catch (const diverged& thrown) {
    return thrown.what();
  }
  return "nothing was found";
}

bool is_before_redis_7(const server& s) {
  return s.version().is_redis() && s.version().number < version_number{7, 0, 0};
}

std::vector<std::string> texts(const std::vector<replicated_command>& sent) {
  std::vector<std::string> all;
  for (const replicated_command& each : sent) all.push_back(to_string(each));
  return all;
}

using strings = std::vector<std::string>;

// One mirror for all of them: on some servers a replica needs a second to come.
struct mirror_test : ::testing::Test {
  static void SetUpTestSuite() { shared = std::make_unique<mirror>(module); }
  static void TearDownTestSuite() { shared.reset(); }
  void SetUp() override {
    m.call("SELECT", 0);
    m.call("FLUSHALL");
  }
  void TearDown() override {
    m.run("FLUSHALL");
    EXPECT_NO_THROW(m.check());
  }

  static inline std::unique_ptr<mirror> shared;
  mirror& m = *shared;

  template <class... Words>
  std::string found_in(const Words&... words) {
    return thrown_by([&] { m.call(words...); });
  }
};

// --- what is right passes

TEST_F(mirror_test, passes_when_everything_is_replicated) {
  m.call("MIRRORED.SET", "string", "value");
  EXPECT_EQ(texts(m.replicated()), (strings{"MIRRORED.SET string value"}));
  m.call("MIRRORED.END", "string", 100'000);
  EXPECT_EQ(m.call("MIRRORED.COUNT", "n"), "OK");
  EXPECT_EQ(texts(m.replicated()), (strings{"INCR n"}));
  m.call("MIRRORED.HOLD", "held", 5);
  m.call("GET", "string");
  EXPECT_TRUE(m.replicated().empty());
  m.call("DEL", "n");
  EXPECT_NO_THROW(m.finish());
  m.call("MIRRORED.SET", "after", "it goes on");
  EXPECT_EQ(m.replica().call("GET", "after"), "it goes on");
}

// With encodings, orders of hash tables and times of consumers that need not be the same on both.
TEST_F(mirror_test, passes_for_every_type_of_the_servers) {
  const std::string large(9'000, 'x');
  std::vector<command> commands;
  for (int i = 0; i < 600; ++i) {
    commands.push_back({"SADD", "set", "member:" + std::to_string(i)});
    commands.push_back({"HSET", "hash", i, large.substr(0, 100)});
    commands.push_back({"ZADD", "zset", i * 0.5, i});
    commands.push_back({"RPUSH", "list", i});
  }
  m.pipeline(commands);
  m.call("SADD", "numbers", 1, 2, 3);
  m.call("SREM", "set", "member:7");
  m.call("HSET", "hash", "large", large);
  m.call("PFADD", "log", "a", "b");
  m.call("SETBIT", "bits", 1000, 1);
  m.call("GEOADD", "places", 13.4, 52.5, "berlin");
  m.call("XADD", "stream", "*", "field", "value");
  m.call("XGROUP", "CREATE", "stream", "group", "0");
  m.call("XREADGROUP", "GROUP", "group", "somebody", "STREAMS", "stream", ">");
  m.call("XREADGROUP", "GROUP", "group", "somebody", "STREAMS", "stream", ">");
  m.call("XDEL", "stream", "0-1");
  EXPECT_NO_THROW(m.finish());
}

TEST_F(mirror_test, passes_in_transactions_scripts_pipelines_and_other_databases) {
  m.call("SELECT", 3);
  m.call("MULTI");
  EXPECT_EQ(m.call("MIRRORED.SET", "a", 1), "QUEUED");
  m.call("MIRRORED.COUNT", "a");
  m.call("EXEC");
  EXPECT_EQ(texts(m.replicated()), (strings{"MIRRORED.SET a 1 (database 3)", "INCR a (database 3)"}));
  m.call("EVAL", "redis.call('SET', KEYS[1], 1) return redis.call('MIRRORED.SET', KEYS[1], 2)", 1, "b");
  m.call("MIRRORED.SET-IN-ONE", "c", 1);
  EXPECT_EQ(m.pipeline({{"SELECT", 0}, {"MIRRORED.SET", "d", 1}, {"PUBLISH", "channel", "x"}}).size(), 3u);
  m.call("SWAPDB", 0, 3);
  m.call("MOVE", "a", 5);
  EXPECT_NO_THROW(m.finish());
}

TEST_F(mirror_test, compares_after_what_other_clients_did) {
  client own = m.primary().connect();
  own.call("SELECT", 2);
  m.call(own, "MIRRORED.SET", "key", 1);
  own.call("MIRRORED.COUNT", "key");
  EXPECT_NO_THROW(m.check());
  own.call("MIRRORED.SET-SILENTLY", "key", 9);
  const std::string found = thrown_by([&] { m.check(); });
  EXPECT_TRUE(has(found, "after what other clients did")) << found;
  EXPECT_TRUE(has(found, "database 2, key \"key\"")) << found;
}

TEST_F(mirror_test, finds_it_at_the_next_check_when_a_command_is_just_run) {
  m.run("MIRRORED.SET-SILENTLY", "key", 1);
  m.run("PING");
  const std::string found = thrown_by([&] { m.check(); });
  EXPECT_TRUE(has(found, "after MIRRORED.SET-SILENTLY key 1; PING")) << found;
}

// What the server deletes by itself is no command's fault.
TEST_F(mirror_test, passes_while_keys_end) {
  for (int i = 0; i < 30; ++i) m.call("SET", "key" + std::to_string(i), 1, "PX", 20 + i);
  for (int i = 0; i < 100; ++i) m.call("MIRRORED.COUNT", "n");
  std::this_thread::sleep_for(std::chrono::milliseconds{60});
  EXPECT_NO_THROW(m.check());
  EXPECT_NO_THROW(m.check_aof());
}

// Relative ends of the server's own commands, and absolute ones after them.
TEST_F(mirror_test, passes_for_the_servers_own_ends) {
  m.call("SET", "a", 1, "EX", 1000);
  m.call("SETEX", "b", 1000, 1);
  m.call("SET", "c", 1);
  m.call("EXPIRE", "c", 1000);
  m.call("PERSIST", "a");
  m.call("PEXPIREAT", "b", 9'000'000'000'000);
  std::this_thread::sleep_for(std::chrono::milliseconds{5});
  EXPECT_NO_THROW(m.finish());
}

// --- what is wrong is found

TEST_F(mirror_test, finds_a_write_that_replicates_nothing) {
  const std::string found = found_in("MIRRORED.SET-SILENTLY", "some key", "value");
  EXPECT_TRUE(has(found, "after MIRRORED.SET-SILENTLY \"some key\" value, ")) << found;
  EXPECT_TRUE(has(found, "the data set has changed and nothing was replicated")) << found;
  EXPECT_TRUE(has(found, "key \"some key\": primary string \"value\" without an end; replica absent")) << found;
}

TEST_F(mirror_test, finds_a_deletion_that_replicates_nothing) {
  m.call("SET", "key", 1);
  const std::string found = found_in("MIRRORED.DELETE-SILENTLY", "key");
  EXPECT_TRUE(has(found, "primary absent; replica string \"1\"")) << found;
}

TEST_F(mirror_test, finds_a_write_that_replicates_something_else) {
  const std::string found = found_in("MIRRORED.SET-OTHERWISE", "key", "value");
  EXPECT_TRUE(has(found, "after MIRRORED.SET-OTHERWISE key value, primary and replica do not hold the same")) << found;
  EXPECT_TRUE(has(found, "replica string \"other\"")) << found;
  EXPECT_TRUE(has(found, "replicated:\n  SET key other\n")) << found;
}

TEST_F(mirror_test, finds_what_the_aof_alone_misses) {
  const std::string found = found_in("MIRRORED.REPLICAS-ALONE", "key", 1);
  EXPECT_TRUE(has(found, "what was replicated is not in the AOF")) << found;
}

TEST_F(mirror_test, finds_what_replicas_alone_miss) {
  const std::string found = found_in("MIRRORED.AOF-ALONE", "key", 1);
  EXPECT_TRUE(has(found, "nothing was replicated")) << found;
  EXPECT_TRUE(has(found, "the AOF got other commands than the replica:\n  SET key 1")) << found;
}

TEST_F(mirror_test, finds_an_automatic_stream_id_that_is_replicated_verbatim) {
  if (const std::string lacking = m.primary().lacks("StreamAdd"); !lacking.empty()) GTEST_SKIP() << lacking;
  // The replica may add within the same millisecond; a server that loads the AOF does not.
  const std::string found = thrown_by([&] {
    m.call("MIRRORED.ADD", "stream", "field", "value");
    m.check_aof();
  });
  EXPECT_TRUE(has(found, "MIRRORED.ADD stream field value")) << found;
  EXPECT_TRUE(has(found, "key \"stream\": primary stream")) << found;
}

TEST_F(mirror_test, finds_a_time_to_live_that_starts_anew) {
  m.call("MIRRORED.SET", "key", 1);
  const std::string found = thrown_by([&] {
    m.call("MIRRORED.END-VERBATIM", "key", 100'000);
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
    m.check_aof();
  });
  EXPECT_TRUE(has(found, "MIRRORED.END-VERBATIM key 100000")) << found;
  EXPECT_TRUE(has(found, "which ends at ")) << found;
}

TEST_F(mirror_test, finds_an_end_that_is_a_millisecond_off) {
  m.call("MIRRORED.SET", "key", 1);
  const std::string found = found_in("MIRRORED.END-OFF", "key", 9'000'000'000'000);
  EXPECT_TRUE(has(found, "after MIRRORED.END-OFF key 9000000000000, ")) << found;
  EXPECT_TRUE(has(found,
                  "primary string \"1\", which ends at 9000000000000; replica string \"1\", which ends at "
                  "9000000000001"))
      << found;
}

TEST_F(mirror_test, finds_a_command_that_the_replica_refuses) {
  const std::string found = found_in("MIRRORED.FAILING", "key", "value");
  EXPECT_TRUE(has(found, "after MIRRORED.FAILING key value, the replica refused what was replicated:")) << found;
  EXPECT_TRUE(has(found, "== CRITICAL ==")) << found;
  EXPECT_TRUE(has(found, "  INCR key\n")) << found;
  EXPECT_NO_THROW(m.call("PING"));
  // It is in the AOF.
  EXPECT_TRUE(
      has(thrown_by([&] { m.check_aof(); }), "after a restart from the AOF, a command of the AOF was refused:"));
  EXPECT_NO_THROW(m.check_rewritten_aof());
}

TEST_F(mirror_test, finds_a_command_that_is_replicated_in_another_database) {
  const std::string found = found_in("MIRRORED.LEAVE-IN-ONE", "key", 1);
  EXPECT_TRUE(has(found, "database 0, key \"key\": primary string \"1\"")) << found;
  EXPECT_TRUE(has(found, "MIRRORED.LEAVE-IN-ONE key 1 (database 1)")) << found;
}

TEST_F(mirror_test, finds_random_values) {
  EXPECT_TRUE(has(found_in("MIRRORED.RANDOM", "key"), "after MIRRORED.RANDOM key, primary and replica do not"));
}

TEST_F(mirror_test, finds_values_of_the_clock) {
  const std::string found = thrown_by([&] {
    m.call("MIRRORED.TIME", "key");
    m.check_aof();
  });
  EXPECT_TRUE(has(found, "MIRRORED.TIME key")) << found;
  EXPECT_TRUE(has(found, "key \"key\": primary string")) << found;
}

TEST_F(mirror_test, finds_what_is_sent_twice) {
  const std::string found = found_in("MIRRORED.TWICE", "n");
  EXPECT_TRUE(has(found, "after MIRRORED.TWICE n, ")) << found;
  EXPECT_TRUE(has(found, "primary string \"1\" without an end; replica string \"2\"")) << found;
}

TEST_F(mirror_test, finds_a_change_of_a_value_without_a_digest) {
  m.call("MIRRORED.HOLD", "key", 1);
  const std::string found = found_in("MIRRORED.HOLD-SILENTLY", "key", 2);
  EXPECT_TRUE(has(found, "key \"key\": primary kitmirror")) << found;
  m.call("MIRRORED.HOLD", "key", 3);
  m.call("PEXPIREAT", "key", 9'000'000'000'000);
  EXPECT_TRUE(has(found_in("MIRRORED.CALL-SILENTLY", "MIRRORED.HOLD", "key", 4), "primary kitmirror"));
}

// Each is a change that DEBUG DIGEST does not show.
TEST_F(mirror_test, finds_changes_beside_the_entries_of_a_stream) {
  m.call("XADD", "stream", "1-1", "field", "value");
  EXPECT_TRUE(has(found_in("MIRRORED.CALL-SILENTLY", "XSETID", "stream", "9-9"), "key \"stream\""));
  m.call("FLUSHALL");
  m.call("XADD", "stream", "1-1", "field", "value");
  EXPECT_TRUE(has(found_in("MIRRORED.CALL-SILENTLY", "XGROUP", "CREATE", "stream", "group", "0"), "key \"stream\""))
      << "XGROUP's key is its second word, which the server does not mind here";
}

TEST_F(mirror_test, finds_a_change_of_when_a_field_ends) {
  m.call("HSET", "hash", "field", "value");
  if (m.call("HPEXPIREAT", "hash", 9'000'000'000'000, "FIELDS", 1, "field").is_error())
    GTEST_SKIP() << "fields of hashes end from Redis 7.4 and Valkey 9.0";
  EXPECT_NO_THROW(m.finish());
  const std::string found =
      found_in("MIRRORED.CALL-SILENTLY", "HPEXPIREAT", "hash", 9'000'000'000'001, "FIELDS", 1, "field");
  EXPECT_TRUE(has(found, "nothing was replicated")) << found;
}

TEST_F(mirror_test, finds_what_the_aof_of_a_replica_misses) {
  m.call("MIRRORED.NOT-ON-REPLICAS", "key", 1);
  EXPECT_NO_THROW(m.check_rewritten_aof());
  const std::string found = thrown_by([&] { m.check_promotion(); });
  EXPECT_TRUE(has(found, "after the promotion of the replica and a restart from its AOF, the data set is not the same"))
      << found;
  EXPECT_TRUE(has(found, "last changed after MIRRORED.NOT-ON-REPLICAS key 1")) << found;
}

TEST_F(mirror_test, finds_what_is_lost_while_an_aof_is_loaded) {
  m.call("MIRRORED.NOT-WHILE-LOADING", "key", 1);
  const std::string found = thrown_by([&] { m.check_aof(); });
  EXPECT_TRUE(has(found, "after a restart from the AOF, the data set is not the same")) << found;
  EXPECT_TRUE(has(found, "restarted absent; last changed after MIRRORED.NOT-WHILE-LOADING key 1")) << found;
}

TEST(mirror_of_rewritten_commands, finds_a_value_that_is_rewritten_as_another) {
  mirror m{{.modules = {{module}}, .config = {"aof-use-rdb-preamble no"}}};
  m.call("MIRRORED.HOLD", "key", 12);
  EXPECT_NO_THROW(m.check_rewritten_aof());
  m.call("MIRRORED.HOLD", "key", 13);
  const std::string found = thrown_by([&] { m.check_rewritten_aof(); });
  EXPECT_TRUE(has(found, "after a rewrite of the AOF and a restart from it, the data set is not the same")) << found;
}

TEST_F(mirror_test, goes_on_when_the_data_is_equal_again) {
  found_in("MIRRORED.SET-SILENTLY", "key", 1);
  EXPECT_TRUE(has(found_in("PING"), "after PING, the data set has changed"));
  EXPECT_NO_THROW(m.call("FLUSHALL"));
  EXPECT_NO_THROW(m.finish());
}

// A server that ends, and so applies nothing any more.
TEST(mirror_of_strict_replicas, finds_a_command_that_ends_the_replica) {
  if (is_before_redis_7(server{})) GTEST_SKIP() << "needs propagation-error-behavior: Redis 7.0";
  mirror m{{.modules = {{module}}, .config = {"propagation-error-behavior panic"}}};
  const std::string found = thrown_by([&] { m.call("MIRRORED.FAILING", "key", "value"); });
  EXPECT_TRUE(has(found, "after MIRRORED.FAILING key value, a server was lost")) << found;
}

// --- users

const server_options with_restricted_default{
    .modules = {{module}},
    .config = {"user default on nopass ~open:* +mirrored.set +select", "user tester on >secret ~* +@all",
               "user writer on >secret ~* +@all"},
    .login = {"tester", "secret"}};

TEST(mirror_with_users, works_when_default_may_do_little) {
  mirror m{with_restricted_default};
  client anybody{m.primary().socket()};
  EXPECT_EQ(m.call(anybody, "MIRRORED.SET", "open:key", 1), "OK");
  EXPECT_EQ(texts(m.replicated()), (strings{"MIRRORED.SET open:key 1"}));
  EXPECT_TRUE(m.call(anybody, "MIRRORED.SET", "closed", 1).is_error());
  EXPECT_TRUE(m.replicated().empty());
  client writer{m.primary().socket()};
  writer.auth("secret", "writer");
  EXPECT_EQ(m.call(writer, "MIRRORED.SET", "closed", 1), "OK");
  EXPECT_NO_THROW(m.finish());
}

TEST(mirror_with_users, logs_in_with_the_password_of_the_configuration) {
  mirror m{{.modules = {{module}}, .config = {"requirepass secret"}}};
  m.call("MIRRORED.SET", "key", 1);
  EXPECT_NO_THROW(m.finish());
}

TEST(server_with_a_login, logs_in_everywhere) {
  server s{with_restricted_default};
  EXPECT_EQ(s.call("ACL", "WHOAMI"), "tester");
  EXPECT_EQ(s.connect().call("ACL", "WHOAMI"), "tester");
  EXPECT_TRUE(client{s.socket()}.call("SET", "open:key", 1).is_error());
  s.call("SET", "key", "value");
  server replica = s.add_replica();
  replica.wait_for_sync();
  EXPECT_EQ(replica.call("GET", "key"), "value");
}

TEST(server_copy, starts_from_what_is_on_disk) {
  server s{{.modules = {{module}}, .aof = aof::always}};
  s.call("MIRRORED.SET", "key", "value");
  server copy = s.start_copy();
  EXPECT_EQ(copy.call("GET", "key"), "value");
  copy.call("SET", "key", "another");
  EXPECT_EQ(s.call("GET", "key"), "value");
  s.call("SET", "later", 1);
  EXPECT_EQ(copy.call("EXISTS", "later"), 0);
  server replica = s.add_replica();
  server copy_of_replica = replica.start_copy();
  EXPECT_EQ(copy_of_replica.info("replication", "role"), "master");
  EXPECT_EQ(copy_of_replica.call("GET", "key"), "value");
}

}  // namespace
}  // namespace redismodule::testing
