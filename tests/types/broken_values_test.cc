// No broken input ends a server: values of twenty data types that were cut, changed or made up, as payloads of RESTORE,
// in the command of which a rewritten AOF consists, and in an RDB that ends early.
//
// REDISMODULE_BROKEN_PAYLOADS says how many random ones there are, REDISMODULE_BROKEN_SEED which. A payload that was
// found is tried alone with REDISMODULE_BROKEN_PAYLOAD, its hexadecimal digits.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

#include "../asan_options.h"
#include "payloads.h"
#include "redismodule/testing/faults.h"
#include "redismodule/testing/leak_watch.h"
#include "redismodule/testing/resp.h"
#include "redismodule/testing/server.h"
#include "restoring.h"

namespace {

namespace rt = redismodule::testing;
using restoring::attempt;
using restoring::checker;
using restoring::finding;
using rt::leak_watch;
using rt::server;
using rt::server_options;

// docs/data-types.md has what ends Redis 6, whatever the module says.
bool ends_itself(const server& s) { return s.version().is_redis() && s.version().number.major < 7; }
#define SKIP_ON_REDIS_6() \
  if (ends_itself(s)) GTEST_SKIP() << "Redis 6 ends itself at such payloads"

bool takes_long() { return std::getenv("REDISMODULE_LONG_TESTS") != nullptr; }

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* wanted = std::getenv(variable);
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : otherwise;
}

// A sanitizer would write the shadow of what a length claims.
server_options with_module(const std::string& module, std::vector<std::string> arguments = {}) {
  server_options options{.modules = {{module, std::move(arguments)}}};
  options.environment = {with_asan_options("allocator_may_return_null=1:max_allocation_size_mb=256")};
  return options;
}

std::vector<std::string> types_of(server& s) {
  std::vector<std::string> names;
  for (const rt::reply& each : s.call("twenty.types").array()) names.push_back(each.str());
  return names;
}

// The value in an older form, as the module wrote it then: without what came later, with what went.
std::vector<std::string> older_forms(const std::string& payload) {
  const std::string_view body = payloads::body_of(payload);
  const std::vector<payloads::part> parts = payloads::parts_of(body);
  const auto header_of = [&](int version) {
    std::string header{body.substr(0, payloads::header_size)};
    header.back() = static_cast<char>((header.back() & ~3) | version);
    return header;
  };
  const auto part_at = [&](std::size_t i) {
    return std::string{body.substr(parts[i].begin, parts[i].end - parts[i].begin)};
  };
  const std::string text{"\5\3old", 5}, map{"\2\1\2\4\2\6", 6}, end{"\0", 1};
  return {payloads::closed(header_of(1) + part_at(0) + text + map + end, payload),
          payloads::closed(header_of(2) + part_at(0) + text + part_at(1) + end, payload)};
}

std::string payload_of(server& s, const std::string& type, int count) {
  s.call("FLUSHALL");
  EXPECT_EQ(s.call("twenty.fill", "key", type, count), 1) << type;
  return s.call("DUMP", "key").str();
}

// A value of each type, older forms, and a value of which only a part has come so far.
std::vector<std::string> corpus_of(server& s) {
  std::vector<std::string> corpus;
  for (const std::string& type : types_of(s)) {
    corpus.push_back(payload_of(s, type, 0));
    if (type == "tw-trees-") corpus.push_back(payload_of(s, type, 1));
    if (type != "tw-versio") continue;
    for (std::string& older : older_forms(corpus.back())) corpus.push_back(std::move(older));
  }
  s.call("FLUSHALL");
  EXPECT_EQ(s.call("tw-texts-.restore", "key", 1, 0, 0, "the first part"), "OK");
  corpus.push_back(s.call("DUMP", "key").str());
  s.call("FLUSHALL");
  return corpus;
}

// What is flipped in each byte: all that there is, where the tests may take long.
std::vector<int> other_bits() {
  if (!takes_long()) return {0x01, 0x80, 0xff};
  std::vector<int> all(255);
  std::iota(all.begin(), all.end(), 1);
  return all;
}

// What has come of a value so far is the last of the corpus, and the one that cannot be copied.
attempt to_attempt(const std::string& payload, const std::vector<std::string>& corpus) {
  attempt made = restoring::restore(payload);
  made.is_whole = payload.compare(0, payloads::header_size - 1, corpus.back(), 0, payloads::header_size - 1) != 0;
  return made;
}

void print(const char* what, const checker& checked) {
  std::cout << what << ": " << checked.values() << " values, " << checked.errors() << " errors, at most "
            << checked.most_memory() << " times the data's size" << std::endl;
}

// What the server does by itself may show once; a leak does every time.
void run_watched(server& s, checker& checked, const char* what, const std::vector<attempt>& attempts) {
  constexpr std::size_t enough_to_fill_caches = 500;
  const std::size_t first = std::min(enough_to_fill_caches, attempts.size());
  checked.run({attempts.begin(), attempts.begin() + static_cast<std::ptrdiff_t>(first)});
  std::string grown;
  for (int times = 0; times < 3; ++times) {
    leak_watch watch{s};
    checked.run(attempts);
    grown = watch.grown();
    if (grown.empty()) break;
  }
  EXPECT_EQ(grown, "") << what;
  print(what, checked);
}

class broken_values : public testing::Test {
 protected:
  server s{with_module(TWENTY_MODULE)};
  std::vector<std::string> corpus = corpus_of(s);
  checker checked{s, {.peak_command = "twenty.peak"}};

  std::vector<attempt> to_attempts(const std::vector<std::string>& payloads) {
    std::vector<attempt> attempts;
    for (const std::string& each : payloads) attempts.push_back(to_attempt(each, corpus));
    return attempts;
  }

  void expect_sound(const char* what, const std::vector<attempt>& attempts) { run_watched(s, checked, what, attempts); }
};

TEST_F(broken_values, are_made_of_good_ones) {
  EXPECT_EQ(types_of(s).size(), 20u);
  std::vector<std::string> again;
  for (const std::string& each : corpus) {
    const std::string_view body = payloads::body_of(each);
    again.push_back(payloads::closed(body, each));
    EXPECT_EQ(payloads::parts_of(body).back().end + 1, body.size()) << "parts, and then their end";
  }
  checked.run(to_attempts(again));
  EXPECT_EQ(checked.values(), corpus.size());
}

TEST_F(broken_values, cut_anywhere_are_refused) {
  SKIP_ON_REDIS_6();
  std::vector<std::string> broken;
  for (const std::string& each : corpus) {
    for (std::size_t size = payloads::header_size; size + payloads::footer_size < each.size(); ++size) {
      broken.push_back(payloads::cut_at(each, size));
    }
  }
  expect_sound("cut", to_attempts(broken));
  // Without its last bytes a value can end in the footer: the RDB's version is a number, and then an end.
  EXPECT_LE(checked.values(), 2 * corpus.size());
}

TEST_F(broken_values, changed_anywhere_are_values_or_refused) {
  SKIP_ON_REDIS_6();
  std::vector<std::string> broken;
  for (const std::string& each : corpus) {
    for (std::size_t at = payloads::header_size; at + payloads::footer_size < each.size(); ++at) {
      for (const int other : other_bits()) broken.push_back(payloads::changed_at(each, at, other));
    }
  }
  expect_sound("changed", to_attempts(broken));
  EXPECT_GT(checked.values(), 1000u);
  EXPECT_GT(checked.errors(), 1000u);
}

TEST_F(broken_values, that_claim_to_be_large_are_not_believed) {
  SKIP_ON_REDIS_6();
  std::vector<std::string> broken;
  for (const std::string& each : corpus) {
    const std::vector<std::string> claims = payloads::with_claims(each);
    broken.insert(broken.end(), claims.begin(), claims.end());
  }
  expect_sound("claims", to_attempts(broken));
  EXPECT_GT(checked.errors(), 1000u);
}

TEST_F(broken_values, of_many_elements_are_not_believed_either) {
  SKIP_ON_REDIS_6();
  const std::size_t changes = takes_long() ? 1000 : 20;
  std::vector<std::string> broken;
  for (const std::string& type : types_of(s)) {
    const std::string payload = payload_of(s, type, 400);
    if (payload.size() < 4096) continue;
    const std::vector<std::string> claims = payloads::with_claims(payload);
    for (std::size_t i = 0; i < changes; ++i) {
      const std::size_t size = payload.size() - payloads::header_size - payloads::footer_size;
      broken.push_back(payloads::changed_at(payload, payloads::header_size + i * size / changes, 0x55));
      broken.push_back(claims[i * claims.size() / changes]);
    }
  }
  s.call("FLUSHALL");
  EXPECT_GE(broken.size(), 3 * changes);
  expect_sound("large", to_attempts(broken));
  EXPECT_GT(checked.most_memory(), 1);
}

// Two bytes each in the payload, and a std::string in memory: what they take is bounded by those that came, whatever
// their number claims.
TEST_F(broken_values, of_elements_of_next_to_nothing_take_what_those_take_that_came) {
  SKIP_ON_REDIS_6();
  constexpr long long came = 500'000;
  constexpr long long bytes = came * static_cast<long long>(sizeof(std::string));
  const std::string payload = payload_of(s, "tw-vector", 0);
  s.call("FLUSHALL");
  std::string body = payload.substr(0, payloads::header_size) + std::string{"\2\0\2\x81\0\0\1\0\0\0\0\0", 12};
  for (long long i = 0; i < came; ++i) body += std::string_view{"\5\0", 2};
  s.call("twenty.peak");
  EXPECT_TRUE(s.call("RESTORE", "key", 0, payloads::closed(body, payload)).is_error());
  const long long most = s.call("twenty.peak").integer();
  EXPECT_GE(most, bytes);
  EXPECT_LE(most, 3 * bytes) << "one vector, and the next larger one while it moves into that";
}

// It would be written to an AOF in a command that no server knows, and fail each rewrite.
TEST_F(broken_values, of_which_a_part_has_come_are_of_a_type_and_a_version_of_the_modules) {
  SKIP_ON_REDIS_6();
  const std::string& payload = corpus.back();
  const std::string_view body = payloads::body_of(payload);
  const std::vector<payloads::part> parts = payloads::parts_of(body);  // the type, its version, and what has come
  ASSERT_EQ(s.call("RESTORE", "key", 0, payload), "OK");
  const std::string own_type = s.call("TYPE", "key").str();
  s.call("DEL", "key");
  std::string of_parts{body};
  of_parts.replace(parts[0].after_number, own_type.size(), own_type);
  EXPECT_TRUE(s.call("RESTORE", "key", 0, payloads::closed(of_parts, payload)).is_error()) << "parts of parts";
  for (const int other : {0x01, 0x20}) {
    EXPECT_TRUE(s.call("RESTORE", "key", 0, payloads::changed_at(payload, parts[0].after_number, other)).is_error());
  }
  for (const std::uint64_t version : {std::uint64_t{0}, std::uint64_t{2}, UINT64_MAX - 1}) {
    const std::string changed = payloads::closed(payloads::with_number(body, parts[1], version), payload);
    EXPECT_TRUE(s.call("RESTORE", "key", 0, changed).is_error()) << version;
  }
}

// Each of these lies in the one before, and each says that there are many of it.
TEST_F(broken_values, that_claim_to_be_large_at_every_level_take_no_more_memory_for_that) {
  SKIP_ON_REDIS_6();
  const std::string payload = payload_of(s, "tw-nested", 0);
  s.call("FLUSHALL");
  const std::string claim{"\2\x81\0\0\1\0\0\0\0\0", 10};
  std::vector<std::string> broken;
  std::string body = payload.substr(0, payloads::header_size);
  for (int levels = 0; levels < 450; ++levels) broken.push_back(payloads::closed(body += claim, payload));
  expect_sound("levels", to_attempts(broken));
  EXPECT_EQ(checked.values(), 0u);
}

TEST_F(broken_values, that_lie_too_deep_in_each_other_are_refused) {
  SKIP_ON_REDIS_6();
  const std::string payload = payload_of(s, "tw-nested", 0);
  s.call("FLUSHALL");
  std::vector<std::string> broken;
  for (const int levels : {2'000, 200'000}) {
    std::string body = payload.substr(0, payloads::header_size);
    for (int level = 0; level < levels; ++level) body += "\2\1";  // one more below
    broken.push_back(payloads::closed(body, payload));
  }
  expect_sound("depth", to_attempts(broken));
  EXPECT_EQ(checked.values(), 0u);
}

TEST(broken_values_at_random, are_values_or_refused) {
  constexpr std::uint64_t of_one_server = 250'000;
  constexpr std::uint64_t at_once = 10'000;
  const std::uint64_t count = number_from("REDISMODULE_BROKEN_PAYLOADS", takes_long() ? 5'000'000 : 20'000);
  const std::uint64_t first_seed = number_from("REDISMODULE_BROKEN_SEED", 1);
  std::uint64_t values = 0, errors = 0;
  for (std::uint64_t done = 0; done < count; done += of_one_server) {
    server s{with_module(TWENTY_MODULE)};
    SKIP_ON_REDIS_6();
    const std::uint64_t seed = first_seed + done / of_one_server;
    SCOPED_TRACE("REDISMODULE_BROKEN_SEED=" + std::to_string(seed));
    const std::vector<std::string> corpus = corpus_of(s);
    payloads::mutator mutate{corpus, seed};
    checker checked{s, {.peak_command = "twenty.peak"}};
    const auto run = [&](std::uint64_t number) {
      std::vector<attempt> attempts;
      while (attempts.size() < number) attempts.push_back(to_attempt(mutate.next(), corpus));
      checked.run(attempts);
    };
    run(1000);  // fills the server's caches
    leak_watch watch{s};
    for (std::uint64_t of_this = 0; of_this < std::min(of_one_server, count - done); of_this += at_once) run(at_once);
    watch.check();
    print(("seed " + std::to_string(seed)).c_str(), checked);
    values += checked.values();
    errors += checked.errors();
  }
  EXPECT_GT(values, count / 100);
  EXPECT_GT(errors, count / 100);
}

TEST(broken_values_at_random, are_the_same_for_the_same_seed) {
  const std::vector<std::string> corpus{std::string(100, 'a'), std::string(50, 'b')};
  payloads::mutator one{corpus, 7}, same{corpus, 7}, other{corpus, 8};
  int others = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string payload = one.next();
    EXPECT_EQ(payload, same.next());
    if (payload != other.next()) ++others;
  }
  EXPECT_GT(others, 50);
}

TEST_F(broken_values, that_end_at_any_read_are_refused) {
  SKIP_ON_REDIS_6();
  rt::faults f{s, "twenty"};
  leak_watch watch{s};
  for (const std::string& each : corpus) {
    f.cut_read(1'000'000);
    ASSERT_EQ(s.call("RESTORE", "whole", 0, each, "REPLACE"), "OK");
    const auto reads = static_cast<std::uint64_t>(f.reads());
    ASSERT_GT(reads, 1u);
    for (std::uint64_t n = 1; n <= reads; ++n) {
      f.cut_read(n);
      EXPECT_TRUE(s.call("RESTORE", "cut", 0, each).is_error()) << n << " of " << reads << payloads::hex(each);
      EXPECT_EQ(s.call("EXISTS", "cut"), 0) << n;
      EXPECT_EQ(f.fired("LoadUnsigned"), 1) << n;
    }
  }
  f.reset();
  s.call("FLUSHALL");
  s.call("twenty.peak");
  watch.check();
}

TEST_F(broken_values, that_are_read_as_others_are_values_or_refused) {
  SKIP_ON_REDIS_6();
  rt::faults f{s, "twenty"};
  const int seeds = takes_long() ? 64 : 2;
  for (const std::string& each : corpus) {
    f.cut_read(1'000'000);
    ASSERT_EQ(s.call("RESTORE", "whole", 0, each, "REPLACE"), "OK");
    const auto reads = static_cast<std::uint64_t>(f.reads());
    s.call("FLUSHALL");
    for (std::uint64_t n = 1; n <= reads; ++n) {
      for (int seed = 1; seed <= seeds; ++seed) {
        f.corrupt_read(n, static_cast<std::uint64_t>(seed));
        checked.run(to_attempts({each}));
      }
    }
  }
  EXPECT_GT(checked.values(), 100u);
  EXPECT_GT(checked.errors(), 100u);
}

TEST_F(broken_values, can_be_tried_again_by_their_digits) {
  SKIP_ON_REDIS_6();
  const char* digits = std::getenv("REDISMODULE_BROKEN_PAYLOAD");
  const std::string payload =
      digits != nullptr ? payloads::from_hex(digits) : payloads::from_hex(payloads::hex(corpus[0]));
  checked.run(to_attempts({payload}));
  EXPECT_TRUE(digits != nullptr || checked.values() == 1);
}

// --- The command that an AOF consists of ---

// <name>.restore key version offset last bytes
using restore_words = std::vector<std::string>;

std::vector<restore_words> restore_commands_in(const std::string& directory) {
  std::vector<restore_words> found;
  for (const auto& each : std::filesystem::recursive_directory_iterator{directory}) {
    if (each.path().extension() != ".aof") continue;
    std::ifstream in{each.path(), std::ios::binary};
    const std::string file{std::istreambuf_iterator<char>{in}, {}};
    std::size_t read = 0;
    rt::reply_reader commands{[&](char* into, std::size_t size) {
      const std::size_t part = file.copy(into, size, read);
      read += part;
      return part;
    }};
    while (commands.has_buffered() || read < file.size()) {
      restore_words words;
      for (const rt::reply& word : commands.next().array()) words.push_back(word.str());
      if (words.size() == 6 && words[0].find(".restore") != std::string::npos) found.push_back(words);
    }
  }
  return found;
}

class broken_restore_commands : public testing::Test {
 protected:
  server s{make_server()};
  checker checked{s, {.peak_command = "twenty.peak"}};
  std::map<std::string, std::string> digests;  // of the values, by command
  std::vector<restore_words> commands = rewritten();

  static server make_server() {
    server_options options = with_module(TWENTY_MODULE);
    options.config = {"aof-use-rdb-preamble no"};
    options.aof = rt::aof::every_second;
    return server{options};
  }

  std::vector<restore_words> rewritten() {
    for (const std::string& type : types_of(s)) {
      s.call("twenty.fill", type, type, 1);
      digests[type + ".restore"] = to_string(s.call("DEBUG", "DIGEST-VALUE", type));
    }
    s.rewrite_aof();
    std::vector<restore_words> found = restore_commands_in(s.directory());
    s.call("FLUSHALL");
    s.call("CONFIG", "SET", "appendonly", "no");
    return found;
  }

  static attempt with(const restore_words& words, std::size_t index, std::string other) {
    attempt changed{words, words[5].size()};
    changed.words[index] = std::move(other);
    changed.is_whole = changed.words[4] == "1";
    return changed;
  }

  void expect_sound(const char* what, const std::vector<attempt>& attempts) {
    run_watched(s, checked, what, attempts);
    EXPECT_GT(checked.errors(), 100u);
  }
};

TEST_F(broken_restore_commands, are_made_of_good_ones) {
  ASSERT_EQ(commands.size(), 20u);
  std::vector<attempt> good;
  for (const restore_words& each : commands) good.push_back(with(each, 1, ""));
  checked.run(good);
  EXPECT_EQ(checked.values(), commands.size());
}

TEST_F(broken_restore_commands, with_bytes_that_are_cut_or_changed_are_values_or_refused) {
  std::vector<attempt> broken;
  for (const restore_words& each : commands) {
    const std::string& bytes = each[5];
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      broken.push_back(with(each, 5, bytes.substr(0, at)));
      for (const int other : takes_long() ? other_bits() : std::vector<int>{0x01, 0xff}) {
        std::string changed = bytes;
        changed[at] = static_cast<char>(changed[at] ^ other);
        broken.push_back(with(each, 5, std::move(changed)));
      }
    }
  }
  expect_sound("restore commands", broken);
  EXPECT_GT(checked.values(), 1000u);
}

TEST_F(broken_restore_commands, with_other_versions_offsets_and_ends_are_values_or_refused) {
  const std::vector<std::string> numbers{"0",
                                         "-1",
                                         "1",
                                         "2",
                                         "3",
                                         "4",
                                         "1023",
                                         "1024",
                                         "4294967297",
                                         "-0",
                                         "+1",
                                         "01",
                                         "1.0",
                                         "x",
                                         "",
                                         " 1",
                                         "9223372036854775808",
                                         "18446744073709551615"};
  std::vector<attempt> broken;
  for (const restore_words& each : commands) {
    for (const std::size_t index : {2, 3, 4}) {
      for (const std::string& number : numbers) broken.push_back(with(each, index, number));
    }
    for (const std::string& bytes : {std::string{}, each[5] + "x", each[5] + each[5]}) {
      broken.push_back(with(each, 5, bytes));
    }
  }
  expect_sound("arguments", broken);
}

TEST_F(broken_restore_commands, made_at_random_are_values_or_refused) {
  const std::uint64_t count = number_from("REDISMODULE_BROKEN_PAYLOADS", takes_long() ? 5'000'000 : 20'000) / 5;
  std::vector<std::string> bytes;
  for (const restore_words& each : commands) bytes.push_back(each[5]);
  payloads::mutator mutate{bytes, number_from("REDISMODULE_BROKEN_SEED", 1), payloads::form::bytes};
  for (std::uint64_t done = 0; done < count;) {
    std::vector<attempt> broken;
    for (; broken.size() < 10'000 && done < count; ++done) {
      const std::size_t like = done % commands.size();
      broken.push_back(with(commands[like], 5, mutate.next(like)));
    }
    checked.run(broken);
  }
  print("random restore commands", checked);
  EXPECT_GT(checked.errors(), count / 100);
}

TEST_F(broken_restore_commands, may_part_a_value_anywhere) {
  for (const restore_words& each : commands) {
    const auto& [name, key, version, offset, last, bytes] =
        std::tie(each[0], each[1], each[2], each[3], each[4], each[5]);
    std::vector<rt::command> parted;
    for (std::size_t at = 0; at <= bytes.size(); ++at) {
      parted.push_back({name, key, version, offset, 0, bytes.substr(0, at)});
      parted.push_back({name, key, version, at, last, bytes.substr(at)});
      parted.push_back({"DEBUG", "DIGEST-VALUE", key});
      parted.push_back({"DEL", key});
    }
    const std::vector<rt::reply> answers = s.pipeline(parted);
    for (std::size_t i = 0; i < answers.size(); i += 4) {
      EXPECT_EQ(answers[i], "OK") << name << " at " << i / 4;
      EXPECT_EQ(answers[i + 1], "OK") << name << " at " << i / 4;
      EXPECT_EQ(to_string(answers[i + 2]), digests[name]) << name << " at " << i / 4;
    }
  }
}

// --- That what is wrong is found ---

// All numbers that a byte can be, in each place, until something is found: what, or nothing.
std::string found_with(const std::string& fault) {
  server s{with_module(CARELESS_MODULE, {fault})};
  s.call("careless.fill", "key");
  const std::string payload = s.call("DUMP", "key").str();
  s.call("DEL", "key");
  std::vector<std::string> broken = payloads::with_claims(payload);
  for (std::size_t at = payloads::header_size; at + payloads::footer_size < payload.size(); ++at) {
    for (int other = 1; other < 256; ++other) broken.push_back(payloads::changed_at(payload, at, other));
  }
  checker checked{s, {.peak_command = "careless.peak", .patience = std::chrono::seconds{1}}};
  std::string found;
  leak_watch watch{s, {.patience = std::chrono::milliseconds{500}}};
  try {
    std::vector<attempt> attempts;
    for (const std::string& each : broken) attempts.push_back(restoring::restore(each));
    checked.run(attempts);
    found = watch.grown();
  } catch (const finding& what) {
    found = what.what();
  }
  s.stop();
  s.take_reports();
  return found;
}

class faults_that_are_planted : public testing::Test {
 protected:
  server s{};
};

TEST_F(faults_that_are_planted, are_not_found_where_there_are_none) {
  SKIP_ON_REDIS_6();
  EXPECT_EQ(found_with("none"), "");
}

TEST_F(faults_that_are_planted, are_found_where_a_count_is_believed) {
  SKIP_ON_REDIS_6();
  EXPECT_NE(found_with("reserves").find("the module allocated"), std::string::npos);
}

TEST_F(faults_that_are_planted, are_found_where_the_server_ends) {
  SKIP_ON_REDIS_6();
  const std::string found = found_with("crashes");
  EXPECT_NE(found.find("the server is gone"), std::string::npos) << found;
  EXPECT_NE(found.find("hex:"), std::string::npos) << found;
}

TEST_F(faults_that_are_planted, are_found_where_memory_is_lost) {
  SKIP_ON_REDIS_6();
  const std::string found = found_with("leaks");
  EXPECT_NE(found.find("used_memory"), std::string::npos) << found;
}

TEST_F(faults_that_are_planted, are_found_where_a_value_comes_back_as_another) {
  SKIP_ON_REDIS_6();
  EXPECT_NE(found_with("loses").find("another value"), std::string::npos);
}

TEST_F(faults_that_are_planted, are_found_where_the_server_hangs) {
  SKIP_ON_REDIS_6();
  EXPECT_NE(found_with("hangs").find("the server hangs"), std::string::npos);
}

TEST_F(faults_that_are_planted, are_found_by_sanitizers_where_memory_is_read_that_is_not_the_values) {
#ifdef __SANITIZE_ADDRESS__
  const std::string found = found_with("overreads");
  EXPECT_NE(found.find("the server is gone"), std::string::npos) << found;
#else
  GTEST_SKIP() << "needs a build with AddressSanitizer";
#endif
}

}  // namespace
