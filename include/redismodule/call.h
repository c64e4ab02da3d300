// Calling other commands: the options, and how arguments are handed over. ctx.call() is in context.h.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "redismodule/call_reply.h"
#include "redismodule/detail/integer.h"
#include "redismodule/detail/open_keys.h"
#include "redismodule/format.h"
#include "redismodule/result.h"
#include "redismodule/string.h"
#include "redismodule/user.h"

namespace redismodule {

// How a command is called: a set, rm::as_caller | rm::replicate. By default a call runs as the server, is not
// replicated, and answers in RESP2.
class call_options {
 public:
  constexpr call_options() noexcept = default;

  constexpr call_options& operator|=(const call_options& other) noexcept {
    bits_ |= other.bits_;
    if (other.user_ != nullptr) user_ = other.user_;
    return *this;
  }
  friend constexpr call_options operator|(call_options a, const call_options& b) noexcept { return a |= b; }

  constexpr bool has(const call_options& some) const noexcept { return (bits_ & some.bits_) == some.bits_; }
  constexpr bool empty() const noexcept { return bits_ == 0; }
  constexpr std::uint32_t bits() const noexcept { return bits_; }
  constexpr abi::ModuleUser* user() const noexcept { return user_; }

  // From one bit of the table in src/call.cc.
  static constexpr call_options of(std::uint32_t bits, abi::ModuleUser* user = nullptr) noexcept {
    call_options options;
    options.bits_ = bits;
    options.user_ = user;
    return options;
  }

 private:
  std::uint32_t bits_ = 0;
  abi::ModuleUser* user_ = nullptr;
};

// The call is replicated, as it was made: to replicas and the AOF.
inline constexpr call_options replicate = call_options::of(1u << 0);
// … but not to the AOF, or not to replicas. Of ctx.replicate() too.
inline constexpr call_options no_aof = call_options::of(1u << 1);
inline constexpr call_options no_replicas = call_options::of(1u << 2);
// The reply is in RESP3. Since: Redis 7.0.
inline constexpr call_options resp3 = call_options::of(1u << 3);
// The reply is in the protocol of the client whose command runs: what can be passed through as it is.
// Before Redis 7.0 all replies are in RESP2, which such a client reads as well.
inline constexpr call_options resp_auto = call_options::of(1u << 4);
// Under the access rules of the client whose command runs; an error where none does, as in the context of a timer, of
// an event, or of a thread, detached or not. Since: Redis 7.0.
inline constexpr call_options as_caller = call_options::of(1u << 5);
// Only what scripts may call, and writes only where scripts may write. Since: Redis 7.0.
inline constexpr call_options script_mode = call_options::of(1u << 6);
// No command that writes. Since: Redis 7.0.
inline constexpr call_options no_writes = call_options::of(1u << 7);
// No command that needs memory when the server is over its limit. Since: Redis 7.0.
inline constexpr call_options respect_oom = call_options::of(1u << 8);
// Where the command is not run, the error is in the server's own words. Before Redis 7.0, and without this, in ours.
inline constexpr call_options errors_as_replies = call_options::of(1u << 9);
// The command is looked up and checked, and not run: an error, or no reply. Since: Redis 7.2.
inline constexpr call_options dry_run = call_options::of(1u << 10);
// Simple strings are told from strings, null arrays from nulls. Since: Valkey 9.1.
inline constexpr call_options exact_replies = call_options::of(1u << 11);

// Under the access rules of this user, which has to live as long as the call. Since: Redis 7.0.6; before 7.2 an error
// where the context is no client's (a thread's, a timer's, an event's): there the server ends when it refuses a call.
inline call_options as_user(const user& who) noexcept { return call_options::of(1u << 5, who.raw()); }

namespace detail {

// Whether calls run as the caller when nothing is said: m.calls_as_caller().
extern bool calls_run_as_caller __attribute__((visibility("hidden")));

// Room for the letters of all options.
inline constexpr std::size_t most_option_letters = 16;

// A command's name for the server, which reads up to the first zero byte.
class command_name {
 public:
  constexpr command_name(const char* name) noexcept : name_{name} {}
  command_name(const std::string& name) noexcept : name_{name.c_str()} {}
  // The server ends its strings by a zero byte.
  command_name(string_ref name) noexcept : name_{name ? name.view().data() : ""} {}
  command_name(const string& name) noexcept : command_name{name.borrow()} {}
  constexpr const char* c_str() const noexcept { return name_; }

 private:
  const char* name_;
};

template <class T>
concept string_array = requires(const T& all) {
  { all.data() } -> std::convertible_to<const string_ref*>;
  { all.size() } -> std::convertible_to<std::size_t>;
};
// rm::args, and a rest of string_ref.
template <class T>
concept raw_arguments = requires(const T& all) {
  { all.raw() } -> std::same_as<abi::ModuleString**>;
  { all.size() } -> std::convertible_to<std::size_t>;
};
template <class T>
concept list_of_arguments = !text_like<T> && !string_array<T> && !raw_arguments<T> && requires(const T& all) {
  all.begin() != all.end();
  *all.begin();
};

// Server strings for arguments that are neither one nor a row of them: what C would make by hand.
class argument_list {
 public:
  template <class T>
  void add(const T& value) {
    if constexpr (is_pair<T>) {
      add(value.first);
      add(value.second);
    } else if constexpr (std::is_convertible_v<const T&, string_ref>) {
      strings_.push_back(string::retain(value));
    } else if constexpr (text_like<T>) {
      strings_.push_back(string{std::string_view{value}});
    } else {
      strings_.push_back(string{number_text{value}.view()});
    }
  }
  abi::ModuleString** data() noexcept {
    static_assert(sizeof(string) == sizeof(abi::ModuleString*));
    return reinterpret_cast<abi::ModuleString**>(strings_.data());
  }
  std::size_t size() const noexcept { return strings_.size(); }

 private:
  std::vector<string> strings_;
};

// How one argument is handed over: the letters of the format, and the values that go with them.
template <class T>
struct packed_argument {
  static_assert(!sizeof(T*), "redismodule: no argument of a command can be made of this type");
};

template <class T>
requires(integer<T> && !(std::is_unsigned_v<T> && sizeof(T) == sizeof(long long))) struct packed_argument<T> {
  static constexpr char letter = 'l';
  explicit packed_argument(T value) noexcept : value_{value} {}
  std::tuple<long long> values() const noexcept { return {value_}; }
  long long value_;
};

template <>
struct packed_argument<bool> {
  static constexpr char letter = 'l';
  explicit packed_argument(bool value) noexcept : value_{value} {}
  std::tuple<long long> values() const noexcept { return {value_}; }
  long long value_;
};

// Floats, and integers that may not fit into the server's.
template <class T>
requires(std::floating_point<T> ||
         (integer<T> && std::is_unsigned_v<T> && sizeof(T) == sizeof(long long))) struct packed_argument<T> {
  static constexpr char letter = 'b';
  explicit packed_argument(T value) noexcept : text_{value} {}
  std::tuple<const char*, std::size_t> values() const noexcept { return {text_.view().data(), text_.view().size()}; }
  number_text text_;
};

template <class T>
requires(text_like<T> && !std::is_convertible_v<const T&, string_ref>) struct packed_argument<T> {
  static constexpr char letter = 'b';
  explicit packed_argument(std::string_view text) noexcept : text_{text} {}
  std::tuple<const char*, std::size_t> values() const noexcept { return {text_.data(), text_.size()}; }
  std::string_view text_;
};

template <std::size_t N>
struct packed_argument<char[N]> {
  static constexpr char letter = 'c';
  explicit packed_argument(const char* text) noexcept : text_{text} {}
  std::tuple<const char*> values() const noexcept { return {text_}; }
  const char* text_;
};

template <>
struct packed_argument<const char*> : packed_argument<char[1]> {
  using packed_argument<char[1]>::packed_argument;
  bool is_good() const noexcept { return text_ != nullptr; }
};
template <>
struct packed_argument<char*> : packed_argument<const char*> {
  using packed_argument<const char*>::packed_argument;
};

template <class T>
requires(std::is_convertible_v<const T&, string_ref>) struct packed_argument<T> {
  static constexpr char letter = 's';
  explicit packed_argument(string_ref text) noexcept : raw_{text.raw()} {}
  std::tuple<abi::ModuleString*> values() const noexcept { return {raw_}; }
  bool is_good() const noexcept { return raw_ != nullptr; }
  abi::ModuleString* raw_;
};

template <string_array T>
struct packed_argument<T> {
  static constexpr char letter = 'v';
  explicit packed_argument(const T& all) noexcept
      : first_{reinterpret_cast<abi::ModuleString**>(const_cast<string_ref*>(all.data()))}, size_{all.size()} {
    static_assert(sizeof(string_ref) == sizeof(abi::ModuleString*));
  }
  std::tuple<abi::ModuleString**, std::size_t> values() const noexcept { return {first_, size_}; }
  bool is_good() const noexcept {
    for (std::size_t i = 0; i < size_; ++i) {
      if (first_[i] == nullptr) return false;
    }
    return true;
  }
  abi::ModuleString** first_;
  std::size_t size_;
};

template <raw_arguments T>
struct packed_argument<T> {
  static constexpr char letter = 'v';
  explicit packed_argument(const T& all) noexcept : all_{all} {}
  std::tuple<abi::ModuleString**, std::size_t> values() const noexcept { return {all_.raw(), all_.size()}; }
  const T& all_;
};

// Any other range: server strings are made of its elements, a pair being two.
template <list_of_arguments T>
struct packed_argument<T> {
  static constexpr char letter = 'v';
  explicit packed_argument(const T& all) {
    for (const auto& each : all) list_.add(each);
  }
  std::tuple<abi::ModuleString**, std::size_t> values() noexcept { return {list_.data(), list_.size()}; }
  argument_list list_;
};

template <class T>
using packed = packed_argument<std::remove_cv_t<T>>;

template <class T>
bool is_good(const T& argument) noexcept {
  if constexpr (requires { argument.is_good(); }) {
    return argument.is_good();
  } else {
    return true;
  }
}

template <class... Args>
inline constexpr char format_letters[] = {packed<Args>::letter..., '\0'};

// Writes the letters of the options after those of the arguments.
// Fails: false where the server lacks one.
bool write_option_letters(char* to, const call_options& options) noexcept;

// Why a call was refused. Each is made once, in src/call.cc.
[[gnu::cold]] error_reply unknown_option(const call_options& options);
[[gnu::cold]] error_reply no_string(const char* command);
[[gnu::cold]] error_reply refused_replication(const char* command);
// Without options, by errno.
[[gnu::cold]] error_reply refused_call(const char* command, int error_number);
[[gnu::cold]] call_reply refused_reply(reply_list& frame, const char* command, int error_number);
// Answers null, with an errno of ours.
[[gnu::cold]] abi::ModuleCallReply* refuse_arguments() noexcept;

// The context has the user for the length of a call.
class user_scope {
 public:
  user_scope(abi::ModuleCtx* ctx, abi::ModuleUser* user) noexcept : ctx_{user != nullptr ? ctx : nullptr} {
    if (ctx_ != nullptr) api.SetContextUser(ctx_, user);
  }
  user_scope(const user_scope&) = delete;
  user_scope& operator=(const user_scope&) = delete;
  ~user_scope() {
    if (ctx_ != nullptr) api.SetContextUser(ctx_, nullptr);
  }

 private:
  abi::ModuleCtx* ctx_;
};

// What a call came to: a reply; or none, and whether it was tried, and why not.
struct call_outcome {
  enum class reason : unsigned char { tried, lacks_option, no_string, no_client, no_caller };

  abi::ModuleCallReply* reply = nullptr;
  reason why = reason::tried;
};

// What went wrong with an outcome that has no reply; no text where nothing did: after a dry run.
[[gnu::cold]] error_reply explain(const call_outcome& outcome, const char* command, const call_options& options,
                                  int error_number);
// Of a dry run: what some servers give for success is no reply. Frees it, and answers whether it was one.
[[gnu::cold]] abi::ModuleCallReply* reply_of_dry_run(abi::ModuleCallReply* reply) noexcept;

// Whether a command runs in the context, so that there is somebody who asked. (The client of a detached context is the
// server's default user, and asked for nothing.) True before Redis 7.0, where it cannot be told.
bool has_caller(abi::ModuleCtx* ctx) noexcept;
// Whether the context has a user, which its client may lack. Since: Redis 7.0.
[[gnu::cold]] bool has_user(abi::ModuleCtx* ctx) noexcept;
// Whether the server would end itself if it refused a call as another user, since the context has no user of its own.
[[gnu::cold]] bool cannot_refuse(abi::ModuleCtx* ctx) noexcept;

// Calls `function`, Call or Replicate, with the arguments as they were packed.
template <class Function, class... Packed>
auto apply_packed(Function function, abi::ModuleCtx* ctx, const char* command, const char* format, Packed&... args) {
  return std::apply([&](auto... values) { return function(ctx, command, format, values...); },
                    std::tuple_cat(args.values()...));
}

// The letters of the arguments are known when compiled; those of options are added in a buffer on the stack.
template <class Function, class... Packed>
auto apply_format(Function function, abi::ModuleCtx* ctx, const char* command, const char* letters,
                  const call_options& options, bool& known, Packed&... args) {
  if (options.empty()) return apply_packed(function, ctx, command, letters, args...);
  char format[sizeof...(Packed) + most_option_letters];
  std::memcpy(format, letters, sizeof...(Packed));
  known = write_option_letters(format + sizeof...(Packed), options);
  if (!known) [[unlikely]]
    return decltype(apply_packed(function, ctx, command, letters, args...)){};
  const user_scope user{ctx, options.user()};
  return apply_packed(function, ctx, command, format, args...);
}

template <class... Packed>
call_outcome call_packed(abi::ModuleCtx* ctx, const char* command, const char* letters, const call_options& options,
                         Packed&&... args) {
  if (!(true && ... && is_good(args))) [[unlikely]]
    return {nullptr, call_outcome::reason::no_string};
  if (options.user() != nullptr && cannot_refuse(ctx)) [[unlikely]]
    return {nullptr, call_outcome::reason::no_client};
  if (options.has(as_caller) && options.user() == nullptr && !has_caller(ctx)) [[unlikely]]
    return {nullptr, call_outcome::reason::no_caller};
  bool known = true;
  abi::ModuleCallReply* reply = apply_format(api.Call, ctx, command, letters, options, known, args...);
  if (options.has(dry_run)) [[unlikely]]
    reply = reply_of_dry_run(reply);
  return {reply, known ? call_outcome::reason::tried : call_outcome::reason::lacks_option};
}

// Null, with errno, where the server or the arguments refuse.
template <class... Packed>
abi::ModuleCallReply* call_plain(abi::ModuleCtx* ctx, const char* command, const char* letters, Packed&&... args) {
  if (!(true && ... && is_good(args))) [[unlikely]]
    return refuse_arguments();
  return apply_packed(api.Call, ctx, command, letters, args...);
}

// Without options: the format is a constant.
template <class... Args>
abi::ModuleCallReply* make_plain_call(abi::ModuleCtx* ctx, const char* command, const Args&... args) {
  close_open_keys();
  return call_plain(ctx, command, format_letters<Args...>, packed<Args>{args}...);
}

template <class... Args>
call_outcome make_call(abi::ModuleCtx* ctx, const char* command, const call_options& options, const Args&... args) {
  close_open_keys();
  return call_packed(ctx, command, format_letters<Args...>, options, packed<Args>{args}...);
}

template <class... Packed>
result<void> replicate_packed(abi::ModuleCtx* ctx, const char* command, const char* letters,
                              const call_options& options, Packed&&... args) {
  if (!(true && ... && is_good(args))) [[unlikely]]
    return no_string(command);
  bool known = true;
  const int code = apply_format(api.Replicate, ctx, command, letters, options, known, args...);
  if (!known) [[unlikely]]
    return unknown_option(options);
  if (code != abi::MODULE_OK) [[unlikely]]
    return refused_replication(command);
  return {};
}

template <class... Args>
result<void> make_replication(abi::ModuleCtx* ctx, const char* command, const call_options& options,
                              const Args&... args) {
  return replicate_packed(ctx, command, format_letters<Args...>, options, packed<Args>{args}...);
}

}  // namespace detail

}  // namespace redismodule
