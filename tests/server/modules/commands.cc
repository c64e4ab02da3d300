// A command for each kind of argument and of reply, and for each way in which a handler can go wrong.
#include <array>
#include <cstdint>
#include <limits>
#include <list>
#include <map>
#include <new>
#include <set>
#include <span>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

// Types of an author's own.
enum class colour { red, green };
struct point {
  int x = 0, y = 0;
};
struct unready {
  unready() { throw std::runtime_error{"not ready"}; }
};
struct thrower {};
struct silent {};
struct talkative {};

template <>
struct redismodule::arg_traits<colour> {
  static decode_status decode(string_ref text, colour& value) noexcept {
    value = text == "green" ? colour::green : colour::red;
    if (text != "green" && text != "red") return detail::literal{"ERR no such colour"};
    return decoded;
  }
};

template <>
struct redismodule::arg_traits<unready> {
  static decode_status decode(string_ref, unready&) noexcept { return decoded; }
};

struct unready_options {
  rm::option<"COUNT", int> count;
  rm::option<"WHEN", unready> when;
};

template <>
struct redismodule::reply_traits<point> {
  static void write(reply& out, const point& p) {
    aggregate map = out.map(2);
    map.push("x", p.x);
    map.push("y", p.y);
  }
};

template <>
struct redismodule::reply_traits<thrower> {
  static void write(reply&, const thrower&) { throw std::runtime_error{"no reply of this"}; }
};

template <>
struct redismodule::reply_traits<silent> {
  static void write(reply&, const silent&) {}
};

template <>
struct redismodule::reply_traits<talkative> {
  static void write(reply& out, const talkative&) {
    out.integer(1);
    out.integer(2);
  }
};

namespace {

rm::string kept;
int unload_calls = 0;

template <class T>
T same(T value) {
  return value;
}

void add_arguments(rm::module_builder& m) {
  m.command<same<signed char>>("arg.int8 n");
  m.command<same<unsigned char>>("arg.uint8 n");
  m.command<same<short>>("arg.int16 n");
  m.command<same<unsigned short>>("arg.uint16 n");
  m.command<same<int>>("arg.int32 n");
  m.command<same<unsigned>>("arg.uint32 n");
  m.command<same<long>>("arg.long n");
  m.command<same<unsigned long>>("arg.ulong n");
  m.command<same<long long>>("arg.int64 n");
  m.command<same<unsigned long long>>("arg.uint64 n");
  m.command<same<long long>>("arg.int64-again number");
  m.command<same<float>>("arg.float x");
  m.command<same<double>>("arg.double x");
  m.command<same<long double>>("arg.long-double x");
  m.command<same<bool>>("arg.bool yes-or-no");
  m.command<same<std::string_view>>("arg.view text");
  m.command<same<std::string>>("arg.copy text");
  m.command<same<rm::string_ref>>("arg.ref text");
  m.command("arg.keep text", [](rm::string text) { kept = std::move(text); });
  m.command("arg.kept", [] { return kept.view(); });
  m.command("arg.same text again", [](const std::string& text, const rm::string_ref& again) { return again == text; });
  m.command("arg.colour colour", [](colour c) { return c == colour::green ? "green" : "red"; });
  m.command("arg.unready text value", [](rm::string, unready) { return "never"; });
  m.command("arg.unready-options text", [](rm::string, unready_options) { return "never"; });
}

void add_lists(rm::module_builder& m) {
  m.command("opt.add a [b] [c]", [](long long a, std::optional<long long> b, std::optional<long long> c) {
    return a + b.value_or(0) + c.value_or(0);
  });
  m.command("opt.text [text]", [](std::optional<std::string_view> text) { return text; });
  m.command("rest.sum [number...]", [](rm::rest<long long> numbers) {
    long long sum = 0;
    for (long long number : numbers) sum += number;
    return sum;
  });
  m.command("rest.count first text...", [](int first, rm::at_least_one<std::string_view> texts) {
    return std::pair{first, texts.size()};
  });
  m.command("rest.reverse text...", [](rm::at_least_one<rm::string_ref> texts) {
    std::vector<rm::string_ref> reversed;
    for (std::size_t i = texts.size(); i != 0; --i) reversed.push_back(texts[i - 1]);
    return reversed;
  });
  m.command("rest.same [text...]", [](rm::rest<std::string_view> texts) { return texts; });
  m.command("rest.pairs name [field value...]",
            [](std::string_view name, rm::rest<std::pair<std::string_view, int>> pairs) {
              std::map<std::string, int> map{{std::string{name}, -1}};
              for (auto [field, value] : pairs) map[std::string{field}] = value;
              return map;
            });
  m.command("rest.one-pair field value...",
            [](rm::at_least_one<std::pair<int, colour>> pairs) { return pairs.size(); });
  m.command(
      "rest.triples number colour text...", [](rm::at_least_one<std::tuple<int, colour, rm::string_ref>> triples) {
        std::vector<std::string> all;
        for (auto [number, paint, text] : triples) {
          all.push_back(std::to_string(number) + std::to_string(static_cast<int>(paint)) + std::string{text.view()});
        }
        return all;
      });
  m.command("rest.opt a [b] [c...]", [](int a, std::optional<int> b, rm::rest<int> c) {
    return std::tuple{a, b, c.size()};
  });
  m.command("frame.args [any...]",
            [](rm::context& ctx, rm::args all, rm::rest<std::string_view> any) -> rm::result<std::size_t> {
              if (ctx.raw() == nullptr) return rm::error_reply{"ERR no context"};
              auto first = all.at<int>(0);
              if (!first) return std::move(first).error();
              return all.size() + any.size();
            });
}

void add_replies(rm::module_builder& m) {
  m.command("reply.void", [] {});
  m.command("reply.ok", [] { return rm::ok; });
  m.command("reply.simple", [] { return rm::simple{"PONG"}; });
  m.command("reply.simple-of text", [](std::string_view text) { return rm::simple{text}; });
  m.command("reply.error", [] { return rm::error_reply{"WRONG it is"}; });
  m.command("reply.error-of text", [](std::string_view text) { return rm::error_reply{"ERR " + std::string{text}}; });
  m.command("reply.error-echo text",
            [](std::string_view text) { return rm::error_reply{"ERR no '" + rm::escaped(text) + "'"}; });
  m.command("reply.bool yes", [](bool yes) { return yes; });
  m.command("reply.double", [] { return 2.5; });
  m.command("reply.infinity", [] { return std::numeric_limits<double>::infinity(); });
  m.command("reply.nan", [] { return std::numeric_limits<double>::quiet_NaN(); });
  m.command("reply.negative-nan", [] { return -std::numeric_limits<double>::quiet_NaN(); });
  m.command("reply.text", [] { return "text"; });
  m.command("reply.null", [] { return std::optional<int>{}; });
  m.command("reply.some", [] { return std::optional{7}; });
  m.command("reply.nullopt", [] { return std::nullopt; });
  m.command("reply.string", [] { return rm::string{"owned"}; });
  m.command("reply.no-string", [] { return rm::string{}; });
  m.command("reply.moved-string", [] {
    rm::string from{"moved"};
    const rm::string to = std::move(from);
    return from;
  });
  m.command("reply.no-ref", [] { return rm::string_ref{}; });
  m.command("reply.no-refs", [] { return std::vector<rm::string_ref>(2); });
  m.command("reply.no-view", [] { return rm::string_ref{}.view(); });
  m.command("reply.no-retain", [] { return rm::string::retain(rm::string_ref{}); });
  m.command("reply.tuple", [] { return std::tuple{1, "two", 3.5, rm::simple{"four"}, std::optional<int>{}, false}; });
  m.command("reply.pair", [] { return std::pair{std::string{"a"}, -1}; });
  m.command("reply.vector n", [](int n) {
    std::vector<long long> numbers;
    for (int i = 0; i < n; ++i) numbers.push_back(i);
    return numbers;
  });
  m.command("reply.bools", [] { return std::vector<bool>{true, false}; });
  m.command("reply.array", [] { return std::array{1, 2}; });
  m.command("reply.span", [] {
    static constexpr int numbers[] = {5, 6, 7};
    return std::span{numbers};
  });
  m.command("reply.list", [] { return std::list<std::string>{"x", "y"}; });
  m.command("reply.set", [] { return std::set<int>{2, 1}; });
  m.command("reply.map", [] { return std::map<std::string, std::vector<int>>{{"a", {1}}, {"b", {}}}; });
  m.command("reply.unordered", [] { return std::unordered_map<int, std::string_view>{{1, "one"}}; });
  m.command("reply.nested", [] { return std::vector<std::map<int, std::set<int>>>{{{1, {2, 3}}}, {}}; });
  m.command("reply.point", [] { return point{3, 4}; });
  m.command("reply.result n", [](int n) -> rm::result<long long> {
    if (n < 0) return rm::error_reply{"ERR negative"};
    return n * 2;
  });
  m.command("reply.result-void n", [](int n) -> rm::result<void> {
    if (n < 0) return rm::error_reply{"ERR negative"};
    return {};
  });
  m.command("reply.result-optional n", [](int n) -> rm::result<std::optional<bool>> {
    if (n < 0) return rm::error_reply{"ERR negative"};
    if (n == 0) return std::nullopt;
    return n > 1;
  });
  m.command("reply.results", [] { return std::vector<rm::result<int>>{1, rm::error_reply{"ERR second"}, 3}; });
}

void add_streams(rm::module_builder& m) {
  m.command("stream.array n", [](rm::reply& out, int n) {
    rm::aggregate array = out.array();
    for (int i = 0; i < n; ++i) array.push(i);
  });
  m.command("stream.map", [](rm::reply& out) {
    rm::aggregate map = out.map();
    map.push("one", std::vector{1});
    map.push("two", 2);
  });
  m.command("stream.set", [](rm::reply& out) {
    rm::aggregate set = out.set();
    set.push(1);
  });
  m.command("stream.odd-map", [](rm::reply& out) { out.map().push("key"); });
  m.command("stream.too-few", [](rm::reply& out) { out.array(3).push(1); });
  m.command("stream.too-many", [](rm::reply& out) {
    rm::aggregate array = out.array(1);
    array.push(1);
    array.push(2);
  });
  m.command("stream.nothing", [](rm::reply&) {});
  m.command("stream.twice", [](rm::reply& out) {
    out.integer(1);
    out.integer(2);
  });
  m.command("stream.every-kind-twice", [](rm::reply& out) {
    out.integer(1);
    out.unsigned_integer(std::numeric_limits<unsigned long long>::max());
    out.number(1);
    out.boolean(true);
    out.text("text");
    out.text(kept.borrow());
    out.status(rm::ok);
    out.error(rm::error_reply{"ERR no"});
    out.null();
    out.array(1).push(1);
    out.set(1).push(1);
    out.map(1).push(1, 1);
    out.array().push(1);
    out.set().push(1);
    out.map().push(1, 1);
  });
  m.command("stream.past-the-array", [](rm::reply& out) {
    rm::aggregate array = out.array(1);
    out.integer(1);
    out.integer(2);
  });
  m.command("stream.past-in-depth", [](rm::reply& out) {
    rm::aggregate outer = out.array(2);
    {
      rm::aggregate inner = out.array(1);
      inner.push(std::vector{1, 2});
      inner.push(std::vector{3, 4});
    }
    outer.push(5);
    outer.push(std::vector{std::vector{6}});
  });
  m.command("stream.talkative", [] { return talkative{}; });
  m.command("stream.silent", [] { return silent{}; });
  m.command("stream.silents", [] { return std::vector<silent>(2); });
  m.command("stream.throw n", [](rm::reply& out, int n) {
    rm::aggregate array = out.array(5);
    for (int i = 0; i < n; ++i) array.push(std::vector{i});
    throw std::runtime_error{"in the middle"};
  });
}

void add_faults(rm::module_builder& m) {
  m.command("throw.runtime text", [](std::string_view text) { throw std::runtime_error{std::string{text}}; });
  m.command("throw.other", []() -> int { throw 42; });
  m.command("throw.bad-alloc", []() -> std::string { throw std::bad_alloc{}; });
  m.command("throw.too-much", [] {
    std::vector<char> all(std::size_t{1} << 62);
    asm volatile("" : : "r"(all.data()) : "memory");  // clang drops an allocation that nobody looks at
    return all.size();
  });
  m.command("throw.value", []() -> int { return rm::result<int>{rm::error_reply{"ERR unlooked"}}.value(); });
  m.command("throw.reply", [] { return thrower{}; });
  m.command("throw.reply-in-list", [] { return std::vector<thrower>(2); });
  m.command("throw.reply-in-map", [] {
    return std::map<std::string, std::pair<int, thrower>>{{"k", {1, {}}}, {"l", {}}};
  });
}

void add_flags(rm::module_builder& m) {
  m.command("flag.none", [] {});
  m.command("flag.write", [] {}, {.flags = rm::flags::write});
  m.command("flag.frees", [] {}, {.flags = rm::flags::write | rm::flags::allow_oom});
  m.command("flag.all", [] {},
            {.summary = "All of it",
             .complexity = "O(1)",
             .since = "1.2.3",
             .flags = rm::flags::readonly | rm::flags::fast | rm::flags::allow_busy | rm::flags::may_replicate |
                      rm::flags::all_dbs | rm::flags::no_slowlog});
}

// The types of a header that is not ours.
struct OfficialCtx;
struct OfficialString;
int raw_count(OfficialCtx* ctx, OfficialString**, int argc) {
  return rm::api.ReplyWithLongLong(reinterpret_cast<rm::abi::ModuleCtx*>(ctx), argc);
}

std::vector<std::string> refusals;

template <class F>
void try_to(F&& add) {
  try {
    add();
  } catch (const rm::load_error& error) {
    refusals.emplace_back(error.what());
  }
}

// The module loads without them.
void add_what_is_refused(rm::module_builder& m) {
  refusals.clear();
  try_to([&] { m.command("reply.void", [] { return 2; }); });
  auto group = m.command_group("caught.group");
  group.command("one", [] { return 1; });
  try_to([&] { group.command("one", [] { return 2; }); });
  m.command("caught.refusals", [] { return refusals; });
}

// Does with the module's arguments as they say.
void obey(rm::module_builder& m, std::string_view order) {
  if (order == "throw") throw std::runtime_error{"the builder threw\r\nthis"};
  if (order == "throw-other") throw 1;
  if (order == "refuse") throw rm::load_error{"as asked"};
  if (order == "twice") m.command("reply.void", [] {});
  if (order == "caught") add_what_is_refused(m);
  if (order == "bad-name") m.command("bad\\name", [] {});
  if (order == "bad-flag") m.raw_command("raw.bad", raw_count, "no-such-flag");
  if (order == "require-get") m.require(rm::abi::function::StringToLongLong, rm::abi::function::ReplyWithLongLong);
  if (order == "require-unstable") m.require(rm::abi::function::BigGetDbPath);
  if (order == "require-later") m.require(rm::since{.redis = {98, 0, 0}, .valkey = {98, 1, 2}}, "things to come");
  if (order == "require-earlier") m.require(rm::since{.redis = {6, 0, 0}, .valkey = {7, 2, 0}}, "old things");
  if (order == "require-neither") m.require(rm::since{}, "nothing");
  if (order == "number") {
    auto number = m.args().at<int>(1);
    if (!number) throw rm::load_error{number.error().text()};
    m.log(rm::log_level::notice, "the number is " + std::to_string(*number));
  }
  if (order == "keep-loaded")
    m.on_unload<[] {
      if (++unload_calls == 1) throw std::runtime_error{"not yet"};
    }>();
}

void say_first(rm::context& ctx) { ctx.log(rm::log_level::notice, "unloading: registered first"); }

}  // namespace

REDISMODULE_MODULE(commands, 7, m) {
  add_arguments(m);
  add_lists(m);
  add_replies(m);
  add_streams(m);
  add_faults(m);
  add_flags(m);
  m.raw_command("raw.count", raw_count, "readonly", 1, -1, 1);
  m.command("log.line text", [](rm::context& ctx, std::string_view text) { ctx.log(rm::log_level::warning, text); });
  m.command("memory.pressure", [](rm::context& ctx) { return ctx.memory_pressure(); });
  m.on_unload<say_first>();
  m.on_unload<[](rm::context& ctx) { ctx.log(rm::log_level::notice, "unloading: registered last"); }>();
  if (!m.args().empty()) obey(m, m.args()[0]);
}
