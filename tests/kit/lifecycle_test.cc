// Servers that end, come back, save, replicate.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "redismodule/testing/server.h"

namespace redismodule::testing {
namespace {

using namespace std::chrono_literals;

const std::string module = KIT_PROBE_MODULE;

constexpr const char* a_string = "value";

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

template <class Function>
std::string thrown_by(Function run) {
  try {
    run();
  } catch (const error& thrown) {
    return thrown.what();
  }
  return "nothing was thrown";
}

TEST(lifecycle, a_crash_loses_what_came_after_the_last_save) {
  server s{module};
  s.call("SET", "saved", a_string);
  s.save();
  s.call("SET", "unsaved", a_string);
  const pid_t before = s.pid();
  s.crash();
  EXPECT_NE(s.pid(), before);
  EXPECT_EQ(s.call("GET", "saved"), a_string);
  EXPECT_EQ(s.call("GET", "unsaved"), nullptr);
  EXPECT_TRUE(s.maps("kit_probe.so"));
}

TEST(lifecycle, a_crash_without_a_save_loses_all) {
  server s;
  s.call("SET", "key", a_string);
  s.crash();
  EXPECT_EQ(s.call("DBSIZE"), 0);
}

TEST(lifecycle, an_aof_that_is_always_written_loses_nothing) {
  server s{{.aof = aof::always}};
  for (int i = 0; i < 200; ++i) s.call("RPUSH", "list", i);
  s.crash();
  EXPECT_EQ(s.call("LLEN", "list"), 200);
  s.call("RPUSH", "list", "more");
  s.restart();
  EXPECT_EQ(s.call("LLEN", "list"), 201);
  EXPECT_EQ(s.info("persistence", "aof_enabled"), "1");
}

TEST(lifecycle, a_rewritten_aof_is_what_a_server_starts_from) {
  server s{{.config = {"aof-use-rdb-preamble no"}, .aof = aof::always}};
  const auto written = [&s] { return std::stoll(s.info("persistence", "aof_current_size")); };
  for (int i = 0; i < 1000; ++i) s.call("INCR", "n");
  const long long before = written();
  s.rewrite_aof();
  EXPECT_LT(written(), before / 10);
  s.call("INCR", "n");
  s.crash();
  EXPECT_EQ(s.call("GET", "n"), "1001");
  s.rewrite_aof();
  s.crash();
  EXPECT_EQ(s.call("GET", "n"), "1001");
}

TEST(lifecycle, an_aof_can_be_rewritten_where_none_is_kept) {
  server s;
  s.call("SET", "key", a_string);
  s.rewrite_aof();
  EXPECT_EQ(s.info("persistence", "aof_last_bgrewrite_status"), "ok");
}

TEST(lifecycle, saves_by_itself_where_it_is_told_to) {
  server s{{.rdb = true}};
  EXPECT_TRUE(has(s.call("CONFIG", "GET", "save").at("save").str(), "3600 1"));
  server quiet;
  EXPECT_EQ(quiet.call("CONFIG", "GET", "save").at("save"), "");
}

TEST(lifecycle, the_tests_own_lines_are_stronger) {
  server s{{.config = {"appendonly yes", "slowlog-log-slower-than 0"}}};
  EXPECT_EQ(s.info("persistence", "aof_enabled"), "1");
  EXPECT_GT(s.call("SLOWLOG", "LEN").integer(), 0);
}

TEST(lifecycle, killed_it_stays_down_until_it_is_started) {
  server s;
  s.call("SET", "key", a_string);
  s.save();
  EXPECT_TRUE(has(thrown_by([&] { s.start(); }), "runs already"));
  s.kill();
  EXPECT_FALSE(s.alive());
  EXPECT_THROW(s.call("PING"), error);
  s.kill();
  s.start();
  EXPECT_EQ(s.call("GET", "key"), a_string);
}

std::string state_of(pid_t pid) {
  std::ifstream in{"/proc/" + std::to_string(pid) + "/stat"};
  std::string number, name, state;
  in >> number >> name >> state;
  return state;
}

// Gone, or waited for by nobody.
bool has_ended(pid_t pid) { return state_of(pid).empty() || state_of(pid) == "Z"; }

pid_t child_of(pid_t pid) {
  std::ifstream in{"/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children"};
  pid_t child = 0;
  in >> child;
  return child;
}

// A child that went on would put its file in place of the one that is there.
TEST(lifecycle, what_it_has_forked_is_killed_with_it) {
  server s{{.rdb = true}};
  s.call("SET", "old", a_string);
  s.save();
  for (int i = 0; i < 1000; ++i) s.call("SET", i, a_string);
  if (s.call("CONFIG", "SET", "rdb-key-save-delay", 100'000).is_error()) GTEST_SKIP() << "needs rdb-key-save-delay";
  s.call("BGSAVE");
  pid_t child = 0;
  for (int i = 0; i < 1000 && child == 0; ++i) {
    child = child_of(s.pid());
    std::this_thread::sleep_for(1ms);
  }
  ASSERT_NE(child, 0);
  EXPECT_FALSE(has_ended(child));
  s.crash();
  for (int i = 0; i < 1000 && !has_ended(child); ++i) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(has_ended(child));
  EXPECT_EQ(s.call("DBSIZE"), 1);
}

TEST(lifecycle, how_it_died_is_known_also_where_it_is_killed_afterwards) {
  server s;
  client c = s.connect();
  ::kill(s.pid(), SIGVTALRM);
  for (int i = 0; i < 1000 && !has_ended(s.pid()); ++i) std::this_thread::sleep_for(1ms);
  s.kill();
  const std::string why = thrown_by([&] { c.call("PING"); });
  EXPECT_TRUE(has(why, "was ended by signal " + std::to_string(SIGVTALRM))) << why;
}

TEST(lifecycle, clients_of_other_threads_learn_how_it_died) {
  server s;
  std::vector<std::thread> threads;
  std::vector<std::string> reasons(4);
  for (std::string& why : reasons) {
    threads.emplace_back([&why, c = s.connect()]() mutable {
      why = thrown_by([&c] {
        for (;;) c.call("PING");
      });
    });
  }
  std::this_thread::sleep_for(10ms);
  s.kill();
  for (std::thread& each : threads) each.join();
  for (const std::string& why : reasons) EXPECT_TRUE(has(why, "was ended by signal 9")) << why;
}

TEST(lifecycle, reloads_its_data_in_place) {
  server s;
  const pid_t pid = s.pid();
  s.call("SET", "key", a_string);
  s.reload();
  EXPECT_EQ(s.call("GET", "key"), a_string);
  EXPECT_EQ(s.pid(), pid);
}

TEST(lifecycle, says_why_it_does_not_save) {
  server s;
  // Where the file should be is a directory that is not empty.
  std::filesystem::create_directories(s.directory() + "/dump.rdb/x");
  const std::string refused = thrown_by([&] { s.save(); });
  if (!s.alive() && s.version().is_valkey())
    GTEST_SKIP() << "this server crashes by itself when a save fails (Valkey 9.1.2 with its own jemalloc)";
  EXPECT_TRUE(has(refused, "SAVE answered: ERR; the log ends:\n")) << refused;
  EXPECT_TRUE(has(thrown_by([&] { s.reload(); }), "DEBUG RELOAD answered: ")) << thrown_by([&] { s.reload(); });
  EXPECT_TRUE(has(thrown_by([&] { s.restart(); }), "dump.rdb"));
}

TEST(lifecycle, says_why_it_does_not_start_from_what_is_on_disk) {
  server s;
  s.call("SET", "key", a_string);
  s.save();
  s.kill();
  std::ofstream{s.directory() + "/dump.rdb", std::ios::trunc} << "no such format";
  const std::string why = thrown_by([&] { s.start(); });
  EXPECT_TRUE(has(why, "signature")) << why;
  EXPECT_FALSE(s.alive());
}

// The test's process as others have it, for the length of a scope.
class sigchld {
 public:
  explicit sigchld(void (*handler)(int)) : before_{std::signal(SIGCHLD, handler)} {}
  sigchld(const sigchld&) = delete;
  sigchld& operator=(const sigchld&) = delete;
  ~sigchld() { std::signal(SIGCHLD, before_); }

 private:
  void (*before_)(int);
};

void wait_for_all_children(int) {
  const int before = errno;
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  errno = before;
}

void use_all_of_a_life() {
  server s{{.aof = aof::always}};
  s.call("SET", "key", a_string);
  s.rewrite_aof();
  s.restart();
  s.crash();
  EXPECT_EQ(s.call("GET", "key"), a_string);
  s.stop();
  EXPECT_FALSE(s.alive());
}

TEST(signals, children_may_be_ignored) {
  const sigchld ignored{SIG_IGN};
  use_all_of_a_life();
}

TEST(signals, children_may_be_waited_for_by_somebody_else) {
  const sigchld handled{wait_for_all_children};
  use_all_of_a_life();
}

// Carries `run` out in a child, whose objects are destroyed as it ends.
template <class Function>
int status_of_child(Function run) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(run());
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

TEST(forks, a_child_of_the_test_ends_no_server_of_its_parents) {
  server s;
  s.call("SET", "key", a_string);
  const int status = status_of_child([&s] {
    server copy = std::move(s);
    if (copy.connect().call("GET", "key") != a_string) return 1;
    return has(thrown_by([&copy] { copy.call("GET", "key"); }), "a process that it forked has to connect()") ? 0 : 2;
  });
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(s.alive());
  EXPECT_EQ(s.call("GET", "key"), a_string);
  s.restart();
  EXPECT_EQ(s.call("GET", "key"), a_string);
}

TEST(forks, a_child_of_the_test_may_have_servers) {
  server s;
  EXPECT_EQ(status_of_child([] { return server{}.call("PING") == "PONG" ? 0 : 1; }), 0);
  EXPECT_EQ(s.call("PING"), "PONG");
}

TEST(replication, a_replica_is_in_sync_when_it_is_there) {
  server s{{.modules = {{module, {"one"}}}}};
  for (int i = 0; i < 1000; ++i) s.call("SET", "key" + std::to_string(i), a_string);
  server replica = s.add_replica();
  EXPECT_EQ(replica.call("DBSIZE"), 1000);
  EXPECT_EQ(replica.info("replication", "role"), "slave");
  EXPECT_EQ(replica.call("kit_probe.arguments"), std::vector<std::string>{"one"});
  EXPECT_TRUE(has(replica.call("SET", "key", "x").error(), "READONLY"));
  EXPECT_EQ(replica.binary(), s.binary());
}

TEST(replication, a_replica_catches_up) {
  server s;
  server replica = s.add_replica();
  for (int i = 0; i < 5000; ++i) s.call("INCR", "n");
  s.wait_for_sync(replica);
  EXPECT_EQ(replica.call("GET", "n"), "5000");
  s.call("INCR", "n");
  replica.wait_for_sync();
  EXPECT_EQ(replica.call("GET", "n"), "5001");
}

TEST(replication, a_replica_is_promoted_and_stays_so) {
  server s;
  s.call("SET", "key", a_string);
  server replica = s.add_replica();
  s.kill();
  replica.promote();
  EXPECT_EQ(replica.info("replication", "role"), "master");
  EXPECT_EQ(replica.call("SET", "key", "new"), "OK");
  replica.restart();
  EXPECT_EQ(replica.info("replication", "role"), "master");
  EXPECT_EQ(replica.call("GET", "key"), "new");
  EXPECT_TRUE(has(thrown_by([&] { replica.promote(); }), "no replica"));
  EXPECT_TRUE(has(thrown_by([&] { replica.wait_for_sync(); }), "no replica"));
}

TEST(replication, both_ends_may_start_anew) {
  server s;
  server replica = s.add_replica();
  replica.crash();
  s.call("SET", "one", a_string);
  s.wait_for_sync(replica);
  EXPECT_EQ(replica.call("GET", "one"), a_string);
  s.restart();
  s.call("SET", "two", a_string);
  s.wait_for_sync(replica);
  EXPECT_EQ(replica.call("GET", "two"), a_string);
}

TEST(replication, a_replica_has_the_modules_that_are_loaded_now) {
  server s;
  server without = s.add_replica();
  EXPECT_FALSE(without.maps("kit_probe.so"));
  s.load(module, "late");
  server with = s.add_replica();
  EXPECT_EQ(with.call("kit_probe.arguments"), std::vector<std::string>{"late"});
  s.unload("kit_probe");
  server again_without = s.add_replica();
  EXPECT_FALSE(again_without.maps("kit_probe.so"));
}

TEST(replication, a_replica_has_none_that_was_unloaded) {
  server s{module};
  s.unload("kit_probe");
  EXPECT_FALSE(s.add_replica().maps("kit_probe.so"));
}

TEST(replication, says_that_a_replica_is_not_in_sync) {
  server s;
  server replica = s.add_replica();
  ASSERT_EQ(replica.call("REPLICAOF", "127.0.0.1", 1), "OK");
  s.call("SET", "key", a_string);
  const std::string why = thrown_by([&] { s.wait_for_sync(replica, 50ms); });
  EXPECT_TRUE(has(why, "not in sync within 50 ms: link down")) << why;
}

TEST(replication, where_a_password_is_asked_for) {
  server s{{.config = {"requirepass secret"}}};
  s.call("SET", "key", a_string);
  server replica = s.add_replica();
  EXPECT_EQ(replica.call("GET", "key"), a_string);
  s.restart();
  s.call("SET", "key", "new");
  replica.wait_for_sync();
  EXPECT_EQ(replica.call("GET", "key"), "new");
}

// Of more than the 2 MiB after which a server that loads looks at its clients.
TEST(lifecycle, it_is_ready_when_it_has_loaded_also_where_a_password_is_asked_for) {
  server s{{.config = {"requirepass secret", "key-load-delay 20000", "rdbcompression no"}, .rdb = true}};
  const std::string large(300'000, 'x');
  for (int i = 0; i < 20; ++i) s.call("SET", i, large);
  s.save();
  s.crash();
  EXPECT_EQ(s.call("DBSIZE"), 20);
}

TEST(lifecycle, every_client_of_it_has_given_the_password_and_no_other) {
  server s{{.config = {"requirepass secret"}}};
  EXPECT_TRUE(has(client{s.socket()}.call("SET", "key", 1).error(), "NOAUTH"));
  client c = s.connect();
  ASSERT_EQ(c.call("SET", "key", 1), "OK");
  pending of_the_server = s.call_async("BLPOP", "list", 0);
  of_the_server.wait_until_blocked();
  c.hello(3);
  pending of_a_client = c.call_async("BLPOP", "list", 0);
  of_a_client.wait_until_blocked();
  s.call("RPUSH", "list", "a", "b");
  EXPECT_EQ(of_the_server.get(), (std::vector<std::string>{"list", "a"}));
  EXPECT_EQ(of_a_client.get(), (std::vector<std::string>{"list", "b"}));
  EXPECT_TRUE(has(c.auth("wrong").error(), "WRONGPASS"));
}

TEST(lifecycle, a_client_gives_another_users_password_on_its_further_connections_too) {
  server s;
  s.call("ACL", "SETUSER", "reader", "on", ">secret", "~*", "+@all", "-set");
  client c = s.connect();
  ASSERT_EQ(c.auth("secret", "reader"), "OK");
  EXPECT_TRUE(has(c.call_async("SET", "key", 1).get().error(), "NOPERM"));
}

TEST(lifecycle, a_user_who_may_not_ask_may_send_what_he_may) {
  server s;
  s.call("ACL", "SETUSER", "popper", "on", ">secret", "~*", "+blpop");
  client c = s.connect();
  ASSERT_EQ(c.auth("secret", "popper"), "OK");
  pending popped = c.call_async("BLPOP", "list", 0);
  EXPECT_TRUE(has(thrown_by([&] { popped.id(); }), "CLIENT ID: NOPERM"));
  EXPECT_TRUE(has(thrown_by([&] { popped.wait_until_blocked(); }), "CLIENT LIST: NOPERM"));
  s.call("RPUSH", "list", "a");
  EXPECT_EQ(popped.get()[1], "a");
}

TEST(lifecycle, reads_a_password_as_the_server_does) {
  for (const char* line : {"requirepass \"in quotes\"", "requirepass 'in quotes'", "RequirePass   \"in quotes\" "}) {
    server s{{.config = {line}}};
    EXPECT_EQ(s.call("CONFIG", "GET", "requirepass")[1], "in quotes") << line;
  }
}

TEST(lifecycle, says_that_it_does_not_understand_a_password) {
  const std::string why = thrown_by([] { server s{{.config = {R"(requirepass "with \x41 in it")"}}}; });
  EXPECT_TRUE(has(why, "AUTH with the password of the configuration: ")) << why;
}

TEST(replication, a_replica_has_a_port_of_its_own) {
  std::uint16_t port = 0;
  {
    server had_it{{.tcp = true}};
    port = had_it.port();
  }
  server s{{.config = {"port " + std::to_string(port)}}};
  EXPECT_EQ(s.port(), port);
  server replica = s.add_replica();
  EXPECT_NE(replica.port(), port);
}

TEST(replication, a_replica_of_a_replica) {
  server s{{.tcp = true}};
  server middle = s.add_replica();
  server last = middle.add_replica();
  s.call("SET", "key", a_string);
  s.wait_for_sync(middle);
  middle.wait_for_sync(last);
  EXPECT_EQ(last.call("GET", "key"), a_string);
}

TEST(ports, are_opened_when_they_are_asked_for) {
  server s;
  const auto port = s.port();
  EXPECT_EQ(client::of_port(port).call("PING"), "PONG");
  EXPECT_EQ(s.port(), port);
  s.restart();
  EXPECT_EQ(client::of_port(port).call("PING"), "PONG");
  server other{{.tcp = true}};
  EXPECT_NE(other.port(), port);
  EXPECT_EQ(client::of_port(other.port()).call("INFO", "server").is_string(), true);
}

TEST(functions, a_server_says_what_it_lacks) {
  server s;
  EXPECT_EQ(s.lacks("Alloc"), "");
  EXPECT_EQ(s.lacks("RedisModule_Call"), "");
  EXPECT_EQ(s.lacks("ValkeyModule_Call"), "");
  const auto& number = s.version().number;
  const std::string text =
      std::to_string(number.major) + '.' + std::to_string(number.minor) + '.' + std::to_string(number.patch);
  const std::string here = "; this is " + std::string{s.version().is_redis() ? "Redis " : "Valkey "} + text;
  EXPECT_EQ(s.lacks("BigRegisterDb"), "needs RedisModule_BigRegisterDb: the unstable branch of Redis" + here);
  const bool has_try_alloc = s.version().is_valkey() || number >= version_number{7, 0, 0};
  EXPECT_EQ(s.lacks("TryAlloc"),
            has_try_alloc ? "" : "needs RedisModule_TryAlloc: Redis 7.0 or Valkey 7.2; this is Redis 6.0.16");
  const bool has_acl_check = s.version().is_valkey() && number >= version_number{9, 1, 0};
  EXPECT_EQ(s.lacks("ACLCheckPermissions"),
            has_acl_check ? "" : "needs RedisModule_ACLCheckPermissions: Valkey 9.1" + here);
  EXPECT_TRUE(has(thrown_by([&] { s.lacks("NoSuchThing"); }), "NoSuchThing"));
}

}  // namespace
}  // namespace redismodule::testing
