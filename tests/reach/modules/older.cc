// A command for each function of the module API that some server lacks: it calls the wrapper that ends in it.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

using texts = std::vector<std::string>;

namespace {

constexpr std::string_view list_name = "older:list";
constexpr std::string_view hash_name = "older:hash";
constexpr std::string_view stream_name = "older:stream";
constexpr std::string_view string_name = "older:string";

template <class K>
rm::opened<rm::write<K>> open(rm::context& ctx, std::string_view name) {
  return std::move(ctx.open<rm::write<K>>(name).value());
}

void add_context(rm::module_builder& m) {
  m.command("older.CachedMicroseconds", [] { return rm::cached_unix_time().count() > 0; });
  m.command("older.Microseconds", [] { return rm::unix_time_us().count() > 0; });
  m.command("older.MonotonicMicroseconds", [] { return rm::monotonic_time().count() > 0; });
  m.command("older.GetClientNameById", [](rm::context& ctx) { return ctx.client_name(ctx.client()).has_value(); });
  m.command("older.SetClientNameById", [](rm::context& ctx) { return ctx.set_client_name(ctx.client(), "x"); });
  m.command("older.GetClientUserNameById", [](rm::context& ctx) { return ctx.client_user(ctx.client()); });
  m.command("older.GetCurrentUserName", [](rm::context& ctx) { return ctx.current_user(); });
  m.command("older.GetCurrentCommandName", [](rm::context& ctx) { return std::string{*ctx.current_command()}; });
  m.command("older.MustObeyClient", [](rm::context& ctx) { return ctx.must_obey(); });
  m.command("older.RedactClientCommandArgument", [](rm::context& ctx) { return ctx.redact(1); });
  m.command("older.PublishMessageShard", [](rm::context& ctx) { return ctx.publish_shard("channel", "text"); });
  m.command("older.GetCommandKeysWithFlags", [](rm::context& ctx) {
    const rm::string set{"SET"}, key{"k"}, value{"v"};
    const rm::string_ref words[] = {set, key, value};
    return ctx.keys_of(words).transform([](const auto& keys) { return keys.size(); });
  });
}

std::string hold(rm::string_ref text) {
  const rm::string kept = rm::string::retain(text);
  return std::string{kept.view()};
}

void add_strings(rm::module_builder& m) {
  m.command("older.CreateStringFromStreamID", [] { return rm::string::of(rm::stream_id{5, 7}); });
  m.command("older.StringToStreamID", [] { return rm::string{"5-7"}.borrow().stream_id(); });
  m.command("older.CreateStringFromULongLong", [] { return rm::string::of(~0ULL); });
  m.command("older.StringToULongLong", [] { return rm::string{"18446744073709551615"}.borrow().unsigned_integer(); });
  m.command("older.MallocSizeString", [] { return rm::string{"text"}.borrow().allocated() >= 4; });
  m.command<hold>("older.hold text");
  m.command("older.TrimStringAllocation", [] {
    rm::string text{"text"};
    text.trim();
    return text;
  });
}

void add_keys(rm::module_builder& m) {
  m.command("older.GetAbsExpire", [](rm::context& ctx) {
    const auto left = *open<rm::string_key>(ctx, string_name)->expires_at() - std::chrono::system_clock::now();
    return left > std::chrono::seconds{900} && left < std::chrono::seconds{1'100};
  });
  m.command("older.SetAbsExpire", [](rm::context& ctx) {
    const auto end = std::chrono::time_point_cast<rm::milliseconds>(std::chrono::system_clock::now());
    return open<rm::string_key>(ctx, string_name)->expire_at(end + std::chrono::seconds{1'000});
  });
  m.command("older.GetDbIdFromModuleKey",
            [](rm::context& ctx) { return open<rm::string_key>(ctx, string_name)->database(); });
  m.command("older.GetOpenKeyModesAll", [] { return rm::known_open_modes().has(rm::open_mode::notouch); });
  m.command("older.KeyExists", [](rm::context& ctx) { return ctx.has_key(string_name); });
  m.command("older.ListGet", [](rm::context& ctx) { return open<rm::list>(ctx, list_name)->get(0); });
  m.command("older.ListSet", [](rm::context& ctx) { return open<rm::list>(ctx, list_name)->set(0, "a"); });
  m.command("older.ListInsert", [](rm::context& ctx) { return open<rm::list>(ctx, list_name)->insert(0, "b"); });
  m.command("older.ListDelete", [](rm::context& ctx) { return open<rm::list>(ctx, list_name)->erase(0); });
  m.command("older.HashFieldMinExpire",
            [](rm::context& ctx) { return open<rm::hash>(ctx, hash_name)->first_field_expires_at().has_value(); });
  m.command("older.HashSetStringRef",
            [](rm::context& ctx) { return open<rm::hash>(ctx, hash_name)->set_reference("f", "bytes"); });
  m.command("older.HashHasStringRef",
            [](rm::context& ctx) { return open<rm::hash>(ctx, hash_name)->has_reference("f"); });
}

void add_streams(rm::module_builder& m) {
  m.command("older.StreamAdd", [](rm::context& ctx) {
    const rm::string word{"f"};
    return open<rm::stream>(ctx, stream_name)->add({word, word}).transform([](const rm::stream_id&) {});
  });
  m.command("older.StreamDelete", [](rm::context& ctx) {
    return open<rm::stream>(ctx, stream_name)->erase(rm::stream_id{9, 9});
  });
  m.command("older.StreamTrimByID", [](rm::context& ctx) {
    return open<rm::stream>(ctx, stream_name)->trim_before(rm::stream_id{1, 0});
  });
  m.command("older.StreamTrimByLength",
            [](rm::context& ctx) { return open<rm::stream>(ctx, stream_name)->trim_to_size(1'000); });
  m.command("older.StreamIteratorStart", [](rm::context& ctx) {
    auto key = open<rm::stream>(ctx, stream_name);
    return key->begin() != key->end();
  });
  m.command("older.StreamIteratorNextID", [](rm::context& ctx) {
    std::size_t count = 0;
    open<rm::stream>(ctx, stream_name)->for_each([&](const auto&) { ++count; });
    return count > 0;
  });
  m.command("older.StreamIteratorNextField", [](rm::context& ctx) {
    auto key = open<rm::stream>(ctx, stream_name);
    texts all;
    for (const auto& each : *key) {
      for (const auto [field, value] : each.fields()) all.emplace_back(field.view());
    }
    return !all.empty();
  });
  m.command("older.StreamIteratorStop", [](rm::context& ctx) {
    auto key = open<rm::stream>(ctx, stream_name);
    for (const auto& each : *key) {
      static_cast<void>(each);
      break;
    }
    return true;
  });
  m.command("older.StreamIteratorDelete", [](rm::context& ctx) {
    auto key = open<rm::stream>(ctx, stream_name);
    return key->begin()->erase();
  });
}

// Of replies in RESP2, which every server gives: what a kind of RESP3 alone would answer is asked for in vain.
void add_calls(rm::module_builder& m) {
  m.command("older.CallReplyAttribute", [](rm::context& ctx) {
    const rm::call_reply reply = ctx.call("ECHO", "x");
    return static_cast<bool>(reply.get().attribute());
  });
  m.command("older.CallReplyAttributeElement", [](rm::context& ctx) {
    const rm::call_reply reply = ctx.call("ECHO", "x");
    return reply.get().attribute().size();
  });
  m.command("older.CallReplyBigNumber", [](rm::context& ctx) { return std::string{ctx.call("ECHO", "12").text()}; });
  m.command("older.CallReplyBool", [](rm::context& ctx) { return ctx.call<bool>("EXISTS", string_name); });
  m.command("older.CallReplyDouble", [](rm::context& ctx) { return ctx.call<double>("ECHO", "2.5"); });
  m.command("older.CallReplyMapElement", [](rm::context& ctx) {
    return ctx.call<std::map<std::string, std::string>>("HGETALL", hash_name).transform([](const auto& all) {
      return all.at("g");
    });
  });
  m.command("older.CallReplySetElement",
            [](rm::context& ctx) { return ctx.call<std::set<std::string>>("SMEMBERS", "older:set"); });
  m.command("older.CallReplyVerbatim",
            [](rm::context& ctx) { return std::string{ctx.call("ECHO", "x").verbatim_format()}; });
  m.command("older.resp3", [](rm::context& ctx) { return ctx.call(rm::resp3, "ECHO", "x"); });
  m.command("older.SetContextUser", [](rm::context& ctx) {
    rm::user user{"module-user"};
    user.allow("on +echo").value();
    return ctx.call<std::string>(rm::as_user(user), "ECHO", "x");
  });
  m.command("older.GetModuleUserFromUserName", [] { return static_cast<bool>(rm::user::named("default")); });
  m.command("older.SetModuleUserACLString", [] { return rm::user{"module-user"}.allow("on +echo +get"); });
}

void add_replies(rm::module_builder& m) {
  m.command("older.ReplyWithMap", [] { return std::map<std::string, int>{{"a", 1}}; });
  m.command("older.ReplySetMapLength", [](rm::reply& out) {
    rm::aggregate map = out.map();
    map.push("a");
    map.push(1);
  });
  m.command("older.ReplyWithSet", [] { return std::set<int>{1, 2}; });
  m.command("older.ReplySetSetLength", [](rm::reply& out) {
    rm::aggregate set = out.set();
    set.push(1);
  });
  m.command("older.ReplyWithBool", [] { return true; });
  m.command("older.ReplyWithBigNumber", [] { return rm::big_number{"12345678901234567890"}; });
  m.command("older.ReplyWithVerbatimStringType", [] { return rm::verbatim{"text", "mkd"}; });
  m.command("older.ReplyWithAttribute", [](rm::reply& out) {
    {
      rm::aggregate about = out.attribute(1);
      about.push("ttl");
      about.push(5);
    }
    out.integer(1);
  });
  m.command("older.ReplySetAttributeLength", [](rm::reply& out) {
    {
      rm::aggregate about = out.attribute();
      about.push("ttl");
      about.push(5);
    }
    out.integer(1);
  });
  m.command("older.ReplyWithCustomErrorFormat",
            [](rm::reply& out) { out.uncounted_error(rm::error_reply{"OWN no news"}); });
}

// --- Data types ---

// Asks its hooks what the server knows of the key, and keeps what they throw.
struct typed {
  static constexpr rm::type_info redis_type{.name = "older-typ"};
  static inline rm::abi::function asked{};
  static inline std::string refusal;
  std::int64_t number = 7;

  template <class F>
  static void ask(rm::abi::function which, F&& f) {
    if (asked != which) return;
    try {
      f();
    } catch (const rm::unsupported& error) {
      refusal = error.what();
    }
  }
  void rdb_save(rm::rdb_writer& to) const {
    ask(rm::abi::function::GetDbIdFromIO, [&] { static_cast<void>(to.database()); });
    to.save_signed(number);
  }
  static rm::result<typed> rdb_load(rm::rdb_reader& from) {
    return from.load_signed().transform([](std::int64_t number) { return typed{number}; });
  }
  void digest(rm::digest& to) const {
    ask(rm::abi::function::GetKeyNameFromDigest, [&] { static_cast<void>(to.key()); });
    ask(rm::abi::function::GetDbIdFromDigest, [&] { static_cast<void>(to.database()); });
  }
  std::size_t mem_usage(std::size_t, const rm::key_context& of) const {
    ask(rm::abi::function::GetKeyNameFromOptCtx, [&] { static_cast<void>(of.key()); });
    ask(rm::abi::function::GetToKeyNameFromOptCtx, [&] { static_cast<void>(of.to_key()); });
    ask(rm::abi::function::GetDbIdFromOptCtx, [&] { static_cast<void>(of.database()); });
    ask(rm::abi::function::GetToDbIdFromOptCtx, [&] { static_cast<void>(of.to_database()); });
    return 1;
  }
  std::size_t free_effort() const { return 1; }
};

constexpr std::string_view typed_name = "older:typed";

// Lets all hooks run.
template <rm::abi::function Which>
rm::result<bool> ask_hooks(rm::context& ctx) {
  typed::asked = Which;
  typed::refusal.clear();
  {
    auto key = ctx.open<rm::write<typed>>(typed_name);
    if (!key) return key.error();
    static_cast<void>(rm::dump((*key)->value_or_create()));
  }
  static_cast<void>(ctx.call<void>("DEBUG", "DIGEST-VALUE", typed_name));
  static_cast<void>(ctx.call<void>("MEMORY", "USAGE", typed_name));
  if (!typed::refusal.empty()) return rm::error_reply{typed::refusal};
  return true;
}

void add_types(rm::module_builder& m) {
  using which = rm::abi::function;
  m.data_type<typed>();
  m.command<ask_hooks<which::GetTypeMethodVersion>>("older.GetTypeMethodVersion");
  m.command<ask_hooks<which::GetKeyNameFromOptCtx>>("older.GetKeyNameFromOptCtx");
  m.command<ask_hooks<which::GetToKeyNameFromOptCtx>>("older.GetToKeyNameFromOptCtx");
  m.command<ask_hooks<which::GetDbIdFromOptCtx>>("older.GetDbIdFromOptCtx");
  m.command<ask_hooks<which::GetToDbIdFromOptCtx>>("older.GetToDbIdFromOptCtx");
  m.command<ask_hooks<which::GetKeyNameFromDigest>>("older.GetKeyNameFromDigest");
  m.command<ask_hooks<which::GetDbIdFromDigest>>("older.GetDbIdFromDigest");
  m.command<ask_hooks<which::GetDbIdFromIO>>("older.GetDbIdFromIO");
  m.command("older.LoadDataTypeFromStringEncver", []() -> rm::result<std::int64_t> {
    const auto bytes = rm::dump(typed{});
    if (!bytes) return bytes.error();
    return rm::load<typed>(*bytes).transform([](const typed& value) { return value.number; });
  });
  m.command("older.RdbSave", [](rm::context& ctx) { return ctx.rdb_save("older.rdb"); });
  m.command("older.RdbLoad", [](rm::context& ctx) { return ctx.rdb_load("missing.rdb"); });
  m.command("older.RdbStreamCreateFromFile", [](rm::context& ctx) { return ctx.rdb_save("older.rdb"); });
  m.command("older.RdbStreamFree", [](rm::context& ctx) { return ctx.rdb_save("older.rdb"); });
  m.command("older.GetKeyspaceNotificationFlagsAll", [](rm::context& ctx) -> rm::result<std::int64_t> {
    auto key = ctx.open<rm::write<typed>>(typed_name);
    if (!key) return key.error();
    (*key)->set({8});
    ctx.changed(**key, "older.changed");
    return (*key)->value().number;
  });
}

// --- Registering ---

void find_keys(rm::args, rm::positions& keys) { keys.add(0); }
void find_channels(rm::args, rm::positions& channels) { channels.add(0); }
std::string first(std::string_view name) { return std::string{name}; }

void add_commands(rm::module_builder& m) {
  m.acl_category("olders");
  m.command<first>("older.AddACLCategory name", {.acl_categories = "olders"});
  m.command<first>("older.SetCommandACLCategories name", {.acl_categories = "read olders"});
  m.command<first>("older.SetCommandInfo name", {.summary = "Has a summary"});
  m.command<first>("older.GetCommand name", {.complexity = "O(1)"});
  m.command<first, rm::keys_by<find_keys>>("older.KeyAtPosWithFlags name");
  m.command<first, rm::keys_by<find_keys>, rm::channels_by<find_channels>>("older.ChannelAtPosWithFlags name");
  m.command<first, rm::keys_by<find_keys>, rm::channels_by<find_channels>>("older.IsChannelsPositionRequest name");
  auto group = m.command_group("older.CreateSubcommand");
  group.command<first>("echo name");
}

// With a context of zeros, as servers have it in a callback without a key, a cursor and a limit of time.
template <class Question>
auto ask_defragmenter(Question question) {
  alignas(16) char zeros[128]{};
  rm::defragmenter by{reinterpret_cast<rm::abi::ModuleDefragCtx*>(zeros)};
  return question(by);
}

rm::string defrag_string() {
  return ask_defragmenter([](rm::defragmenter& by) {
    rm::string text{"text"};
    by.alloc_string(text);
    return text;
  });
}

bool defrag_nothing(rm::defragmenter&) { return false; }
void look_on(rm::defragmenter&) {}
std::string no_defrag, no_around_defrag;

template <class Register>
std::string refusal_of(Register what) {
  try {
    what();
    return {};
  } catch (const rm::load_error& error) {
    return error.what();
  }
}
rm::result<bool> as_refused(const std::string& refusal) {
  if (!refusal.empty()) return rm::error_reply{"ERR " + refusal};
  return true;
}

void add_defragmentation(rm::module_builder& m) {
  m.command("older.DefragAlloc", [] {
    return ask_defragmenter([](rm::defragmenter& by) {
      auto* text = by.object(new std::string(100, 'x'));
      by.whole(*text);
      const bool is_whole = *text == std::string(100, 'x');
      delete text;
      return is_whole;
    });
  });
  m.command<defrag_string>("older.DefragRedisModuleString");
  m.command<defrag_string>("older.DefragValkeyModuleString");
  m.command("older.DefragShouldStop", [] { return ask_defragmenter([](auto& by) { return by.should_stop(); }); });
  m.command("older.DefragCursorGet", [] { return ask_defragmenter([](auto& by) { return by.cursor().has_value(); }); });
  m.command("older.DefragCursorSet", [] { return ask_defragmenter([](auto& by) { return by.set_cursor(1); }); });
  m.command("older.GetDbIdFromDefragCtx",
            [] { return ask_defragmenter([](auto& by) { return by.database().value_or(0); }); });
  m.command("older.GetKeyNameFromDefragCtx",
            [] { return ask_defragmenter([](auto& by) { return by.key().has_value(); }); });
  no_defrag = refusal_of([&] { m.defrag<defrag_nothing>(); });
  no_around_defrag = refusal_of([&] { m.around_defrag<look_on, look_on>(); });
  m.command("older.RegisterDefragFunc", [] { return as_refused(no_defrag); });
  m.command("older.RegisterDefragFunc2", [] { return true; });
  m.command("older.RegisterDefragCallbacks", [] { return as_refused(no_around_defrag); });
}

void add_memory(rm::module_builder& m) {
  m.command("older.TryAlloc", [] { return std::string(1'000, 'x').size(); });
  m.command("older.MallocUsableSize", [] { return texts(10, std::string(100, 'x')).size(); });
  m.command("older.TryCalloc", [] {
    auto* zeros = static_cast<char*>(std::calloc(100, 10));
    const bool are_zeros = zeros != nullptr && zeros[0] == 0 && zeros[999] == 0;
    std::free(zeros);
    return are_zeros;
  });
  m.command("older.TryRealloc", [] {
    auto* bytes = static_cast<char*>(std::malloc(10));
    bytes[9] = 'x';
    bytes = static_cast<char*>(std::realloc(bytes, 100'000));
    const bool is_kept = bytes != nullptr && bytes[9] == 'x';
    std::free(bytes);
    return is_kept;
  });
}

}  // namespace

REDISMODULE_MODULE(older, 1, m) {
  add_context(m);
  add_strings(m);
  add_keys(m);
  add_streams(m);
  add_calls(m);
  add_replies(m);
  add_types(m);
  add_commands(m);
  add_defragmentation(m);
  add_memory(m);
  m.command("older.has function", [](std::string_view name) -> rm::result<bool> {
    for (std::size_t i = 0; i < rm::abi::function_count; ++i) {
      const auto which = static_cast<rm::abi::function>(i);
      if (rm::name_of(which) == name) return rm::has(which);
    }
    return rm::format_error("ERR no function is called {}", name);
  });
}
