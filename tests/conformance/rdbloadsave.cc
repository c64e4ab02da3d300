// Data sets in files, also from a child.
#include <string>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

rm::result<void> save(rm::context& ctx, std::string_view file) { return ctx.rdb_save(file); }
rm::result<void> load(rm::context& ctx, std::string_view file) { return ctx.rdb_load(file); }

rm::result<void> check(rm::context& ctx) {
  const auto missing = load(ctx, "dbnew.rdb");
  if (missing || missing.error().text().find("No such file") == std::string_view::npos)
    return rm::error_reply{"ERR a missing file was loaded"};
  return save(ctx, "dbnew.rdb").and_then([&] { return load(ctx, "dbnew.rdb"); });
}

// Fork and ExitFromChild: raw calls until there is a header for children.
rm::result<void> save_in_child(rm::context& ctx, std::string_view file) {
  const int child = rm::api.Fork(nullptr, nullptr);
  if (child < 0) return rm::error_reply{"ERR no child was made"};
  if (child == 0) rm::api.ExitFromChild(save(ctx, file) ? 0 : 1);
  return {};
}

}  // namespace

REDISMODULE_MODULE(rdbloadsave, 1, m) {
  m.command<check>("test.sanity");
  m.command<save>("test.rdbsave file");
  m.command<save_in_child>("test.rdbsave_fork file");
  m.command<load>("test.rdbload file");
}
