#include "redismodule/command.h"

#include <cxxabi.h>
#include <cstring>
#include <memory>

#include <exception>
#include <new>

#include "redismodule/detail/letters.h"
#include "redismodule/module.h"
#include "redismodule/unsupported.h"

namespace abi_of_cpp = __cxxabiv1;

namespace redismodule {
namespace {

// Which synopsis belongs to a callback, for the errors that name an argument. Two commands may share a handler, so the
// name they are called by decides between them.
struct registered_command {
  detail::command_callback callback;
  const char* synopsis;
  registered_command* next;
};
registered_command* registered = nullptr;

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

// --- COMMAND INFO and COMMAND DOCS ---

// Arguments as the server wants them described. It copies them.
class command_description {
 public:
  command_description(const detail::command_definition& definition, const command_options& options)
      : text_{new char[std::strlen(definition.synopsis) + 1]},
        args_{new abi::ModuleCommandArg[definition.word_count + 1]{}},
        pair_{{}, {}, {}} {
    std::strcpy(text_.get(), definition.synopsis);
    detail::word_reader synopsis{text_.get()};
    terminate(synopsis, synopsis.next());
    for (std::size_t i = 0; i < definition.word_count; ++i) {
      const detail::word written = synopsis.next();
      describe(written, definition.words[i]);
      terminate(synopsis, written);
    }
    info_.version = abi::MODULE_COMMAND_INFO_VERSION;
    info_.summary = options.summary;
    info_.complexity = options.complexity;
    info_.since = options.since;
    info_.arity = definition.least == definition.most ? definition.least : -definition.least;
    info_.args = args_.get();
  }

  const abi::ModuleCommandInfo& info() const noexcept { return info_; }
  const char* name() const noexcept { return text_.get(); }

 private:
  // The words are used where they stand in the copy.
  void terminate(detail::word_reader& synopsis, const detail::word& word) noexcept {
    if (*synopsis.text != '\0') ++synopsis.text;
    text_[static_cast<std::size_t>(word.begin - text_.get()) + word.size] = '\0';
  }

  void describe(const detail::word& written, const detail::word_shape& shape) noexcept {
    abi::ModuleCommandArg arg{};
    arg.name = written.begin;
    arg.type = shape.type;
    arg.key_spec_index = -1;
    const bool is_second = pair_size_ == 1;
    if (!shape.last_of_parameter || is_second) pair_[pair_size_++] = arg;
    if (!shape.last_of_parameter) return;
    // A handler has at most one rest, so at most one block of two.
    if (is_second) {
      arg.name = "pair";
      arg.type = abi::MODULE_ARG_TYPE_BLOCK;
      arg.subargs = pair_;
    }
    arg.flags = flags_of(shape);
    args_[size_++] = arg;
  }

  static int flags_of(const detail::word_shape& shape) noexcept {
    switch (shape.present) {
      case detail::presence::required: return abi::MODULE_CMD_ARG_NONE;
      case detail::presence::optional: return abi::MODULE_CMD_ARG_OPTIONAL;
      case detail::presence::any_number: return abi::MODULE_CMD_ARG_OPTIONAL | abi::MODULE_CMD_ARG_MULTIPLE;
      case detail::presence::at_least_one: break;
    }
    return abi::MODULE_CMD_ARG_MULTIPLE;
  }

  std::unique_ptr<char[]> text_;
  std::unique_ptr<abi::ModuleCommandArg[]> args_;
  abi::ModuleCommandArg pair_[3];
  std::size_t size_ = 0;
  std::size_t pair_size_ = 0;
  abi::ModuleCommandInfo info_{};
};

[[noreturn, gnu::cold]] void refuse_command(std::string_view name, std::string_view what) {
  message text;
  text.append("command '").append(name).append("' ").append(what);
  throw load_error{text.view()};
}

}  // namespace

void module_builder::add_raw_command(const char* name, abi::ModuleCmdFunc callback, const char* flags, int first,
                                     int last, int step) {
  if (api.CreateCommand(ctx_, name, callback, flags, first, last, step) == abi::MODULE_OK) return;
  refuse_command(name, "was refused by the server: its name is taken or not allowed, or one of its flags is");
}

void module_builder::add_command(const detail::command_definition& definition, const command_options& options) {
  const command_description description{definition, options};
  const char* name = description.name();
  add_raw_command(name, definition.callback, to_text(options.flags).c_str(), 0, 0, 0);
  registered = new registered_command{definition.callback, definition.synopsis, registered};
  if (api.GetCommand == nullptr || api.SetCommandInfo == nullptr) return;
  abi::ModuleCommand* command = api.GetCommand(ctx_, name);
  if (command != nullptr && api.SetCommandInfo(command, &description.info()) == abi::MODULE_OK) return;
  refuse_command(name, "could not be described to the server");
}

namespace detail {

void forget_commands() noexcept {
  while (registered != nullptr) delete std::exchange(registered, registered->next);
}

namespace {

const char* find_synopsis(command_callback callback, std::string_view called) noexcept {
  const char* found = "";
  for (const registered_command* each = registered; each != nullptr; each = each->next) {
    if (each->callback != callback) continue;
    if (equal_in_any_case(name_in(each->synopsis), called)) return each->synopsis;
    found = each->synopsis;
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

int reply_bad_argument(abi::ModuleCtx* ctx, abi::ModuleString** argv, command_callback self, int word,
                       decode_status status) noexcept {
  if (status.good()) return reply_wrong_arity(ctx);
  const char* synopsis = find_synopsis(self, string_ref{argv[0]}.view());
  message text;
  text.append(status.error()).append(" (argument '").append(argument_name(synopsis, word)).append("')");
  return api.ReplyWithError(ctx, text.c_str());
}

int reply_wrong_type(abi::ModuleCtx* ctx) noexcept { return api.ReplyWithError(ctx, wrong_type::text); }

int reply_exception(abi::ModuleCtx* ctx, abi::ModuleString** argv, bool replied) noexcept {
  message text;
  const char* error = explain_exception(ctx, string_ref{argv[0]}.view(), text);
  return replied ? abi::MODULE_OK : api.ReplyWithError(ctx, error);
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
