// Each function of the module API that some server lacks, on a server that lacks it: its wrapper refuses in words that
// name the function and the releases that have it, or does what it does everywhere without it. tools/reach sees to it
// that no such function is missing here.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "redismodule/abi/types.h"
#include "redismodule/testing/faults.h"
#include "redismodule/testing/server.h"

namespace {

namespace rt = redismodule::testing;
namespace abi = redismodule::abi;
using texts = std::vector<std::string>;

enum class without : std::uint8_t {
  refuses,  // an error names the function
  option,   // an error names the option of a call that cannot be without it
  same,     // what is answered is what is answered everywhere
};

struct row {
  const char* function;
  without what;
  // Refusals: the function that the error names, where one stands for its kin. The same: the answer, in RESP2.
  const char* expected = "";
};

constexpr row rows[] = {
    {"CachedMicroseconds", without::refuses},
    {"Microseconds", without::refuses},
    {"MonotonicMicroseconds", without::refuses},
    {"GetClientNameById", without::refuses},
    {"SetClientNameById", without::refuses},
    {"GetClientUserNameById", without::refuses},
    {"GetCurrentUserName", without::refuses},
    {"GetCurrentCommandName", without::refuses},
    {"MustObeyClient", without::refuses},
    {"RedactClientCommandArgument", without::refuses},
    {"PublishMessageShard", without::refuses},
    {"GetCommandKeysWithFlags", without::same, "(integer) 1"},

    {"CreateStringFromStreamID", without::refuses},
    {"StringToStreamID", without::refuses},
    {"CreateStringFromULongLong", without::same, "\"18446744073709551615\""},
    {"StringToULongLong", without::same, "\"18446744073709551615\""},
    {"MallocSizeString", without::refuses},
    {"TrimStringAllocation", without::same, "\"text\""},

    {"GetAbsExpire", without::same, "(integer) 1"},
    {"SetAbsExpire", without::same, "(integer) 1"},
    {"GetDbIdFromModuleKey", without::same, "(integer) 0"},
    {"GetOpenKeyModesAll", without::same, "(integer) 1"},
    {"KeyExists", without::same, "(integer) 1"},
    {"ListGet", without::refuses},
    {"ListSet", without::refuses},
    {"ListInsert", without::refuses},
    {"ListDelete", without::refuses},
    {"HashFieldMinExpire", without::refuses},
    {"HashSetStringRef", without::refuses},
    {"HashHasStringRef", without::refuses},

    {"StreamAdd", without::refuses},
    {"StreamDelete", without::refuses, "StreamAdd"},
    {"StreamTrimByID", without::refuses, "StreamAdd"},
    {"StreamTrimByLength", without::refuses, "StreamAdd"},
    {"StreamIteratorStart", without::refuses},
    {"StreamIteratorNextID", without::refuses, "StreamIteratorStart"},
    {"StreamIteratorNextField", without::refuses, "StreamIteratorStart"},
    {"StreamIteratorStop", without::refuses, "StreamIteratorStart"},
    {"StreamIteratorDelete", without::refuses, "StreamIteratorStart"},

    {"CallReplyAttribute", without::same, "(integer) 0"},
    {"CallReplyAttributeElement", without::same, "(integer) 0"},
    {"CallReplyBigNumber", without::same, "\"12\""},
    {"CallReplyBool", without::same, "(integer) 1"},
    {"CallReplyDouble", without::same, "\"2.5\""},
    {"CallReplyMapElement", without::same, "\"w\""},
    {"CallReplySetElement", without::same, "[\"m\"]"},
    {"CallReplyVerbatim", without::same, "\"\""},
    {"SetContextUser", without::option, "as_caller"},
    {"GetModuleUserFromUserName", without::refuses},
    {"SetModuleUserACLString", without::same, "\"OK\""},

    {"ReplyWithMap", without::same, "[\"a\", (integer) 1]"},
    {"ReplySetMapLength", without::same, "[\"a\", (integer) 1]"},
    {"ReplyWithSet", without::same, "[(integer) 1, (integer) 2]"},
    {"ReplySetSetLength", without::same, "[(integer) 1]"},
    {"ReplyWithBool", without::same, "(integer) 1"},
    {"ReplyWithBigNumber", without::same, "\"12345678901234567890\""},
    {"ReplyWithVerbatimStringType", without::same, "\"text\""},
    {"ReplyWithAttribute", without::same, "(integer) 1"},
    {"ReplySetAttributeLength", without::same, "(integer) 1"},
    {"ReplyWithCustomErrorFormat", without::same, "(error) \"OWN no news\""},

    {"AddACLCategory", without::same, "\"k\""},
    {"SetCommandACLCategories", without::same, "\"k\""},
    {"SetCommandInfo", without::same, "\"k\""},
    {"GetCommand", without::same, "\"k\""},
    {"KeyAtPosWithFlags", without::same, "\"k\""},
    {"ChannelAtPosWithFlags", without::same, "\"k\""},
    {"IsChannelsPositionRequest", without::same, "\"k\""},
    {"CreateSubcommand", without::same, "\"k\""},

    {"GetTypeMethodVersion", without::same, "(integer) 1"},
    {"GetKeyNameFromOptCtx", without::refuses},
    {"GetToKeyNameFromOptCtx", without::refuses},
    {"GetDbIdFromOptCtx", without::refuses},
    {"GetToDbIdFromOptCtx", without::refuses},
    {"GetKeyNameFromDigest", without::refuses},
    {"GetDbIdFromDigest", without::refuses},
    {"GetDbIdFromIO", without::refuses},
    {"LoadDataTypeFromStringEncver", without::same, "(integer) 7"},
    {"RdbSave", without::refuses},
    {"RdbLoad", without::refuses},
    {"RdbStreamCreateFromFile", without::refuses, "RdbSave"},
    {"RdbStreamFree", without::refuses, "RdbSave"},
    {"GetKeyspaceNotificationFlagsAll", without::same, "(integer) 8"},

    {"DefragAlloc", without::same, "(integer) 1"},
    {"DefragRedisModuleString", without::same, "\"text\""},
    {"DefragValkeyModuleString", without::same, "\"text\""},
    {"DefragShouldStop", without::same, "(integer) 0"},
    {"DefragCursorGet", without::same, "(integer) 0"},
    {"DefragCursorSet", without::same, "(integer) 0"},
    {"GetDbIdFromDefragCtx", without::same, "(integer) 0"},
    {"GetKeyNameFromDefragCtx", without::same, "(integer) 0"},
    {"RegisterDefragFunc", without::refuses},
    {"RegisterDefragFunc2", without::same, "(integer) 1"},
    {"RegisterDefragCallbacks", without::refuses},

    {"TryAlloc", without::same, "(integer) 1000"},
    {"MallocUsableSize", without::same, "(integer) 10"},
    {"TryCalloc", without::same, "(integer) 1"},
    {"TryRealloc", without::same, "(integer) 1"},
};

std::string text_of(abi::release first) {
  const int digits = static_cast<int>(first);
  return std::to_string(digits / 10'000) + "." + std::to_string(digits / 100 % 100) + "." +
         std::to_string(digits % 100);
}

// "ERR ListGet needs Redis 7.0.0 or Valkey 7.2.5; this is Redis 6.0.16", from the one list of functions.
std::string refusal(const rt::server& s, std::string_view function) {
  std::string releases;
  const auto add = [&](const char* family, abi::release first) {
    if (first != abi::never) releases += (releases.empty() ? " " : " or ") + std::string{family} + " " + text_of(first);
  };
  using abi::from, abi::never, abi::unstable;
#define REDISMODULE_ROW(name, result, parameters, redis, valkey) \
  if (function == #name) add("Redis", redis), add("Valkey", valkey);
#include "redismodule/abi/functions.inc"
  const rt::version_number& v = s.version().number;
  return "ERR " + std::string{function} + " needs" + releases + "; this is " +
         (s.version().is_valkey() ? "Valkey " : "Redis ") + std::to_string(v.major) + "." + std::to_string(v.minor) +
         "." + std::to_string(v.patch);
}

struct older : testing::Test {
  older() { seed(); }
  void seed() {
    s.call("SET", "older:string", "x", "EX", 1'000);
    s.call("RPUSH", "older:list", "a");
    s.call("HSET", "older:hash", "f", "v", "g", "w");
    s.call("SADD", "older:set", "m");
    s.call("XADD", "older:stream", "1-1", "f", "v");
  }
  rt::reply ask(const std::string& function) {
    const std::string command = "older." + function;
    static const std::set<std::string> with_a_name = {
        "AddACLCategory",    "SetCommandACLCategories", "SetCommandInfo",           "GetCommand",
        "KeyAtPosWithFlags", "ChannelAtPosWithFlags",   "IsChannelsPositionRequest"};
    if (function == "CreateSubcommand") return s.call(command, "echo", "k");
    return with_a_name.contains(function) ? s.call(command, "k") : s.call(command);
  }

  rt::server s{OLDER_MODULE};
};

TEST_F(older, servers_are_asked_for_nothing_that_they_lack) {
  int lacking = 0;
  for (const row& each : rows) {
    const rt::reply answer = ask(each.function);
    ASSERT_TRUE(s.alive()) << each.function;
    // The table has what one family calls DefragRedisModuleString and the other DefragValkeyModuleString under both.
    const bool is_there = s.lacks(each.function).empty() ||
                          (std::string_view{each.function}.ends_with("ModuleString") && s.lacks("DefragAlloc").empty());
    EXPECT_EQ(s.call("older.has", each.function), is_there ? 1 : 0) << each.function;
    if (each.what == without::same) {
      EXPECT_EQ(to_string(answer), each.expected) << each.function;
    }
    if (s.lacks(each.function).empty()) {
      EXPECT_FALSE(answer.is_error() && answer.error().find(" needs ") != std::string::npos) << answer;
      continue;
    }
    ++lacking;
    if (each.what == without::refuses) {
      ASSERT_TRUE(answer.is_error()) << each.function << ": " << answer;
      EXPECT_EQ(answer.error(), refusal(s, *each.expected != '\0' ? each.expected : each.function));
    }
    if (each.what == without::option) {
      EXPECT_TRUE(answer.error().starts_with("ERR the call option " + std::string{each.expected} + " needs "))
          << answer;
    }
  }
  RecordProperty("lacking", lacking);
  if (s.version().is_redis() && s.version().number < rt::version_number{6, 2, 0}) {
    EXPECT_GT(lacking, 60);
  } else {
    EXPECT_GT(lacking, 0);
  }
}

TEST_F(older, kinds_of_resp3_are_refused_with_their_protocol) {
  const rt::reply answer = s.call("older.resp3");
  if (s.lacks("CallReplyMapElement").empty()) {
    EXPECT_EQ(answer, "x");
  } else {
    EXPECT_TRUE(answer.error().starts_with("ERR the call option resp3 needs Redis 7.0.0; this is ")) << answer;
  }
}

TEST_F(older, commands_are_known_as_far_as_the_server_can) {
  if (s.lacks("AddACLCategory").empty()) {
    EXPECT_FALSE(s.call("ACL", "CAT", "olders").is_error());
  } else {
    EXPECT_TRUE(s.call("ACL", "CAT", "olders").is_error());
  }
  EXPECT_EQ(s.call("COMMAND", "GETKEYS", "older.KeyAtPosWithFlags", "k"), texts{"k"});
}

// Redis before 6.0.7, which had RetainString alone, and other releases, played by every server.
TEST(older_in_play, strings_are_kept_without_hold_string) {
  rt::server s{{.modules = {{OLDER_WITH_FAULTS_MODULE, {"fault:hide=HoldString"}}}}};
  EXPECT_EQ(s.call("older.hold", "kept"), "kept");
}

TEST(older_in_play, every_server_may_be_an_older_one) {
  for (const char* release : {"6.0.7", "6.2.0", "7.0.0", "7.2.5", "8.0.0"}) {
    rt::server s;
    const std::string own = std::to_string(s.version().number.major) + "." + std::to_string(s.version().number.minor);
    if (own < std::string_view{release} || (s.version().is_valkey() && std::string_view{release} < "7.2.5")) continue;
    s.load(OLDER_WITH_FAULTS_MODULE, "fault:older=" + std::string{release});
    for (const row& each : rows) {
      s.call("older." + std::string{each.function});
      s.call("older." + std::string{each.function}, "k");
      ASSERT_TRUE(s.alive()) << each.function << " " << release;
    }
  }
}

}  // namespace
