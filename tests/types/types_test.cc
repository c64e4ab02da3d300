// What is described is saved, loaded, rewritten, copied, measured and freed by the server, and is the same afterwards.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "lazy_free.h"
#include "redismodule/testing/leak_watch.h"
#include "redismodule/testing/server.h"

namespace {

using redismodule::testing::aof;
using redismodule::testing::leak_watch;
using redismodule::testing::reply;
using redismodule::testing::server;
using redismodule::testing::server_options;

std::string digest_of(server& s) { return s.call("DEBUG", "DIGEST").str(); }
std::string digest_of(server& s, std::string_view key) {
  return s.call("DEBUG", "DIGEST-VALUE", key).array().at(0).str();
}

// How near MEMORY USAGE comes to what a server's memory grows by. Where each block has words of ours and of the
// server's around it, those are not in the blocks' sizes.
double usage_tolerance(server& s) {
  const bool is_padded = s.call("INFO", "modules").str().find("memory_source:server, padded") != std::string::npos;
  return is_padded ? 0.2 : 0.02;
}

void fill(server& s) {
  s.call("counter.fill", "small", 2, "a note");
  s.call("counter.fill", "large", 20'000, "x");
  s.call("counter.fill", "empty", 0, "");
  s.call("tree.plant", "tree", 3);
  s.call("byhand.set", "hand", "some text");
  s.call("buffered.set", "buffered", "text in a block of its own");
  s.call("buffered.set", "no text", "");
}

constexpr std::string_view small_text =
    "a note a tag with the number 0=0.000000 a tag with the number 1=0.333333 /a/page/with/the/number/0@0 "
    "/a/page/with/the/number/1@1";

void expect_filled(server& s, const std::string& digest) {
  EXPECT_EQ(digest_of(s), digest);
  EXPECT_EQ(s.call("DBSIZE"), 7);
  EXPECT_EQ(s.call("buffered.get", "no text"), "");
  EXPECT_EQ(s.call("counter.show", "small"), small_text);
  EXPECT_EQ(s.call("counter.visits", "large"), 20'000);
  EXPECT_EQ(s.call("byhand.get", "hand"), "some text");
  EXPECT_EQ(s.call("buffered.get", "buffered"), "text in a block of its own");
  EXPECT_EQ(s.call("buffered.is", "buffered", "text in a block of its own"), 1);
}

// Everything the server has written to its append-only file, in one file or several.
std::string append_only_file(const server& s) {
  std::string all;
  for (const auto& each : std::filesystem::recursive_directory_iterator{s.directory()}) {
    if (each.path().extension() != ".aof") continue;
    std::ifstream in{each.path(), std::ios::binary};
    all.append(std::istreambuf_iterator<char>{in}, {});
  }
  return all;
}

int times(std::string_view text, std::string_view part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(types, survive_a_save_and_a_restart) {
  server s{TYPES_MODULE};
  fill(s);
  const std::string digest = digest_of(s);
  s.save();
  s.crash();
  expect_filled(s, digest);
}

TEST(types, survive_a_rewritten_aof_of_commands_and_a_crash) {
  server s{server_options{.modules = {{TYPES_MODULE}}, .config = {"aof-use-rdb-preamble no"}, .aof = aof::always}};
  fill(s);
  const std::string digest = digest_of(s);
  s.rewrite_aof();
  const std::string file = append_only_file(s);
  EXPECT_EQ(times(file, "counter.fill"), 0);
  EXPECT_GE(times(file, "hellocntr.restore"), 2 + 3) << "the large value comes in parts";
  EXPECT_EQ(times(file, "byhand.set"), 1) << "this type's own command";
  s.crash();
  expect_filled(s, digest);
}

TEST(types, survive_on_a_replica_and_in_its_promotion) {
  server s{TYPES_MODULE};
  fill(s);
  server replica = s.add_replica();
  s.call("counter.fill", "late", 1, "behind the snapshot");
  s.wait_for_sync(replica);
  EXPECT_EQ(digest_of(replica), digest_of(s));
  replica.promote();
  EXPECT_EQ(replica.call("counter.visits", "late"), 1);
}

TEST(types, are_copied) {
  server s{TYPES_MODULE};
  if (const auto what = s.lacks("GetTypeMethodVersion"); !what.empty()) GTEST_SKIP() << what;
  fill(s);
  for (const char* key : {"small", "large", "empty", "tree", "buffered", "no text"}) {
    EXPECT_EQ(s.call("COPY", key, "copy", "REPLACE"), 1) << key;
    EXPECT_EQ(digest_of(s, "copy"), digest_of(s, key)) << key;
  }
  EXPECT_EQ(s.call("COPY", "hand", "copy", "REPLACE"), 1);
  EXPECT_EQ(s.call("byhand.get", "copy"), "some text (copy)");
}

TEST(types, are_dumped_and_restored) {
  server s{TYPES_MODULE};
  fill(s);
  for (const char* key : {"small", "large", "empty", "tree", "hand", "buffered", "no text"}) {
    const std::string payload = s.call("DUMP", key).str();
    EXPECT_EQ(s.call("RESTORE", "copy", 0, payload, "REPLACE"), "OK") << key;
    EXPECT_EQ(digest_of(s, "copy"), digest_of(s, key)) << key;
  }
}

// A control of the digests that the others compare.
TEST(types, another_value_has_another_digest) {
  server s{TYPES_MODULE};
  fill(s);
  const std::string small = digest_of(s, "small");
  const std::string empty = digest_of(s, "empty");
  EXPECT_NE(small, empty);
  s.call("counter.fill", "small", 0, "another note");
  EXPECT_NE(digest_of(s, "small"), small);
  s.call("counter.forget", "empty");
  s.call("counter.fill", "empty", 0, "");
  EXPECT_EQ(digest_of(s, "empty"), empty);
}

TEST(types, do_not_let_other_values_in) {
  server s{TYPES_MODULE};
  fill(s);
  s.call("SET", "string", "x");
  for (const char* key : {"string", "tree", "hand"}) {
    const reply read = s.call("counter.visits", key);
    ASSERT_TRUE(read.is_error()) << key;
    EXPECT_EQ(read.error().substr(0, 9), "WRONGTYPE");
    EXPECT_TRUE(s.call("counter.fill", key, 1, "x").is_error()) << key;
  }
  EXPECT_TRUE(s.call("GET", "small").is_error());
  EXPECT_EQ(s.call("counter.visits", "missing"), -1);
  EXPECT_EQ(s.call("counter.show", "missing").error(), "ERR no such key");
  EXPECT_EQ(s.call("TYPE", "small"), "hellocntr");
  EXPECT_EQ(s.call("counter.forget", "small"), 1);
  EXPECT_EQ(s.call("EXISTS", "small"), 0);
}

TEST(types, are_seen_as_they_are_now_whatever_happens_behind_a_view) {
  server s{TYPES_MODULE};
  EXPECT_EQ(s.call("counter.behind", "key", "key"), "first second gone third third");
  EXPECT_EQ(s.call("counter.typebehind", "key", "key").error().substr(0, 9), "WRONGTYPE");
  EXPECT_EQ(s.call("GET", "key"), "text");
}

// What the whole server grew by is what MEMORY USAGE says, within 2 %.
TEST(types, say_what_they_have_allocated) {
  server s{TYPES_MODULE};
  const double within = usage_tolerance(s);
  s.call("counter.fill", "warm", 20'000, "x");
  s.call("DEL", "warm");
  wait_for_lazy_free(s, {"counter.forget", "none"});
  const long long before = redismodule::testing::settled_memory(s);
  s.call("counter.fill", "key", 20'000, "x");
  const long long grown = redismodule::testing::settled_memory(s) - before;
  const auto exact = s.call("MEMORY", "USAGE", "key", "SAMPLES", 0).integer();
  EXPECT_NEAR(static_cast<double>(exact), static_cast<double>(grown), within * static_cast<double>(grown));
  const auto sampled = s.call("MEMORY", "USAGE", "key").integer();
  EXPECT_NEAR(static_cast<double>(sampled), static_cast<double>(grown), (within + 0.08) * static_cast<double>(grown));
  EXPECT_GT(s.call("MEMORY", "USAGE", "key", "SAMPLES", 0).integer(), 64 * 1024);
}

// So that a field can become a string buffer, and a string again, without a new version.
TEST(types, write_a_string_buffer_as_they_do_a_string) {
  server s{server_options{.modules = {{TYPES_MODULE}}, .config = {"aof-use-rdb-preamble no"}, .aof = aof::always}};
  for (const char* command : {"buffered.set", "unbuffered.set"}) s.call(command, command, "hello");
  s.call("buffered.set", "empty", "");
  EXPECT_EQ(digest_of(s, "buffered.set"), digest_of(s, "unbuffered.set"));
  s.rewrite_aof();
  const std::string value = std::string{"s\x05hellou\x04"} +
                            "s\x01"
                            "e"
                            "i\x02"
                            "s\x01"
                            "h"
                            "i\x02"
                            "s\x01"
                            "l"
                            "i\x04"
                            "s\x01"
                            "o"
                            "i\x02";
  EXPECT_EQ(times(append_only_file(s), value), 2) << append_only_file(s);
  const std::string payload = s.call("DUMP", "buffered.set").str();
  s.crash();
  EXPECT_EQ(s.call("DUMP", "buffered.set"), payload);
  EXPECT_EQ(s.call("buffered.get", "empty"), "");
}

TEST(types, say_what_smaller_values_and_unordered_containers_have_allocated) {
  for (const char* fill : {"unordered.fill", "counter.fill"}) {
    server s{TYPES_MODULE};
    const double within = usage_tolerance(s);
    const int count = fill[0] == 'u' ? 3'000 : 500;
    const auto run = [&](const char* key) {
      fill[0] == 'u' ? s.call(fill, key, count) : s.call(fill, key, count, "x");
    };
    run("first");
    const long long before = redismodule::testing::settled_memory(s);
    constexpr int values = 8;  // what else a server takes in between is less than one of them by far
    for (int i = 0; i < values; ++i) run(("another " + std::to_string(i)).c_str());
    const auto grown = static_cast<double>(redismodule::testing::settled_memory(s) - before) / values;
    EXPECT_GT(grown, 64 * 1024);
    EXPECT_NEAR(static_cast<double>(s.call("MEMORY", "USAGE", "another 7", "SAMPLES", 0).integer()), grown,
                within * grown)
        << fill;
  }
}

TEST(types, say_what_a_string_buffer_has_allocated) {
  server s{TYPES_MODULE};
  s.call("buffered.set", "small", "x");
  const long long small = s.call("MEMORY", "USAGE", "small").integer();
  const std::string text(500'000, 'x');
  s.call("buffered.set", "large", text);
  const long long before = redismodule::testing::settled_memory(s);
  s.call("buffered.set", "larger", text);
  const auto grown = static_cast<double>(redismodule::testing::settled_memory(s) - before);
  EXPECT_NEAR(static_cast<double>(s.call("MEMORY", "USAGE", "larger").integer()), grown, grown / 50);
  EXPECT_LT(small, 400);
}

TEST(types, leave_nothing_when_they_go) {
  server s{TYPES_MODULE};
  fill(s);
  s.call("FLUSHALL");
  leak_watch watch{s};
  for (int i = 0; i < 3; ++i) {
    fill(s);
    s.call("UNLINK", "large");
    s.call("DEL", "small");
    s.call("SET", "empty", "another type");
    s.call("FLUSHALL");
  }
  wait_for_lazy_free(s, {"counter.forget", "none"});
  watch.check();
}

TEST(types, large_values_are_freed_by_another_thread) {
  server s{TYPES_MODULE};
  if (const auto what = s.lacks("GetTypeMethodVersion"); !what.empty()) GTEST_SKIP() << what;
  fill(s);
  s.call("CONFIG", "RESETSTAT");
  EXPECT_EQ(s.call("UNLINK", "small"), 1);
  EXPECT_EQ(s.info("memory", "lazyfreed_objects"), "0");
  EXPECT_EQ(s.call("UNLINK", "large"), 1);
  for (int i = 0; i < 500 && s.info("memory", "lazyfreed_objects") != "1"; ++i) s.call("PING");
  EXPECT_EQ(s.info("memory", "lazyfreed_objects"), "1");
  EXPECT_EQ(s.call("byhand.unlinked"), 0);
  s.call("UNLINK", "hand");
  EXPECT_EQ(s.call("byhand.unlinked"), 1);
}

// --- The command that an AOF consists of ---

struct parts {
  std::string first;
  std::string second;
};
// A value in two parts, as it stands in an AOF.
parts two_parts(server& s) {
  s.call("counter.fill", "key", 10'000, "y");
  s.rewrite_aof();
  const std::string file = append_only_file(s);
  parts found;
  for (std::size_t at = file.find("hellocntr.restore"); at != std::string::npos;) {
    for (int line = 0; line < 10; ++line) at = file.find('\n', at) + 1;  // key, version, offset, last: two lines each
    const std::size_t header = file.rfind('$', at);
    const std::size_t size = std::stoul(file.substr(header + 1));
    (found.first.empty() ? found.first : found.second) += file.substr(at, size);
    at = file.find("hellocntr.restore", at + size);
  }
  return found;
}

class restore_command : public testing::Test {
 protected:
  server s{
      server_options{.modules = {{TYPES_MODULE}}, .config = {"aof-use-rdb-preamble no"}, .aof = aof::every_second}};
  parts p = two_parts(s);
  std::string digest = digest_of(s, "key");

  reply restore(std::string_view key, std::uint64_t offset, int last, const std::string& bytes) {
    return s.call("hellocntr.restore", key, 1, offset, last, bytes);
  }
};

TEST_F(restore_command, makes_a_value_of_its_parts) {
  ASSERT_FALSE(p.second.empty());
  EXPECT_EQ(restore("copy", 0, 0, p.first), "OK");
  EXPECT_TRUE(s.call("counter.visits", "copy").is_error()) << "not before the last part";
  EXPECT_EQ(restore("copy", p.first.size(), 1, p.second), "OK");
  EXPECT_EQ(digest_of(s, "copy"), digest);
}

TEST_F(restore_command, is_dangerous_to_give_to_clients) {
  if (const auto what = s.lacks("SetCommandACLCategories"); !what.empty()) GTEST_SKIP() << what;
  s.call("ACL", "SETUSER", "someone", "on", "nopass", "~*", "+@all", "-@dangerous");
  EXPECT_EQ(s.call("ACL", "DRYRUN", "someone", "counter.visits", "key"), "OK");
  EXPECT_NE(s.call("ACL", "DRYRUN", "someone", "hellocntr.restore", "key", 1, 0, 1, "x"), "OK");
}

TEST_F(restore_command, keeps_the_parts_in_the_data_set) {
  EXPECT_EQ(restore("copy", 0, 0, p.first), "OK");
  s.rewrite_aof();
  s.crash();
  s.save();
  s.reload();
  EXPECT_EQ(restore("copy", p.first.size(), 1, p.second), "OK");
  EXPECT_EQ(digest_of(s, "copy"), digest);
}

TEST_F(restore_command, refuses_what_does_not_fit) {
  EXPECT_TRUE(restore("key", 0, 1, p.first).is_error());  // fills the server's caches
  leak_watch watch{s};
  EXPECT_TRUE(restore("key", 0, 1, p.first).is_error()) << "there is a value";
  EXPECT_TRUE(restore("copy", 5, 0, p.second).is_error()) << "there is nothing before it";
  EXPECT_TRUE(restore("copy", 0, 1, p.first).is_error()) << "it is not all";
  EXPECT_TRUE(restore("copy", 0, 1, "").is_error());
  EXPECT_TRUE(restore("copy", 0, 2, p.first).is_error());
  EXPECT_TRUE(s.call("hellocntr.restore", "copy", 2, 0, 0, p.first).is_error()) << "a later version";
  EXPECT_TRUE(s.call("hellocntr.restore", "copy", 1, 0, 0).is_error());
  EXPECT_EQ(restore("copy", 0, 0, p.first), "OK");
  EXPECT_TRUE(restore("copy", 0, 0, p.first).is_error()) << "twice";
  EXPECT_TRUE(s.call("all-kinds.restore", "copy", 1, p.first.size(), 0, "x").is_error()) << "another type";
  EXPECT_TRUE(restore("copy", p.first.size(), 1, p.second + "more").is_error());
  EXPECT_EQ(s.call("DEL", "copy"), 1) << "the first part stays";
  watch.check();
}

}  // namespace
