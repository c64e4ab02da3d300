// What values of data types are written to and read from: an RDB, or the chunks of a restore command, which stand for
// it in an AOF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "redismodule/abi/constants.h"
#include "redismodule/key_context.h"
#include "redismodule/result.h"
#include "redismodule/string.h"
#include "redismodule/string_buffer.h"

namespace redismodule {

namespace detail {

// Where bytes go that are no RDB. Its buffer is full at a fixed size and is then handed on.
// Owns: nothing.
class byte_sink {
 public:
  using consumer = void (*)(void* to, std::string_view bytes, bool is_last);
  // `size`: at least 12, more than a number takes.
  byte_sink(char* buffer, std::size_t size, consumer consume, void* to) noexcept
      : begin_{buffer}, at_{buffer}, end_{buffer + size}, consume_{consume}, to_{to} {}

  // Seven bits in each byte, the last one below 128: small numbers are short.
  void number(char tag, std::uint64_t value) {
    if (at_ >= end_ - longest_number) [[unlikely]]
      return number_at_end(tag, value);
    at_ = encode(at_, tag, value);
  }
  void raw(const void* bytes, std::size_t size);
  void text(std::string_view bytes);
  void finish() { consume_(to_, used(), true); }

 private:
  static constexpr std::size_t longest_number = 11;
  static char* encode(char* to, char tag, std::uint64_t value) noexcept {
    *to++ = tag;
    if (value >= std::uint64_t{1} << 21) return encode_long(to, value);
    for (; value >= 0x80; value >>= 7) *to++ = static_cast<char>(value | 0x80);
    *to++ = static_cast<char>(value);
    return to;
  }
  static char* encode_long(char* to, std::uint64_t value) noexcept;
  void number_at_end(char tag, std::uint64_t value);
  std::string_view used() const noexcept { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }

  char* begin_;
  char* at_;
  char* end_;
  consumer consume_;
  void* to_;
};

// Bytes in pieces, as a byte_sink gave them.
// Owns: nothing.
class byte_source {
 public:
  using piece = std::string_view (*)(const void* all, std::size_t index);
  byte_source(piece at, const void* all, std::size_t count, std::uint64_t bytes) noexcept
      : at_{at}, all_{all}, count_{count}, left_{bytes} {}

  // Each: false where the bytes end or are of another kind. How many are left is known, so that no claim is believed.
  bool number(char tag, std::uint64_t& into) noexcept;
  bool any_number(char& tag, std::uint64_t& into) noexcept;
  bool raw(void* into, std::size_t size) noexcept;
  bool size_of_text(std::size_t& into) noexcept;
  bool at_end() const noexcept { return left_ == 0; }

 private:
  piece at_;
  const void* all_;
  std::size_t count_;
  std::uint64_t left_;
  std::size_t next_ = 0;
  std::string_view now_;
};

inline constexpr char unsigned_tag = 'u', signed_tag = 'i', double_tag = 'd', float_tag = 'f', text_tag = 's';

// Each null, or nothing, where the value is in no key.
string_ref key_of(abi::ModuleIO* io, const value_place* place) noexcept;
std::optional<int> database_of(abi::ModuleIO* io, const value_place* place);
abi::ModuleCtx* context_of(abi::ModuleIO* io, const value_place* place) noexcept;
// How deep values may lie within values of their own type: what can be saved can be loaded, on the 8 MiB of stack that
// a server's main thread has, and freed on the 4 MiB of its other threads. A level is a described struct, a container,
// a pointer or the value of a rm::codec; those that cannot hold a value of their own type do not count.
inline constexpr int most_levels = 1000;

}  // namespace detail

// Writes a value, one typed part after the other; what reads it asks for the same parts in the same order. A part that
// cannot be written fails the whole save, which the server sees to.
// Lock: held, or in a child of the server's.
class rdb_writer {
 public:
  rdb_writer(abi::ModuleIO* io, int version) noexcept : io_{io}, version_{version} {}
  rdb_writer(detail::byte_sink& to, int version) noexcept : bytes_{&to}, version_{version} {}
  rdb_writer(const rdb_writer&) = delete;
  rdb_writer& operator=(const rdb_writer&) = delete;

  void save_unsigned(std::uint64_t value) {
    if (io_ == nullptr) [[unlikely]]
      return bytes_->number(detail::unsigned_tag, value);
    detail::nothrow(api.SaveUnsigned)(io_, value);
  }
  void save_signed(std::int64_t value) {
    if (io_ == nullptr) [[unlikely]]
      return save_signed_bytes(value);
    detail::nothrow(api.SaveSigned)(io_, value);
  }
  void save_double(double value) {
    if (io_ == nullptr) [[unlikely]]
      return save_double_bytes(value);
    detail::nothrow(api.SaveDouble)(io_, value);
  }
  void save_float(float value) {
    if (io_ == nullptr) [[unlikely]]
      return save_float_bytes(value);
    detail::nothrow(api.SaveFloat)(io_, value);
  }
  // Not for files that go to another kind of processor: what a long double holds depends on it.
  void save_long_double(long double value);
  // Any bytes.
  void save_string(std::string_view value) {
    if (io_ == nullptr) [[unlikely]]
      return bytes_->text(value);
    const char* bytes = value.data() != nullptr ? value.data() : "";  // Redis 6.0 looks at what is not there
    detail::nothrow(api.SaveStringBuffer)(io_, bytes, value.size());
  }
  // The same, without asking the string for its bytes.
  void save_string(string_ref value) {
    if (io_ == nullptr || !value) [[unlikely]]
      return save_string(value.view());
    detail::nothrow(api.SaveString)(io_, value.raw());
  }
  void save_string(const string& value) { save_string(value.borrow()); }

  // A value of any type that a field can have, as a field writes it. Defined in codec.h.
  template <class T>
  void save(const T& value);

  // Fails the whole save: what is written by it is not kept, what was there before stays. `why` is for the log.
  void refuse(detail::literal why) noexcept {
    if (why_ == nullptr) why_ = why.c_str();
  }

  // The version of the data type that is written.
  int version() const noexcept { return version_; }
  // Of the value; null where it is in none.
  string_ref key() const noexcept { return detail::key_of(io_, place_); }
  // Nothing where it is in none. Since: Redis 7.0. Fails: throws unsupported.
  std::optional<int> database() const { return detail::database_of(io_, place_); }
  // Null where it is no RDB that is written.
  abi::ModuleIO* raw() const noexcept { return io_; }
  // For raw functions that need one; good until the hook returns. Null where there is none.
  abi::ModuleCtx* raw_context() const noexcept { return detail::context_of(io_, place_); }

  // Where the value is, if that is no RDB.
  void set_place(const detail::value_place& place) noexcept { place_ = &place; }
  bool failed() const noexcept { return why_ != nullptr; }

  const char* why() const noexcept { return why_; }
  // Around what may lie in itself.
  bool enter() noexcept { return ++level_ <= detail::most_levels || too_deep(); }
  void leave() noexcept { --level_; }

 private:
  [[gnu::cold]] bool too_deep() noexcept;
  void save_signed_bytes(std::int64_t value);
  void save_double_bytes(double value);
  void save_float_bytes(float value);

  abi::ModuleIO* io_ = nullptr;
  detail::byte_sink* bytes_ = nullptr;
  const detail::value_place* place_ = nullptr;
  int version_;
  int level_ = 0;
  const char* why_ = nullptr;
};

namespace detail {

// The library's own reads, which rdb_reader::asked() does not count.
struct uncounted {
  template <class Reader, class T>
  [[gnu::always_inline]] static bool read(Reader& from, T& into) {
    return from.take(into);
  }
};

}  // namespace detail

// Reads what a rdb_writer wrote. Nothing that it gives is to be believed beyond its type: the data may have been cut or
// changed. A part that cannot be read is an error, and from then on every further one, so that asking late is enough.
// Whether a part was read is asked of the server only where it is 0, which is what the server gives otherwise.
// Within a read the server may turn to other work, as it does while it loads: clients, and defragmentation of other
// values and of the module's globals (m.defrag). References to those are not good across one.
// Lock: held.
class rdb_reader {
 public:
  static constexpr int most_levels = detail::most_levels;

  // `version`: what was written, `newest`: what the type is now.
  rdb_reader(abi::ModuleIO* io, int version, int newest) noexcept
      : io_{io}, raw_{io}, version_{version}, newest_{newest} {}
  rdb_reader(detail::byte_source& from, int version, int newest) noexcept
      : bytes_{&from}, version_{version}, newest_{newest} {}
  rdb_reader(const rdb_reader&) = delete;
  rdb_reader& operator=(const rdb_reader&) = delete;

  // Fails: an error where the data end here, are something else, or something before them could not be read.
  result<std::uint64_t> load_unsigned() { return as_result<std::uint64_t>(); }
  result<std::int64_t> load_signed() { return as_result<std::int64_t>(); }
  result<double> load_double() { return as_result<double>(); }
  result<float> load_float() { return as_result<float>(); }
  result<long double> load_long_double() { return as_result<long double>(); }
  result<std::string> load_string() { return as_result<std::string>(); }
  // As a string of the server's.
  result<string> load_server_string() { return as_result<string>(); }
  // As the block that the server allocated, without a copy.
  result<string_buffer> load_string_buffer() { return as_result<string_buffer>(); }

  // A value of any type that a field can have, as a field reads it. Defined in codec.h.
  // Fails: also throws std::bad_alloc.
  template <class T>
  result<T> load();

  // Says that what was read makes no sense. From now on everything is an error. `why` is for the log.
  error_reply refuse(detail::literal why) noexcept;

  // The version of the data type that was written.
  int version() const noexcept { return version_; }
  // The version that the type has now.
  int newest_version() const noexcept { return newest_; }
  bool failed() noexcept { return why_ != nullptr || (raw_was_taken_ && !check_raw()); }
  // That the value will be in; null where that is none, or not said.
  string_ref key() const noexcept { return detail::key_of(raw_, place_); }
  // Nothing where that is none. Since: Redis 7.0. Fails: throws unsupported.
  std::optional<int> database() const { return detail::database_of(raw_, place_); }
  // Null where it is no RDB that is read.
  abi::ModuleIO* raw() noexcept {
    ++asked_;
    raw_was_taken_ = true;
    return raw_;
  }
  // For raw functions that need one; good until the hook returns. Null where there is none.
  abi::ModuleCtx* raw_context() const noexcept { return detail::context_of(raw_, place_); }

  // Where the value will be, if it is no RDB that is read.
  void set_place(const detail::value_place& place) noexcept { place_ = &place; }

  // The same reads for who asks but once, at the end: false where they failed.
  template <class T>
  bool read(T& into) {
    ++asked_;
    return take(into);
  }
  const char* why() const noexcept { return why_; }
  // A number that was written as signed or as unsigned.
  bool read_either(std::int64_t& into) noexcept { return io_ != nullptr ? take(into) : read_either_bytes(into); }
  // Around what may lie in itself. Large values of a rm::codec may be on the stack, of which servers have 8 MiB; where
  // they are saved they are not, so that more levels can be saved of those than loaded.
  bool enter() noexcept {
    constexpr std::ptrdiff_t most_stack = 6 << 20;
    const auto* here = static_cast<const char*>(__builtin_frame_address(0));
    return (++level_ <= detail::most_levels && stack_ - here < most_stack) || too_deep();
  }
  void leave() noexcept { --level_; }
  // Room, in bytes, for what is only claimed so far: as much as is asked for, of 4 KiB for the whole value. What has
  // come is given back.
  std::size_t take_room(std::uint64_t bytes) noexcept {
    const auto taken = static_cast<std::size_t>(bytes < room_ ? bytes : room_);
    room_ -= taken;
    return taken;
  }
  void give_room_back(std::size_t bytes) noexcept { room_ += bytes; }
  // How often a result, or the server's handle, was asked for: what reads nothing cannot be asked for without end.
  std::uint64_t asked() const noexcept { return asked_; }

 private:
  friend struct detail::uncounted;

  [[gnu::always_inline]] bool take(std::uint64_t& into) noexcept {
    if (io_ == nullptr) [[unlikely]]
      return read_bytes(into);
    into = detail::nothrow(api.LoadUnsigned)(io_);
    return into != 0 || is_zero();
  }
  [[gnu::always_inline]] bool take(std::int64_t& into) noexcept {
    if (io_ == nullptr) [[unlikely]]
      return read_bytes(into);
    into = detail::nothrow(api.LoadSigned)(io_);
    return into != 0 || is_zero();
  }
  [[gnu::always_inline]] bool take(double& into) noexcept {
    if (io_ == nullptr) [[unlikely]]
      return read_bytes(into);
    into = detail::nothrow(api.LoadDouble)(io_);
    return into != 0 || is_zero();
  }
  [[gnu::always_inline]] bool take(float& into) noexcept {
    if (io_ == nullptr) [[unlikely]]
      return read_bytes(into);
    into = detail::nothrow(api.LoadFloat)(io_);
    return into != 0 || is_zero();
  }
  // Fails: throws std::bad_alloc.
  bool take(long double& into);
  bool take(std::string& into);
  bool take(string& into);
  bool take(string_buffer& into);

  template <class T>
  result<T> as_result() {
    ++asked_;
    T value{};
    if (!take(value)) [[unlikely]]
      return error();
    return value;
  }

  bool is_zero() noexcept {
    if (api.IsIOError(io_) == 0) [[likely]]
      return true;
    return check(false);
  }
  [[gnu::cold]] bool too_deep() noexcept;
  [[gnu::cold]] error_reply error() const noexcept;
  bool read_bytes(std::uint64_t& into) noexcept;
  bool read_bytes(std::int64_t& into) noexcept;
  bool read_bytes(double& into) noexcept;
  bool read_bytes(float& into) noexcept;
  bool read_bytes(std::string& into);
  bool read_bytes(string_buffer& into);
  bool read_either_bytes(std::int64_t& into) noexcept;
  bool check(bool good) noexcept;
  [[gnu::cold]] bool check_raw() noexcept;

  static const char* const ended;

  abi::ModuleIO* io_ = nullptr;  // null also where a read has failed, so that none goes on
  abi::ModuleIO* raw_ = nullptr;
  detail::byte_source* bytes_ = nullptr;
  const detail::value_place* place_ = nullptr;
  int version_;
  int newest_;
  int level_ = 0;
  const char* stack_ = static_cast<const char*>(__builtin_frame_address(0));  // where it stood in the beginning
  std::size_t room_ = 4096;
  bool raw_was_taken_ = false;
  const char* why_ = nullptr;
  std::uint64_t asked_ = 0;
};

}  // namespace redismodule
