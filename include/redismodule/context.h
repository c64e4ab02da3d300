// What can be done while the server's lock is held.
#pragma once

#include <cerrno>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "redismodule/api.h"
#include "redismodule/call.h"
#include "redismodule/call_reply.h"
#include "redismodule/keyspace.h"
#include "redismodule/result.h"
#include "redismodule/string.h"
#include "redismodule/translate.h"

namespace redismodule {

enum class log_level : std::uint8_t { debug, verbose, notice, warning };

using client_id = std::uint64_t;

// A connected client, as it was when it was asked for.
struct client_info {
  client_id id = 0;
  char address[46] = {};  // as text; empty for a unix socket
  std::uint16_t port = 0;
  std::uint16_t database = 0;
  flag_set<client_flag> flags;
};

// How a dataset is emptied.
struct reset_options {
  bool restart_aof = false;    // with a new AOF, where there is one: what runs must then not be replicated to it
  bool in_background = false;  // its memory is given back by another thread
};

namespace detail {

struct server_fields_policy {
  using pointer = abi::ModuleServerInfoData*;
  static void close(pointer owned) noexcept { api.FreeServerInfo(nullptr, owned); }
};

}  // namespace detail

// The fields of INFO, or of one section of it, as they were when they were asked for.
// Owns: the fields.
class server_fields {
 public:
  explicit server_fields(abi::ModuleServerInfoData* owned) noexcept : handle_{owned} {}

  // Each: nothing where there is no such field, or it is no number of that kind. The view lives as long as this object.
  std::optional<std::string_view> text(const char* field) const& noexcept;
  std::optional<std::string_view> text(const char* field) const&& = delete;
  string string_of(const char* field) const noexcept;
  std::optional<long long> integer(const char* field) const noexcept;
  std::optional<unsigned long long> unsigned_integer(const char* field) const noexcept;
  std::optional<double> number(const char* field) const noexcept;

 private:
  handle<detail::server_fields_policy> handle_;
};

// The proof that the server's lock is held: only the server's callbacks hand one out, and it is good until they return.
class context : public keyspace<context> {
 public:
  explicit context(abi::ModuleCtx* raw) noexcept : raw_{raw} { detail::drain_strings(); }
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  // --- Calling commands ---

  // Calls a command and waits for its reply: ctx.call<long long>("INCRBY", key, 10), ctx.call(rm::resp3, "HGETALL",
  // key). Options come first, several by commas or by |. Arguments are integers, floats, text, server strings, and
  // ranges of these, whose elements are arguments of their own; a pair is two. With a type the reply is read as one, as
  // call_traits says, in a result; `void` is any reply but an error. Without a type it is a call_reply, which lives in
  // this callback.
  // What keys are open is looked at again after a call.
  // Fails: an error reply, or why the command was not run, in the server's words, is the error.
  template <class T = call_reply, class... Args>
  auto call(detail::command_name command, const Args&... args) {
    if (detail::calls_run_as_caller) [[unlikely]]
      return call<T>(call_options{}, command, args...);
    abi::ModuleCallReply* reply = detail::make_plain_call(raw_, command.c_str(), args...);
    if constexpr (std::is_same_v<T, call_reply>) {
      if (reply == nullptr) [[unlikely]]
        return detail::refused_reply(replies_, command.c_str(), errno);
      return call_reply{replies_, reply, false};
    } else {
      if (reply == nullptr) [[unlikely]]
        return result<T>{detail::refused_call(command.c_str(), errno)};
      return read_as<T>(reply);
    }
  }
  template <class T = call_reply, class... Args>
  auto call(const call_options& options, detail::command_name command, const Args&... args) {
    const call_options all = detail::calls_run_as_caller ? options | as_caller : options;
    return finish_call<T>(detail::make_call(raw_, command.c_str(), all, args...), command.c_str(), all);
  }
  template <class T = call_reply, class... Args>
  auto call(const call_options& one, const call_options& another, const Args&... rest) {
    return call<T>(one | another, rest...);
  }

  // --- Replication ---

  // Replicates the command that runs as the client sent it.
  void replicate_verbatim() noexcept { api.ReplicateVerbatim(raw_); }

  // Replicates a command of the author's choice, with arguments as those of call(); rm::no_aof or rm::no_replicas leave
  // one of the two out. It is not run here.
  // Fails: an error where the server knows no such command.
  template <class... Args>
  result<void> replicate(detail::command_name command, const Args&... args) {
    return detail::make_replication(raw_, command.c_str(), {}, args...);
  }
  template <class... Args>
  result<void> replicate(const call_options& options, detail::command_name command, const Args&... args) {
    return detail::make_replication(raw_, command.c_str(), options, args...);
  }

  // What a command that has changed a key does in the end: replicates itself as the client sent it, and lets everybody
  // know who listens to events of keys. It is one of modules' keys, or of generic commands' where the server knows no
  // such kind (Redis 6.0).
  void changed(const basic_key& key, const char* event) noexcept;

  // Whether the server asks for no traffic to replicas, so that one of them can take over (CLIENT PAUSE, FAILOVER):
  // then what the module does of its own accord, as in timers, should not write.
  bool avoid_replica_traffic() const noexcept { return api.AvoidReplicaTraffic() != 0; }

  // --- What is running, and who asked ---

  // Flags of the server, the client and the command: ctx.flags().has(rm::context_flag::replica).
  flag_set<context_flag> flags() const noexcept {
    return flags_from_server<context_flag>(server().family,
                                           static_cast<unsigned>(detail::nothrow(api.GetContextFlags)(raw_)));
  }
  // The command that runs, of a subcommand "parent|child"; nothing where none does.
  // Since: Redis 7.0. Fails: throws unsupported.
  std::optional<std::string_view> current_command() const;

  // Whether the command that runs comes from the primary or the AOF, and has to be obeyed: what it asks for has been
  // done there, so that a refusal is a difference. Since: Valkey 8.1. Fails: throws unsupported.
  bool must_obey() const;
  // Keeps an argument of the command that runs out of SLOWLOG and the server's own log. Counted from the command's
  // name, which is 0. Since: Redis 7.0.
  // Fails: false where there is no such argument; throws unsupported.
  bool redact(int position);

  // The client whose command runs; 0 where there is none.
  client_id client() const noexcept { return detail::nothrow(api.GetClientId)(raw_); }
  // Each is about a client that is connected; nothing, or an error, where none has this id.
  std::optional<client_info> client(client_id id) const noexcept;
  // Nothing also where it has no name. Since: Redis 7.0.3. Fails: throws unsupported.
  std::optional<string> client_name(client_id id) const;
  // Fails: an error where the name has spaces or line breaks; before Redis 7.0.3.
  result<void> set_client_name(client_id id, const text_argument& name);
  // The ACL user that it is authenticated as. Since: Redis 7.0. Fails: throws unsupported.
  std::optional<string> client_user(client_id id) const;
  // In PEM. Nothing where it sent none. Since: Redis 6.0.9. Fails: throws unsupported.
  std::optional<string> client_certificate(client_id id) const;
  // The user whose command runs; nothing where there is none. Since: Redis 7.0. Fails: throws unsupported.
  std::optional<string> current_user() const;

  // --- The server ---

  // Used memory as a part of maxmemory: 1 and more is at or past the limit, 0 where there is none.
  float memory_pressure() const noexcept { return api.GetUsedMemoryRatio(); }

  // The fields of INFO, of one section or, by "everything", of all.
  server_fields info(const char* section) const noexcept { return server_fields{api.GetServerInfo(nullptr, section)}; }

  // Empties all databases, as FLUSHALL, which is not replicated by that. Functions stay.
  void reset_dataset(const reset_options& how = {});

  // Writes the whole data set to a file, in the server's directory or by a path; a file of that name is replaced when
  // all has been written. It is also allowed in a child that the module forked.
  // Since: Redis 7.2. Fails: an error with the system's reason; on older servers.
  result<void> rdb_save(const text_argument& file);
  // Empties the data set and loads such a file in its place. Replicas are disconnected and get everything anew,
  // children that save are killed, and clients are answered LOADING or served meanwhile: no reference to a value may be
  // used afterwards. Since: Redis 7.2. Fails: an error where there is no such file, or it is no RDB: nothing has
  // changed then; on replicas; on older servers. A file that turns out broken later leaves no data set: the servers end
  // themselves then.
  result<void> rdb_load(const text_argument& file);

  // A notification on a key, as commands make them: clients and modules that listen to such events see it.
  // Fails: an error where the server has no such kind of event, or the context no client.
  result<void> notify(key_event kind, const char* event, const text_argument& key);

  // PUBLISH, and to a channel of a shard SPUBLISH. Returns how many clients of this server got it.
  int publish(const text_argument& channel, const text_argument& message);
  // Since: Redis 7.0. Fails: throws unsupported.
  int publish_shard(const text_argument& channel, const text_argument& message);

  // One line in the server's log; control characters in it become \xNN.
  void log(log_level level, std::string_view text) noexcept;

  abi::ModuleCtx* raw() const noexcept { return raw_; }

 private:
  template <class T>
  auto finish_call(const detail::call_outcome& outcome, const char* command, const call_options& options) {
    if constexpr (std::is_same_v<T, call_reply>) {
      if (outcome.reply == nullptr) [[unlikely]]
        return call_reply{replies_, detail::explain(outcome, command, options, errno)};
      return call_reply{replies_, outcome.reply, options.has(resp3)};
    } else {
      if (outcome.reply == nullptr) [[unlikely]] {
        error_reply why = detail::explain(outcome, command, options, errno);
        if (why.c_str()[0] != '\0') return result<T>{std::move(why)};
      }
      return read_as<T>(outcome.reply);
    }
  }

  template <class T>
  static result<T> read_as(abi::ModuleCallReply* raw) {
    struct owner {
      abi::ModuleCallReply* raw;
      ~owner() {
        if (raw != nullptr) detail::nothrow(api.FreeCallReply)(raw);
      }
    } const reply{raw};
    return call_reply_ref{reply.raw}.as<T>();
  }

  abi::ModuleCtx* raw_;
  detail::reply_list replies_;
};

namespace detail {

struct detached_context_policy {
  using pointer = abi::ModuleCtx*;
  static void close(pointer owned) noexcept { api.FreeThreadSafeContext(owned); }
};

unsigned slot_of_bytes(std::string_view key);

}  // namespace detail

// Writes to the server's log where there is no context: on any thread, without the lock.
// Owns: a context of the server's that belongs to no client.
// Lock: held to make and to destroy one.
// Since: Redis 6.0.9. Fails: making one throws unsupported.
class logger {
 public:
  explicit logger(context& ctx);

  // One line, under the module's name; control characters in it become \xNN.
  void log(log_level level, std::string_view text) const noexcept;

 private:
  handle<detail::detached_context_policy> handle_;
};

// --- Without a context ---

// The hash slot of a key in a cluster: by what is in its braces, if there are any. Asks for no cluster.
// Since: Redis 7.4. Fails: throws unsupported.
unsigned cluster_slot(string_ref key);
template <class Text>
requires(std::is_convertible_v<const Text&, std::string_view> &&
         !std::is_convertible_v<const Text&, string_ref>) unsigned cluster_slot(const Text& key) {
  return detail::slot_of_bytes(key);
}
// A short text of this slot, to put into the braces of keys that belong there; empty past the last slot, 16383. Good
// for as long as the server runs. Since: Redis 7.4. Fails: throws unsupported.
std::string_view cluster_slot_tag(unsigned slot);

// Random bytes, and random hexadecimal digits: as good as the server's seed, which is the system's. No secrets.
// Lock: held.
void fill_random(std::span<unsigned char> bytes) noexcept;
std::string random_hex(std::size_t digits);

// The server's clock. Since 1970.
std::chrono::milliseconds unix_time() noexcept;
// Since: Redis 7.2. Fails: throws unsupported.
std::chrono::microseconds unix_time_us();
// The same as the server read it last: when the command that runs, or the event, began. Since: Redis 7.2.
// Fails: throws unsupported.
std::chrono::microseconds cached_unix_time();
// A clock that does not jump, of no particular beginning. Since: Redis 7.0. Fails: throws unsupported.
std::chrono::microseconds monotonic_time();

// A sample for LATENCY HISTORY and DOCTOR; kept where it is at or above latency-monitor-threshold.
void add_latency_sample(const char* event, std::chrono::milliseconds latency) noexcept;

// What context::flags() can ever answer on this server. Since: Redis 6.0.9. Fails: throws unsupported.
flag_set<context_flag> known_context_flags();

namespace detail {

// One log line made of two parts, without allocating: for what is logged when memory is short.
void log_line(abi::ModuleCtx* ctx, log_level level, std::string_view subject, std::string_view text) noexcept;

}  // namespace detail

}  // namespace redismodule
