// Keys that change behind an open view: the view answers with what is there now, or with an error, and never writes to
// what is not there any more.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "redismodule/testing/server.h"

namespace {

namespace rt = redismodule::testing;
using texts = std::vector<std::string>;

texts words_of(const rt::reply& reply) { return reply.as<texts>(); }

const texts types{"string", "list", "hash", "zset", "set", "stream"};
const texts removals{"del",         "unlink",      "expire",        "flush",      "script",
                     "view-remove", "view-unlink", "notify-remove", "notify-call"};
const texts retypings{"retype", "view-retype", "notify-retype"};

struct stale : testing::Test {
  bool has_list_elements() const {
    return s.version().is_valkey() || s.version().number >= rt::version_number{7, 0, 0};
  }
  bool has_streams() const { return s.version().is_valkey() || s.version().number >= rt::version_number{6, 2, 0}; }
  bool is_testable(const std::string& type) const { return type != "stream" || has_streams(); }

  void seed(const std::string& type) {
    s.call("FLUSHALL");
    if (type == "string") s.call("SET", "k", "old");
    if (type == "list") s.call("RPUSH", "k", "old");
    if (type == "hash") s.call("HSET", "k", "f", "old");
    if (type == "zset") s.call("ZADD", "k", 1, "old");
    if (type == "set") s.call("SADD", "k", "old");
    if (type == "stream") s.call("XADD", "k", "1-1", "f", "old");
    s.call("SET", "bystander", "untouched");
  }
  // As the module reads it: without ListGet a list is only counted.
  std::string shown(const std::string& type, const std::string& text) const {
    if (type != "list" || has_list_elements()) return text;
    return std::string(text.empty() ? 0 : text == "old+" || text == "new+" ? 2 : 1, '#');
  }
  // A set cannot be written to through a view: its lifetime is set instead, which makes no key.
  texts seen(const std::string& type, const std::string& after, const std::string& written) const {
    return {shown(type, "old"), shown(type, after), shown(type, type == "set" ? after : written)};
  }
  std::string type_of(const std::string& key) { return s.call("TYPE", key).str(); }

  rt::server s{STALE_MODULE};
};

TEST_F(stale, keys_that_are_gone_are_empty_and_made_anew) {
  for (const std::string form : {"stale.", "stale.opened."}) {
    for (const std::string& type : types) {
      if (!is_testable(type)) continue;
      for (const std::string& how : removals) {
        seed(type);
        EXPECT_EQ(words_of(s.call(form + type, "k", how)), seen(type, "", "+")) << type << " " << how;
        EXPECT_EQ(type_of("k"), type == "set" ? "none" : type) << how;
        if (how != "flush") {
          EXPECT_EQ(s.call("GET", "bystander"), "untouched") << type << " " << how;
        }
      }
    }
  }
}

TEST_F(stale, keys_that_are_renamed_are_left_alone) {
  for (const std::string& type : types) {
    if (!is_testable(type)) continue;
    seed(type);
    const auto before = s.call("DUMP", "k");
    EXPECT_EQ(words_of(s.call("stale." + type, "k", "rename")), seen(type, "", "+")) << type;
    EXPECT_EQ(s.call("DUMP", "away"), before) << type;
    EXPECT_EQ(s.call("PTTL", "away"), -1) << type;
    EXPECT_EQ(type_of("k"), type == "set" ? "none" : type);
  }
}

TEST_F(stale, keys_that_changed_are_seen_and_written_as_they_are) {
  for (const std::string& type : types) {
    if (!is_testable(type)) continue;
    seed(type);
    EXPECT_EQ(words_of(s.call("stale." + type, "k", "change")), seen(type, "new", "new+")) << type;
    seed(type);
    EXPECT_EQ(words_of(s.call("stale." + type, "k", "none")), seen(type, "old", "old+")) << type;
    seed(type);
    EXPECT_EQ(words_of(s.call("stale." + type, "k", "there-and-back")), seen(type, "old", "old+")) << type;
  }
}

TEST_F(stale, keys_of_another_type_by_now_are_refused) {
  for (const std::string form : {"stale.", "stale.opened."}) {
    for (const std::string& type : types) {
      if (!is_testable(type)) continue;
      for (const std::string& how : retypings) {
        if (type == "string" && how != "retype") continue;  // those make a string of it
        seed(type);
        EXPECT_EQ(words_of(s.call(form + type, "k", how)), (texts{shown(type, "old"), "WRONGTYPE", "WRONGTYPE"}))
            << type << " " << how;
        if (type == "string") {
          EXPECT_EQ(words_of(s.call("LRANGE", "k", 0, -1)), texts{"other"});
        } else {
          EXPECT_EQ(s.call("GET", "k"), "other") << type << " " << how;
        }
      }
    }
  }
}

// As the client sees the exception, where the handler does not catch it.
TEST_F(stale, keys_are_refused_in_the_servers_words) {
  seed("list");
  s.call("DEL", "k");
  s.call("HSET", "k", "f", "v");
  EXPECT_EQ(s.call("stale.list", "k", "none").error(),
            "WRONGTYPE Operation against a key holding the wrong kind of value");
}

TEST_F(stale, keys_are_never_written_to_where_they_were) {
  for (const std::string& type : types) {
    if (!is_testable(type)) continue;
    for (const std::string& how : removals) {
      seed(type);
      EXPECT_EQ(words_of(s.call("stale.write." + type, "k", how)), texts{"written"}) << type << " " << how;
      EXPECT_EQ(type_of("k"), type == "set" ? "none" : type) << how;
    }
    for (const std::string& how : retypings) {
      if (type == "string" && how != "retype") continue;
      seed(type);
      EXPECT_EQ(words_of(s.call("stale.write." + type, "k", how)), texts{"WRONGTYPE"}) << type << " " << how;
    }
  }
}

TEST_F(stale, keys_of_one_name_see_each_other) {
  for (const std::string& type : types) {
    if (!is_testable(type) || type == "set") continue;
    seed(type);
    texts expected;
    for (const std::string text : {"old", "old", "old", "old+", "old+", "", "", "+", "+"}) {
      expected.push_back(shown(type, text));
    }
    EXPECT_EQ(words_of(s.call("stale.twice." + type, "k", "k", "k")), expected) << type;
    EXPECT_EQ(type_of("k"), type);
  }
}

// The fault that these tests look for, planted: a call that the views are not told of.
TEST_F(stale, keys_changed_behind_the_librarys_back_are_found_by_the_sanitizer) {
#ifdef __SANITIZE_ADDRESS__
  seed("list");
  EXPECT_THROW(s.call("stale.write.list", "k", "del-unseen"), rt::connection_lost);
  // A server that is not built with the sanitizer dies of it without a report of this kind.
  const std::string reports = s.take_reports();
  if (!reports.empty()) {
    EXPECT_NE(reports.find("AddressSanitizer"), std::string::npos);
  }
#else
  GTEST_SKIP() << "without AddressSanitizer this writes into freed memory, and nobody may notice";
#endif
}

TEST_F(stale, keys_disturbed_in_a_walk_end_it) {
  for (const std::string& type : types) {
    if (!is_testable(type) || type == "string" || (type == "list" && !has_list_elements())) continue;
    for (int count : {3, 300}) {
      for (const texts& all : {removals, retypings, texts{"none", "rename", "change", "there-and-back"}}) {
        for (const std::string& how : all) {
          if (count == 300 && (how == "none" || how == "there-and-back") && type == "list") continue;  // quadratic
          s.call("FLUSHALL");
          std::vector<std::string> words;
          for (int i = 0; i < count; ++i) {
            const std::string n = std::to_string(i);
            if (type == "list") s.call("RPUSH", "k", n);
            if (type == "hash") s.call("HSET", "k", n, n);
            if (type == "zset") s.call("ZADD", "k", i, n);
            if (type == "set") s.call("SADD", "k", "m" + n);
            if (type == "stream") s.call("XADD", "k", n + "-1", "f", n);
          }
          const auto seen = s.call("stale.walk." + type, "k", how);
          ASSERT_TRUE(seen.is_integer()) << type << " " << how << " " << seen;
          EXPECT_GE(seen.integer(), 1) << type << " " << how;
          if (how == "none" || how == "there-and-back") {
            EXPECT_GE(seen.integer(), count) << type << " " << how;
          }
        }
      }
    }
  }
}

}  // namespace
