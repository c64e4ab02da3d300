// Walking over what has no order: the elements of hashes and sets, and the keys of a database. As the server's SCAN
// does: what is there all the time is seen at least once, what comes or goes meanwhile may be seen, and some of it
// twice.
//
// The server calls back for some elements at a time. They are taken over into a page, and only then does the author's
// code see them: so it may do whatever it likes, write to the same key or remove it too.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>

#include "redismodule/key.h"

namespace redismodule {

namespace detail {

struct scan_cursor_policy {
  using pointer = abi::ModuleScanCursor*;
  static void close(pointer owned) noexcept { api.ScanCursorDestroy(owned); }
};

}  // namespace detail

// How far a walk has come. It may be kept, and go on in another command.
// Owns: the server's cursor.
class scan_cursor {
 public:
  scan_cursor() noexcept : handle_{api.ScanCursorCreate()} {}

  // Begins again.
  void restart() noexcept { api.ScanCursorRestart(handle_.raw()); }
  abi::ModuleScanCursor* raw() const noexcept { return handle_.raw(); }

 private:
  handle<detail::scan_cursor_policy> handle_;
};

namespace detail {

// An element as the server shows it: a hash's field and value, a set's element, a key and the number of its type.
struct scanned {
  abi::ModuleString* name;
  abi::ModuleString* value;
  int type;
};

// What one call of the server's scan showed. There is room for some; memory is taken for more.
// Owns: the strings.
class scan_page {
 public:
  scan_page(scanned* room, std::size_t capacity) noexcept : items_{room}, room_{room}, capacity_{capacity} {}
  scan_page(const scan_page&) = delete;
  scan_page& operator=(const scan_page&) = delete;
  ~scan_page() {
    clear();
    if (items_ != room_) delete[] items_;
  }

  // Called by the server, so nothing may be thrown: what does not fit is left out, and complete() says so.
  void add(const scanned& item) noexcept;
  // Fails: throws std::bad_alloc where something did not fit.
  void check_complete() const;
  void clear() noexcept;

  std::size_t size() const noexcept { return size_; }
  const scanned& operator[](std::size_t i) const noexcept { return items_[i]; }

 private:
  bool grow() noexcept;

  scanned* items_;
  scanned* room_;
  std::size_t capacity_;
  std::size_t size_ = 0;
  bool is_complete_ = true;
};

template <std::size_t Room>
class roomy_scan_page : public scan_page {
 public:
  roomy_scan_page() noexcept : scan_page{room_, Room} {}

 private:
  scanned room_[Room];
};

// The next page; whether there are more.
bool scan_key(open_key& entry, const scan_cursor& cursor, scan_page& page);
bool scan_database(abi::ModuleCtx* ctx, int database, const scan_cursor& cursor, scan_page& page);

// What the server keeps in one piece by default fits: up to here nothing is allocated but the cursor.
inline constexpr std::size_t for_each_room = 512;

template <class Visit>
bool visit_page(const scan_page& page, Visit& visit) {
  for (std::size_t i = 0; i < page.size(); ++i) {
    if constexpr (std::is_void_v<decltype(visit(page[i]))>) {
      visit(page[i]);
    } else {
      if (!visit(page[i])) return false;
    }
  }
  return true;
}

template <class Next, class Visit>
void visit_all(Next next, Visit visit) {
  const scan_cursor cursor;
  roomy_scan_page<for_each_room> page;
  for (bool more = true; more;) {
    more = next(cursor, page);
    if (!visit_page(page, visit)) return;
    page.clear();
  }
}

// Walks page by page. `Source` brings the next page: bool next(const scan_cursor&, scan_page&), and makes the value of
// an element: static value_type make(const scanned&).
template <class Source>
class scan_iterator {
  struct state {
    explicit state(Source from) : source{from} {}
    Source source;
    scan_cursor cursor;
    roomy_scan_page<64> page;
    std::size_t at = 0;
    bool more = true;
  };

 public:
  using value_type = typename Source::value_type;
  using difference_type = std::ptrdiff_t;
  using iterator_concept = std::input_iterator_tag;

  scan_iterator() noexcept = default;
  explicit scan_iterator(Source source) : state_{std::make_unique<state>(source)} { fill(); }

  // Good until the next page: until the iterator moves on.
  value_type operator*() const { return Source::make(state_->page[state_->at]); }
  scan_iterator& operator++() {
    ++state_->at;
    fill();
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const scan_iterator& a, std::default_sentinel_t) noexcept { return a.is_done(); }

 private:
  bool is_done() const noexcept { return state_->at == state_->page.size(); }
  void fill() {
    while (is_done() && state_->more) {
      state_->page.clear();
      state_->at = 0;
      state_->more = state_->source.next(state_->cursor, state_->page);
    }
  }

  std::unique_ptr<state> state_;
};

}  // namespace detail
}  // namespace redismodule
