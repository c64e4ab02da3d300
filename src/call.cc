#include "redismodule/call.h"

#include <bit>
#include <cerrno>

#include "redismodule/unsupported.h"

namespace redismodule::detail {
namespace {

constexpr version ever{};
constexpr version never = unstable_version;

struct option_row {
  char letter;
  const char* name;
  since needed;
  bool may_be_left_out;  // on a server without it, a call is the same without it
};

// By the bits of call_options.
constexpr option_row rows[] = {
    {'!', "replicate", {ever, ever}, false},        {'A', "no_aof", {ever, ever}, false},
    {'R', "no_replicas", {ever, ever}, false},      {'3', "resp3", {{7, 0, 0}, ever}, false},
    {'0', "resp_auto", {{7, 0, 0}, ever}, true},    {'C', "as_caller", {{7, 0, 0}, ever}, false},
    {'S', "script_mode", {{7, 0, 0}, ever}, false}, {'W', "no_writes", {{7, 0, 0}, ever}, false},
    {'M', "respect_oom", {{7, 0, 0}, ever}, false}, {'E', "errors_as_replies", {{7, 0, 0}, ever}, true},
    {'D', "dry_run", {{7, 2, 0}, ever}, false},     {'X', "exact_replies", {never, {9, 1, 0}}, false},
};
static_assert(std::size(rows) < most_option_letters);

bool knows(const option_row& row) noexcept {
  const version& first = server().family == server_family::valkey ? row.needed.valkey : row.needed.redis;
  return server().number >= first;
}

const option_row* first_unknown(const call_options& options) noexcept {
  for (std::uint32_t bits = options.bits(); bits != 0; bits &= bits - 1) {
    const option_row& row = rows[std::countr_zero(bits)];
    if (!row.may_be_left_out && !knows(row)) return &row;
  }
  return nullptr;
}

error_reply refused_by_option(const char* command, const call_options& options) {
  if (options.has(no_writes)) {
    return format_error("ERR Write command '{}' was called while write is not allowed.", command);
  }
  return error_reply{"OOM command not allowed when used memory > 'maxmemory'."};
}

error_reply no_caller() {
  return error_reply{"ERR cannot run as user, no user directly attached to context or context's client"};
}

// In the words that servers since Redis 7.0 have for it.
error_reply refused_with(const char* command, const call_options& options, int why) {
  switch (why) {
    case EFAULT: return no_string(command);
    case EINVAL: return format_error("ERR wrong number of arguments for '{}' command", command);
    case ENOENT: return format_error("ERR unknown command '{}'", command);
    case EPERM: return error_reply{"ERR Attempted to access a non local key in a cluster node"};
    case EROFS:
      return format_error("ERR Can not execute a write command '{}' while the cluster is down and readonly", command);
    case ENETDOWN: return format_error("ERR Can not execute a command '{}' while the cluster is down", command);
    case ENOTSUP: return no_caller();
    case EACCES:
      return format_error("NOPERM the user has no permissions to run the '{}' command with these arguments", command);
    case ENOSPC: return refused_by_option(command, options);
    case ESPIPE: return format_error("ERR command '{}' is not allowed on script mode", command);
    default: break;
  }
  return format_error("ERR the server refused to call '{}' (errno {})", command, why);
}

error_reply no_client() {
  return error_reply{"ERR as_user needs the context of a client's command on Redis before 7.2, which would end itself"};
}

}  // namespace

bool calls_run_as_caller = false;

bool write_option_letters(char* to, const call_options& options) noexcept {
  std::uint32_t bits = options.bits();
  // Valkey 9.1 reads the text of an error that it has only made when asked for errors as replies.
  if (options.has(script_mode)) bits |= errors_as_replies.bits();
  for (; bits != 0; bits &= bits - 1) {
    const option_row& row = rows[std::countr_zero(bits)];
    if (knows(row)) {
      *to++ = row.letter;
    } else if (!row.may_be_left_out) {
      return false;
    }
  }
  *to = '\0';
  return options.user() == nullptr || api.SetContextUser != nullptr;
}

error_reply unknown_option(const call_options& options) {
  const option_row* row = first_unknown(options);
  if (row == nullptr) return unsupported_error(abi::function::SetContextUser);
  message text;
  text.append("ERR the call option ").append(row->name).append(" needs");
  if (row->needed.redis != never) text.append(" Redis ").append(row->needed.redis);
  if (row->needed.redis != never && row->needed.valkey != ever) text.append(" or");
  if (row->needed.valkey != ever) text.append(" Valkey ").append(row->needed.valkey);
  text.append("; this is ").append(name_of(server().family)).append(" ").append(server().number);
  return error_reply{text.view()};
}

error_reply no_string(const char* command) { return format_error("ERR an argument for '{}' is no string", command); }

error_reply refused_replication(const char* command) {
  return format_error("ERR the server does not replicate '{}': it knows no such command", command);
}

error_reply refused_call(const char* command, int error_number) { return refused_with(command, {}, error_number); }

call_reply refused_reply(reply_list& frame, const char* command, int error_number) {
  return {frame, refused_call(command, error_number)};
}

abi::ModuleCallReply* refuse_arguments() noexcept {
  errno = EFAULT;  // which no server uses
  return nullptr;
}

error_reply explain(const call_outcome& outcome, const char* command, const call_options& options, int error_number) {
  if (outcome.why == call_outcome::reason::lacks_option) return unknown_option(options);
  if (outcome.why == call_outcome::reason::no_string) return no_string(command);
  if (outcome.why == call_outcome::reason::no_client) return no_client();
  if (outcome.why == call_outcome::reason::no_caller) return no_caller();
  if (options.has(dry_run)) return error_reply{""};
  return refused_with(command, options, error_number);
}

bool has_caller(abi::ModuleCtx* ctx) noexcept {
  return api.GetCurrentCommandName == nullptr || api.GetCurrentCommandName(ctx) != nullptr;
}

// The server says so itself: whose a call is comes before its format, and a format that is wrong runs nothing.
bool has_user(abi::ModuleCtx* ctx) noexcept {
  errno = 0;
  api.Call(ctx, "", "C?");
  return errno != ENOTSUP;
}

// Redis 7.0 writes the name of the context's user into its ACL log.
bool cannot_refuse(abi::ModuleCtx* ctx) noexcept {
  constexpr version mended{7, 2, 0};
  if (server().family != server_family::redis || server().number >= mended) return false;
  return api.SetContextUser != nullptr && !has_user(ctx);
}

abi::ModuleCallReply* reply_of_dry_run(abi::ModuleCallReply* reply) noexcept {
  if (reply == nullptr || type_of(reply) != reply_type::unknown) return reply;
  api.FreeCallReply(reply);
  return nullptr;
}

}  // namespace redismodule::detail
