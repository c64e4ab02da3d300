// Keys that are sorted sets.
#pragma once

#include <cstddef>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "redismodule/scan.h"

namespace redismodule {

struct scored {
  string_ref member;
  double score;
};

// When a member may be added: the words of ZADD.
enum class add_if : std::uint8_t {
  always = 0,
  exists = abi::MODULE_ZADD_XX,
  is_new = abi::MODULE_ZADD_NX,
  greater = abi::MODULE_ZADD_GT,  // a new member is added, an old one only raised. Since: Redis 6.2
  less = abi::MODULE_ZADD_LT,     // likewise, only lowered. Since: Redis 6.2
};
constexpr add_if operator|(add_if a, add_if b) noexcept {
  return static_cast<add_if>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}

// What came of adding a member: `refused`, the condition did not hold; `unchanged`, it had that score.
enum class add_outcome : std::uint8_t { unchanged, added, updated, refused };

// An end of a range of scores: score_bound{5}, without it score_bound::beyond(5); parse("(5") likewise.
struct score_bound {
  double score;
  bool excluded = false;

  constexpr score_bound(double at = 0) noexcept : score{at} {}
  static constexpr score_bound beyond(double at) noexcept {
    score_bound bound{at};
    bound.excluded = true;
    return bound;
  }
  // As ZRANGEBYSCORE has it, but that there has to be a number: nothing for text that is none.
  static std::optional<score_bound> parse(string_ref text) noexcept;
};
inline constexpr score_bound lowest{-std::numeric_limits<double>::infinity()};
inline constexpr score_bound highest{std::numeric_limits<double>::infinity()};

namespace detail {

// Never defined: a literal that reaches this does not compile, and the compiler prints the name.
void an_end_of_a_range_by_bytes_is_minus_or_plus_or_begins_with_a_bracket();

}  // namespace detail

// An end of a range by bytes, as ZRANGEBYLEX has it: "-", "[from", "(to", "+". Literals are checked when compiled,
// other text by parse().
// Owns: nothing; good as long as the text it was made from, of which a range that is made with it has a copy.
class lex_bound {
 public:
  // Before all.
  constexpr lex_bound() noexcept = default;
  template <std::size_t N>
  consteval lex_bound(const char (&text)[N]) : text_{text, N - 1} {
    if (!is_bound(text_)) detail::an_end_of_a_range_by_bytes_is_minus_or_plus_or_begins_with_a_bracket();
  }
  // At a member, which is part of the range; without it.
  static constexpr lex_bound at(std::string_view member) noexcept { return {"[", member}; }
  static constexpr lex_bound beyond(std::string_view member) noexcept { return {"(", member}; }
  // Nothing for text that is none.
  static std::optional<lex_bound> parse(string_ref text) noexcept {
    lex_bound bound{"", text.view()};
    bound.whole_ = text;
    return is_bound(bound.text_) ? std::optional{bound} : std::nullopt;
  }
  template <detail::textual Text>
  static constexpr std::optional<lex_bound> parse(const Text& text) {
    const lex_bound bound{"", text};
    return is_bound(bound.text_) ? std::optional{bound} : std::nullopt;
  }

 private:
  friend class sorted_set;

  constexpr lex_bound(std::string_view prefix, std::string_view text) noexcept : prefix_{prefix}, text_{text} {}
  static constexpr bool is_bound(std::string_view text) noexcept {
    return text == "-" || text == "+" || text.starts_with('[') || text.starts_with('(');
  }
  string made() const;

  std::string_view prefix_;
  std::string_view text_ = "-";
  string_ref whole_;  // the same as a string of the server, if it came as one
};

// A sorted set as a key's value.
class sorted_set : public basic_key {
  struct source {
    using value_type = scored;
    detail::open_key* entry;
    bool next(const scan_cursor& cursor, detail::scan_page& page) { return detail::scan_key(*entry, cursor, page); }
    static scored make(const detail::scanned& item) noexcept;
  };
  struct span;

 public:
  class iterator;
  class score_range;
  class lex_range;

  static constexpr key_type wanted = key_type::sorted_set;

  explicit sorted_set(const detail::key_seed& seed) noexcept : basic_key{seed, wanted} {}

  // Of a member, if it is one.
  std::optional<double> score(const text_argument& member) const {
    abi::ModuleKey* handle = entry_.raw();
    double score = 0;
    if (handle == nullptr || detail::nothrow(api.ZsetScore)(handle, member.raw(), &score) != abi::MODULE_OK) {
      return std::nullopt;
    }
    return score;
  }
  bool contains(const text_argument& member) const { return score(member).has_value(); }

  // Adds a member, or gives it another score.
  // Fails: an error for a score that is not a number, conditions that contradict each other, or one that the server
  // lacks.
  result<add_outcome> add(const text_argument& member, double score, add_if condition = add_if::always);
  // Adds to its score, which is 0 before there is one: the new score, or nothing where the condition does not hold.
  // Fails: likewise, and where the sum is not a number.
  result<std::optional<double>> increment(const text_argument& member, double by, add_if condition = add_if::always);
  // Whether it was a member. A sorted set without members is gone.
  bool erase(const text_argument& member);

  // The members from one score to another, both ends included unless they are beyond(); reversed, from the last to the
  // first. What is written to the sorted set meanwhile does not end the iteration: it goes on behind (reversed: before)
  // the score and member where it stood.
  score_range by_score(score_bound min = lowest, score_bound max = highest) const noexcept;
  score_range by_score_reversed(score_bound min = lowest, score_bound max = highest) const noexcept;
  // The same by bytes, where all scores are equal: by_lex("[from", "+").
  lex_range by_lex(const lex_bound& min, const lex_bound& max) const;
  lex_range by_lex_reversed(const lex_bound& min, const lex_bound& max) const;
  // From one rank to another, both included, counted from 0, or from -1 at the end backwards. The module API has no
  // ranks: to the first of them is a walk from the lowest score.
  score_range by_rank(long long first, long long last) const;
  // The rank of a member, likewise by walking; from the end backwards if reversed.
  std::optional<std::size_t> rank(const text_argument& member, bool reversed = false) const;

  // All of it, by score: `for (auto [member, score] : *zset)`.
  iterator begin() const;
  std::default_sentinel_t end() const noexcept { return {}; }

  // fn(scored), or fn(member, score), by score, until it answers false, if it answers. Allocates nothing.
  template <class F>
  void for_each(F&& fn) const;
  // fn(scored) in no order, as in scan.h: cheaper than by score only where the body writes to the sorted set.
  template <class F>
  void scan_each(F&& fn) const;

 protected:
  sorted_set(sorted_set&&) noexcept = default;
  ~sorted_set() = default;

 private:
  static bool would_be_left_empty(abi::ModuleKey* handle, add_if condition);
};

// What is walked over. Scores, or bytes if `lex_min` is not null.
struct sorted_set::span {
  score_bound min = lowest;
  score_bound max = highest;
  abi::ModuleString* lex_min = nullptr;
  abi::ModuleString* lex_max = nullptr;
  bool reversed = false;
  std::size_t skip = 0;
  std::size_t most = static_cast<std::size_t>(-1);
};

// Owns: the current member. Good as long as the range it comes from.
class sorted_set::iterator {
 public:
  using value_type = scored;
  using difference_type = std::ptrdiff_t;
  using iterator_concept = std::input_iterator_tag;

  iterator() noexcept = default;
  iterator(detail::open_key& entry, const span& what) : entry_{&entry}, what_{what} { begin(); }
  iterator(iterator&& other) noexcept
      : entry_{std::exchange(other.entry_, nullptr)},
        what_{other.what_},
        revision_{other.revision_},
        score_{other.score_},
        current_{std::move(other.current_)} {}
  iterator& operator=(iterator&& other) noexcept {
    std::swap(entry_, other.entry_);
    std::swap(what_, other.what_);
    std::swap(revision_, other.revision_);
    std::swap(score_, other.score_);
    std::swap(current_, other.current_);
    return *this;
  }
  ~iterator() {
    if (entry_ != nullptr && is_in_step()) stop();
  }

  scored operator*() const noexcept { return {current_.borrow(), score_}; }
  iterator& operator++() {
    if (--what_.most == 0) [[unlikely]]
      return current_ = string{}, *this;
    if (is_in_step()) [[likely]] {
      advance();
    } else {
      resume();
    }
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const iterator& a, std::default_sentinel_t) noexcept { return !a.current_; }

 private:
  // Whether the handle's iteration is still this one.
  bool is_in_step() const noexcept { return revision_ == entry_->revision(); }
  // `raw()` cannot throw where the iteration is in step: the handle is open.
  bool step() {
    abi::ModuleKey* handle = entry_->raw();
    const auto next = what_.reversed ? api.ZsetRangePrev : api.ZsetRangeNext;
    return detail::nothrow(next)(handle) != 0;
  }
  void advance() {
    if (step()) {
      take();
    } else {
      current_ = string{};
    }
  }
  void take() { current_ = string::adopt(detail::nothrow(api.ZsetRangeCurrentElement)(entry_->raw(), &score_)); }
  void stop() noexcept;
  void begin();
  static bool seek(abi::ModuleKey* handle, const span& what) noexcept;
  void resume();
  bool is_past(string_ref member, double score, string_ref last_member, double last_score) const noexcept;

  detail::open_key* entry_ = nullptr;
  span what_;
  std::uint32_t revision_ = 0;
  double score_ = 0;
  string current_;
};

class sorted_set::score_range {
 public:
  iterator begin() const { return {*entry_, what_}; }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  friend class sorted_set;
  score_range(detail::open_key& entry, const span& what) noexcept : entry_{&entry}, what_{what} {}

  detail::open_key* entry_;
  span what_;
};

// Owns: its ends.
class sorted_set::lex_range {
 public:
  iterator begin() const { return {*entry_, what_}; }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  friend class sorted_set;
  lex_range(detail::open_key& entry, string min, string max, bool reversed) noexcept;

  detail::open_key* entry_;
  string min_;
  string max_;
  span what_;
};

inline sorted_set::score_range sorted_set::by_score(score_bound min, score_bound max) const noexcept {
  span what;
  what.min = min;
  what.max = max;
  return {entry_, what};
}
inline sorted_set::score_range sorted_set::by_score_reversed(score_bound min, score_bound max) const noexcept {
  score_range range = by_score(min, max);
  range.what_.reversed = true;
  return range;
}
inline sorted_set::iterator sorted_set::begin() const { return {entry_, span{}}; }

template <class F>
void sorted_set::for_each(F&& fn) const {
  auto visit = [&](scored each) {
    if constexpr (std::is_invocable_v<F&, string_ref, double>) {
      return fn(each.member, each.score);
    } else {
      return fn(each);
    }
  };
  for (iterator at = begin(); at != end(); ++at) {
    if constexpr (std::is_void_v<decltype(visit(*at))>) {
      visit(*at);
    } else {
      if (!visit(*at)) return;
    }
  }
}

template <class F>
void sorted_set::scan_each(F&& fn) const {
  source from{&entry_};
  detail::visit_all([&](const scan_cursor& cursor, detail::scan_page& page) { return from.next(cursor, page); },
                    [&](const detail::scanned& item) { return fn(source::make(item)); });
}

}  // namespace redismodule
