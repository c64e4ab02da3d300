#include "redismodule/sorted_set.h"

#include <cmath>
#include <string>

namespace redismodule {
namespace {

constexpr bool demands(add_if all, add_if some) noexcept {
  return (static_cast<int>(all) & static_cast<int>(some)) == static_cast<int>(some);
}

bool compares_scores(add_if condition) noexcept {
  return demands(condition, add_if::greater) || demands(condition, add_if::less);
}

// Redis before 6.2 knows nothing of the two, and would add as if they were not there.
bool server_compares_scores() noexcept {
  return server().family != server_family::redis || server().number >= version{6, 2, 0};
}

bool contradicts(add_if condition) noexcept {
  if (demands(condition, add_if::exists | add_if::is_new)) return true;
  if (demands(condition, add_if::greater | add_if::less)) return true;
  return demands(condition, add_if::is_new) && compares_scores(condition);
}

result<void> check(double score, add_if condition) {
  if (std::isnan(score)) return error_reply{"ERR value is not a valid float"};
  if (contradicts(condition)) {
    return error_reply{"ERR GT, LT, and/or NX options at the same time are not compatible"};
  }
  if (!compares_scores(condition) || server_compares_scores()) return {};
  return error_reply{"ERR the conditions greater and less need Redis 6.2.0 or Valkey 7.2.5"};
}

add_outcome outcome_of(int flags) noexcept {
  if ((flags & abi::MODULE_ZADD_ADDED) != 0) return add_outcome::added;
  if ((flags & abi::MODULE_ZADD_UPDATED) != 0) return add_outcome::updated;
  return (flags & abi::MODULE_ZADD_NOP) != 0 ? add_outcome::refused : add_outcome::unchanged;
}

}  // namespace

// The server makes the sorted set before it looks at the condition, and leaves it behind without a member.
bool sorted_set::would_be_left_empty(abi::ModuleKey* handle, add_if condition) {
  return demands(condition, add_if::exists) && api.ValueLength(handle) == 0;
}

namespace {

// Redis 6 ends itself where the first member of a sorted set is longer than zset-max-ziplist-value: a short one stands
// in while it is added.
class stand_in {
 public:
  stand_in(abi::ModuleKey* handle, string_ref member) noexcept : handle_{handle} {
    const bool is_needed = server().family == server_family::redis && server().number < version{7, 0, 0} &&
                           !member.view().empty() && api.ValueLength(handle) == 0;
    if (!is_needed) return;
    name_ = string{""};
    api.ZsetAdd(handle, 0, name_.raw(), nullptr);
  }
  stand_in(const stand_in&) = delete;
  stand_in& operator=(const stand_in&) = delete;
  ~stand_in() {
    if (name_) api.ZsetRem(handle_, name_.raw(), nullptr);
  }

 private:
  abi::ModuleKey* handle_;
  string name_;
};

}  // namespace

result<add_outcome> sorted_set::add(const text_argument& member, double score, add_if condition) {
  if (result<void> good = check(score, condition); !good) return good.error();
  abi::ModuleKey* handle = entry_.raw();
  if (would_be_left_empty(handle, condition)) return add_outcome::refused;
  changing();
  const stand_in first{handle, string_ref{member.raw()}};
  int flags = static_cast<int>(condition);
  if (api.ZsetAdd(handle, score, member.raw(), &flags) == abi::MODULE_OK) return outcome_of(flags);
  return error_reply{"ERR value is not a valid float"};
}

result<std::optional<double>> sorted_set::increment(const text_argument& member, double by, add_if condition) {
  if (result<void> good = check(by, condition); !good) return good.error();
  abi::ModuleKey* handle = entry_.raw();
  if (would_be_left_empty(handle, condition)) return std::optional<double>{};
  changing();
  const stand_in first{handle, string_ref{member.raw()}};
  int flags = static_cast<int>(condition);
  double score = 0;
  if (api.ZsetIncrby(handle, by, member.raw(), &flags, &score) != abi::MODULE_OK) {
    return error_reply{"ERR resulting score is not a number (NaN)"};
  }
  if (outcome_of(flags) == add_outcome::refused) return std::optional<double>{};
  return std::optional{score};
}

// A walk by bytes is ended first: with the last member the value goes, and with it the handle forgets what to free.
bool sorted_set::erase(const text_argument& member) {
  abi::ModuleKey* handle = entry_.raw();
  if (entry_.has_iterator()) api.ZsetRangeStop(handle);
  entry_.set_iterator(false);
  changing();
  int erased = 0;
  api.ZsetRem(handle, member.raw(), &erased);
  return erased != 0;
}

std::optional<score_bound> score_bound::parse(string_ref text) noexcept {
  const bool excluded = text.view().starts_with('(');
  const auto score = excluded ? string{text.view().substr(1)}.borrow().number() : text.number();
  if (!score) return std::nullopt;
  return excluded ? beyond(*score) : score_bound{*score};
}

string lex_bound::made() const {
  if (whole_) return string::retain(whole_);
  return prefix_.empty() ? string{text_} : string{std::string{prefix_}.append(text_)};
}

sorted_set::lex_range::lex_range(detail::open_key& entry, string min, string max, bool reversed) noexcept
    : entry_{&entry}, min_{std::move(min)}, max_{std::move(max)} {
  what_.lex_min = min_.raw();
  what_.lex_max = max_.raw();
  what_.reversed = reversed;
}

sorted_set::lex_range sorted_set::by_lex(const lex_bound& min, const lex_bound& max) const {
  return {entry_, min.made(), max.made(), false};
}

sorted_set::lex_range sorted_set::by_lex_reversed(const lex_bound& min, const lex_bound& max) const {
  return {entry_, min.made(), max.made(), true};
}

sorted_set::score_range sorted_set::by_rank(long long first, long long last) const {
  const auto count = static_cast<long long>(size());
  if (first < 0) first = first + count < 0 ? 0 : first + count;
  if (last < 0) last += count;
  if (last >= count) last = count - 1;
  score_range range = by_score();
  range.what_.most = first > last ? 0 : static_cast<std::size_t>(last - first + 1);
  range.what_.skip = static_cast<std::size_t>(first);
  return range;
}

std::optional<std::size_t> sorted_set::rank(const text_argument& member, bool reversed) const {
  if (!contains(member)) return std::nullopt;
  const std::string_view wanted = string_ref{member.raw()}.view();
  std::size_t rank = 0;
  for (const scored each : reversed ? by_score_reversed() : by_score()) {
    if (each.member == wanted) return rank;
    ++rank;
  }
  return std::nullopt;
}

scored sorted_set::source::make(const detail::scanned& item) noexcept {
  double score = 0;
  api.StringToDouble(item.value, &score);
  return {string_ref{item.name}, score};
}

void sorted_set::iterator::stop() noexcept {
  if (!entry_->has_iterator()) return;
  api.ZsetRangeStop(entry_->raw());
  entry_->set_iterator(false);
}

bool sorted_set::iterator::seek(abi::ModuleKey* handle, const span& what) noexcept {
  if (what.lex_min != nullptr) {
    const auto first = what.reversed ? api.ZsetLastInLexRange : api.ZsetFirstInLexRange;
    return first(handle, what.lex_min, what.lex_max) == abi::MODULE_OK;
  }
  const auto first = what.reversed ? api.ZsetLastInScoreRange : api.ZsetFirstInScoreRange;
  return first(handle, what.min.score, what.max.score, what.min.excluded, what.max.excluded) == abi::MODULE_OK;
}

void sorted_set::iterator::begin() {
  abi::ModuleKey* handle = entry_->raw();
  entry_->advance();
  revision_ = entry_->revision();
  if (handle == nullptr || what_.most == 0) return;
  if (!seek(handle, what_)) return;
  entry_->set_iterator(true);
  if (api.ZsetRangeEndReached(handle) != 0) return;
  for (; what_.skip != 0; --what_.skip) {
    if (!step()) return;
  }
  take();
}

// By score, and by bytes where that is equal: the order of the sorted set.
bool sorted_set::iterator::is_past(string_ref member, double score, string_ref last, double last_score) const noexcept {
  if (score != last_score) return what_.reversed ? score < last_score : score > last_score;
  return what_.reversed ? member < last : member > last;
}

// Something else happened to the key. The walk begins anew as near as can be to where it was, and passes what it had.
void sorted_set::iterator::resume() {
  const string last = std::move(current_);
  const double last_score = score_;
  abi::ModuleKey* handle = entry_->raw();
  entry_->advance();
  revision_ = entry_->revision();
  if (handle == nullptr) return;
  span left = what_;
  string near;
  if (what_.lex_min != nullptr) {
    near = string{std::string{"("}.append(last.view())};
    (what_.reversed ? left.lex_max : left.lex_min) = near.raw();
  } else {
    (what_.reversed ? left.max : left.min) = score_bound{last_score};
  }
  if (!seek(handle, left)) return;
  entry_->set_iterator(true);
  take();
  while (current_ && !is_past(current_.borrow(), score_, last.borrow(), last_score)) advance();
}

}  // namespace redismodule
