// Keys that are sets. The module API reads them only: a call of SADD or SREM writes them.
#pragma once

#include <cstddef>
#include <iterator>
#include <utility>

#include "redismodule/scan.h"

namespace redismodule {

// A set as a key's value.
class set : public basic_key {
  struct source {
    using value_type = string_ref;
    detail::open_key* entry;
    bool next(const scan_cursor& cursor, detail::scan_page& page) { return detail::scan_key(*entry, cursor, page); }
    static string_ref make(const detail::scanned& item) noexcept { return string_ref{item.name}; }
  };

 public:
  using iterator = detail::scan_iterator<source>;

  static constexpr key_type wanted = key_type::set;

  explicit set(const detail::key_seed& seed) noexcept : basic_key{seed, wanted} {}

  // Its elements in no order, as in scan.h: `for (rm::string_ref each : *set)`.
  iterator begin() const { return iterator{source{&entry_}}; }
  std::default_sentinel_t end() const noexcept { return {}; }

  // fn(string_ref), until it answers false, if it answers. Allocates nothing of the module's for sets that the server
  // keeps in one piece by its defaults.
  template <class F>
  void for_each(F&& fn) const {
    source from{&entry_};
    detail::visit_all([&](const scan_cursor& cursor, detail::scan_page& page) { return from.next(cursor, page); },
                      [&](const detail::scanned& item) { return fn(source::make(item)); });
  }

 protected:
  set(set&&) noexcept = default;
  ~set() = default;
};

}  // namespace redismodule
