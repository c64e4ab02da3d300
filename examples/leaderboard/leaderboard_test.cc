#include <gtest/gtest.h>
#include <redismodule/testing/client.h>
#include <redismodule/testing/cluster.h>
#include <redismodule/testing/server.h>

#include <bit>
#include <limits>
#include <string>
#include <vector>

namespace rt = redismodule::testing;
using rt::server;
using names = std::vector<std::string>;

namespace {

names players_of(const rt::reply& standings) {
  names players;
  for (const rt::reply& each : standings.array()) players.push_back(each.at("player").str());
  return players;
}

// What a server has, whatever it is in memory.
std::string digest(server& s) { return s.call("DEBUG", "DIGEST").str(); }

// One that writes what modules of the first version read.
rt::server_options pinned() { return {.modules = {{LEADERBOARD_MODULE, {"written-version", "1"}}}}; }

bool is_redis_6_0(const server& s) {
  return s.version().is_redis() && s.version().number < rt::version_number{6, 2, 0};
}

}  // namespace

TEST(leaderboard, ranks_players_by_score_then_by_who_was_there_first) {
  server s{LEADERBOARD_MODULE};
  EXPECT_EQ(s.call("leaderboard.add", "b", "AT", 2000, 50, "late", 90, "best"), 2);
  EXPECT_EQ(s.call("leaderboard.add", "b", "AT", 1000, 50, "early", 10, "last"), 2);
  EXPECT_EQ(players_of(s.call("leaderboard.top", "b", 10)), (names{"best", "early", "late", "last"}));
  EXPECT_EQ(players_of(s.call("leaderboard.top", "b", 2, 3)), (names{"late", "last"}));
  EXPECT_EQ(players_of(s.call("leaderboard.around", "b", "early", 1)), (names{"best", "early", "late"}));
  EXPECT_EQ(players_of(s.call("leaderboard.around", "b", "last", 1)), (names{"late", "last"}));

  const auto rank = s.call("leaderboard.rank", "b", "late");
  EXPECT_EQ(rank.at("rank"), 3);
  EXPECT_EQ(rank.at("score").real(), 50);
  EXPECT_EQ(rank.at("reached"), 2000);
  const auto info = s.call("leaderboard.info", "b");
  EXPECT_EQ(info.at("players"), 4);
  EXPECT_EQ(info.at("best_score").real(), 90);
  EXPECT_EQ(info.at("last_score").real(), 10);
}

TEST(leaderboard, says_what_is_not_there) {
  server s{LEADERBOARD_MODULE};
  EXPECT_EQ(s.call("leaderboard.top", "none", 10).size(), 0u);
  for (const auto& words : {names{"leaderboard.rank", "none", "ann"},
                            {"leaderboard.around", "none", "ann", "1"},
                            {"leaderboard.info", "none"}}) {
    EXPECT_TRUE(s.call(words).is_null()) << words[0];
  }
  EXPECT_EQ(s.call("leaderboard.remove", "none", "ann"), 0);
  EXPECT_EQ(s.call("leaderboard.merge", "none", "none", "neither"), 0);
  EXPECT_EQ(s.call("leaderboard.add", "none", "XX", 5, "ann"), 0);
  EXPECT_EQ(s.call("DBSIZE"), 0);
  EXPECT_EQ(s.call("leaderboard.top", "none", 10, 0).error(), "ERR ranks are counted from 1");
  EXPECT_TRUE(s.call("leaderboard.top", "none", 1001).is_error());
  EXPECT_TRUE(s.call("leaderboard.around", "none", "ann", 501).is_error());
  s.call("SET", "text", "x");
  EXPECT_TRUE(s.call("leaderboard.add", "text", 5, "ann").error().starts_with("WRONGTYPE"));
}

TEST(leaderboard, enters_scores_under_conditions) {
  server s{LEADERBOARD_MODULE};
  EXPECT_EQ(s.call("leaderboard.add", "b", "NX", "AT", 1000, 5, "ann", 6, "bob", 7, "bob"), 2);
  EXPECT_EQ(s.call("leaderboard.add", "b", "GT", 4, "ann", 9, "bob"), 1);
  EXPECT_EQ(s.call("leaderboard.add", "b", "XX", 3, "ann", 9, "new"), 1);
  EXPECT_EQ(players_of(s.call("leaderboard.top", "b", 10)), (names{"bob", "ann"}));
  EXPECT_EQ(s.call("leaderboard.incr", "b", "AT", 3000, 2.5, "ann").real(), 5.5);
  EXPECT_EQ(s.call("leaderboard.rank", "b", "ann").at("reached"), 3000);
  // Who has reached a score keeps the time of it.
  EXPECT_EQ(s.call("leaderboard.add", "b", "AT", 4000, 5.5, "ann"), 0);
  EXPECT_EQ(s.call("leaderboard.add", "b", "AT", 2000, 5.5, "ann"), 1);
  s.call("leaderboard.add", "b", "inf", "ann");
  EXPECT_EQ(s.call("leaderboard.incr", "b", "-inf", "ann").error(), "ERR resulting score is not a number (NaN)");
}

TEST(leaderboard, takes_the_time_of_the_server_where_none_is_given) {
  server s{LEADERBOARD_MODULE};
  const long long before = std::stoll(s.call("TIME")[0].str()) * 1000;
  s.call("leaderboard.add", "b", 5, "ann");
  const long long reached = s.call("leaderboard.rank", "b", "ann").at("reached").integer();
  EXPECT_GE(reached, before);
  EXPECT_LT(reached, before + 60'000);
}

TEST(leaderboard, has_no_more_players_than_its_capacity) {
  server s{LEADERBOARD_MODULE};
  EXPECT_EQ(s.call("leaderboard.capacity", "b", 2), 0);
  EXPECT_EQ(s.call("leaderboard.add", "b", 1, "ann", 2, "bob", 3, "cid", 1, "dan"), 3);
  EXPECT_EQ(players_of(s.call("leaderboard.top", "b", 10)), (names{"cid", "bob"}));
  EXPECT_TRUE(s.call("leaderboard.incr", "b", 1, "eve").is_null());
  EXPECT_EQ(s.call("leaderboard.capacity", "b", 1), 1);
  EXPECT_EQ(s.call("leaderboard.remove", "b", "cid", "nobody"), 1);
  EXPECT_EQ(s.call("leaderboard.info", "b").at("capacity"), 1);
  EXPECT_EQ(s.call("leaderboard.capacity", "b", 0), 0);
  EXPECT_EQ(s.call("EXISTS", "b"), 0);
}

TEST(leaderboard, shrinks_where_memory_has_run_out) {
  server s{LEADERBOARD_MODULE};
  s.call("leaderboard.add", "b", 1, "ann", 2, "bob", 3, "cid");
  s.call("CONFIG", "SET", "maxmemory", 1);
  const auto error = "OOM command not allowed when used memory > 'maxmemory'.";
  EXPECT_EQ(s.call("leaderboard.add", "b", 5, "dan").error(), error);
  EXPECT_EQ(s.call("leaderboard.capacity", "b", 1), 2);
  EXPECT_EQ(s.call("leaderboard.capacity", "new", 1).error(), error);
  EXPECT_EQ(s.call("leaderboard.remove", "b", "cid"), 1);
  EXPECT_EQ(s.call("leaderboard.capacity", "b", 0), 0);
  EXPECT_EQ(s.call("DBSIZE"), 0);
}

TEST(leaderboard, keeps_the_end_of_a_season) {
  server s{LEADERBOARD_MODULE};
  s.call("leaderboard.add", "b", 5, "ann");
  s.call("leaderboard.add", "other", 6, "bob");
  s.call("EXPIRE", "b", 1000);
  s.call("leaderboard.add", "b", 7, "ann", 8, "cid");
  s.call("leaderboard.incr", "b", 1, "ann");
  s.call("leaderboard.capacity", "b", 5);
  s.call("leaderboard.merge", "b", "other");
  s.call("leaderboard.remove", "b", "cid");
  EXPECT_GT(s.call("TTL", "b").integer(), 900);
  s.call("leaderboard.merge", "new", "b");
  EXPECT_EQ(s.call("TTL", "new"), -1);
  EXPECT_EQ(s.call("leaderboard.info", "new").at("capacity"), 0);
}

TEST(leaderboard, merges_boards_of_one_slot_only) {
  rt::cluster c{{.server = {.modules = {{LEADERBOARD_MODULE}}}}};
  c.call("leaderboard.add", "{s}1", 5, "ann");
  EXPECT_EQ(c.call("leaderboard.merge", "{s}all", "{s}1"), 1);
  EXPECT_TRUE(c.call("leaderboard.merge", "all", "{s}1").error().starts_with("CROSSSLOT"));
}

TEST(leaderboard, merges_seasons) {
  server s{LEADERBOARD_MODULE};
  s.call("leaderboard.add", "{s}1", "AT", 1000, 5, "ann", 6, "bob");
  s.call("leaderboard.add", "{s}2", "AT", 2000, 7, "ann", 6, "bob", 1, "cid");
  s.call("EXPIRE", "{s}2", 1000);
  EXPECT_EQ(s.call("leaderboard.merge", "{s}all", "{s}1", "{s}none", "{s}2", "{s}all"), 3);
  EXPECT_EQ(players_of(s.call("leaderboard.top", "{s}all", 10)), (names{"ann", "bob", "cid"}));
  EXPECT_EQ(s.call("leaderboard.rank", "{s}all", "bob").at("reached"), 1000);

  // One of another type: nothing is merged.
  s.call("SET", "{s}text", "x");
  s.call("leaderboard.add", "{s}3", 100, "dan");
  EXPECT_TRUE(s.call("leaderboard.merge", "{s}all", "{s}3", "{s}text").error().starts_with("WRONGTYPE"));
  EXPECT_EQ(s.call("leaderboard.info", "{s}all").at("players"), 3);
}

TEST(leaderboard, is_the_same_on_replicas_and_after_restarts) {
  server s{{.modules = {{LEADERBOARD_MODULE}}, .config = {"aof-use-rdb-preamble no"}, .aof = rt::aof::always}};
  server replica = s.add_replica();
  for (int i = 0; i < 200; ++i) s.call("leaderboard.add", "b", i % 7, "player " + std::to_string(i));
  s.call("leaderboard.capacity", "b", 100);
  s.call("leaderboard.add", "b", "GT", 3, "player 4", 100, "x", -5, "nobody");
  s.call("leaderboard.incr", "b", 0.1, "x");
  s.call("leaderboard.remove", "b", "player 6", "nobody");
  s.call("leaderboard.merge", "c", "b");
  s.call("COPY", "c", "d");
  const std::string before = digest(s);
  s.wait_for_sync(replica);
  EXPECT_EQ(digest(replica), before);
  s.crash();
  EXPECT_EQ(digest(s), before);
  s.rewrite_aof();
  s.crash();
  EXPECT_EQ(digest(s), before);
  s.reload();
  EXPECT_EQ(digest(s), before);
  EXPECT_EQ(players_of(s.call("leaderboard.top", "b", 3)), players_of(replica.call("leaderboard.top", "b", 3)));
}

TEST(leaderboard, is_read_from_the_first_version_and_written_for_it) {
  server old{{.modules = {{LEADERBOARD_MODULE, {"written-version", "1"}}}}};
  server now{LEADERBOARD_MODULE};
  const auto refused = "ERR not while values are written for modules of the first version (written-version 1)";
  EXPECT_EQ(old.call("leaderboard.capacity", "b", 5).error(), refused);
  EXPECT_EQ(old.call("leaderboard.merge", "b", "c").error(), refused);
  old.call("leaderboard.add", "b", "AT", 1000, 5, "ann");
  EXPECT_EQ(now.call("RESTORE", "b", 0, old.call("DUMP", "b").str()), "OK");
  EXPECT_EQ(now.call("leaderboard.info", "b").at("capacity"), 0);  // which the first version had not
  EXPECT_EQ(now.call("leaderboard.rank", "b", "ann").at("reached"), 1000);
  EXPECT_THROW((server{{.modules = {{LEADERBOARD_MODULE, {"written-version"}}}}}), rt::start_failed);
}

TEST(leaderboard, obeys_its_primary_while_it_writes_for_the_first_version) {
  server s{LEADERBOARD_MODULE};
  s.call("leaderboard.capacity", "full", 1);
  s.call("leaderboard.add", "full", "AT", 1000, 5, "ann");
  rt::server_options options = pinned();
  options.tcp = true;
  server replica{options};
  replica.call("REPLICAOF", "127.0.0.1", s.port());
  replica.wait_for_sync();
  s.call("leaderboard.add", "full", 6, "bob");
  s.call("leaderboard.add", "b", 7, "ann", 6, "bob", 5, "cid");
  s.call("leaderboard.merge", "c", "b", "full");
  s.call("leaderboard.capacity", "b", 2);
  s.call("EVAL", "return redis.call('leaderboard.merge', KEYS[1], KEYS[2])", 2, "d", "b");
  s.wait_for_sync(replica);
  EXPECT_EQ(digest(replica), digest(s));
  EXPECT_EQ(replica.call("leaderboard.info", "full").at("players"), 1);
  EXPECT_EQ(replica.call("leaderboard.info", "c").at("players"), 3);
}

TEST(leaderboard, reads_its_aof_while_it_writes_for_the_first_version) {
  server s{{.modules = {{LEADERBOARD_MODULE}}, .aof = rt::aof::always}};
  s.call("leaderboard.add", "b", 7, "ann", 6, "bob", 5, "cid");
  s.call("leaderboard.merge", "c", "b");
  s.call("leaderboard.capacity", "b", 2);
  s.call("EVAL", "return redis.call('leaderboard.merge', KEYS[1], KEYS[2])", 2, "d", "b");
  const std::string before = digest(s);
  s.kill();
  rt::server_options options = pinned();
  options.aof = rt::aof::always;
  options.config = {"dir " + s.directory()};
  server again{options};
  EXPECT_EQ(digest(again), before);
  EXPECT_EQ(again.call("leaderboard.info", "c").at("players"), 3);
}

TEST(leaderboard, tells_who_subscribes_to_keys) {
  server s{LEADERBOARD_MODULE};
  rt::client subscriber = s.connect();
  subscriber.hello(3);
  subscriber.send("SUBSCRIBE", "__keyspace@0__:b");
  EXPECT_EQ(subscriber.receive_push()[0], "subscribe");
  // Events of modules; where there are none yet they are among the generic ones.
  s.call("CONFIG", "SET", "notify-keyspace-events", is_redis_6_0(s) ? "KAg" : "KAd");
  s.call("leaderboard.add", "b", 5, "ann");
  s.call("leaderboard.add", "b", "GT", 4, "ann");  // nothing comes of it
  s.call("leaderboard.incr", "b", 1, "ann");
  s.call("leaderboard.capacity", "b", 3);
  s.call("leaderboard.merge", "b", "b");
  s.call("leaderboard.capacity", "b", 0);
  s.call("leaderboard.remove", "b", "ann");
  for (const char* event : {"leaderboard.add", "leaderboard.incr", "leaderboard.capacity", "leaderboard.merge",
                            "leaderboard.capacity", "leaderboard.remove", "del"}) {
    EXPECT_EQ(subscriber.receive_push()[2], event);
  }
}

TEST(leaderboard, is_a_category_of_access_rules) {
  server s{LEADERBOARD_MODULE};
  if (const std::string lacking = s.lacks("AddACLCategory"); !lacking.empty()) GTEST_SKIP() << lacking;
  s.call("ACL", "SETUSER", "reader", "on", "nopass", "~*", "+@leaderboard", "-@write");
  rt::client reader = s.connect();
  reader.call("AUTH", "reader", "any");
  EXPECT_EQ(reader.call("leaderboard.top", "b", 10).size(), 0u);
  EXPECT_TRUE(reader.call("leaderboard.add", "b", 5, "ann").error().starts_with("NOPERM"));
}

TEST(leaderboard, knows_its_memory) {
  server s{LEADERBOARD_MODULE};
  s.call("leaderboard.add", "warm-up", 5, "ann");
  const long long before = s.memory();
  for (int i = 0; i < 20'000; ++i) {
    s.call("leaderboard.add", "b", i * 7919 % 1000,
           (i % 2 == 0 ? "a rather long name of a player " : "p") + std::to_string(i));
  }
  const double grown = static_cast<double>(s.memory() - before);
  // Where the server knows no sizes each block has words around it that are in nobody's size.
  const bool is_padded = s.call("INFO", "modules").str().find("memory_source:server, padded") != std::string::npos;
  const double tolerance = is_padded ? 0.2 : 0.05;
  EXPECT_NEAR(s.call("MEMORY", "USAGE", "b").real(), grown, grown * tolerance);
}

TEST(leaderboard, refuses_a_payload_that_is_none) {
  server s{LEADERBOARD_MODULE};
  s.call("leaderboard.add", "b", 5, "ann", 6, "bob");
  // What a rewritten AOF consists of: parts with a letter for their kind, numbers seven bits a byte.
  const auto number = [](char kind, std::uint64_t value) {
    std::string bytes{kind};
    for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
    return bytes + static_cast<char>(value);
  };
  const auto player = [&](const std::string& name, double score) {
    return number('s', name.size()) + name + number('d', std::bit_cast<std::uint64_t>(score)) + number('i', 1000);
  };
  const auto restored = [&](const std::string& two) {
    return s.call("leaderbrd.restore", "c", 1, 0, 1, number('u', 2) + two);
  };
  EXPECT_EQ(restored(player("ann", 1) + player("bob", 2)), "OK");
  s.call("DEL", "c");
  EXPECT_EQ(restored(player("ann", 1) + player("ann", 2)).error(), "ERR Bad data format");
  EXPECT_EQ(restored(player("ann", 1) + player("bob", std::numeric_limits<double>::quiet_NaN())).error(),
            "ERR Bad data format");
  EXPECT_EQ(restored(player("ann", 1)).error(), "ERR Bad data format");
  EXPECT_EQ(s.call("EXISTS", "c"), 0);
}
