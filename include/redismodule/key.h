// Keys: what all of them can do whatever their value, and the views that handlers take.
//
// A view cannot go stale. Whatever may change keys behind it (a call, a notification, another view of the same key)
// makes it look again before its next access; where the key has meanwhile a value of another type, that access throws
// wrong_type, which the client sees as the servers' own WRONGTYPE error.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "redismodule/detail/open_keys.h"
#include "redismodule/result.h"
#include "redismodule/unsupported.h"

namespace redismodule {

// What a command does to a key, as the server's key specs say it.
enum class access : std::uint8_t {
  none = 0,
  read = 1,        // its value may come back to the client
  update = 2,      // its value changes
  insert = 4,      // it gains something, or is made
  remove = 8,      // it loses something
  overwrite = 16,  // beside update or insert: what it was does not matter
  erase = 32,      // the key itself goes
};
constexpr access operator|(access a, access b) noexcept {
  return static_cast<access>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}
constexpr bool contains(access all, access some) noexcept {
  return (static_cast<std::uint8_t>(all) & static_cast<std::uint8_t>(some)) == static_cast<std::uint8_t>(some);
}

using milliseconds = std::chrono::milliseconds;
using time_point = std::chrono::time_point<std::chrono::system_clock, milliseconds>;

namespace detail {

// What a key is made from.
struct key_seed {
  abi::ModuleCtx* ctx;
  abi::ModuleString* name;
  int mode;
  name_owner owner;
};

struct key_internals;

}  // namespace detail

// What all keys can do. Members that are const read; the others write, and only a view for writing reaches them.
// Owns: the open key, until the end of the frame that it belongs to.
// Lock: held.
// Fails: every member throws wrong_type where the key has a value of another type than the class is for.
class basic_key {
 public:
  basic_key(const basic_key&) = delete;
  basic_key& operator=(const basic_key&) = delete;

  bool exists() const { return type() != key_type::empty; }
  // key_type::empty: there is none.
  key_type type() const;
  // Its name. Good as long as the frame.
  string_ref name() const;
  // The number of its database.
  int database() const;
  // Elements, or the bytes of a string; 0 where there is no value, or one of a module's type.
  std::size_t size() const {
    abi::ModuleKey* handle = entry_.raw();
    return handle == nullptr ? 0 : detail::nothrow(api.ValueLength)(handle);
  }
  bool empty() const { return size() == 0; }

  // How long it still lives, or when it ends; nothing for one that stays, or is not there.
  std::optional<milliseconds> time_to_live() const;
  std::optional<time_point> expires_at() const;

  // Since its last use, to seconds. Nothing where the server counts frequencies instead, or there is no value.
  // Valkey 9.1 says it in 32 bits of milliseconds, so that it begins anew every 50 days.
  std::optional<milliseconds> idle_time() const;
  // The server's logarithmic count of its uses. Nothing where the server keeps times instead, or there is no value.
  std::optional<int> frequency() const;
  // Sets them. They are about the server's memory of the key, not its value: a view for reading is enough.
  // Fails: false, and nothing changes, where the server does not keep that, there is no value, or the number is larger
  // than what is kept: 255, and 194 days (16,777,214 seconds). In Valkey 9.1 times are multiples of eight seconds: what
  // lies in between becomes the next one that can be kept. Redis 6.0 keeps some times beyond 97 days as 97 days: false.
  bool set_idle_time(milliseconds idle) const;
  bool set_frequency(int count) const;
  // Counts as a use.
  void touch() const;

  // Lets it end. A time that has passed ends it within a millisecond.
  // Fails: false, and nothing changes, where there is no value, or the end is further away than half of all numbers go
  // (146 million years): a server would add the time of now to the rest of them and come out in the past.
  bool expire_in(milliseconds lifetime);
  bool expire_at(time_point end);
  // Lets it stay. Fails: false where there is no value.
  bool persist();

  // Removes it; what is written afterwards makes it anew.
  void remove();
  // The same, its memory freed by another thread if it is large.
  void unlink();

  // The server's handle, for what has no wrapper: null where there is no value and the view is for reading. Good until
  // the next thing that may change keys; a raw function that iterates has to end that itself.
  abi::ModuleKey* raw() const { return entry_.raw(); }

 protected:
  basic_key(const detail::key_seed& seed, key_type type) noexcept
      : entry_{seed.ctx, seed.name, seed.mode, type, seed.owner} {}
  basic_key(basic_key&&) noexcept = default;
  ~basic_key() = default;

  void set_string(const text_argument& value);

  // Ends iterations that C would leave with dangling pointers.
  void changing() { entry_.advance(); }

  mutable detail::open_key entry_;

 private:
  friend detail::key_internals;
};

// A key whatever its value.
class any_key : public basic_key {
 public:
  static constexpr key_type wanted = key_type::unknown;

  explicit any_key(const detail::key_seed& seed) noexcept : basic_key{seed, wanted} {}

  // Makes it a string, whatever its value was; an expiry goes.
  void set(const text_argument& value) { set_string(value); }

 protected:
  any_key(any_key&&) noexcept = default;
  ~any_key() = default;
};

namespace detail {

struct key_internals {
  static open_key& entry(const basic_key& key) noexcept { return key.entry_; }
};

// Gives a class of keys a life of its own: frames hold it, handlers do not.
template <class K>
struct held_key final : K {
  explicit held_key(const key_seed& seed) noexcept : K{seed} {}
  held_key(held_key&&) noexcept = default;
};

}  // namespace detail

// A class of keys: any_key, string_key, list, hash, sorted_set, set, stream.
template <class K>
concept key_class = std::derived_from<K, basic_key>;

// What a view can be of: a class of keys, or a struct that is a data type.
template <class K>
concept key_kind = key_class<K> || data_type_class<K>;

// A key whose value is of a data type: see typed_key.h.
template <data_type_class T>
class typed_key;

namespace detail {

template <class K>
struct key_for {
  using type = K;
};
template <data_type_class T>
struct key_for<T> {
  using type = typed_key<T>;
};

}  // namespace detail

// A handler's parameter: a key to read. `key->size()`, `*key`. It cannot be copied, so that none outlives the frame.
// `Modes`: how it is opened beyond that, rm::read<rm::hash, rm::access::read, rm::open_mode::access_expired>; a command
// with a mode that the server does not know cannot be registered.
template <key_kind K, access Access = access::read, flag_set<open_mode> Modes = flag_set<open_mode>{}>
class read {
 public:
  using key = typename detail::key_for<K>::type;
  using pointee = const key;
  static constexpr int mode = detail::read_mode;
  static constexpr flag_set<open_mode> modes = Modes;

  constexpr explicit read(const key& opened) noexcept : key_{opened} {}
  read(const read&) = delete;
  read& operator=(const read&) = delete;

  constexpr const key* operator->() const noexcept { return &key_; }
  constexpr const key& operator*() const noexcept { return key_; }

 private:
  const key& key_;
};

// A handler's parameter: a key to read and to write, made by what is written where it is missing. `Modes`: as of read.
template <key_kind K, access Access = access::read | access::update, flag_set<open_mode> Modes = flag_set<open_mode>{}>
class write {
 public:
  using key = typename detail::key_for<K>::type;
  using pointee = key;
  static constexpr int mode = detail::write_mode;
  static constexpr flag_set<open_mode> modes = Modes;

  constexpr explicit write(key& opened) noexcept : key_{opened} {}
  write(const write&) = delete;
  write& operator=(const write&) = delete;

  constexpr key* operator->() const noexcept { return &key_; }
  constexpr key& operator*() const noexcept { return key_; }

 private:
  key& key_;
};

// What ctx.open<rm::read<K>>(name) and ctx.open<rm::write<K>>(name) give: a key that is closed with this object.
// Owns: the open key. Moves.
template <class View>
class opened {
 public:
  using key = typename View::key;
  using pointee = typename View::pointee;

  explicit opened(const detail::key_seed& seed) noexcept : key_{seed} {}
  opened(opened&&) noexcept = default;
  ~opened() { detail::key_internals::entry(key_).give_back_name(); }

  pointee* operator->() const noexcept { return &key_; }
  pointee& operator*() const noexcept { return key_; }

 private:
  mutable detail::held_key<key> key_;
};

namespace detail {

// The server's bits for how a key is opened, or the error for flags that the server does not know.
struct checked_mode {
  int bits;
  bool good;
};
checked_mode checked_open_mode(int base, flag_set<open_mode> flags) noexcept;
// The same of a view in a signature, which was checked when its command was registered.
template <class View>
int mode_of() noexcept {
  if constexpr (View::modes == flag_set<open_mode>{}) return View::mode;
  return checked_open_mode(View::mode, View::modes).bits;
}
[[gnu::cold]] error_reply unknown_open_mode();
[[gnu::cold]] error_reply wrong_type_error();
template <class View>
struct opener {
  static result<opened<View>> open(abi::ModuleCtx* ctx, string_ref name, flag_set<open_mode> flags) {
    return from({ctx, name.raw(), View::mode, name_owner::caller}, View::modes | flags);
  }
  static result<opened<View>> open(abi::ModuleCtx* ctx, std::string_view name, flag_set<open_mode> flags) {
    return from({ctx, string{name}.release(), View::mode, name_owner::key}, View::modes | flags);
  }

 private:
  static result<opened<View>> from(key_seed seed, flag_set<open_mode> flags) {
    const checked_mode mode = checked_open_mode(seed.mode, flags);
    seed.mode = mode.bits;
    opened<View> key{seed};
    if (!mode.good) [[unlikely]]
      return unknown_open_mode();
    open_key& entry = key_internals::entry(*key);
    entry.open();
    if (!entry.has_type(View::key::wanted)) [[unlikely]]
      return wrong_type_error();
    if (entry.raw() == nullptr) entry.keep_name();  // there is no handle that would
    return result<opened<View>>{std::move(key)};
  }
};

}  // namespace detail
}  // namespace redismodule
