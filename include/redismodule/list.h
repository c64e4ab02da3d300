// Keys that are lists.
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "redismodule/key.h"

namespace redismodule {

// A list as a key's value. An index counts from 0, or from -1 at the end backwards; one beyond the ends is answered by
// nothing or false. Walking from element to element is fast, jumping is linear in the distance.
// Since: elements by index, and so iteration, Redis 7.0, Valkey 7.2. Fails: they throw unsupported on older servers.
class list : public basic_key {
 public:
  class element;
  class iterator;
  class const_iterator;

  static constexpr key_type wanted = key_type::list;

  explicit list(const detail::key_seed& seed) noexcept : basic_key{seed, wanted} {}

  std::optional<string> get(long index) const { return optional(element_at(index)); }
  std::optional<string> front() const { return get(0); }
  std::optional<string> back() const { return get(-1); }

  void push_front(const text_argument& value) { push(abi::MODULE_LIST_HEAD, value); }
  void push_back(const text_argument& value) { push(abi::MODULE_LIST_TAIL, value); }
  std::optional<string> pop_front() { return pop(abi::MODULE_LIST_HEAD); }
  std::optional<string> pop_back() { return pop(abi::MODULE_LIST_TAIL); }

  // Replaces an element.
  bool set(long index, const text_argument& value);
  // Puts one in, so that it has this index afterwards.
  bool insert(long index, const text_argument& value);
  bool erase(long index);

  // From front to back: `for (rm::string_ref each : *list)`, and for writing `for (auto& each : *list)`, whose elements
  // can replace and erase themselves and have others put beside them. What else is done to the list meanwhile moves
  // elements under the iteration, which goes on by index.
  const_iterator begin() const;
  iterator begin();
  std::default_sentinel_t end() const noexcept { return {}; }

  // fn(string_ref), until it answers false, if it answers.
  template <class F>
  void for_each(F&& fn) const;

 protected:
  list(list&&) noexcept = default;
  ~list() = default;

 private:
  static std::optional<string> optional(string&& value) noexcept {
    return value ? std::optional{std::move(value)} : std::nullopt;
  }
  string element_at(long index) const {
    abi::ModuleKey* handle = entry_.raw();
    if (handle == nullptr) return {};
    detail::need(api.ListGet, abi::function::ListGet);
    entry_.set_iterator(true);
    return string::adopt(detail::nothrow(api.ListGet)(handle, index));
  }
  void push(int where, const text_argument& value) { detail::nothrow(api.ListPush)(entry_.raw(), where, value.raw()); }
  std::optional<string> pop(int where) {
    return optional(string::adopt(detail::nothrow(api.ListPop)(entry_.raw(), where)));
  }
};

class list::const_iterator {
 public:
  using value_type = string_ref;
  using difference_type = std::ptrdiff_t;
  using iterator_concept = std::input_iterator_tag;

  const_iterator() noexcept = default;
  explicit const_iterator(const list& owner) : list_{&owner}, current_{owner.element_at(0)} {}

  string_ref operator*() const noexcept { return current_.borrow(); }
  const_iterator& operator++() {
    current_ = list_->element_at(++index_);
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const const_iterator& a, std::default_sentinel_t) noexcept { return !a.current_; }

 private:
  const list* list_ = nullptr;
  long index_ = 0;
  string current_;
};

// An element of a list that is walked over for writing. Good until the iterator moves on.
class list::element {
 public:
  string_ref value() const noexcept { return current_.borrow(); }
  operator string_ref() const noexcept { return value(); }
  operator std::string_view() const noexcept { return value(); }
  long index() const noexcept { return index_; }

  void replace(const text_argument& value) { list_->set(index_, value); }
  // The iteration goes on with what followed. Once only.
  void erase() {
    if (list_->erase(index_)) --next_;
  }
  // What is put in is not walked over.
  void insert_before(const text_argument& value) {
    if (!list_->insert(index_, value)) return;
    ++index_;
    ++next_;
  }
  void insert_after(const text_argument& value) {
    if (list_->insert(next_, value)) ++next_;
  }

 private:
  friend class list::iterator;

  list* list_ = nullptr;
  long index_ = 0;
  long next_ = 1;  // the index of what the iteration goes on with
  string current_;
};

class list::iterator {
 public:
  using value_type = element;
  using difference_type = std::ptrdiff_t;
  using iterator_concept = std::input_iterator_tag;

  iterator() noexcept = default;
  explicit iterator(list& owner) {
    at_.list_ = &owner;
    at_.current_ = owner.element_at(0);
  }

  element& operator*() const noexcept { return at_; }
  iterator& operator++() {
    at_.index_ = at_.next_++;
    at_.current_ = at_.list_->element_at(at_.index_);
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const iterator& a, std::default_sentinel_t) noexcept { return a.is_done(); }

 private:
  bool is_done() const noexcept { return !at_.current_; }

  mutable element at_;
};

inline list::const_iterator list::begin() const { return const_iterator{*this}; }
inline list::iterator list::begin() { return iterator{*this}; }

template <class F>
void list::for_each(F&& fn) const {
  for (const_iterator at = begin(); at != end(); ++at) {
    if constexpr (std::is_void_v<decltype(fn(*at))>) {
      fn(*at);
    } else {
      if (!fn(*at)) return;
    }
  }
}

}  // namespace redismodule
