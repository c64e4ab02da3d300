// Hooks know where their value is; values go to strings and back, from key to key, and data sets to files and back.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "redismodule/testing/leak_watch.h"
#include "redismodule/testing/server.h"

namespace {

using redismodule::testing::aof;
using redismodule::testing::client;
using redismodule::testing::leak_watch;
using redismodule::testing::reply;
using redismodule::testing::server;
using redismodule::testing::server_options;

// --- Where a value is ---

class places : public testing::Test {
 protected:
  server s{server_options{.modules = {{BESIDE_1_MODULE}}, .config = {"aof-use-rdb-preamble no"}, .aof = aof::always}};

  void SetUp() override {
    if (const auto what = s.lacks("GetDbIdFromIO"); !what.empty()) GTEST_SKIP() << what;
    s.call("beside.note", "key", 1, "of the first database");
    s.call("SELECT", 3);
    s.call("beside.note", "key", 2, "of the fourth");
    s.call("SELECT", 0);
  }
  std::string note(int database, const char* key) {
    s.call("SELECT", database);
    std::string text = s.call("beside.noteof", key).str();
    s.call("SELECT", 0);
    return text;
  }
  void expect_notes() {
    EXPECT_EQ(note(0, "key"), "1 of the first database");
    EXPECT_EQ(note(3, "key"), "2 of the fourth");
  }
};

TEST_F(places, are_known_to_what_saves_and_loads) {
  s.reload();
  expect_notes();
}

TEST_F(places, are_known_to_what_rewrites_and_restores_from_an_aof) {
  s.rewrite_aof();
  s.crash();
  expect_notes();
}

TEST_F(places, are_known_to_a_copy_of_one_database_in_another) {
  EXPECT_EQ(s.call("COPY", "key", "copy"), 1);
  EXPECT_EQ(s.call("COPY", "key", "copy", "DB", 5), 1);
  EXPECT_EQ(note(0, "copy"), "1 of the first database");
  EXPECT_EQ(note(5, "copy"), "1 of the first database");
  EXPECT_EQ(s.call("beside.notes"), 4);
  expect_notes();
}

TEST_F(places, are_known_to_what_is_restored) {
  const std::string payload = s.call("DUMP", "key").str();
  s.call("SELECT", 7);
  EXPECT_EQ(s.call("RESTORE", "restored", 0, payload), "OK");
  EXPECT_EQ(note(7, "restored"), "1 of the first database");
}

TEST_F(places, are_known_to_a_digest) {
  const auto digest = [this](int database) {
    s.call("SELECT", database);
    std::string text = s.call("DEBUG", "DIGEST-VALUE", "key").array().at(0).str();
    s.call("SELECT", 0);
    return text;
  };
  s.call("beside.note", "key", 2, "of the fourth");
  EXPECT_EQ(digest(0), digest(3));
  s.call("beside.note", "key", 2, "another");
  EXPECT_NE(digest(0), digest(3));
}

TEST_F(places, are_known_to_what_measures) {
  const auto usage = s.call("MEMORY", "USAGE", "key").integer();
  s.call("beside.note", "key", 1, "of the first database!");
  EXPECT_EQ(s.call("MEMORY", "USAGE", "key"), usage + 1);
}

TEST_F(places, are_known_to_what_lets_go) {
  s.call("beside.seen");
  s.call("SELECT", 3);
  s.call("UNLINK", "key");
  // Others pass no name there before they defragment, and so none is taken from them.
  const bool has_name = s.version().is_redis() && s.version().number.major >= 8;
  EXPECT_EQ(s.call("beside.seen"), std::string{"unlink:3/key free_effort:3/"} + (has_name ? "key " : " "));
  EXPECT_EQ(s.call("beside.notes"), 1);
}

// The names alone, which Redis 6.2 knows as well.
TEST(values, know_by_what_name_they_are_copied) {
  server s{BESIDE_1_MODULE};
  if (const auto what = s.lacks("GetTypeMethodVersion"); !what.empty()) GTEST_SKIP() << what;
  s.call("beside.name", "one", "text");
  s.call("beside.move", "moved", "text");
  EXPECT_EQ(s.call("COPY", "one", "another"), 1);
  EXPECT_EQ(s.call("beside.nameof", "another"), "text/one/another");
  EXPECT_EQ(s.call("COPY", "moved", "there"), 1) << "by way of what is saved";
  EXPECT_EQ(s.call("beside.moved", "there"), "text <moved >there");
}

TEST(values, that_are_not_described_have_the_digest_of_what_is_saved) {
  server s{BESIDE_1_MODULE};
  const auto digest = [&s] { return s.call("DEBUG", "DIGEST-VALUE", "key").array().at(0).str(); };
  s.call("beside.move", "key", "text");
  const std::string first = digest();
  s.call("beside.move", "key", "another text");
  EXPECT_NE(digest(), first);
  s.call("beside.move", "key", "text");
  EXPECT_EQ(digest(), first);
  EXPECT_GT(s.call("MEMORY", "USAGE", "key").integer(), 0);
  EXPECT_EQ(s.call("UNLINK", "key"), 1);
}

TEST(values, may_refuse_to_be_copied) {
  server s{BESIDE_1_MODULE};
  if (const auto what = s.lacks("GetDbIdFromIO"); !what.empty()) GTEST_SKIP() << what;
  s.call("beside.note", "key", -1, "negative");
  EXPECT_EQ(s.call("COPY", "key", "copy").error(), "ERR module key failed to copy");
  EXPECT_EQ(s.call("EXISTS", "copy"), 0);
}

// --- As a string ---

TEST(strings, are_made_of_values_and_values_of_them) {
  server s{BESIDE_1_MODULE};
  s.call("beside.name", "key", "some text");
  const std::string bytes = s.call("beside.dump", "key").str();
  EXPECT_EQ(s.call("beside.load", bytes), "some text");
  EXPECT_EQ(s.call("beside.load", bytes, 1), "some text");
}

TEST(strings, that_are_no_values_are_errors) {
  server s{BESIDE_1_MODULE};
  s.call("beside.name", "key", std::string(5'000, 'x'));
  const std::string bytes = s.call("beside.dump", "key").str();
  const auto refuse_all = [&] {
    for (std::size_t size = 0; size < bytes.size(); size += size < 20 ? 1 : 499)
      EXPECT_EQ(s.call("beside.load", bytes.substr(0, size)).error(), "ERR Bad data format") << size;
    std::string changed = bytes;
    changed[0] = static_cast<char>(changed[0] ^ 7);
    EXPECT_EQ(s.call("beside.load", changed).error(), "ERR Bad data format");
    EXPECT_EQ(s.call("beside.load", bytes, 2).error(), "ERR Bad data format") << "a later version";
    EXPECT_EQ(s.call("beside.load", bytes, -1).error(), "ERR the version of a value is 1 at least");
  };
  refuse_all();
  leak_watch watch{s};
  refuse_all();
  watch.check();
  EXPECT_EQ(s.call("beside.load", bytes), std::string(5'000, 'x')) << "a control";
  EXPECT_NE(s.log().find("beside-na: a value was refused: the data end early"), std::string::npos);
}

TEST(strings, are_not_made_of_what_cannot_be_saved) {
  server s{BESIDE_1_MODULE};
  s.call("beside.move", "key", "throw");
  EXPECT_EQ(s.call("beside.dumpmoved", "key").error(), "ERR the value could not be saved");
  s.call("beside.move", "key", "text");
  EXPECT_FALSE(s.call("beside.dumpmoved", "key").is_error()) << "a control";
  constexpr std::string_view unregistered = "ERR a data type is used that the module has not registered";
  EXPECT_EQ(s.call("beside.dumpunregistered").error(), unregistered);
  EXPECT_EQ(s.call("beside.loadunregistered").error(), unregistered);
  EXPECT_EQ(s.call("beside.dumpremark").error(), unregistered) << "no key can have such a value";
}

// --- From key to key ---

TEST(values, are_exchanged_as_they_are) {
  server s{BESIDE_1_MODULE};
  s.call("beside.name", "one", "first");
  s.call("beside.name", "another", "second");
  s.call("EXPIRE", "one", 1'000);
  EXPECT_EQ(s.call("beside.exchange", "one", "another"), 1) << "the same object is in the other key";
  EXPECT_EQ(s.call("beside.nameof", "one"), "second");
  EXPECT_EQ(s.call("beside.nameof", "another"), "first");
  EXPECT_GT(s.call("TTL", "one").integer(), 0);
}

TEST(values, are_not_exchanged_where_there_are_none) {
  server s{BESIDE_1_MODULE};
  s.call("beside.name", "one", "first");
  EXPECT_EQ(s.call("beside.exchange", "missing", "one").error(), "ERR no such key");
  EXPECT_TRUE(s.call("beside.exchangenull", "one").is_error());
  s.call("SET", "string", "x");
  EXPECT_EQ(s.call("beside.exchange", "one", "string").error().substr(0, 9), "WRONGTYPE");
  EXPECT_EQ(s.call("beside.nameof", "one"), "first");
}

TEST(changes, are_replicated_and_made_known_in_one_call) {
  server s{server_options{.modules = {{BESIDE_1_MODULE}}, .config = {"notify-keyspace-events KEA"}}};
  server replica = s.add_replica();
  if (s.lacks("GetTypeMethodVersion").empty()) s.call("CONFIG", "SET", "notify-keyspace-events", "Ed");
  client listener = s.connect();
  listener.call("SUBSCRIBE", "__keyevent@0__:beside.change");
  EXPECT_EQ(s.call("beside.change", "key", "text"), "text");
  EXPECT_EQ(listener.receive()[2], "key");
  s.wait_for_sync(replica);
  EXPECT_EQ(replica.call("beside.nameof", "key"), "text");
}

// --- In files ---

std::string bytes_of(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}
void write_file(const std::string& path, const std::string& bytes) { std::ofstream{path, std::ios::binary} << bytes; }

class files : public testing::Test {
 protected:
  server s{BESIDE_1_MODULE};
  void SetUp() override {
    if (const auto what = s.lacks("RdbSave"); !what.empty()) GTEST_SKIP() << what;
    s.call("beside.name", "key", "saved");
    s.call("beside.limit", "ada", 7);
  }
};

TEST_F(files, have_the_data_set_that_is_loaded_again) {
  EXPECT_EQ(s.call("beside.rdbsave", "a.rdb"), "OK");
  s.call("FLUSHALL");
  s.call("beside.name", "key", "later");
  s.call("SET", "other", "x");
  EXPECT_EQ(s.call("beside.rdbload", "a.rdb", "key"), "saved") << "through a view that was open before";
  EXPECT_EQ(s.call("beside.nameof", "key"), "saved");
  EXPECT_EQ(s.call("beside.limits"), "ada=7 ");
  EXPECT_EQ(s.call("DBSIZE"), 1);
}

TEST_F(files, that_are_none_of_ours_change_nothing) {
  write_file(s.directory() + "/text", "this is a text and no RDB");
  write_file(s.directory() + "/short", "RED");
  std::filesystem::create_directory(s.directory() + "/folder");
  const auto load = [this](const std::string& name) { return s.call("beside.rdbload", name, "key").error(); };
  EXPECT_EQ(load("missing.rdb"), "ERR missing.rdb could not be loaded: No such file or directory");
  EXPECT_EQ(load("folder"), "ERR folder could not be loaded: Is a directory");
  EXPECT_EQ(load("text"), "ERR text is no RDB");
  EXPECT_EQ(load("short"), "ERR short is no RDB");
  EXPECT_EQ(load(""), "ERR the name of a file is empty, or has a zero byte in it");
  EXPECT_EQ(load(std::string{"te\0xt", 5}), "ERR the name of a file is empty, or has a zero byte in it");
  EXPECT_EQ(s.call("beside.nameof", "key"), "saved");
  EXPECT_EQ(s.call("beside.limits"), "ada=7 ");
}

TEST_F(files, are_what_they_were_where_saving_fails) {
  std::filesystem::create_directory(s.directory() + "/folder");
  try {
    EXPECT_EQ(s.call("beside.rdbsave", "no/such/folder.rdb").error(),
              "ERR no/such/folder.rdb could not be saved: No such file or directory");
    EXPECT_EQ(s.call("beside.rdbsave", "folder").error(), "ERR folder could not be saved: Is a directory");
  } catch (const redismodule::testing::connection_lost&) {
    if (!s.version().is_valkey()) throw;
    GTEST_SKIP() << "this server crashes by itself when a save fails (Valkey 9.1.2 with its own jemalloc)";
  }
  s.call("beside.rdbsave", "a.rdb");
  const std::string before = bytes_of(s.directory() + "/a.rdb");
  s.call("beside.name", "key", "later");
  s.call("beside.rdbsave", "a.rdb");
  EXPECT_NE(bytes_of(s.directory() + "/a.rdb"), before);
  for (const auto& each : std::filesystem::directory_iterator{s.directory()})
    EXPECT_EQ(each.path().filename().string().find(".temp-"), std::string::npos) << each.path();
}

TEST_F(files, are_not_loaded_into_replicas) {
  server replica = s.add_replica();
  EXPECT_EQ(replica.call("beside.rdbsave", "a.rdb"), "OK");
  EXPECT_EQ(s.call("beside.rdbsave", replica.directory() + "/b.rdb"), "OK");
  replica.call("CONFIG", "SET", "replica-read-only", "no");
  const std::string error = replica.call("beside.rdbload", "b.rdb", "key").error();
  EXPECT_EQ(error, "ERR b.rdb could not be loaded: Operation not supported");
  EXPECT_EQ(replica.call("beside.nameof", "key"), "saved");
}

}  // namespace
