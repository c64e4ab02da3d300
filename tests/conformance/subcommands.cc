// Commands below others: what the server is told of them, and the name that they run by.
#include "redismodule/redismodule.h"

namespace rm = redismodule;

REDISMODULE_MODULE(subcommands, 1, m) {
  constexpr auto full_name = [](rm::context& ctx) { return ctx.current_command(); };
  auto bits = m.command_group("subcommands.bitarray");
  bits.command("set [word...]", [](rm::rest<rm::string_ref>) {},
               {.key_specs = {{rm::key_flags::rw | rm::key_flags::update, rm::key_begin::at(1)}}, .documented = false});
  bits.command("get [key] [bit]", [](std::optional<rm::string_ref>, std::optional<rm::string_ref>) {},
               {.key_specs = {{rm::key_flags::ro | rm::key_flags::access, rm::key_begin::at(1)}}, .documented = false});
  m.command("subcommands.parent_get_fullname", full_name);
  m.command_group("subcommands.sub").command("get_fullname", full_name);
}
