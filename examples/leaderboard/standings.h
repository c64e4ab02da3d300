// Who stands where: a container that knows nothing of the server, and how it is saved.
#pragma once

#include <malloc.h>
#include <redismodule/redismodule.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ext/pb_ds/assoc_container.hpp>
#include <ext/pb_ds/tree_policy.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

struct achievement {
  double score = 0;
  std::int64_t reached = 0;  // milliseconds since 1970

  friend bool operator==(const achievement&, const achievement&) = default;
  // Is above the other: the higher score, and of equal ones the one that was reached earlier.
  bool beats(const achievement& other) const noexcept {
    return score != other.score ? score > other.score : reached < other.reached;
  }
};

// Players by their rank, from 0, and by their names. What stands where follows from what is in it alone, not from the
// order in which it came: of equal achievements the names decide. That is why replicas need no more than the entries.
// Each member takes O(log n), and no more than that ever: trees have no moment when all is hashed anew.
class standings {
  struct place {
    achievement what;
    const std::string* player;
    friend bool operator<(const place& a, const place& b) noexcept {
      return a.what == b.what ? *a.player < *b.player : a.what.beats(b.what);
    }
  };
  using places = __gnu_pbds::tree<place, __gnu_pbds::null_type, std::less<place>, __gnu_pbds::rb_tree_tag,
                                  __gnu_pbds::tree_order_statistics_node_update>;

 public:
  using by_name = std::map<std::string, achievement, std::less<>>;
  using iterator = places::const_iterator;  // by rank, of places: `->player`, `->what`

  standings() = default;
  standings(const standings& other) {
    for (const auto& [player, what] : other.players_) append(player, what);
  }
  standings(standings&& other) : standings{} { swap(other); }  // an empty tree has a node, too
  standings& operator=(const standings& other) { return *this = standings{other}; }
  standings& operator=(standings&& other) noexcept {
    swap(other);
    return *this;
  }
  void swap(standings& other) noexcept {
    players_.swap(other.players_);
    places_.swap(other.places_);
    std::swap(name_bytes_, other.name_bytes_);
  }

  std::size_t size() const noexcept { return players_.size(); }
  const by_name& players() const noexcept { return players_; }
  const achievement* find(std::string_view player) const {
    const auto found = players_.find(player);
    return found == players_.end() ? nullptr : &found->second;
  }
  // Only of players that are in it.
  std::size_t rank(std::string_view player) const {
    const auto found = players_.find(player);
    return places_.order_of_key({found->second, &found->first});
  }
  // The end, where there are not so many.
  iterator at_rank(std::size_t rank) const { return places_.find_by_order(rank); }
  iterator end() const noexcept { return places_.end(); }

  // Fails: throws std::bad_alloc; nothing has changed then.
  void set(std::string_view player, achievement what) {
    const auto known = players_.find(player);
    if (known == players_.end()) return append(std::string{player}, what);
    const place before{known->second, &known->first};
    const place now{what, &known->first};
    if (before.what == now.what) return;
    places_.insert(now);
    places_.erase(before);
    known->second = what;
  }
  bool erase(std::string_view player) noexcept {
    const auto known = players_.find(player);
    if (known == players_.end()) return false;
    places_.erase(place{known->second, &known->first});
    name_bytes_ -= block_of(known->first);
    players_.erase(known);
    return true;
  }
  void erase_last() noexcept { erase(*at_rank(size() - 1)->player); }

  // The bytes of its blocks. A node of each tree and a name that is not within its node are a player's.
  std::size_t mem_usage() const {
    constexpr std::size_t links = 4 * sizeof(void*);  // a colour and three pointers
    constexpr std::size_t name = links + sizeof(by_name::value_type);
    constexpr std::size_t rank = links + sizeof(place) + sizeof(std::size_t);  // how many are below it
    static const std::size_t nodes = given_for(name) + given_for(rank);
    return name_bytes_ + size() * nodes;
  }

 private:
  // What the server's allocator makes of a block of this size.
  static std::size_t given_for(std::size_t bytes) {
    const auto block = std::make_unique_for_overwrite<char[]>(bytes);
    return malloc_usable_size(block.get());
  }
  static std::size_t block_of(const std::string& name) noexcept {
    static const std::size_t within = std::string{}.capacity();
    return name.capacity() <= within ? 0 : malloc_usable_size(const_cast<char*>(name.data()));
  }
  // A new one, faster where it is behind all others by its name.
  void append(std::string player, achievement what) {
    const auto entered = players_.emplace_hint(players_.end(), std::move(player), what);
    try {
      places_.insert(place{what, &entered->first});
    } catch (...) {
      players_.erase(entered);
      throw;
    }
    name_bytes_ += block_of(entered->first);
  }

  by_name players_;
  places places_;  // the names are those of players_, whose nodes stay where they are: no defragmentation
  std::size_t name_bytes_ = 0;
};

// Only what cannot be found out from the rest is saved: the places are made again, in whichever order entries come.
template <>
struct redismodule::codec<standings> {
  static void save(rdb_writer& to, const standings& all) {
    to.save_unsigned(all.size());
    for (const auto& [player, what] : all.players()) {
      to.save_string(std::string_view{player});
      to.save_double(what.score);
      to.save_signed(what.reached);
    }
  }

  // The data may be anything at all; the count is no reason to reserve memory.
  static result<standings> load(rdb_reader& from) {
    standings all;
    const auto count = from.load_unsigned();
    if (!count) return count.error();
    for (std::uint64_t i = 0; i < *count; ++i) {
      const auto player = from.load_string();
      const auto score = from.load_double();
      const auto reached = from.load_signed();
      if (!reached) return reached.error();  // whichever of them failed: all behind it did
      if (std::isnan(*score)) return from.refuse("a score is not a number");
      all.set(*player, {*score, *reached});
      if (all.size() != i + 1) return from.refuse("a player is there twice");
    }
    return all;
  }

  static void digest(redismodule::digest& to, const standings& all) {
    to.add(static_cast<std::int64_t>(all.size()));
    for (const auto& [player, what] : all.players()) {
      to.add(player);
      to.add(std::bit_cast<std::int64_t>(what.score));
      to.add(what.reached);
    }
  }
};
