#include "redismodule/context.h"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include "redismodule/detail/letters.h"
#include "redismodule/detail/line.h"
#include "redismodule/unsupported.h"

namespace redismodule {
namespace detail {
namespace {

const char* name_of(log_level level) noexcept {
  switch (level) {
    case log_level::debug: return "debug";
    case log_level::verbose: return "verbose";
    case log_level::notice: return "notice";
    case log_level::warning: break;
  }
  return "warning";
}

// The server cuts its lines at 1 KiB.
class log_buffer {
 public:
  void append(std::string_view text) noexcept {
    for (char byte : text) append(byte);
  }
  const char* c_str() noexcept {
    text_[size_] = '\0';
    return text_;
  }

 private:
  void append(char byte) noexcept {
    if (size_ + 5 > sizeof text_) return;
    if (!is_control(byte)) {
      text_[size_++] = byte;
      return;
    }
    for (char part : hex_escape(byte)) text_[size_++] = part;
  }

  std::size_t size_ = 0;
  char text_[1024];
};

}  // namespace

void log_line(abi::ModuleCtx* ctx, log_level level, std::string_view subject, std::string_view text) noexcept {
  log_buffer line;
  line.append(subject);
  if (!subject.empty()) line.append(": ");
  line.append(text);
  if (api.Log != nullptr) return api.Log(ctx, name_of(level), "%s", line.c_str());
  // Why the module is not loaded: a server that has no log for modules has this.
  std::fprintf(stderr, "%s\n", line.c_str());
}

}  // namespace detail

namespace {

// A string that the server made for us, or nothing.
std::optional<string> adopt(abi::ModuleString* owned) noexcept {
  if (owned == nullptr) return std::nullopt;
  return string::adopt(owned);
}

}  // namespace

void context::log(log_level level, std::string_view text) noexcept { detail::log_line(raw_, level, {}, text); }

std::optional<std::string_view> context::current_command() const {
  detail::need(api.GetCurrentCommandName, abi::function::GetCurrentCommandName);
  const char* name = api.GetCurrentCommandName(raw_);
  if (name == nullptr) return std::nullopt;
  return std::string_view{name};
}

bool context::must_obey() const {
  detail::need(api.MustObeyClient, abi::function::MustObeyClient);
  return api.MustObeyClient(raw_) != 0;
}

bool context::redact(int position) {
  detail::need(api.RedactClientCommandArgument, abi::function::RedactClientCommandArgument);
  return api.RedactClientCommandArgument(raw_, position) == abi::MODULE_OK;
}

std::optional<client_info> context::client(client_id id) const noexcept {
  abi::ModuleClientInfo raw{};
  raw.version = abi::MODULE_CLIENTINFO_VERSION;
  if (api.GetClientInfoById(&raw, id) != abi::MODULE_OK) return std::nullopt;
  client_info info;
  info.id = raw.id;
  info.port = raw.port;
  info.database = raw.db;
  static_assert(sizeof info.address == sizeof raw.addr);
  std::memcpy(info.address, raw.addr, sizeof raw.addr);
  info.flags = flags_from_server<client_flag>(server().family, raw.flags);
  return info;
}

std::optional<string> context::client_name(client_id id) const {
  detail::need(api.GetClientNameById, abi::function::GetClientNameById);
  return adopt(api.GetClientNameById(raw_, id));
}

result<void> context::set_client_name(client_id id, const text_argument& name) {
  if (api.SetClientNameById == nullptr) return unsupported_error(abi::function::SetClientNameById);
  if (api.SetClientNameById(id, name.raw()) == abi::MODULE_OK) return {};
  if (errno == ENOENT) return error_reply{"ERR No such client"};
  return error_reply{"ERR Client names cannot contain spaces, newlines or special characters."};
}

std::optional<string> context::client_user(client_id id) const {
  detail::need(api.GetClientUserNameById, abi::function::GetClientUserNameById);
  return adopt(api.GetClientUserNameById(raw_, id));
}

std::optional<string> context::client_certificate(client_id id) const {
  detail::need(api.GetClientCertificate, abi::function::GetClientCertificate);
  return adopt(api.GetClientCertificate(raw_, id));
}

namespace {

// Some servers ask the client for its user without looking whether there is one.
bool looks_for_a_user() noexcept {
  constexpr version redis{8, 0, 0};
  constexpr version valkey{8, 1, 0};
  return server().number >= (server().family == server_family::valkey ? valkey : redis);
}

}  // namespace

std::optional<string> context::current_user() const {
  detail::need(api.GetCurrentUserName, abi::function::GetCurrentUserName);
  if (!detail::has_caller(raw_) || (!looks_for_a_user() && !detail::has_user(raw_))) return std::nullopt;
  return adopt(api.GetCurrentUserName(raw_));
}

void context::reset_dataset(const reset_options& how) {
  detail::close_open_keys();
  api.ResetDataset(how.restart_aof, how.in_background);
}

namespace {

// Redis before 6.0.9 does not say, and has none of modules.
bool knows_events(std::uint64_t kinds) noexcept {
  constexpr std::uint64_t of_modules = abi::MODULE_NOTIFY_MODULE;
  if (api.GetKeyspaceNotificationFlagsAll == nullptr) return (kinds & of_modules) == 0;
  return (kinds & ~static_cast<std::uint64_t>(api.GetKeyspaceNotificationFlagsAll())) == 0;
}

}  // namespace

result<void> context::notify(key_event kind, const char* event, const text_argument& key) {
  const server_flags bits = to_server(server().family, flag_set<key_event>{kind});
  if (!bits.complete || !knows_events(bits.bits)) return error_reply{"ERR this server has no such kind of event"};
  detail::close_open_keys();
  if (api.NotifyKeyspaceEvent(raw_, static_cast<int>(bits.bits), event, key.raw()) == abi::MODULE_OK) return {};
  return error_reply{"ERR there is no client to make an event for"};
}

void context::changed(const basic_key& key, const char* event) noexcept {
  abi::ModuleString* name = key.name().raw();
  replicate_verbatim();
  detail::close_open_keys();
  const int kind = knows_events(abi::MODULE_NOTIFY_MODULE) ? abi::MODULE_NOTIFY_MODULE : abi::MODULE_NOTIFY_GENERIC;
  api.NotifyKeyspaceEvent(raw_, kind, event, name);
}

int context::publish(const text_argument& channel, const text_argument& message) {
  detail::close_open_keys();
  return api.PublishMessage(raw_, channel.raw(), message.raw());
}

int context::publish_shard(const text_argument& channel, const text_argument& message) {
  detail::need(api.PublishMessageShard, abi::function::PublishMessageShard);
  detail::close_open_keys();
  return api.PublishMessageShard(raw_, channel.raw(), message.raw());
}

std::optional<std::string_view> server_fields::text(const char* field) const& noexcept {
  const char* value = api.ServerInfoGetFieldC(handle_.raw(), field);
  if (value == nullptr) return std::nullopt;
  return std::string_view{value};
}

string server_fields::string_of(const char* field) const noexcept {
  return string::adopt(api.ServerInfoGetField(nullptr, handle_.raw(), field));
}

std::optional<long long> server_fields::integer(const char* field) const noexcept {
  int error = abi::MODULE_OK;
  const long long value = api.ServerInfoGetFieldSigned(handle_.raw(), field, &error);
  return error == abi::MODULE_OK ? std::optional{value} : std::nullopt;
}

std::optional<unsigned long long> server_fields::unsigned_integer(const char* field) const noexcept {
  int error = abi::MODULE_OK;
  const unsigned long long value = api.ServerInfoGetFieldUnsigned(handle_.raw(), field, &error);
  return error == abi::MODULE_OK ? std::optional{value} : std::nullopt;
}

std::optional<double> server_fields::number(const char* field) const noexcept {
  int error = abi::MODULE_OK;
  const double value = api.ServerInfoGetFieldDouble(handle_.raw(), field, &error);
  return error == abi::MODULE_OK ? std::optional{value} : std::nullopt;
}

logger::logger(context& ctx) {
  detail::need(api.GetDetachedThreadSafeContext, abi::function::GetDetachedThreadSafeContext);
  handle_ = handle<detail::detached_context_policy>{api.GetDetachedThreadSafeContext(ctx.raw())};
}

void logger::log(log_level level, std::string_view text) const noexcept {
  detail::log_line(handle_.raw(), level, {}, text);
}

unsigned detail::slot_of_bytes(std::string_view key) {
  if (api.ClusterKeySlotC != nullptr) return api.ClusterKeySlotC(key.data(), key.size());
  return cluster_slot(string{key}.borrow());
}

unsigned cluster_slot(string_ref key) {
  detail::need(api.ClusterKeySlot, abi::function::ClusterKeySlot);
  return api.ClusterKeySlot(text_argument{key}.raw());
}

std::string_view cluster_slot_tag(unsigned slot) {
  detail::need(api.ClusterCanonicalKeyNameInSlot, abi::function::ClusterCanonicalKeyNameInSlot);
  const char* tag = api.ClusterCanonicalKeyNameInSlot(slot);
  return tag != nullptr ? tag : std::string_view{};
}

void fill_random(std::span<unsigned char> bytes) noexcept { api.GetRandomBytes(bytes.data(), bytes.size()); }

std::string random_hex(std::size_t digits) {
  std::string text(digits, '0');
  api.GetRandomHexChars(text.data(), text.size());
  return text;
}

std::chrono::milliseconds unix_time() noexcept { return std::chrono::milliseconds{api.Milliseconds()}; }

std::chrono::microseconds unix_time_us() {
  detail::need(api.Microseconds, abi::function::Microseconds);
  return std::chrono::microseconds{api.Microseconds()};
}

std::chrono::microseconds cached_unix_time() {
  detail::need(api.CachedMicroseconds, abi::function::CachedMicroseconds);
  return std::chrono::microseconds{api.CachedMicroseconds()};
}

std::chrono::microseconds monotonic_time() {
  detail::need(api.MonotonicMicroseconds, abi::function::MonotonicMicroseconds);
  return std::chrono::microseconds{api.MonotonicMicroseconds()};
}

void add_latency_sample(const char* event, std::chrono::milliseconds latency) noexcept {
  api.LatencyAddSample(event, latency.count());
}

flag_set<context_flag> known_context_flags() {
  detail::need(api.GetContextFlagsAll, abi::function::GetContextFlagsAll);
  return flags_from_server<context_flag>(server().family, static_cast<unsigned>(api.GetContextFlagsAll()));
}

}  // namespace redismodule
