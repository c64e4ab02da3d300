// A command for each way to call another, to read what it answered, and to replicate.
#include <list>
#include <map>
#include <new>
#include <optional>
#include <set>
#include <span>
#include <tuple>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

struct point {
  long long x = 0, y = 0;
};

template <>
struct redismodule::call_traits<point> {
  static result<point> read(call_reply_ref reply) {
    auto both = reply.as<std::pair<long long, long long>>();
    if (!both) return both.error();
    return point{both->first, both->second};
  }
};

namespace {

// "!A3" as in the server's own formats.
rm::call_options options_of(std::string_view letters) {
  const std::pair<char, rm::call_options> known[] = {
      {'!', rm::replicate},   {'A', rm::no_aof},    {'R', rm::no_replicas},       {'3', rm::resp3},
      {'0', rm::resp_auto},   {'C', rm::as_caller}, {'S', rm::script_mode},       {'W', rm::no_writes},
      {'M', rm::respect_oom}, {'D', rm::dry_run},   {'E', rm::errors_as_replies}, {'X', rm::exact_replies},
  };
  rm::call_options options;
  for (char letter : letters) {
    for (const auto& [each, option] : known) {
      if (each == letter) options |= option;
    }
  }
  return options;
}

std::string quoted(std::string_view text) { return "'" + rm::escaped(text) + "'"; }

std::string shown(rm::call_reply_ref reply);

std::string shown_elements(rm::call_reply_ref reply) {
  std::string text;
  for (rm::call_reply_ref each : reply.elements()) text.append(text.empty() ? "" : " ").append(shown(each));
  return text;
}

std::string shown_pairs(rm::call_reply_ref reply) {
  std::string text;
  for (auto [key, value] : reply.pairs()) {
    text.append(text.empty() ? "" : " ").append(shown(key)).append("=").append(shown(value));
  }
  return text;
}

// The tree by its references.
std::string shown(rm::call_reply_ref reply) {
  std::string before;
  if (rm::call_reply_ref attribute = reply.attribute()) before = rm::format("|{}|", attribute.size());
  switch (reply.type()) {
    case rm::reply_type::string: return before + quoted(reply.text());
    case rm::reply_type::error: return before + "-" + rm::escaped(reply.text());
    case rm::reply_type::integer: return before + std::to_string(reply.integer());
    case rm::reply_type::array: return before + "[" + shown_elements(reply) + "]";
    case rm::reply_type::null: return before + "null";
    case rm::reply_type::map: return before + "{" + shown_pairs(reply) + "}";
    case rm::reply_type::set: return before + "~[" + shown_elements(reply) + "]";
    case rm::reply_type::boolean: return before + (reply.boolean() ? "true" : "false");
    case rm::reply_type::real: return before + rm::format("{}f", reply.real());
    case rm::reply_type::big_number: return before + "(" + std::string{reply.text()};
    case rm::reply_type::verbatim_string:
      return before + std::string{reply.verbatim_format()} + ":" + quoted(reply.text());
    case rm::reply_type::simple_string: return before + "+" + std::string{reply.text()};
    case rm::reply_type::null_array: return before + "null[]";
    default: return before + "?";
  }
}

// The same tree by its values.
std::string shown(const rm::call_value& value) {
  std::string text;
  if (!value.attributes.empty()) text = "|";
  for (std::size_t i = 0; i + 1 < value.attributes.size(); i += 2) {
    text.append(i == 0 ? "" : " ")
        .append(shown(value.attributes[i]))
        .append("=")
        .append(shown(value.attributes[i + 1]));
  }
  if (!value.attributes.empty()) text += "|";
  const bool is_map = value.type == rm::reply_type::map;
  std::string inside;
  for (std::size_t i = 0; i < value.elements.size(); ++i) {
    if (i != 0) inside += is_map && i % 2 == 1 ? "=" : " ";
    inside += shown(value.elements[i]);
  }
  switch (value.type) {
    case rm::reply_type::string: return text + quoted(value.text);
    case rm::reply_type::error: return text + "-" + rm::escaped(value.text);
    case rm::reply_type::integer: return text + std::to_string(value.integer);
    case rm::reply_type::array: return text + "[" + inside + "]";
    case rm::reply_type::null: return text + "null";
    case rm::reply_type::map: return text + "{" + inside + "}";
    case rm::reply_type::set: return text + "~[" + inside + "]";
    case rm::reply_type::boolean: return text + (value.integer != 0 ? "true" : "false");
    case rm::reply_type::real: return text + rm::format("{}f", value.real);
    case rm::reply_type::big_number: return text + "(" + value.text;
    case rm::reply_type::verbatim_string: return text + value.format + ":" + quoted(value.text);
    case rm::reply_type::simple_string: return text + "+" + value.text;
    case rm::reply_type::null_array: return text + "null[]";
    default: return text + "?";
  }
}

rm::call_reply call(rm::context& ctx, std::string_view letters, rm::rest<rm::string_ref> words) {
  std::vector<rm::string_ref> arguments{words.begin(), words.end()};
  arguments.erase(arguments.begin());
  return ctx.call(options_of(letters), words[0], arguments);
}

template <class T>
rm::result<T> call_as(rm::context& ctx, std::string_view letters, rm::at_least_one<rm::string_ref> words) {
  const std::vector<rm::string_ref> all{words.begin(), words.end()};
  return ctx.call<T>(options_of(letters), all[0], std::span<const rm::string_ref>{all}.subspan(1));
}

void add_replies(rm::module_builder& m) {
  m.command("call.pass options word...",
            [](rm::context& ctx, std::string_view options, rm::at_least_one<rm::string_ref> words) {
              return call(ctx, options, words);
            });
  m.command("call.tree options word...",
            [](rm::context& ctx, std::string_view options, rm::at_least_one<rm::string_ref> words) {
              const rm::call_reply reply = call(ctx, options, words);
              return reply.was_refused() ? "refused " + std::string{reply.error().text()} : shown(reply.get());
            });
  m.command("call.value options word...",
            [](rm::context& ctx, std::string_view options, rm::at_least_one<rm::string_ref> words) {
              return shown(call(ctx, options, words).to_value());
            });
  m.command("call.give-value options word...",
            [](rm::context& ctx, std::string_view options, rm::at_least_one<rm::string_ref> words) {
              return call(ctx, options, words).to_value();
            });
  m.command("call.element index options word...", [](rm::context& ctx, rm::reply& out, std::size_t index,
                                                     std::string_view options, rm::at_least_one<rm::string_ref> words) {
    const rm::call_reply reply = call(ctx, options, words);
    out.pass(reply[index]);
  });
  m.command("call.protocol options word...",
            [](rm::context& ctx, std::string_view options, rm::at_least_one<rm::string_ref> words) {
              return std::string{call(ctx, options, words).protocol()};
            });
  m.command("call.string options word...",
            [](rm::context& ctx, std::string_view options, rm::at_least_one<rm::string_ref> words) {
              return std::optional<rm::string>{call(ctx, options, words).to_string()};
            });
  m.command("call.is-error options word...",
            [](rm::context& ctx, std::string_view options, rm::at_least_one<rm::string_ref> words) {
              const rm::call_reply reply = call(ctx, options, words);
              return std::tuple{reply.is_error(), reply.was_refused(), reply.has_reply()};
            });
}

void add_types(rm::module_builder& m) {
  m.command<call_as<long long>>("as.int options word...");
  m.command<call_as<signed char>>("as.int8 options word...");
  m.command<call_as<unsigned long long>>("as.uint options word...");
  m.command<call_as<double>>("as.double options word...");
  m.command<call_as<bool>>("as.bool options word...");
  m.command<call_as<std::string>>("as.text options word...");
  m.command<call_as<rm::string>>("as.string options word...");
  m.command<call_as<void>>("as.void options word...");
  m.command<call_as<std::optional<long long>>>("as.optional options word...");
  m.command<call_as<std::vector<std::string>>>("as.vector options word...");
  m.command<call_as<std::list<long long>>>("as.list options word...");
  m.command<call_as<std::vector<std::optional<std::string>>>>("as.optionals options word...");
  m.command<call_as<std::vector<std::pair<std::string, double>>>>("as.pairs options word...");
  m.command<call_as<std::set<std::string>>>("as.set options word...");
  m.command<call_as<std::map<std::string, std::string>>>("as.map options word...");
  m.command<call_as<std::tuple<std::string, long long>>>("as.tuple options word...");
  m.command<call_as<std::pair<long long, std::vector<std::string>>>>("as.scan options word...");
  m.command("as.point options word...",
            [](rm::context& ctx, std::string_view options, rm::at_least_one<rm::string_ref> words) {
              return call_as<point>(ctx, options, words).transform([](const point& p) { return p.x * 1000 + p.y; });
            });
  m.command("as.value options word...",
            [](rm::context& ctx, std::string_view options, rm::at_least_one<rm::string_ref> words) {
              return call_as<rm::call_value>(ctx, options, words).transform([](const auto& v) { return shown(v); });
            });
}

// Every kind of argument, one after the other.
long long pack_all(rm::context& ctx, rm::string_ref key, rm::args all) {
  const std::string copy = "a copy";
  const std::string zero("a\0b", 3);
  const rm::string owned{"owned"};
  const char* pointer = "pointer";
  const std::vector<rm::string_ref> refs{owned, key};
  const std::vector<std::string> texts{"x", "y"};
  const std::map<std::string, int> pairs{{"one", 1}, {"two", 2}};
  const std::vector<rm::string> none;
  const std::vector<long long> numbers{7, -8};
  const long long done = *ctx.call<long long>(
      "RPUSH", key, 1, -128, static_cast<signed char>(-5), true, 2.5, 1e300, 0.1f, static_cast<unsigned long long>(-1),
      "literal", pointer, std::string_view{"view"}, copy, zero, owned, key, refs, texts, pairs, numbers, all);
  return done + ctx.call<long long>("RPUSH", key, "last", none).value();
}

std::optional<rm::call_reply> escaped;

void add_ways(rm::module_builder& m) {
  m.command<pack_all>("pack.all key");
  m.command("pack.null-string", [](rm::context& ctx) { return ctx.call("SET", "key", rm::string_ref{}); });
  m.command("pack.null-pointer", [](rm::context& ctx) {
    const char* none = nullptr;
    return ctx.call<void>(rm::replicate, "SET", "key", none);
  });
  m.command("pack.null-in-row",
            [](rm::context& ctx) { return ctx.replicate("SET", std::vector<rm::string_ref>{rm::string_ref{}}); });
  m.command("pack.name name", [](rm::context& ctx, std::string name) { return ctx.call(name, "key"); });
  m.command("pack.options key", [](rm::context& ctx, rm::string_ref key) {
    return ctx.call<long long>(rm::replicate, rm::no_aof, rm::no_replicas, "INCR", key);
  });
  m.command("escape.make", [](rm::context& ctx) { escaped.emplace(ctx.call("ECHO", "a reply that gets away")); });
  m.command("escape.look", [] {
    const bool is_empty = escaped->raw() == nullptr && escaped->type() == rm::reply_type::unknown;
    escaped.reset();
    return is_empty;
  });
  m.command("escape.move", [](rm::context& ctx) {
    rm::call_reply one = ctx.call("ECHO", "one");
    rm::call_reply two = ctx.call("ECHO", "two");
    std::vector<rm::call_reply> all;
    all.reserve(1);
    all.push_back(std::move(one));
    all.push_back(std::move(two));
    rm::call_reply three = ctx.call("ECHO", "three");
    rm::call_reply last = std::move(all[0]);
    all.clear();
    return std::tuple{std::string{last.text()}, std::string{three.text()}, one.raw() == nullptr};
  });
  m.command("escape.release", [](rm::context& ctx) {
    rm::call_reply reply = ctx.call("ECHO", "released");
    rm::abi::ModuleCallReply* raw = reply.release();
    std::string text{rm::call_reply_ref{raw}.text()};
    rm::api.FreeCallReply(raw);
    return text;
  });
}

void add_users(rm::module_builder& m) {
  m.command(
      "user.call rules word...",
      [](rm::context& ctx, std::string rules, rm::at_least_one<rm::string_ref> words) -> rm::result<rm::call_value> {
        rm::user user{"module-user"};
        if (auto allowed = user.allow(rules.c_str()); !allowed) return allowed.error();
        std::vector<rm::string_ref> arguments{words.begin(), words.end()};
        arguments.erase(arguments.begin());
        return ctx.call<rm::call_value>(rm::as_user(user), words[0], arguments);
      });
  m.command("user.named name word...",
            [](rm::context& ctx, std::string_view name,
               rm::at_least_one<rm::string_ref> words) -> rm::result<rm::call_value> {
              const rm::user user = rm::user::named(name);
              if (!user) return rm::error_reply{"ERR no such user"};
              std::vector<rm::string_ref> arguments{words.begin(), words.end()};
              arguments.erase(arguments.begin());
              return ctx.call<rm::call_value>(rm::as_user(user), words[0], arguments);
            });
  m.command("user.after word...", [](rm::context& ctx, rm::at_least_one<rm::string_ref> words) {
    rm::user nobody{"nobody"};
    const bool refused = ctx.call(rm::as_user(nobody), "PING").is_error();
    // The user is gone again after that call.
    return std::pair{refused, ctx.call(rm::as_caller, words[0], "key").is_error()};
  });
}

void add_replication(rm::module_builder& m) {
  m.command("repl.verbatim key", [](rm::context& ctx, rm::string_ref) { ctx.replicate_verbatim(); },
            {.flags = rm::flags::write});
  m.command("repl.chosen key value",
            [](rm::context& ctx, rm::string_ref key, long long value) { return ctx.replicate("SET", key, value); },
            {.flags = rm::flags::write});
  m.command("repl.options key",
            [](rm::context& ctx, rm::string_ref key) -> rm::result<void> {
              if (auto done = ctx.replicate(rm::no_aof, "SET", key, "to replicas"); !done) return done;
              return ctx.replicate(rm::no_replicas, "SET", key, "to the file");
            },
            {.flags = rm::flags::write});
  m.command("repl.unknown", [](rm::context& ctx) { return ctx.replicate("NO.SUCH.COMMAND", 1); });
}

}  // namespace

REDISMODULE_MODULE(calls, 1, m) {
  add_replies(m);
  add_types(m);
  add_ways(m);
  add_users(m);
  add_replication(m);
  if (m.args().size() == 1 && m.args()[0] == "as-caller") m.calls_as_caller();
}
