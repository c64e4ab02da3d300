#include <gtest/gtest.h>
#include <redismodule/abi/constants.h>
#include <redismodule/translate.h>

#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace rm = redismodule;

namespace {

namespace abi = redismodule::abi;  // not global: <cxxabi.h> has one there

constexpr rm::server_family redis = rm::server_family::redis;
constexpr rm::server_family valkey = rm::server_family::valkey;
constexpr rm::server_family unknown = rm::server_family::unknown;

template <class Value>
std::vector<Value> values_of() {
  std::vector<Value> values;
  for (int i = 0; static_cast<Value>(i) != Value::unknown; ++i) values.push_back(static_cast<Value>(i));
  return values;
}

template <class T>
class one_of_many : public testing::Test {};

using kinds_of_value = testing::Types<rm::server_event, rm::acl_log_reason, rm::key_type, rm::reply_type>;
TYPED_TEST_SUITE(one_of_many, kinds_of_value);

TYPED_TEST(one_of_many, comes_back_as_it_went) {
  for (const rm::server_family family : {redis, valkey}) {
    std::set<int> numbers;
    for (const TypeParam value : values_of<TypeParam>()) {
      const int number = rm::to_server(family, value);
      if (number == rm::untranslatable) continue;
      EXPECT_TRUE(numbers.insert(number).second) << "two values, one number: " << number;
      EXPECT_EQ(rm::from_server<TypeParam>(family, number), value);
    }
  }
}

TYPED_TEST(one_of_many, is_had_by_one_family_at_least) {
  for (const TypeParam value : values_of<TypeParam>()) {
    EXPECT_TRUE(rm::to_server(redis, value) != rm::untranslatable || rm::to_server(valkey, value) != rm::untranslatable)
        << static_cast<int>(value);
  }
}

TYPED_TEST(one_of_many, is_unknown_beyond_what_the_family_has) {
  for (const rm::server_family family : {redis, valkey, unknown}) {
    EXPECT_EQ(rm::from_server<TypeParam>(family, -1), TypeParam::unknown);
    EXPECT_EQ(rm::from_server<TypeParam>(family, 1000), TypeParam::unknown);
    EXPECT_EQ(rm::from_server<TypeParam>(family, (1LL << 32)), TypeParam::unknown);
    EXPECT_EQ(rm::to_server(family, TypeParam::unknown), rm::untranslatable);
  }
}

template <class T>
class many_of_many : public testing::Test {};

using kinds_of_flag = testing::Types<rm::context_flag, rm::config_flag, rm::key_event, rm::module_option, rm::open_mode,
                                     rm::hash_flag, rm::client_flag>;
TYPED_TEST_SUITE(many_of_many, kinds_of_flag);

TYPED_TEST(many_of_many, comes_back_as_it_went) {
  for (const rm::server_family family : {redis, valkey}) {
    for (int bit = 0; bit < 32; ++bit) {
      const auto flags = rm::flags_from_server<TypeParam>(family, 1ULL << bit);
      if (flags.bits == 0) continue;
      const rm::server_flags back = rm::to_server(family, flags);
      EXPECT_EQ(back.bits, 1U << bit);
      EXPECT_TRUE(back.complete);
    }
  }
}

TYPED_TEST(many_of_many, says_what_the_family_does_not_have) {
  for (const auto& row : rm::detail::divergences_of<TypeParam>::rows) {
    const rm::flag_set<TypeParam> flag = row.name;
    EXPECT_EQ(rm::to_server(redis, flag).complete, row.redis >= 0);
    EXPECT_EQ(rm::to_server(valkey, flag).complete, row.valkey >= 0);
    EXPECT_FALSE(rm::to_server(unknown, flag).complete);
    EXPECT_EQ(rm::to_server(unknown, flag).bits, 0U);
  }
}

TYPED_TEST(many_of_many, no_flag_of_one_family_is_a_bit_that_both_have) {
  for (const auto& row : rm::detail::divergences_of<TypeParam>::rows) {
    EXPECT_EQ(static_cast<std::uint64_t>(row.name) & rm::detail::divergences_of<TypeParam>::common, 0U);
    for (const int number : {row.redis, row.valkey}) {
      if (number < 0) continue;
      EXPECT_EQ(1ULL << number & rm::detail::divergences_of<TypeParam>::common, 0U);
    }
  }
}

TYPED_TEST(many_of_many, bits_that_nobody_has_are_left_out) {
  EXPECT_EQ(rm::flags_from_server<TypeParam>(unknown, ~0ULL).bits, rm::detail::divergences_of<TypeParam>::common);
}

// What follows holds the translation against the constants of the headers: each family's own number for a thing.

TEST(translation, of_server_events) {
  using event = rm::server_event;
  EXPECT_EQ(rm::to_server(redis, event::persistence), abi::MODULE_EVENT_PERSISTENCE);
  EXPECT_EQ(rm::to_server(redis, event::primary_link_change), abi::MODULE_EVENT_MASTER_LINK_CHANGE);
  EXPECT_EQ(rm::to_server(valkey, event::primary_link_change), abi::MODULE_EVENT_PRIMARY_LINK_CHANGE);
  EXPECT_EQ(rm::to_server(valkey, event::key), abi::MODULE_EVENT_KEY);
  EXPECT_EQ(rm::to_server(redis, event::cluster_slot_migration), abi::MODULE_EVENT_CLUSTER_SLOT_MIGRATION);
  EXPECT_EQ(rm::to_server(redis, event::cluster_slot_migration_trim), abi::MODULE_EVENT_CLUSTER_SLOT_MIGRATION_TRIM);
  EXPECT_EQ(rm::to_server(valkey, event::authentication_attempt), abi::MODULE_EVENT_AUTHENTICATION_ATTEMPT);
  EXPECT_EQ(rm::to_server(valkey, event::atomic_slot_migration), abi::MODULE_EVENT_ATOMIC_SLOT_MIGRATION);
  EXPECT_EQ(rm::to_server(valkey, event::command_result_success), abi::MODULE_EVENT_COMMAND_RESULT_SUCCESS);
  EXPECT_EQ(rm::to_server(valkey, event::command_result_failure), abi::MODULE_EVENT_COMMAND_RESULT_FAILURE);
  EXPECT_EQ(rm::to_server(valkey, event::command_result_rejected), abi::MODULE_EVENT_COMMAND_RESULT_REJECTED);
  EXPECT_EQ(rm::to_server(valkey, event::command_result_acl_rejected), abi::MODULE_EVENT_COMMAND_RESULT_ACL_REJECTED);
  EXPECT_EQ(rm::from_server<event>(redis, 18), event::cluster_slot_migration);
  EXPECT_EQ(rm::from_server<event>(valkey, 18), event::authentication_attempt);
  EXPECT_EQ(rm::to_server(redis, event::authentication_attempt), rm::untranslatable);
  EXPECT_EQ(rm::to_server(valkey, event::cluster_slot_migration), rm::untranslatable);
  EXPECT_EQ(rm::from_server<event>(redis, 20), event::unknown);
}

TEST(translation, of_context_flags) {
  using flag = rm::context_flag;
  EXPECT_EQ(rm::to_server(redis, rm::flag_set(flag::primary)).bits, unsigned{abi::MODULE_CTX_FLAGS_MASTER});
  EXPECT_EQ(rm::to_server(valkey, rm::flag_set(flag::primary)).bits, unsigned{abi::MODULE_CTX_FLAGS_PRIMARY});
  EXPECT_EQ(rm::to_server(redis, rm::flag_set(flag::replica)).bits, unsigned{abi::MODULE_CTX_FLAGS_SLAVE});
  EXPECT_EQ(rm::to_server(redis, rm::flag_set(flag::server_startup)).bits,
            unsigned{abi::MODULE_CTX_FLAGS_SERVER_STARTUP});
  const auto on_redis = rm::flags_from_server<flag>(redis, abi::MODULE_CTX_FLAGS_DEBUG_ENABLED);
  EXPECT_TRUE(on_redis.has(flag::debug_enabled));
  EXPECT_FALSE(on_redis.has(flag::slot_import_client));
  const auto on_valkey = rm::flags_from_server<flag>(valkey, abi::MODULE_CTX_FLAGS_SLOT_IMPORT_CLIENT);
  EXPECT_TRUE(on_valkey.has(flag::slot_import_client));
  EXPECT_FALSE(on_valkey.has(flag::debug_enabled));
  EXPECT_TRUE(rm::flags_from_server<flag>(redis, abi::MODULE_CTX_FLAGS_TRIM_IN_PROGRESS).has(flag::trim_in_progress));
  EXPECT_TRUE(
      rm::flags_from_server<flag>(valkey, abi::MODULE_CTX_FLAGS_SLOT_EXPORT_CLIENT).has(flag::slot_export_client));
  EXPECT_EQ(rm::flags_from_server<flag>(valkey, 1 << 27).bits, 0U);
}

TEST(translation, of_config_flags) {
  using flag = rm::config_flag;
  EXPECT_EQ(rm::to_server(redis, rm::flag_set(flag::unprefixed)).bits, abi::MODULE_CONFIG_UNPREFIXED);
  EXPECT_EQ(rm::to_server(valkey, rm::flag_set(flag::unsigned_number)).bits, abi::MODULE_CONFIG_UNSIGNED);
  EXPECT_FALSE(rm::to_server(valkey, rm::flag_set(flag::unprefixed)).complete);
  EXPECT_EQ(rm::to_server(valkey, rm::flag_set(flag::unprefixed)).bits, 0U);
  const auto both = rm::flag_set(flag::memory) | flag::immutable;
  EXPECT_EQ(rm::to_server(redis, both).bits, abi::MODULE_CONFIG_MEMORY | abi::MODULE_CONFIG_IMMUTABLE);
}

TEST(translation, of_acl_log_reasons) {
  using reason = rm::acl_log_reason;
  EXPECT_EQ(rm::to_server(redis, reason::channel), static_cast<int>(abi::MODULE_ACL_LOG_CHANNEL));
  EXPECT_EQ(rm::to_server(valkey, reason::database), static_cast<int>(abi::MODULE_ACL_LOG_DB));
  EXPECT_EQ(rm::to_server(redis, reason::database), rm::untranslatable);
}

TEST(translation, of_key_types) {
  EXPECT_EQ(rm::from_server<rm::key_type>(redis, abi::MODULE_KEYTYPE_STREAM), rm::key_type::stream);
  EXPECT_EQ(rm::from_server<rm::key_type>(redis, abi::MODULE_KEYTYPE_GCRA), rm::key_type::gcra);
  EXPECT_EQ(rm::from_server<rm::key_type>(valkey, abi::MODULE_KEYTYPE_GCRA), rm::key_type::unknown);
}

TEST(translation, of_key_events) {
  using event = rm::key_event;
  EXPECT_EQ(rm::to_server(valkey, rm::flag_set(event::created)).bits, unsigned{abi::MODULE_NOTIFY_NEW});
  EXPECT_EQ(rm::to_server(redis, rm::flag_set(event::overwritten)).bits, unsigned{abi::MODULE_NOTIFY_OVERWRITTEN});
  EXPECT_EQ(rm::to_server(redis, rm::flag_set(event::type_changed)).bits, unsigned{abi::MODULE_NOTIFY_TYPE_CHANGED});
  EXPECT_EQ(rm::to_server(redis, rm::flag_set(event::key_trimmed)).bits, unsigned{abi::MODULE_NOTIFY_KEY_TRIMMED});
  EXPECT_EQ(rm::to_server(redis, rm::flag_set(event::rate_limit)).bits, unsigned{abi::MODULE_NOTIFY_RATE_LIMIT});
  EXPECT_EQ(rm::to_server(redis, rm::flag_set(event::trimmed)).bits, unsigned{abi::MODULE_NOTIFY_TRIMMED});
  const auto wanted = rm::flag_set(event::string) | event::trimmed;
  EXPECT_EQ(rm::to_server(valkey, wanted).bits, unsigned{abi::MODULE_NOTIFY_STRING});
  EXPECT_FALSE(rm::to_server(valkey, wanted).complete);
}

TEST(translation, of_open_modes) {
  using mode = rm::open_mode;
  const auto wanted = rm::flag_set(mode::read) | mode::access_expired;
  EXPECT_EQ(rm::to_server(redis, wanted).bits, unsigned{abi::MODULE_READ | abi::MODULE_OPEN_KEY_ACCESS_EXPIRED});
  EXPECT_EQ(rm::to_server(valkey, wanted).bits, unsigned{abi::MODULE_READ});
  EXPECT_FALSE(rm::to_server(valkey, wanted).complete);
  EXPECT_EQ(rm::to_server(redis, rm::flag_set(mode::access_trimmed)).bits,
            unsigned{abi::MODULE_OPEN_KEY_ACCESS_TRIMMED});
}

TEST(translation, of_reply_types) {
  using type = rm::reply_type;
  EXPECT_EQ(rm::from_server<type>(valkey, abi::MODULE_REPLY_SIMPLE_STRING), type::simple_string);
  EXPECT_EQ(rm::from_server<type>(valkey, abi::MODULE_REPLY_ARRAY_NULL), type::null_array);
  EXPECT_EQ(rm::from_server<type>(redis, abi::MODULE_REPLY_SIMPLE_STRING), type::unknown);
  EXPECT_EQ(rm::from_server<type>(redis, abi::MODULE_REPLY_PROMISE), type::promise);
  EXPECT_EQ(rm::from_server<type>(redis, abi::MODULE_REPLY_UNKNOWN), type::unknown);
}

TEST(translation, of_module_options) {
  using option = rm::module_option;
  EXPECT_EQ(rm::to_server(valkey, rm::flag_set(option::skip_command_validation)).bits,
            unsigned{abi::MODULE_OPTIONS_SKIP_COMMAND_VALIDATION});
  EXPECT_EQ(rm::to_server(valkey, rm::flag_set(option::handle_atomic_slot_migration)).bits,
            unsigned{abi::MODULE_OPTIONS_HANDLE_ATOMIC_SLOT_MIGRATION});
  EXPECT_EQ(rm::to_server(redis, rm::flag_set(option::handle_io_errors) | option::skip_command_validation).bits,
            unsigned{abi::MODULE_OPTIONS_HANDLE_IO_ERRORS});
}

TEST(translation, of_client_flags) {
  using flag = rm::client_flag;
  EXPECT_TRUE(rm::flags_from_server<flag>(valkey, abi::MODULE_CLIENTINFO_FLAG_PRIMARY).has(flag::primary));
  EXPECT_TRUE(rm::flags_from_server<flag>(valkey, abi::MODULE_CLIENTINFO_FLAG_FAKE).has(flag::fake));
  EXPECT_EQ(rm::flags_from_server<flag>(redis, abi::MODULE_CLIENTINFO_FLAG_FAKE).bits, 0U);
  EXPECT_TRUE(rm::flags_from_server<flag>(redis, abi::MODULE_CLIENTINFO_FLAG_MULTI).has(flag::multi));
}

TEST(translation, of_hash_flags) {
  using flag = rm::hash_flag;
  EXPECT_EQ(rm::to_server(redis, rm::flag_set(flag::expire_time)).bits, unsigned{abi::MODULE_HASH_EXPIRE_TIME});
  EXPECT_FALSE(rm::to_server(valkey, rm::flag_set(flag::expire_time)).complete);
  EXPECT_EQ(rm::to_server(valkey, rm::flag_set(flag::count_all)).bits, unsigned{abi::MODULE_HASH_COUNT_ALL});
}

TEST(translation, of_slot_ranges) {
  const abi::ModuleSlotRangeRedis on_redis[] = {{0, 5}, {7, 16383}};
  const abi::ModuleSlotRangeValkey on_valkey[] = {{0, 5}, {7, 16383}};
  EXPECT_EQ(rm::slot_range_at(redis, on_redis, 1), (rm::slot_range{7, 16383}));
  EXPECT_EQ(rm::slot_range_at(valkey, on_valkey, 1), (rm::slot_range{7, 16383}));
}

// --- All constants that the headers have ---

struct constant {
  std::string_view name;
  long long number;
  abi::release first_redis;
  abi::release first_valkey;

  bool is_in(rm::server_family family) const { return (family == redis ? first_redis : first_valkey) != abi::never; }
  bool is_in_both() const { return is_in(redis) && is_in(valkey); }
};

// Texts and infinities have no number that could be taken for another.
template <class T>
constexpr long long number_of(T value) {
  if constexpr (std::is_pointer_v<T> || std::is_floating_point_v<T>) {
    return 0;
  } else {
    return static_cast<long long>(value);
  }
}

std::vector<constant> all_constants() {
  using abi::from;
  using abi::never;
  using abi::unstable;
  return {
#define REDISMODULE_ROW(name, type, value, redis, valkey) {#name, number_of(abi::name), redis, valkey},
#include <redismodule/abi/constants.inc>
  };
}

// What a number means to a server of the family, in our words: any text that differs where the meaning does.
template <class Value>
std::string value_meaning(rm::server_family family, long long number) {
  const auto value = rm::from_server<Value>(family, number);
  return value == Value::unknown ? "" : std::to_string(static_cast<int>(value));
}

template <class Flag>
std::string flag_meaning(rm::server_family family, long long bits) {
  const auto flags = rm::flags_from_server<Flag>(family, static_cast<std::uint64_t>(bits));
  // A name may stand for no flag at all, as in MODULE_CONFIG_DEFAULT.
  return flags.bits == 0 && bits != 0 ? "" : std::to_string(flags.bits);
}

struct group {
  std::string_view prefix;
  std::string (*meaning)(rm::server_family, long long);  // null: the names say enough, or one family alone has them
};

// The first prefix that fits counts.
constexpr group groups[] = {
    {"MODULE_CTX_FLAGS_", flag_meaning<rm::context_flag>},
    {"MODULE_CONFIG_", flag_meaning<rm::config_flag>},
    {"MODULE_NOTIFY_", flag_meaning<rm::key_event>},
    {"MODULE_OPTION", flag_meaning<rm::module_option>},
    {"MODULE_OPEN_KEY_", flag_meaning<rm::open_mode>},
    {"MODULE_HASH_", flag_meaning<rm::hash_flag>},
    {"MODULE_CLIENTINFO_FLAG_", flag_meaning<rm::client_flag>},
    {"MODULE_EVENT_REPLROLECHANGED_", nullptr},
    {"MODULE_EVENT_", value_meaning<rm::server_event>},
    {"MODULE_KEYTYPE_", value_meaning<rm::key_type>},
    {"MODULE_REPLY_HANDLERS_VERSION", nullptr},
    {"MODULE_REPLY_UNKNOWN", nullptr},
    {"MODULE_REPLY_", value_meaning<rm::reply_type>},
    {"MODULE_ACL_LOG_", value_meaning<rm::acl_log_reason>},
    {"MODULE_SUBEVENT_", nullptr},
    {"MODULE_NODE_", nullptr},
    {"MODULE_CALL_ARGV_", nullptr},
    {"MODULE_VMSE_", nullptr},
    {"MODULE_SCRIPTING_ENGINE_", nullptr},
    {"MODULE_AUTH", nullptr},
    {"MODULE_ATOMICSLOTMIGRATION_", nullptr},
    {"MODULE_COMMANDRESULTINFO_", nullptr},
};

const group* group_of(std::string_view name) {
  for (const group& each : groups) {
    if (name.substr(0, each.prefix.size()) == each.prefix) return &each;
  }
  return nullptr;
}

TEST(translation, knows_every_constant_that_needs_it) {
  int translated = 0;
  for (const constant& each : all_constants()) {
    const group* found = group_of(each.name);
    if (!found) {
      EXPECT_TRUE(each.is_in_both()) << each.name << " is in one family alone: does it need translation?";
      continue;
    }
    if (!found->meaning) continue;
    const std::string on_redis = found->meaning(redis, each.number);
    const std::string on_valkey = found->meaning(valkey, each.number);
    EXPECT_TRUE(on_redis != "" || !each.is_in(redis)) << each.name;
    EXPECT_TRUE(on_valkey != "" || !each.is_in(valkey)) << each.name;
    EXPECT_TRUE(on_redis == on_valkey || !each.is_in_both()) << each.name;
    ++translated;
  }
  EXPECT_GT(translated, 120);
}

// One number under two names in one group: only where both names are the same thing in other words.
TEST(translation, tells_numbers_apart_that_mean_two_things) {
  const std::set<std::string_view> synonyms = {"MODULE_CTX_FLAGS_MASTER", "MODULE_CTX_FLAGS_SLAVE",
                                               "MODULE_EVENT_MASTER_LINK_CHANGE"};
  const auto constants = all_constants();
  int collisions = 0;
  for (const constant& a : constants) {
    for (const constant& b : constants) {
      const group* found = group_of(a.name);
      if (!found || !found->meaning || found != group_of(b.name) || a.number != b.number) continue;
      if (a.is_in(valkey) || b.is_in(redis)) continue;
      const bool same = found->meaning(redis, a.number) == found->meaning(valkey, b.number);
      EXPECT_EQ(same, synonyms.count(a.name) != 0) << a.name << ", " << b.name;
      ++collisions;
    }
  }
  EXPECT_EQ(collisions, 8);
}

}  // namespace
