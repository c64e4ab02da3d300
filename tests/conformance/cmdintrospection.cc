// A command that says of itself what the server says of its XADD.
#include <string_view>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

using type = rm::argument_type;

constexpr auto optional = rm::argument_flags::optional;

void xadd(std::string_view, std::string_view, std::string_view, std::string_view, rm::rest<std::string_view>) {}

constexpr rm::argument_docs token(const char* name, const char* text, const char* since = nullptr) {
  return {.name = name, .type = type::pure_token, .token = text, .since = since};
}

}  // namespace

REDISMODULE_MODULE(cmdintrospection, 1, m) {
  const bool is_7_0 = rm::server().number < rm::version{7, 2, 0};
  m.command<xadd>(
      "cmdintrospection.xadd key id field value [more...]",
      {.summary = is_7_0 ? "Appends a new entry to a stream"
                         : "Appends a new message to a stream. Creates the key if it doesn't exist.",
       .complexity = "O(1) when adding a new entry, O(N) when trimming where N being the number of entries evicted.",
       .since = "5.0.0",
       .flags = rm::flags::write | rm::flags::random | rm::flags::fast,
       .history = {{"6.2.0", "Added the `NOMKSTREAM` option, `MINID` trimming strategy and the `LIMIT` option."},
                   {"7.0.0", "Added support for the `<ms>-*` explicit ID form."}},
       .tips = "nondeterministic_output",
       .key_specs = {{.flags = rm::key_flags::rw | rm::key_flags::update,
                      .begin = rm::key_begin::at(1),
                      .notes = "UPDATE instead of INSERT because of the optional trimming feature"}},
       .arguments = {
           {.name = "key", .type = type::key, .key_spec = 0},
           {.name = "nomkstream", .type = type::pure_token, .flags = optional, .token = "NOMKSTREAM", .since = "6.2.0"},
           {.name = "trim",
            .type = type::block,
            .flags = optional,
            .parts = {{.name = "strategy",
                       .type = type::one_of,
                       .parts = {token("maxlen", "MAXLEN"), token("minid", "MINID", "6.2.0")}},
                      {.name = "operator",
                       .type = type::one_of,
                       .flags = optional,
                       .parts = {token("equal", "="), token("approximately", "~")}},
                      {.name = "threshold", .display_text = "threshold"},
                      {.name = "count", .type = type::integer, .flags = optional, .token = "LIMIT", .since = "6.2.0"}}},
           {.name = is_7_0 ? "id_or_auto" : "id-selector",
            .type = type::one_of,
            .parts = {token(is_7_0 ? "auto_id" : "auto-id", "*"), {.name = "id"}}},
           {.name = is_7_0 ? "field_value" : "data",
            .type = type::block,
            .flags = rm::argument_flags::multiple,
            .parts = {{.name = "field"}, {.name = "value"}}}}});
}
