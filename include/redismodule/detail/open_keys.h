// The open keys of the module. A key's handle is dead, and may not even be closed, once something else has changed the
// value: so whatever may change keys first closes every open one, and the next access through a view opens it again.
#pragma once

#include <cstdint>
#include <exception>
#include <string_view>
#include <utility>

#include "redismodule/abi/constants.h"
#include "redismodule/detail/typed.h"
#include "redismodule/string.h"
#include "redismodule/translate.h"

namespace redismodule {

// The key has a value of another type than the view is for. Leaving a handler, it is answered as the servers answer it.
class wrong_type : public std::exception {
 public:
  static constexpr const char* text = "WRONGTYPE Operation against a key holding the wrong kind of value";
  const char* what() const noexcept override { return text; }
};

namespace detail {

class open_key;

// The first of those whose handle is open, of every frame of the module that is running.
// Lock: held, as for all that follows.
extern constinit open_key* open_keys __attribute__((visibility("hidden")));

[[gnu::cold]] void close_all_open_keys() noexcept;

// To be called before anything that may change a key beside the handles: a call of a command, a notification, a change
// of the selected database, a flush, giving up the lock.
inline void close_open_keys() noexcept {
  if (open_keys != nullptr) [[unlikely]]
    close_all_open_keys();
}

inline constexpr int read_mode = abi::MODULE_READ;
inline constexpr int write_mode = abi::MODULE_READ | abi::MODULE_WRITE;

// Who keeps a key's name alive.
enum class name_owner : std::uint8_t { argument, caller, key };

// One key that a frame works with. Of equal names at most one handle is open at a time.
// Owns: the handle while it is open, and the name if it says so. Moves: what points to it has to be told.
class open_key {
 public:
  open_key(abi::ModuleCtx* ctx, abi::ModuleString* name, int mode, key_type wanted, name_owner owner) noexcept
      : ctx_{ctx}, name_{name}, mode_{mode}, wanted_{wanted}, name_owner_{owner} {}
  open_key(open_key&& other) noexcept;
  open_key& operator=(open_key&&) = delete;
  // A name that the key owns is given back before this, by free_name(). (Not inline: every command with a key would be
  // some sixty bytes larger, to save one or two instructions.)
  ~open_key();

  // Before the first open().
  void set_name(abi::ModuleString* name) noexcept { name_ = name; }

  // Opens it, as a missing key too: the handle is null then, if it is for reading.
  void open() noexcept {
    if (open_keys != nullptr) [[unlikely]]
      close_same_name();
    raw_ = nothrow(api.OpenKey)(ctx_, name_, mode_);
    link();
  }
  // Whether the type is the wanted one, or there is no value.
  bool has_type(key_type wanted) const noexcept {
    if (raw_ == nullptr || wanted == key_type::unknown) return true;
    const int type = nothrow(api.KeyType)(raw_);
    if (type == static_cast<int>(wanted) || type == static_cast<int>(key_type::empty)) return true;
    return is_data_type(wanted) && type == static_cast<int>(key_type::module) && holds(raw_, wanted);
  }
  // The same after others were opened, one of the same name maybe.
  bool check(key_type wanted) noexcept {
    if (!is_open_) [[unlikely]]
      open_again();
    return has_type(wanted);
  }
  void close() noexcept {
    release();
    raw_ = nullptr;
    is_open_ = false;
    has_iterator_ = false;
    ++revision_;
  }

  // The handle, opened again where it was closed. Fails: throws wrong_type.
  abi::ModuleKey* raw() {
    if (!is_open_) [[unlikely]]
      reopen();
    return raw_;
  }
  // The handle for what removes the value or moves it: with no iteration of the server's under way in it, which would
  // end the server (the handle's iterator outlives the value).
  abi::ModuleKey* raw_at_rest() {
    if (has_iterator_) [[unlikely]]
      close();
    return raw();
  }

  // Changes with everything that ends an iteration: another one, a write, closing.
  std::uint32_t revision() const noexcept { return revision_; }
  void advance() noexcept { ++revision_; }

  // Whether the server may keep an iterator in the handle.
  bool has_iterator() const noexcept { return has_iterator_; }
  void set_iterator(bool is_there) noexcept { has_iterator_ = is_there; }

  // Closes the handle although the frame still works with the key: what opening it again takes is kept.
  // Only where it is open.
  void suspend() noexcept;
  // Has every open key know its database: before another is selected for a while, under open handles.
  static void note_databases() noexcept;
  // Keeps the name from now on, unless it is an argument of the command that runs.
  void keep_name() noexcept;
  void give_back_name() noexcept {
    if (name_owner_ == name_owner::key) free_name();
  }

  abi::ModuleCtx* context() const noexcept { return ctx_; }
  string_ref name() const noexcept { return string_ref{name_}; }
  int mode() const noexcept { return mode_; }
  // -1 where that was not asked yet: the one that is selected.
  int database() const noexcept { return next_database_ - 1; }

 private:
  friend void close_all_open_keys() noexcept;

  [[gnu::cold]] void reopen();
  [[gnu::cold]] void open_again() noexcept;
  void free_name() noexcept;
  [[gnu::cold]] void close_same_name() noexcept;
  void note_database() noexcept;

  void link() noexcept {
    next_ = open_keys;
    open_keys = this;
    is_open_ = true;
  }
  // Frames end in the reverse order of their beginning, and so do keys, mostly.
  void unlink() noexcept {
    if (open_keys == this) [[likely]] {
      open_keys = next_;
    } else {
      unlink_inner();
    }
  }
  [[gnu::cold]] void unlink_inner() noexcept;
  // The end of an open handle, and of this.
  void release() noexcept {
    unlink();
    if (raw_ != nullptr) [[likely]]
      nothrow(api.CloseKey)(raw_);
  }

  abi::ModuleCtx* ctx_;
  abi::ModuleString* name_;
  abi::ModuleKey* raw_;  // null where it is for reading, and there is no value
  open_key* next_;
  // In the order, and with the zeros, by which a compiler sets eight bytes at once.
  int mode_;
  int next_database_ = 0;  // behind the one that it was opened in; 0: not asked yet
  key_type wanted_;
  name_owner name_owner_;
  bool is_open_ = false;
  bool has_iterator_ = false;
  std::uint32_t revision_ = 0;
};

// Selects a database for the length of a scope. -1: the one that is selected.
class selected_database {
 public:
  selected_database(abi::ModuleCtx* ctx, int wanted) noexcept;
  selected_database(const selected_database&) = delete;
  selected_database& operator=(const selected_database&) = delete;
  ~selected_database();

 private:
  abi::ModuleCtx* ctx_;
  int before_ = -1;
};

}  // namespace detail
}  // namespace redismodule
