// Keys that are streams.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "redismodule/detail/names.h"
#include "redismodule/key.h"

namespace redismodule {

struct stream_field {
  string_ref field;
  string_ref value;
};

// From one id to another, both included unless `exclusive`; nothing: from the beginning, to the end.
struct stream_bounds {
  std::optional<stream_id> first = {};
  std::optional<stream_id> last = {};
  bool exclusive = false;
};

// How exactly a stream is cut: `approximately` leaves some more where that is cheaper.
enum class trim : std::uint8_t { exactly, approximately };
// As an argument: the marks of XTRIM.
constexpr auto describe(of<trim>) { return names<trim>({{"=", trim::exactly}, {"~", trim::approximately}}); }

namespace detail {

// Arguments as the server has them, fields and values in turn: an rm::rest<std::pair<rm::string_ref, rm::string_ref>>.
template <class Pairs>
concept raw_pairs = std::same_as<typename Pairs::value_type, std::pair<string_ref, string_ref>> &&
    requires(const Pairs& pairs) {
  { pairs.raw() } -> std::same_as<abi::ModuleString**>;
};

}  // namespace detail

// A stream as a key's value.
// Since: Redis 6.2, Valkey 7.2, all but size(). Fails: on older servers, members that return a result give an error,
// the others throw unsupported.
class stream : public basic_key {
 public:
  class entry;
  class const_entry;
  class fields_range;
  template <class Entry>
  class basic_iterator;
  template <class Entry>
  class basic_range;
  using iterator = basic_iterator<entry>;
  using const_iterator = basic_iterator<const_entry>;
  using range = basic_range<entry>;
  using const_range = basic_range<const_entry>;

  static constexpr key_type wanted = key_type::stream;

  explicit stream(const detail::key_seed& seed) noexcept : basic_key{seed, wanted} {}

  // Adds an entry and returns its id: one that the server chooses, or the one that is given. `pairs`: fields and values
  // in turn, or pairs of them in an rm::rest<std::pair<rm::string_ref, rm::string_ref>>.
  // Fails: an error, in the server's words, where the id is not above all others, there are no fields, or they are too
  // large. Throws std::bad_alloc.
  result<stream_id> add(std::span<const string_ref> pairs) { return add_raw(nullptr, pairs); }
  result<stream_id> add(std::initializer_list<string_ref> pairs) {
    return add(std::span<const string_ref>{pairs.begin(), pairs.size()});
  }
  result<stream_id> add(const stream_id& id, std::span<const string_ref> pairs) { return add_raw(&id, pairs); }
  result<stream_id> add(const stream_id& id, std::initializer_list<string_ref> pairs) {
    return add(id, std::span<const string_ref>{pairs.begin(), pairs.size()});
  }
  template <detail::raw_pairs Pairs>
  result<stream_id> add(const Pairs& pairs) {
    return add_raw(nullptr, pairs.raw(), 2 * pairs.size());
  }
  template <detail::raw_pairs Pairs>
  result<stream_id> add(const stream_id& id, const Pairs& pairs) {
    return add_raw(&id, pairs.raw(), 2 * pairs.size());
  }

  // Whether there was an entry of this id. A stream without entries stays.
  bool erase(const stream_id& id);
  // Keeps the latest entries, or those from an id on. How many are gone.
  std::size_t trim_to_size(std::size_t size, trim how = trim::exactly);
  std::size_t trim_before(const stream_id& id, trim how = trim::exactly);

  // The entries, from the oldest; reversed, from the latest: `for (auto& each : stream->entries())`. An entry has
  // id(), size() and fields(), and one that is walked over for writing erase(). What else is written meanwhile does not
  // end the iteration: it goes on behind the entry where it stood.
  const_range entries(const stream_bounds& bounds = {}) const;
  const_range entries_reversed(const stream_bounds& bounds = {}) const;
  range entries(const stream_bounds& bounds = {});
  range entries_reversed(const stream_bounds& bounds = {});
  const_iterator begin() const;
  iterator begin();
  std::default_sentinel_t end() const noexcept { return {}; }

  // fn(entry), from the oldest, until it answers false, if it answers. Allocates nothing.
  template <class F>
  void for_each(F&& fn) const;

 protected:
  stream(stream&&) noexcept = default;
  ~stream() = default;

 private:
  result<stream_id> add_raw(const stream_id* id, std::span<const string_ref> pairs);
  result<stream_id> add_raw(const stream_id* id, abi::ModuleString** pairs, std::size_t size);
  abi::ModuleKey* raw_without_iterator();
};

namespace detail {

// One walk over a stream, and where it stands.
class stream_walk {
 public:
  stream_walk(open_key& entry, const stream_bounds& bounds, bool reversed);
  stream_walk(stream_walk&& other) noexcept;
  stream_walk& operator=(stream_walk&&) = delete;
  ~stream_walk() {
    if (entry_ != nullptr && is_in_step()) stop();
  }

  bool is_done() const noexcept { return is_done_; }
  const stream_id& id() const noexcept { return id_; }
  std::size_t size() const noexcept { return static_cast<std::size_t>(field_count_); }

  void next();
  // The next field of the entry, if there is one; it is looked up anew where the walk was disturbed.
  bool next_field(string& field, string& value);
  // From the first field again.
  void rewind() noexcept;
  bool erase();

 private:
  bool is_in_step() const noexcept { return revision_ == entry_->revision(); }
  void stop() noexcept;
  bool start(const stream_bounds& bounds);
  bool start_from(const stream_id& near);
  void take_next();
  void go_on_behind();
  bool find_again();

  open_key* entry_;
  stream_bounds bounds_;
  stream_id id_;
  long field_count_ = 0;
  long fields_taken_ = 0;
  std::uint32_t revision_ = 0;
  bool reversed_;
  bool is_done_ = false;
};

}  // namespace detail

// The fields of an entry, in order: `for (auto [field, value] : entry.fields())`.
class stream::fields_range {
 public:
  // Owns: the field and the value that it stands at.
  class iterator {
   public:
    using value_type = stream_field;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    iterator() noexcept = default;
    explicit iterator(detail::stream_walk& walk) : walk_{&walk} { ++*this; }

    stream_field operator*() const noexcept { return {field_.borrow(), value_.borrow()}; }
    iterator& operator++() {
      if (!walk_->next_field(field_, value_)) walk_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& a, std::default_sentinel_t) noexcept { return a.walk_ == nullptr; }

   private:
    detail::stream_walk* walk_ = nullptr;
    string field_;
    string value_;
  };

  explicit fields_range(detail::stream_walk& walk) noexcept : walk_{&walk} {}
  iterator begin() const {
    walk_->rewind();
    return iterator{*walk_};
  }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  detail::stream_walk* walk_;
};

// The entry that a walk stands at. Good until it moves on.
class stream::const_entry {
 public:
  explicit const_entry(detail::stream_walk&& walk) noexcept : walk_{std::move(walk)} {}

  const stream_id& id() const noexcept { return walk_.id(); }
  // How many fields it has.
  std::size_t size() const noexcept { return walk_.size(); }
  fields_range fields() const noexcept { return fields_range{walk_}; }

 protected:
  template <class Entry>
  friend class stream::basic_iterator;

  mutable detail::stream_walk walk_;
};

// The same, in a stream that is open for writing.
class stream::entry : public const_entry {
 public:
  using const_entry::const_entry;

  // Whether it was still there.
  bool erase() const { return walk_.erase(); }
};

template <class Entry>
class stream::basic_iterator {
 public:
  using value_type = Entry;
  using difference_type = std::ptrdiff_t;
  using iterator_concept = std::input_iterator_tag;

  explicit basic_iterator(detail::stream_walk&& walk) noexcept : at_{std::move(walk)} {}

  const Entry& operator*() const noexcept { return at_; }
  const Entry* operator->() const noexcept { return &at_; }
  basic_iterator& operator++() {
    at_.walk_.next();
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const basic_iterator& a, std::default_sentinel_t) noexcept { return a.is_done(); }

 private:
  bool is_done() const noexcept { return at_.walk_.is_done(); }

  Entry at_;
};

template <class Entry>
class stream::basic_range {
 public:
  basic_range(detail::open_key& entry, const stream_bounds& bounds, bool reversed) noexcept
      : entry_{&entry}, bounds_{bounds}, reversed_{reversed} {}

  basic_iterator<Entry> begin() const {
    return basic_iterator<Entry>{detail::stream_walk{*entry_, bounds_, reversed_}};
  }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  detail::open_key* entry_;
  stream_bounds bounds_;
  bool reversed_;
};

inline stream::const_range stream::entries(const stream_bounds& bounds) const { return {entry_, bounds, false}; }
inline stream::const_range stream::entries_reversed(const stream_bounds& bounds) const {
  return {entry_, bounds, true};
}
inline stream::range stream::entries(const stream_bounds& bounds) { return {entry_, bounds, false}; }
inline stream::range stream::entries_reversed(const stream_bounds& bounds) { return {entry_, bounds, true}; }
inline stream::const_iterator stream::begin() const { return entries().begin(); }
inline stream::iterator stream::begin() { return entries().begin(); }

template <class F>
void stream::for_each(F&& fn) const {
  for (const_iterator at = begin(); at != end(); ++at) {
    if constexpr (std::is_void_v<decltype(fn(*at))>) {
      fn(*at);
    } else {
      if (!fn(*at)) return;
    }
  }
}

}  // namespace redismodule
