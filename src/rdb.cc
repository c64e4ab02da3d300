#include "redismodule/rdb.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace redismodule {
namespace detail {

namespace {

// Seven bits of the lower 56 in each of eight bytes, in three steps of halves.
constexpr std::uint64_t spread(std::uint64_t value) noexcept {
  value = ((value & 0x00fffffff0000000) << 4) | (value & 0x000000000fffffff);
  value = ((value & 0x0fffc0000fffc000) << 2) | (value & 0x00003fff00003fff);
  return ((value & 0x3f803f803f803f80) << 1) | (value & 0x007f007f007f007f);
}
static_assert(spread(0x80) == 0x100 && spread((std::uint64_t{1} << 56) - 1) == 0x7f7f7f7f7f7f7f7f);
static_assert(std::endian::native == std::endian::little);

}  // namespace

// Doubles take nine or ten bytes, mostly: eight at once are a third of the instructions.
char* byte_sink::encode_long(char* to, std::uint64_t value) noexcept {
  constexpr std::uint64_t more = 0x8080808080808080;
  const std::uint64_t first = spread(value);
  if (const auto rest = static_cast<unsigned>(value >> 56); rest != 0) [[likely]] {
    const std::uint64_t marked = first | more;
    std::memcpy(to, &marked, sizeof marked);
    to[8] = static_cast<char>(rest);  // its highest bit is the tenth byte's, and says that there is one
    to[9] = 1;
    return to + 9 + (rest >> 7);
  }
  const int bytes = (std::bit_width(value) + 6) / 7;
  const std::uint64_t marked = first | (more & ((std::uint64_t{1} << (8 * (bytes - 1))) - 1));
  std::memcpy(to, &marked, sizeof marked);
  return to + bytes;
}

void byte_sink::number_at_end(char tag, std::uint64_t value) {
  char encoded[longest_number];
  raw(encoded, static_cast<std::size_t>(encode(encoded, tag, value) - encoded));
}

void byte_sink::raw(const void* bytes, std::size_t size) {
  const char* from = static_cast<const char*>(bytes);
  while (size != 0) {
    const std::size_t part = std::min(size, static_cast<std::size_t>(end_ - at_));
    std::memcpy(at_, from, part);
    at_ += part;
    from += part;
    size -= part;
    if (at_ != end_) continue;
    consume_(to_, used(), false);
    at_ = begin_;
  }
}

void byte_sink::text(std::string_view bytes) {
  number(text_tag, bytes.size());
  raw(bytes.data(), bytes.size());
}

bool byte_source::raw(void* into, std::size_t size) noexcept {
  if (size > left_) return false;
  left_ -= size;
  char* to = static_cast<char*>(into);
  while (size != 0) {
    while (now_.empty()) {
      if (next_ == count_) return false;
      now_ = at_(all_, next_++);
    }
    const std::size_t part = std::min(size, now_.size());
    std::memcpy(to, now_.data(), part);
    now_.remove_prefix(part);
    to += part;
    size -= part;
  }
  return true;
}

bool byte_source::number(char tag, std::uint64_t& into) noexcept {
  char found = 0;
  return any_number(found, into) && found == tag;
}

namespace {

// `next` gives one byte, or says that there is none.
template <class Next>
bool decode(char& tag, std::uint64_t& into, Next next) noexcept {
  into = 0;
  if (!next(tag)) return false;
  char each = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (!next(each)) return false;
    const auto byte = static_cast<unsigned char>(each);
    if (shift == 63 && byte > 1) return false;
    into |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

}  // namespace

bool byte_source::any_number(char& tag, std::uint64_t& into) noexcept {
  constexpr std::size_t longest_number = 11;
  if (now_.size() < longest_number) return decode(tag, into, [this](char& byte) { return raw(&byte, 1); });
  const char* at = now_.data();
  const bool good = decode(tag, into, [&at](char& byte) {
    byte = *at++;
    return true;
  });
  const auto taken = static_cast<std::size_t>(at - now_.data());
  now_.remove_prefix(taken);
  left_ -= taken;
  return good;
}

bool byte_source::size_of_text(std::size_t& into) noexcept { return number(text_tag, into) && into <= left_; }

namespace {

// Small numbers of either sign are small.
constexpr std::uint64_t folded(std::int64_t value) noexcept {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unfolded(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>((value >> 1) ^ (0 - (value & 1)));
}
static_assert(unfolded(folded(-3)) == -3 && unfolded(folded(7)) == 7 && folded(-1) == 1);

}  // namespace

string_ref key_of(abi::ModuleIO* io, const value_place* place) noexcept {
  if (io == nullptr && place != nullptr) {
    if (place->key != nullptr) return string_ref{place->key};
    io = place->io;
  }
  // The server says const, of a string that it keeps.
  return io == nullptr ? string_ref{} : string_ref{const_cast<abi::ModuleString*>(api.GetKeyNameFromIO(io))};
}

std::optional<int> database_of(abi::ModuleIO* io, const value_place* place) {
  if (io == nullptr && place != nullptr) io = place->io;
  if (io == nullptr) return place == nullptr ? std::nullopt : database_if_any(place->database);
  need(api.GetDbIdFromIO, abi::function::GetDbIdFromIO);
  return database_if_any(api.GetDbIdFromIO(io));
}

abi::ModuleCtx* context_of(abi::ModuleIO* io, const value_place* place) noexcept {
  if (io == nullptr && place != nullptr) {
    if (place->ctx != nullptr) return place->ctx;
    io = place->io;
  }
  return io == nullptr ? nullptr : api.GetContextFromIO(io);
}

}  // namespace detail

void rdb_writer::save_signed_bytes(std::int64_t value) { bytes_->number(detail::signed_tag, detail::folded(value)); }
void rdb_writer::save_double_bytes(double value) {
  bytes_->number(detail::double_tag, std::bit_cast<std::uint64_t>(value));
}
void rdb_writer::save_float_bytes(float value) {
  bytes_->number(detail::float_tag, std::bit_cast<std::uint32_t>(value));
}

// As the server writes it: hexadecimal digits, which lose nothing.
void rdb_writer::save_long_double(long double value) {
  if (io_ != nullptr) return api.SaveLongDouble(io_, value);
  char text[64];
  bytes_->text({text, static_cast<std::size_t>(std::snprintf(text, sizeof text, "%La", value))});
}

namespace {

constexpr detail::literal nested_too_deep{"values lie deeper in values of their own type than can be loaded again"};

}  // namespace

bool rdb_writer::too_deep() noexcept {
  refuse(nested_too_deep);
  return false;
}

const char* const rdb_reader::ended = "the data end early, or are of another kind";

error_reply rdb_reader::error() const noexcept { return error_reply{"ERR the data could not be read"}; }

error_reply rdb_reader::refuse(detail::literal why) noexcept {
  if (why_ == nullptr) why_ = why.c_str();
  io_ = nullptr;
  return error();
}

bool rdb_reader::too_deep() noexcept {
  refuse(nested_too_deep);
  return false;
}

bool rdb_reader::check(bool good) noexcept {
  if (good) return true;
  if (why_ == nullptr) why_ = ended;
  io_ = nullptr;
  return false;
}

// What was read past us.
bool rdb_reader::check_raw() noexcept { return raw_ == nullptr || check(api.IsIOError(raw_) == 0); }

bool rdb_reader::read_bytes(std::uint64_t& into) noexcept {
  return !failed() && check(bytes_->number(detail::unsigned_tag, into));
}
bool rdb_reader::read_bytes(std::int64_t& into) noexcept {
  std::uint64_t encoded = 0;
  if (failed() || !check(bytes_->number(detail::signed_tag, encoded))) return false;
  into = detail::unfolded(encoded);
  return true;
}
bool rdb_reader::read_either_bytes(std::int64_t& into) noexcept {
  char tag = 0;
  std::uint64_t encoded = 0;
  if (failed() || !check(bytes_->any_number(tag, encoded))) return false;
  into = tag == detail::signed_tag ? detail::unfolded(encoded) : static_cast<std::int64_t>(encoded);
  return check(tag == detail::signed_tag || tag == detail::unsigned_tag);
}
bool rdb_reader::read_bytes(double& into) noexcept {
  std::uint64_t encoded = 0;
  if (failed() || !check(bytes_->number(detail::double_tag, encoded))) return false;
  into = std::bit_cast<double>(encoded);
  return true;
}
bool rdb_reader::read_bytes(float& into) noexcept {
  std::uint64_t encoded = 0;
  if (failed() || !check(bytes_->number(detail::float_tag, encoded) && encoded <= UINT32_MAX)) return false;
  into = std::bit_cast<float>(static_cast<std::uint32_t>(encoded));
  return true;
}
bool rdb_reader::read_bytes(std::string& into) {
  std::size_t size = 0;
  if (failed() || !check(bytes_->size_of_text(size))) return false;
  into.resize(size);
  return check(bytes_->raw(into.data(), size));
}

bool rdb_reader::read_bytes(string_buffer& into) {
  std::size_t size = 0;
  if (failed() || !check(bytes_->size_of_text(size))) return false;
  into = string_buffer{size};
  return check(bytes_->raw(into.data(), size));
}

bool rdb_reader::take(string_buffer& into) {
  if (io_ == nullptr) return read_bytes(into);
  std::size_t size = 0;
  char* block = detail::nothrow(api.LoadStringBuffer)(io_, &size);
  into = string_buffer::adopt(block, block != nullptr ? size : 0);
  return check(block != nullptr);
}

bool rdb_reader::take(std::string& into) {
  if (io_ == nullptr) return read_bytes(into);
  std::size_t size = 0;
  const handle<detail::string_buffer_policy> bytes{detail::nothrow(api.LoadStringBuffer)(io_, &size)};
  if (!bytes) [[unlikely]]
    return check(false);
  into = std::string(bytes.raw(), size);  // assign() takes more than twice the instructions
  return true;
}

// Not by LoadLongDouble: where the bytes are no number, that gives what happens to be in memory.
bool rdb_reader::take(long double& into) {
  std::string text;
  if (!take(text)) return false;
  char* end = nullptr;
  into = std::strtold(text.c_str(), &end);
  return check(!text.empty() && end == text.c_str() + text.size());
}

// Not by LoadString: a length near 2^64 ends most servers there, which LoadStringBuffer refuses.
bool rdb_reader::take(string& into) {
  std::string bytes;
  if (!take(bytes)) return false;
  into = string{std::string_view{bytes}};
  return true;
}

}  // namespace redismodule
