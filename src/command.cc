#include "redismodule/command.h"

#include <cxxabi.h>
#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "command_info.h"
#include "redismodule/detail/letters.h"
#include "redismodule/module.h"
#include "redismodule/unsupported.h"

namespace abi_of_cpp = __cxxabiv1;

namespace redismodule {
namespace {

// Which synopsis belongs to a callback, for the errors that name an argument. Two commands may share a handler, so the
// name they are called by decides between them.
struct registered_command {
  detail::command_definition definition;
  const char* group;  // null: none
  registered_command* next;
};
registered_command* registered = nullptr;

// A group on a server without subcommands: registered when all below it are known.
struct pending_group {
  const char* name;
  command_flags flags;  // of some below it
  command_flags every;  // of all below it
  pending_group* next;
};
pending_group* pending = nullptr;

struct flag_name {
  command_flags flag;
  const char* name;
  since needed;
};

constexpr version ever{};
constexpr since always{ever, ever};
constexpr since since_7_0{{7, 0, 0}, ever};

constexpr flag_name flag_names[] = {
    {flags::write, "write", always},
    {flags::readonly, "readonly", always},
    {flags::admin, "admin", always},
    {flags::deny_oom, "deny-oom", always},
    {flags::deny_script, "deny-script", always},
    {flags::allow_loading, "allow-loading", always},
    {flags::pubsub, "pubsub", always},
    {flags::random, "random", always},
    {flags::allow_stale, "allow-stale", always},
    {flags::no_monitor, "no-monitor", always},
    {flags::no_slowlog, "no-slowlog", always},
    {flags::fast, "fast", always},
    {flags::no_auth, "no-auth", always},
    {flags::no_cluster, "no-cluster", always},
    {flags::may_replicate, "may-replicate", since_7_0},
    {flags::blocking, "blocking", since_7_0},
    {flags::no_mandatory_keys, "no-mandatory-keys", since_7_0},
    {flags::allow_busy, "allow-busy", since_7_0},
    {flags::all_dbs, "all-dbs", {unstable_version, {9, 1, 0}}},
};

bool knows(const since& needed) noexcept {
  const version& first = server().family == server_family::valkey ? needed.valkey : needed.redis;
  return server().number >= first;
}

consteval std::size_t size_of_all_names() {
  std::size_t size = 0;
  for (const flag_name& each : flag_names) size += std::string_view{each.name}.size() + 1;
  return size;
}
static_assert(size_of_all_names() < sizeof(message) - sizeof(std::size_t), "a message has room for all flags");

message to_text(command_flags flags) noexcept {
  if (contains(flags, flags::write) && !contains(flags, flags::allow_oom)) flags = flags | flags::deny_oom;
  message text;
  for (const flag_name& each : flag_names) {
    if (!contains(flags, each.flag) || !knows(each.needed)) continue;
    if (!text.view().empty()) text.append(" ");
    text.append(each.name);
  }
  return text;
}

std::string_view name_in(const char* synopsis) noexcept {
  const detail::word name = detail::word_reader{synopsis}.next();
  return {name.begin, name.size};
}

constexpr std::string_view refused_by_the_server =
    "was refused by the server: its name is taken or not allowed, or one of its flags is, as no_cluster is in a "
    "cluster";

[[noreturn, gnu::cold]] void refuse_command(std::string_view name, std::string_view what) {
  message text;
  text.append("command '").append(name).append("' ").append(what);
  throw load_error{text.view()};
}

}  // namespace

void module_builder::add_raw_command(const char* name, abi::ModuleCmdFunc callback, const char* flags, int first,
                                     int last, int step) {
  if (api.CreateCommand(ctx_, name, callback, flags, first, last, step) == abi::MODULE_OK) return;
  refuse_command(name, refused_by_the_server);
}

namespace {

bool has_subcommands() noexcept { return api.CreateSubcommand != nullptr && api.GetCommand != nullptr; }

message flags_of(const detail::command_definition& definition, command_flags flags) noexcept {
  message text = to_text(flags);
  const auto append = [&](const char* flag) { text.append(text.view().empty() ? "" : " ").append(flag); };
  if (definition.names_keys || detail::reports_keys(definition.keys)) append("getkeys-api");
  if (definition.names_channels && api.IsChannelsPositionRequest != nullptr) append("getchannels-api");
  return text;
}

void check_modes(const char* name, const detail::command_definition& definition) {
  if (detail::checked_open_mode(0, definition.keys.modes).good) return;
  refuse_command(name, "opens a key in a mode that this server does not know");
}

void remember(const detail::command_definition& definition, const char* group) {
  registered = new registered_command{definition, group, registered};
}

const registered_command* find_subcommand(std::string_view group, std::string_view name) noexcept {
  for (const registered_command* each = registered; each != nullptr; each = each->next) {
    if (each->group == nullptr || !detail::equal_in_any_case(each->group, group)) continue;
    if (detail::equal_in_any_case(name_in(each->definition.synopsis), name)) return each;
  }
  return nullptr;
}

// Categories of the module's own on a server that takes none: Redis 7.2, which takes its own in commands.
constinit std::string* unknown_categories = nullptr;

bool is_unknown_category(std::string_view name) {
  return unknown_categories != nullptr && unknown_categories->find(" " + std::string{name} + " ") != std::string::npos;
}

std::string known_categories(std::string_view all) {
  std::string known;
  while (!all.empty()) {
    const std::size_t end = std::min(all.find(' '), all.size());
    const std::string_view name = all.substr(0, end);
    all.remove_prefix(std::min(end + 1, all.size()));
    if (name.empty() || is_unknown_category(name)) continue;
    known.append(known.empty() ? "" : " ").append(name);
  }
  return known;
}

// What the server is told beyond what creates the command.
void describe(abi::ModuleCommand* command, const char* name, const detail::command_info& description,
              const char* categories) {
  if (api.SetCommandInfo == nullptr || api.GetCommand == nullptr) return;
  if (command == nullptr || api.SetCommandInfo(command, &description.info()) != abi::MODULE_OK)
    refuse_command(name, "could not be described to the server");
  if (categories == nullptr || api.SetCommandACLCategories == nullptr) return;
  const std::string known = known_categories(categories);
  if (known.empty() || api.SetCommandACLCategories(command, known.c_str()) == abi::MODULE_OK) return;
  refuse_command(name, "names an ACL category that the server does not know");
}

}  // namespace

void module_builder::add_command(const detail::compiled_command& compiled, const char* synopsis,
                                 const detail::described_command& options) {
  const detail::command_definition definition{compiled, synopsis};
  const detail::command_info description{definition, options};
  const char* name = description.name();
  check_modes(name, definition);
  const detail::key_range& keys = definition.keys.range;
  add_raw_command(name, definition.callback, flags_of(definition, options.flags).c_str(), keys.first, keys.last,
                  keys.step);
  remember(definition, nullptr);
  describe(api.GetCommand != nullptr ? api.GetCommand(ctx_, name) : nullptr, name, description, options.acl_categories);
}

void module_builder::add_group(const char* name, const detail::described_command& options) {
  if (!has_subcommands()) {
    pending = new pending_group{name, options.flags, static_cast<command_flags>(-1), pending};
    return;
  }
  add_raw_command(name, static_cast<abi::ModuleCmdFunc>(nullptr), to_text(options.flags).c_str(), 0, 0, 0);
  abi::ModuleCommandInfo info{};
  info.version = abi::MODULE_COMMAND_INFO_VERSION;
  info.summary = options.summary;
  info.complexity = options.complexity;
  info.since = options.since;
  info.tips = options.tips;
  info.arity = -2;
  if (api.SetCommandInfo == nullptr) return;
  abi::ModuleCommand* command = api.GetCommand(ctx_, name);
  if (command == nullptr || api.SetCommandInfo(command, &info) != abi::MODULE_OK)
    refuse_command(name, "could not be described to the server");
}

void module_builder::add_subcommand(const char* group, const detail::compiled_command& compiled, const char* synopsis,
                                    const detail::described_command& options) {
  const detail::command_definition definition{compiled, synopsis};
  const detail::command_info description{definition, options};
  const char* name = description.name();
  const std::string full = std::string{group} + '|' + name;
  check_modes(full.c_str(), definition);
  if (!has_subcommands()) {
    if (find_subcommand(group, name) != nullptr) refuse_command(full, "is there twice");
    remember(definition, group);
    for (pending_group* each = pending; each != nullptr; each = each->next) {
      if (std::strcmp(each->name, group) != 0) continue;
      each->flags = each->flags | options.flags;
      each->every = each->every & options.flags;
    }
    return;
  }
  const detail::key_range& keys = definition.keys.range;
  const int created =
      api.CreateSubcommand(api.GetCommand(ctx_, group), name, reinterpret_cast<abi::ModuleCmdFunc>(definition.callback),
                           flags_of(definition, options.flags).c_str(), keys.first, keys.last, keys.step);
  if (created != abi::MODULE_OK) refuse_command(full, refused_by_the_server);
  remember(definition, group);
  describe(api.GetCommand(ctx_, full.c_str()), full.c_str(), description, options.acl_categories);
}

void positions::add(std::size_t i) noexcept {
  add(i, of_channels_ ? 0 : key_flags::rw | key_flags::access | key_flags::update);
}

void positions::add(std::size_t i, std::uint64_t flags) noexcept {
  if (i >= static_cast<std::size_t>(end_ - first_)) return;
  const int position = static_cast<int>(i) + first_;
  if (of_channels_) return api.ChannelAtPosWithFlags(ctx_, position, static_cast<int>(flags));
  detail::report_key(ctx_, position, flags);
}

void module_builder::acl_category(const char* name) {
  if (api.AddACLCategory == nullptr) {
    if (unknown_categories == nullptr) unknown_categories = new std::string{" "};
    unknown_categories->append(name).append(" ");
    return;
  }
  if (api.AddACLCategory(ctx_, name) == abi::MODULE_OK) return;
  message text;
  throw load_error{text.append("the ACL category '").append(name).append("' was refused by the server").view()};
}

namespace detail {

void forget_commands() noexcept {
  delete std::exchange(unknown_categories, nullptr);
  while (registered != nullptr) delete std::exchange(registered, registered->next);
  while (pending != nullptr) delete std::exchange(pending, pending->next);
}

namespace {

int reply_unknown_subcommand(abi::ModuleCtx* ctx, std::string_view group, std::string_view name) noexcept {
  message text;
  text.append("ERR unknown subcommand '");
  append_escaped(text, name);
  text.append("'. Try ").append(group).append(" HELP.");
  return api.ReplyWithError(ctx, text.c_str());
}

// The keys of a subcommand that a range can tell.
int report_range(abi::ModuleCtx* ctx, const key_layout& keys, int argc) noexcept {
  const int last = keys.range.last < 0 ? argc - 1 : keys.range.last;
  if (keys.range.first == 0) return abi::MODULE_OK;
  for (int i = keys.range.first; i <= last && i < argc; i += keys.range.step) report_key(ctx, i, keys.flags);
  return abi::MODULE_OK;
}

// The one command that stands for a group where the server has no subcommands.
int call_subcommand(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) noexcept {
  const bool wants_keys = api.IsKeysPositionRequest(ctx) != 0;
  if (argc < 2) return wants_keys ? abi::MODULE_OK : api.WrongArity(ctx);
  const std::string_view group = string_ref{argv[0]}.view(), name = string_ref{argv[1]}.view();
  const registered_command* found = find_subcommand(group, name);
  if (found == nullptr) return wants_keys ? abi::MODULE_OK : reply_unknown_subcommand(ctx, group, name);
  const command_definition& definition = found->definition;
  if (wants_keys && !definition.names_keys && !reports_keys(definition.keys))
    return report_range(ctx, definition.keys, argc);
  return definition.callback(ctx, argv, argc);
}

bool group_has_keys(const char* group) noexcept {
  for (const registered_command* each = registered; each != nullptr; each = each->next) {
    if (each->group != nullptr && std::strcmp(each->group, group) == 0 && each->definition.keys.flags != 0) return true;
  }
  return false;
}

// What restricts a command holds if it does for one below it; what promises something, only if it does for all.
command_flags flags_together(const pending_group& group) noexcept {
  constexpr command_flags promises = flags::readonly | flags::fast | flags::allow_oom;
  return static_cast<command_flags>(static_cast<std::uint32_t>(group.flags) & ~static_cast<std::uint32_t>(promises)) |
         (group.every & promises);
}

}  // namespace

void report_key(abi::ModuleCtx* ctx, int position, std::uint64_t flags) noexcept {
  if (api.KeyAtPosWithFlags != nullptr) return api.KeyAtPosWithFlags(ctx, position, static_cast<int>(flags));
  api.KeyAtPos(ctx, position);
}

void finish_commands(abi::ModuleCtx* ctx) {
  for (const pending_group* each = pending; each != nullptr; each = each->next) {
    message flags = to_text(flags_together(*each));
    if (group_has_keys(each->name)) flags.append(flags.view().empty() ? "" : " ").append("getkeys-api");
    const auto callback = reinterpret_cast<abi::ModuleCmdFunc>(&call_subcommand);
    if (api.CreateCommand(ctx, each->name, callback, flags.c_str(), 0, 0, 0) != abi::MODULE_OK)
      refuse_command(each->name, "was refused by the server");
  }
}

namespace {

const char* find_synopsis(command_callback callback, std::string_view called) noexcept {
  const char* found = "";
  for (const registered_command* each = registered; each != nullptr; each = each->next) {
    if (each->definition.callback != callback) continue;
    const char* synopsis = each->definition.synopsis;
    if (equal_in_any_case(name_in(synopsis), called)) return synopsis;
    found = synopsis;
  }
  return found;
}

std::string_view argument_name(const char* synopsis, int index) noexcept {
  word_reader words{synopsis};
  words.next();
  for (; index > 0; --index) words.next();
  const word name = words.next();
  return {name.begin, name.size};
}

// Answers with the error for the exception that is being handled, in `text` if it is not a literal; logs what is a bug.
const char* explain_exception(abi::ModuleCtx* ctx, std::string_view command, message& text) noexcept {
  // Not an exception of C++: the thread is being cancelled, as servers do at the end of a crash report. To go on as if
  // it were not would keep them waiting for ever.
  if (abi_of_cpp::__cxa_current_exception_type() == nullptr) std::terminate();
  try {
    throw;
  } catch (const std::bad_alloc&) {
    log_line(ctx, log_level::warning, command, "out of memory");
    return "OOM out of memory, the command was not completed";
  } catch (const wrong_type&) {
    return wrong_type::text;
  } catch (const no_value&) {
    return no_value::text;
  } catch (const unsupported& error) {
    text.append(error.what());
    return text.c_str();
  } catch (const std::exception& error) {
    log_line(ctx, log_level::warning, command, error.what());
  } catch (...) {
    log_line(ctx, log_level::warning, command, "an exception of unknown type");
  }
  return "ERR internal error, see the server's log";
}

}  // namespace

int reply_wrong_arity(abi::ModuleCtx* ctx) noexcept { return api.WrongArity(ctx); }

int reply_bad_argument(abi::ModuleCtx* ctx, abi::ModuleString** argv, command_callback self, int first, int word,
                       decode_status status) noexcept {
  if (status.good()) return reply_wrong_arity(ctx);
  const char* synopsis = find_synopsis(self, string_ref{argv[first - 1]}.view());
  message text;
  text.append(status.error()).append(" (argument '").append(argument_name(synopsis, word)).append("')");
  return api.ReplyWithError(ctx, text.c_str());
}

int reply_bad_option(abi::ModuleCtx* ctx, const option_error& error) noexcept {
  return api.ReplyWithError(ctx, describe(error).c_str());
}

int reply_unexpected_argument(abi::ModuleCtx* ctx, abi::ModuleString* word) noexcept {
  return reply_bad_option(ctx, {option_fault::unknown, {}, nullptr, nullptr, word});
}

int reply_wrong_type(abi::ModuleCtx* ctx) noexcept { return api.ReplyWithError(ctx, wrong_type::text); }

int reply_exception(abi::ModuleCtx* ctx, abi::ModuleString** argv, bool replied) noexcept {
  message text;
  const char* error = explain_exception(ctx, string_ref{argv[0]}.view(), text);
  return replied ? abi::MODULE_OK : api.ReplyWithError(ctx, error);
}

void report_position_exception(abi::ModuleCtx* ctx, abi::ModuleString** argv) noexcept {
  message text;
  explain_exception(ctx, string_ref{argv[0]}.view(), text);
}

int reply_missing(abi::ModuleCtx* ctx, abi::ModuleString** argv) noexcept {
  log_line(ctx, log_level::warning, string_ref{argv[0]}.view(), "the handler wrote no reply");
  return api.ReplyWithError(ctx, "ERR internal error, see the server's log");
}

void report_overflow(abi::ModuleCtx* ctx, abi::ModuleString** argv) noexcept {
  log_line(ctx, log_level::warning, string_ref{argv[0]}.view(),
           "the handler wrote more than one reply, or more values than it announced: they were dropped");
}

}  // namespace detail
}  // namespace redismodule
