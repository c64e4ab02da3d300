#include "redismodule/stream.h"

#include <algorithm>
#include <cerrno>
#include <limits>

namespace redismodule {
namespace {

constexpr abi::ModuleStreamID to_raw(const stream_id& id) noexcept { return {id.milliseconds, id.sequence}; }
constexpr stream_id from_raw(const abi::ModuleStreamID& id) noexcept { return {id.ms, id.seq}; }

// The neighbours of an id; false where there is none.
constexpr bool increase(stream_id& id) noexcept {
  if (++id.sequence != 0) return true;
  return ++id.milliseconds != 0;
}
constexpr bool decrease(stream_id& id) noexcept {
  if (id.sequence-- != 0) return true;
  return id.milliseconds-- != 0;
}

error_reply explain_add(int error) {
  switch (error) {
    case EDOM: return error_reply{"ERR The ID specified in XADD is equal or smaller than the target stream top item"};
    case EFBIG: return error_reply{"ERR The stream has exhausted the last possible ID, unable to add more items"};
    case ERANGE: return error_reply{"ERR Elements are too large to be stored"};
    default: return error_reply{"ERR the entry was not added"};
  }
}

// Strings as the server takes them: string_ref is a pointer and nothing else.
static_assert(sizeof(string_ref) == sizeof(abi::ModuleString*) && std::is_trivially_copyable_v<string_ref>);

}  // namespace

// The server's own functions refuse to change a stream that is walked over, or leave the walk with dangling pointers.
abi::ModuleKey* stream::raw_without_iterator() {
  detail::need(api.StreamAdd, abi::function::StreamAdd);
  abi::ModuleKey* handle = entry_.raw();
  if (entry_.has_iterator()) api.StreamIteratorStop(handle);
  entry_.set_iterator(false);
  changing();
  return handle;
}

result<stream_id> stream::add_raw(const stream_id* id, std::span<const string_ref> pairs) {
  return add_raw(id, reinterpret_cast<abi::ModuleString**>(const_cast<string_ref*>(pairs.data())), pairs.size());
}

result<stream_id> stream::add_raw(const stream_id* id, abi::ModuleString** pairs, std::size_t size) {
  if (api.StreamAdd == nullptr) return unsupported_error(abi::function::StreamAdd);
  if (size == 0 || size % 2 != 0 || std::find(pairs, pairs + size, nullptr) != pairs + size) {
    return error_reply{"ERR an entry of a stream takes fields and values in turn, one of each at least"};
  }
  abi::ModuleKey* handle = raw_without_iterator();
  const bool was_there = api.KeyType(handle) != abi::MODULE_KEYTYPE_EMPTY;
  abi::ModuleStreamID added = id == nullptr ? abi::ModuleStreamID{} : to_raw(*id);
  const int flags = id == nullptr ? static_cast<int>(abi::MODULE_STREAM_ADD_AUTOID) : 0;
  errno = 0;
  if (api.StreamAdd(handle, flags, &added, pairs, static_cast<std::int64_t>(size / 2)) == abi::MODULE_OK) {
    return from_raw(added);
  }
  const int error = errno;
  // The server makes the stream first.
  if (!was_there && api.KeyType(handle) != abi::MODULE_KEYTYPE_EMPTY) api.DeleteKey(handle);
  return explain_add(error);
}

bool stream::erase(const stream_id& id) {
  abi::ModuleStreamID raw = to_raw(id);
  return api.StreamDelete(raw_without_iterator(), &raw) == abi::MODULE_OK;
}

namespace {

std::size_t trimmed(long long count) noexcept { return count < 0 ? 0 : static_cast<std::size_t>(count); }

int flags_of(trim how) noexcept {
  return how == trim::approximately ? static_cast<int>(abi::MODULE_STREAM_TRIM_APPROX) : 0;
}

}  // namespace

std::size_t stream::trim_to_size(std::size_t size, trim how) {
  constexpr std::size_t longest = std::numeric_limits<long long>::max();
  const auto kept = static_cast<long long>(size < longest ? size : longest);
  return trimmed(api.StreamTrimByLength(raw_without_iterator(), flags_of(how), kept));
}

std::size_t stream::trim_before(const stream_id& id, trim how) {
  abi::ModuleStreamID raw = to_raw(id);
  return trimmed(api.StreamTrimByID(raw_without_iterator(), flags_of(how), &raw));
}

namespace detail {

stream_walk::stream_walk(open_key& entry, const stream_bounds& bounds, bool reversed)
    : entry_{&entry}, bounds_{bounds}, reversed_{reversed} {
  need(api.StreamIteratorStart, abi::function::StreamIteratorStart);
  if (start(bounds_)) take_next();
}

stream_walk::stream_walk(stream_walk&& other) noexcept
    : entry_{std::exchange(other.entry_, nullptr)},
      bounds_{other.bounds_},
      id_{other.id_},
      field_count_{other.field_count_},
      fields_taken_{other.fields_taken_},
      revision_{other.revision_},
      reversed_{other.reversed_},
      is_done_{other.is_done_} {}

void stream_walk::stop() noexcept {
  if (!entry_->has_iterator()) return;
  api.StreamIteratorStop(entry_->raw());
  entry_->set_iterator(false);
}

bool stream_walk::start(const stream_bounds& bounds) {
  abi::ModuleKey* handle = entry_->raw();
  if (entry_->has_iterator()) api.StreamIteratorStop(handle);
  entry_->set_iterator(false);
  entry_->advance();
  revision_ = entry_->revision();
  is_done_ = true;
  if (handle == nullptr) return false;
  abi::ModuleStreamID first = to_raw(bounds.first.value_or(stream_id{}));
  abi::ModuleStreamID last = to_raw(bounds.last.value_or(stream_id{}));
  const int flags = (bounds.exclusive ? static_cast<int>(abi::MODULE_STREAM_ITERATOR_EXCLUSIVE) : 0) |
                    (reversed_ ? static_cast<int>(abi::MODULE_STREAM_ITERATOR_REVERSE) : 0);
  if (api.StreamIteratorStart(handle, flags, bounds.first ? &first : nullptr, bounds.last ? &last : nullptr) !=
      abi::MODULE_OK) {
    return false;
  }
  entry_->set_iterator(true);
  is_done_ = false;
  return true;
}

void stream_walk::take_next() {
  abi::ModuleStreamID id{};
  field_count_ = fields_taken_ = 0;
  is_done_ = api.StreamIteratorNextID(entry_->raw(), &id, &field_count_) != abi::MODULE_OK;
  if (!is_done_) id_ = from_raw(id);
}

// The server takes the next field for the next entry, and ends itself, unless all fields were taken.
void stream_walk::next() {
  if (!is_in_step()) [[unlikely]]
    return go_on_behind();
  abi::ModuleKey* handle = entry_->raw();
  for (; fields_taken_ < field_count_; ++fields_taken_) api.StreamIteratorNextField(handle, nullptr, nullptr);
  take_next();
}

// From an id of the walk's range on, which has no iteration of the server's any more.
bool stream_walk::start_from(const stream_id& near) {
  stream_bounds rest = bounds_;
  std::optional<stream_id>& far = reversed_ ? rest.first : rest.last;
  // An end that is excluded is its neighbour included.
  rest.exclusive = false;
  is_done_ = bounds_.exclusive && far && !(reversed_ ? increase(*far) : decrease(*far));
  if (is_done_) return false;
  (reversed_ ? rest.last : rest.first) = near;
  return start(rest);
}

// Something else happened to the key: the walk begins anew, behind the entry where it stood.
void stream_walk::go_on_behind() {
  stream_id behind = id_;
  is_done_ = !(reversed_ ? decrease(behind) : increase(behind));
  if (!is_done_ && start_from(behind)) take_next();
}

// Likewise, at the entry where it stood, up to the field that comes next. Where that is gone the walk stays disturbed.
bool stream_walk::find_again() {
  const stream_id wanted = id_;
  const long taken = fields_taken_;
  if (start_from(wanted)) take_next();
  bool found = !is_done_ && id_ == wanted;
  is_done_ = false;
  id_ = wanted;
  for (; found && fields_taken_ < taken; ++fields_taken_) {
    found = api.StreamIteratorNextField(entry_->raw(), nullptr, nullptr) == abi::MODULE_OK;
  }
  if (!found) entry_->advance();
  return found;
}

bool stream_walk::next_field(string& field, string& value) {
  if (!is_in_step() && !find_again()) return false;
  abi::ModuleString* raw_field = nullptr;
  abi::ModuleString* raw_value = nullptr;
  if (api.StreamIteratorNextField(entry_->raw(), &raw_field, &raw_value) != abi::MODULE_OK) return false;
  ++fields_taken_;
  field = string::adopt(raw_field);
  value = string::adopt(raw_value);
  return true;
}

void stream_walk::rewind() noexcept {
  if (fields_taken_ == 0) return;
  fields_taken_ = 0;
  entry_->advance();
}

bool stream_walk::erase() {
  abi::ModuleKey* handle = entry_->raw();
  const bool in_step = is_in_step();
  if (!in_step && entry_->has_iterator()) api.StreamIteratorStop(handle);
  if (!in_step) entry_->set_iterator(false);
  abi::ModuleStreamID id = to_raw(id_);
  const int done = in_step ? api.StreamIteratorDelete(handle) : api.StreamDelete(handle, &id);
  entry_->advance();
  if (in_step) {
    revision_ = entry_->revision();
    fields_taken_ = field_count_;
  }
  return done == abi::MODULE_OK;
}

}  // namespace detail
}  // namespace redismodule
