// What ends Redis 6 in a payload of RESTORE, whatever a module does: the table in docs/data-types.md. Later servers
// answer an error.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "payloads.h"
#include "redismodule/testing/server.h"

namespace {

using payloads::body_of;
using payloads::closed;
using payloads::kind;
using payloads::part;
using payloads::parts_of;
using redismodule::testing::connection_lost;
using redismodule::testing::server;

bool is_redis_6(const server& s) { return s.version().is_redis() && s.version().number.major < 7; }

// A type of this library's and one by the server's own functions, as a module in C has it.
struct module_with_type {
  const char* path;
  std::vector<std::string> fill;
};
const module_with_type ours{TWENTY_MODULE, {"twenty.fill", "key", "tw-texts-", "0"}};
const module_with_type as_in_c{RECORDS_MODULE, {"records.set", "key", "1"}};

part text_in(const std::string& payload) {
  for (const part& each : parts_of(body_of(payload))) {
    if (each.of == kind::text) return each;
  }
  throw std::logic_error{"no text in it"};
}

std::string replaced(const std::string& payload, std::size_t begin, std::size_t end, std::string_view other) {
  std::string body{body_of(payload)};
  return closed(body.replace(begin, end - begin, other), payload);
}

std::string with_text(const std::string& payload, std::string_view other) {
  const part text = text_in(payload);
  return replaced(payload, text.number, text.end, other);
}

// --- One function for each row of the table ---

std::string of_no_type(const std::string& payload) { return payloads::changed_at(payload, 2, 1); }
std::string of_another_kind(const std::string& payload) {
  const part first = parts_of(body_of(payload)).front();
  return replaced(payload, first.begin, first.number, "\4");
}
std::string cut_before_its_last_part(const std::string& payload) {
  return payloads::cut_at(payload, parts_of(body_of(payload)).back().begin);
}
std::string of_a_later_version(const std::string& payload) {
  return payloads::changed_at(payload, payloads::header_size - 1, 2);
}
std::string with_one_part_more(const std::string& payload) {
  const std::size_t end = body_of(payload).size() - 1;
  return replaced(payload, end, end, "\2\1");
}
std::string with_a_number_of_no_encoding(const std::string& payload) {
  const part first = parts_of(body_of(payload)).front();
  return replaced(payload, first.begin, first.number, "\x82");
}
std::string with_a_text_of_no_encoding(const std::string& payload) { return with_text(payload, "\xc4"); }
std::string with_a_text_that_is_not_compressed_so(const std::string& payload) {
  return with_text(payload, std::string_view{"\xc3\4\x20\xff\xff\xff\xff", 7});
}
std::string with_a_text_of_2_to_the_62(const std::string& payload) {
  return closed(payloads::with_number(body_of(payload), text_in(payload), std::uint64_t{1} << 62), payload);
}
std::string compressed_of_2_to_the_62(const std::string& payload) {
  return with_text(payload, std::string_view{"\xc3\1\x81\x40\0\0\0\0\0\0\0x", 12});
}
// Its last text takes all that is left, so that nothing is there where the value should end.
std::string without_an_end(const std::string& payload) {
  const std::string_view body = body_of(payload);
  const part last = parts_of(body).back();
  const std::string cut{body.substr(0, body.size() - 1)};
  return closed(payloads::with_number(cut, last, last.size + payloads::footer_size), payload);
}

constexpr const char* not_loaded = "that the responsible module is not able to load";
constexpr const char* no_marker = "that is not terminated by the proper module value EOF marker";

class payloads_that_end_redis_6 : public testing::TestWithParam<const module_with_type*> {
 protected:
  void expect_end(std::string (*broken)(const std::string&), std::string_view words) {
    server s{GetParam()->path};
    s.call(GetParam()->fill);
    const std::string payload = broken(s.call("DUMP", "key").str());
    if (!is_redis_6(s)) {
      EXPECT_TRUE(s.call("RESTORE", "copy", 0, payload).is_error());
      EXPECT_EQ(s.call("EXISTS", "copy"), 0);
      return;
    }
    EXPECT_THROW(s.call("RESTORE", "copy", 0, payload), connection_lost);
    EXPECT_NE(s.log().find(words), std::string::npos) << s.log();
  }
};

TEST_P(payloads_that_end_redis_6, are_of_a_type_that_no_module_has) {
  expect_end(of_no_type, "The RDB file contains module data I can't load: no matching module");
}
TEST_P(payloads_that_end_redis_6, have_a_part_of_another_kind) { expect_end(of_another_kind, no_marker); }
TEST_P(payloads_that_end_redis_6, are_cut_where_a_part_begins) { expect_end(cut_before_its_last_part, not_loaded); }
TEST_P(payloads_that_end_redis_6, have_more_than_the_value) { expect_end(with_one_part_more, no_marker); }
TEST_P(payloads_that_end_redis_6, have_a_number_of_no_encoding) {
  expect_end(with_a_number_of_no_encoding, "Unknown length encoding");
}
TEST_P(payloads_that_end_redis_6, have_a_text_of_no_encoding) {
  expect_end(with_a_text_of_no_encoding, "Unknown RDB string encoding type");
}
TEST_P(payloads_that_end_redis_6, have_a_text_that_is_not_compressed_so) {
  expect_end(with_a_text_that_is_not_compressed_so, "Invalid LZF compressed string");
}
TEST_P(payloads_that_end_redis_6, have_a_text_that_is_longer_than_memory) {
  expect_end(with_a_text_of_2_to_the_62, "Out Of Memory allocating");
  expect_end(compressed_of_2_to_the_62, "Out Of Memory allocating");
}

// The one broken value that Redis 6 survives.
TEST_P(payloads_that_end_redis_6, are_not_those_that_end_within_the_last_part) {
  server s{GetParam()->path};
  s.call(GetParam()->fill);
  EXPECT_TRUE(s.call("RESTORE", "copy", 0, without_an_end(s.call("DUMP", "key").str())).is_error());
  EXPECT_EQ(s.call("PING"), "PONG");
}

INSTANTIATE_TEST_SUITE_P(of_each_module, payloads_that_end_redis_6, testing::Values(&ours, &as_in_c),
                         [](const auto& each) { return each.param == &ours ? "ours" : "as_in_c"; });

// What a type of this library refuses by itself: the module's words are in the log of every server.
class payloads_that_are_refused : public testing::Test {
 protected:
  server s{TWENTY_MODULE};

  std::string payload_of(const std::string& type) {
    s.call("twenty.fill", "key", type, 0);
    return s.call("DUMP", "key").str();
  }
  void expect_refusal(const std::string& payload, std::string_view words, std::string_view on_redis_6) {
    if (is_redis_6(s)) {
      EXPECT_THROW(s.call("RESTORE", "copy", 0, payload), connection_lost);
      EXPECT_NE(s.log().find(on_redis_6), std::string::npos) << s.log();
    } else {
      EXPECT_TRUE(s.call("RESTORE", "copy", 0, payload).is_error());
    }
    EXPECT_NE(s.log().find(words), std::string::npos) << s.log();
  }
};

TEST_F(payloads_that_are_refused, are_of_a_later_version) {
  expect_refusal(of_a_later_version(payload_of("tw-texts-")), "this module knows no later one than 1", no_marker);
}

TEST_F(payloads_that_are_refused, have_a_number_out_of_range) {
  const std::string payload = payload_of("tw-intege");
  const std::string_view body = body_of(payload);
  expect_refusal(closed(payloads::with_number(body, parts_of(body).front(), 1000), payload),
                 "an integer is out of range", no_marker);
}

// Read to its end.
TEST_F(payloads_that_are_refused, are_of_an_older_version_that_the_migration_refuses) {
  const std::string payload = payload_of("tw-versio");
  std::string body = payload.substr(0, payloads::header_size);
  body.back() = static_cast<char>((body.back() & ~3) | 2);
  body += std::string{"\2\x81\xff\xff\xff\xff\xff\xff\xff\xff\5\3old\5\3new\0", 21};  // a first field of -1
  expect_refusal(closed(body, payload), "the migration of an older version refused it", not_loaded);
}

}  // namespace
