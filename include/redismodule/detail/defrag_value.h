// The blocks of a value, offered to the server one by one.
//
// No layout of a container is known. A block is emptied by moving what is in it away, freed by the container itself,
// caught as it is freed, offered, and handed out again to the allocation that the container makes for what is put back.
// So nothing in between may throw: what is moved has move constructors that do not, orders and hashes do not either,
// and the one allocation finds its block. Where that cannot be said, the block stays.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "redismodule/codec.h"
#include "redismodule/defrag.h"
#include "redismodule/detail/measure.h"

namespace redismodule::detail {

// True where it was stopped.
template <class T>
bool defrag_value(defragmenter& by, T& value);

// --- Where a walk is stopped and goes on ---

inline std::optional<defrag_step> enter_step(defragmenter& by) {
  if (by.path().empty()) return std::nullopt;
  defrag_step step = std::move(by.path().back());
  by.path().pop_back();
  return step;
}
// What was to be entered of the path has been, or is there no more.
inline void leave_path(defragmenter& by) noexcept { by.path().clear(); }

inline bool stop_before(defragmenter& by, defrag_step next) {
  by.path().clear();
  by.path().push_back(std::move(next));
  return true;
}
inline bool stop_within(defragmenter& by, defrag_step part) {
  by.path().push_back(std::move(part));
  return true;
}

// A key as it is saved, so that it can be found again, or its place, whatever has become of the container.
std::string saved_key(const void* key, void (*save)(rdb_writer& to, const void* key));
bool load_key(std::string_view saved, void* key, bool (*load)(rdb_reader& from, void* key));

template <class Key>
std::string saved_key_of(const Key& key) {
  return saved_key(&key, [](rdb_writer& to, const void* raw) { save_value(to, *static_cast<const Key*>(raw)); });
}

// --- What cannot throw ---

template <class T>
concept pair_value = tuple_value<T> && requires {
  typename T::first_type;
  typename T::second_type;
};

template <class T, bool Ordered>
constexpr bool compares_quietly() noexcept;

template <bool Ordered, class... T>
constexpr bool all_compare_quietly(std::type_identity<std::tuple<T...>>) noexcept {
  return (true && ... && compares_quietly<T, Ordered>());
}

// By ==, and by <. The standard's own do not say it of compound types.
template <class T, bool Ordered>
constexpr bool compares_quietly() noexcept {
  if constexpr (requires(std::type_identity<T> of) { all_compare_quietly<Ordered>(of); }) {
    return all_compare_quietly<Ordered>(std::type_identity<T>{});
  } else if constexpr (pair_value<T>) {
    return compares_quietly<typename T::first_type, Ordered>() && compares_quietly<typename T::second_type, Ordered>();
  } else if constexpr (array_value<T> || is_optional<T> || (sequence_value<T> && !byte_string<T>)) {
    return compares_quietly<typename T::value_type, Ordered>();
  } else if constexpr (is_duration<T> || is_time_point<T>) {
    return std::is_arithmetic_v<typename T::rep>;
  } else {
    return requires(const T& a, const T& b) { requires noexcept(a == b) && (!Ordered || noexcept(a < b)); };
  }
}

template <class Compare, class Key>
inline constexpr bool is_quiet = std::is_nothrow_invocable_v<const Compare&, const Key&, const Key&>;
template <class Of, class Key>
inline constexpr bool is_quiet<std::less<Of>, Key> = compares_quietly<Key, true>();
template <class Of, class Key>
inline constexpr bool is_quiet<std::greater<Of>, Key> = compares_quietly<Key, true>();
template <class Of, class Key>
inline constexpr bool is_quiet<std::equal_to<Of>, Key> = compares_quietly<Key, false>();

// Of others it is not known where their elements lie. The name tells without the headers of all of them.
template <class T>
consteval bool is_standard(std::string_view name) {
  std::string_view spelled = __PRETTY_FUNCTION__;
  spelled.remove_prefix(spelled.find("T = ") + 4);
  return spelled.starts_with(name) && spelled[name.size()] == '<';
}
template <class T>
concept standard_text = is_standard<T>("std::__cxx11::basic_string") || is_standard<T>("std::basic_string");
template <class T>
concept standard_nodes = is_standard<T>("std::map") || is_standard<T>("std::set") || is_standard<T>("std::multimap") ||
    is_standard<T>("std::multiset") || is_standard<T>("std::unordered_map") || is_standard<T>("std::unordered_set") ||
    is_standard<T>("std::unordered_multimap") || is_standard<T>("std::unordered_multiset");

template <class T>
concept plainly_allocated = std::is_same_v<typename T::allocator_type, std::allocator<typename T::value_type>>;

template <class T>
concept moving_parts = (mapping_value<T> && moves_quietly<typename T::key_type> &&
                        moves_quietly<typename T::mapped_type>) ||
                       (set_value<T> && moves_quietly<typename T::key_type>);

// A node is its element, some links, and perhaps a hash.
inline constexpr std::size_t most_before_element = 48;

template <class T>
concept movable_nodes = standard_nodes<T> && plainly_allocated<T> && moving_parts<T> &&
                            alignof(typename T::value_type) <= 16 &&
                        sizeof(typename T::value_type) + most_before_element <= largest_moved_block;

template <class T>
concept movable_order = movable_nodes<T> && requires {
  requires is_quiet<typename T::key_compare, typename T::key_type>;
};
template <class T>
concept movable_hashes = movable_nodes<T> && requires {
  requires std::is_nothrow_invocable_v<const typename T::hasher&, const typename T::key_type&>;
  requires is_quiet<typename T::key_equal, typename T::key_type>;
  requires std::is_nothrow_copy_constructible_v<typename T::hasher>;
  requires std::is_nothrow_copy_constructible_v<typename T::key_equal>;
};

// --- Blocks of bytes, and of elements ---

// The block that a container has emptied and freed, offered and handed out to the allocation that comes next.
inline void exchange_caught(defragmenter& by) noexcept {
  void* block = by.blocks().caught();
  if (block != nullptr) by.blocks().hand_out(by.alloc(block));
}

// A container's block of bytes, moved as it is: the container then frees what is gone, and allocates what is there.
template <class T, class Refill>
[[gnu::noinline]] void defrag_bytes(defragmenter& by, T& all, Refill refill) noexcept {
  using element = typename T::value_type;
  const std::size_t capacity = all.capacity();
  if (capacity * sizeof(element) >= largest_moved_block) return;
  void* old = all.data();
  void* there = by.alloc(old);
  if (there == old) return;
  alignas(element) unsigned char bytes[largest_moved_block];
  const std::size_t count = all.size();
  std::memcpy(bytes, there, count * sizeof(element));
  by.blocks().catch_between(old, old);
  T{}.swap(all);
  static_cast<void>(by.blocks().caught());
  by.blocks().hand_out(there);
  all.reserve(capacity);
  refill(all, reinterpret_cast<const element*>(bytes), count);
  by.blocks().settle();
}

template <class T>
void defrag_text(defragmenter& by, T& text) noexcept {
  if constexpr (standard_text<T> && plainly_allocated<T>) {
    const auto* self = reinterpret_cast<const char*>(&text);
    constexpr std::less_equal<const void*> not_above;
    if (not_above(self, text.data()) && not_above(text.data(), self + sizeof text)) return;
    defrag_bytes(by, text, [](T& into, const char* bytes, std::size_t size) { into.assign(bytes, size); });
  }
}

// Elements that are no mere bytes wait in a room of the size of their block.
template <class T>
[[gnu::noinline]] void defrag_elements(defragmenter& by, T& all) noexcept {
  using element = typename T::value_type;
  const std::size_t capacity = all.capacity();
  const std::size_t count = all.size();
  if (capacity * sizeof(element) > largest_moved_block) return;
  alignas(element) unsigned char room[largest_moved_block];
  auto* away = reinterpret_cast<element*>(room);
  std::uninitialized_move(all.begin(), all.end(), away);
  by.blocks().catch_between(all.data(), all.data());
  T{}.swap(all);
  exchange_caught(by);
  all.reserve(capacity);
  for (std::size_t i = 0; i < count; ++i) all.push_back(std::move(away[i]));
  by.blocks().settle();
  std::destroy_n(away, count);
}

template <class T>
void defrag_buffer(defragmenter& by, T& all) noexcept {
  if constexpr (is_standard<T>("std::vector") && plainly_allocated<T> && moves_quietly<typename T::value_type> &&
                !std::is_same_v<typename T::value_type, bool>) {
    if (all.capacity() == 0 || !memory::relocation::can_move(all.data())) return;
    if constexpr (std::is_trivially_copyable_v<typename T::value_type>) {
      defrag_bytes(by, all, [](T& into, const auto* first, std::size_t size) { into.assign(first, first + size); });
    } else {
      defrag_elements(by, all);
    }
  }
}

// --- Nodes ---

template <class T>
const void* element_in(typename T::node_type& node) noexcept {
  if constexpr (mapping_value<T>) {
    return &node.key();
  } else {
    return &node.value();
  }
}

// What a node's key has allocated. It cannot be reached in the container.
template <class T>
void defrag_key(defragmenter& by, typename T::node_type& node) {
  if constexpr (owns_blocks<typename T::key_type>()) {
    const auto whole = by.uninterrupted();
    if constexpr (mapping_value<T>) {
      static_cast<void>(defrag_value(by, node.key()));
    } else {
      static_cast<void>(defrag_value(by, node.value()));
    }
  }
}

// Frees the node, whose element goes to make(element parts...), which allocates another one: in the node's block, or
// the one that the server gave for it.
template <class T, class Make>
[[gnu::noinline]] auto defrag_node(defragmenter& by, typename T::node_type node, Make make) noexcept {
  const auto* element = static_cast<const char*>(element_in<T>(node));
  const auto exchange = [&] {
    by.blocks().catch_between(element - most_before_element, element);
    node = typename T::node_type{};
    exchange_caught(by);
  };
  if constexpr (mapping_value<T>) {
    typename T::key_type key(std::move(node.key()));  // braces would prefer a constructor from a list of itself
    typename T::mapped_type mapped(std::move(node.mapped()));
    exchange();
    auto made = make(std::move(key), std::move(mapped));
    by.blocks().settle();
    return made;
  } else {
    typename T::key_type key(std::move(node.value()));
    exchange();
    auto made = make(std::move(key));
    by.blocks().settle();
    return made;
  }
}

// --- Ordered containers ---

template <class T>
const auto& key_at(const typename T::value_type& element) noexcept {
  if constexpr (mapping_value<T>) {
    return element.first;
  } else {
    return element;
  }
}

// An element by its key, and by how many come before it that have the same.
template <class T>
defrag_step step_at(T& all, typename T::iterator at) {
  const auto& key = key_at<T>(*at);
  return {.within = static_cast<std::size_t>(std::distance(all.lower_bound(key), at)), .key = saved_key_of(key)};
}

// Where it is, or would be. The path goes on in an element that is there still.
template <class T>
auto find_step(defragmenter& by, T& all, const defrag_step& step) {
  using key_type = typename T::key_type;
  key_type key{};
  const auto load = [](rdb_reader& from, void* into) { return load_value(from, *static_cast<key_type*>(into)); };
  if (!load_key(step.key, &key, load)) return all.end();
  auto found = all.lower_bound(key);
  const auto is_same = [&] { return found != all.end() && !all.key_comp()(key, key_at<T>(*found)); };
  for (std::size_t i = 0; i < step.within && is_same(); ++i) ++found;
  if (!is_same()) leave_path(by);
  return found;
}

// A node that is out of its container, and goes back where its key cannot be moved.
template <class T>
struct extracted_node {
  T& all;
  typename T::iterator next;
  typename T::node_type node;
  ~extracted_node() { all.insert(next, std::move(node)); }
};

template <class T>
auto defrag_ordered_node(defragmenter& by, T& all, typename T::iterator at, typename T::iterator next) {
  if constexpr (movable_order<T>) {
    if (!memory::relocation::can_move(&*at)) return at;
    extracted_node<T> out{all, next, all.extract(at)};
    defrag_key<T>(by, out.node);
    return defrag_node<T>(by, std::move(out.node), [&](auto&&... parts) noexcept {
      return all.emplace_hint(next, std::forward<decltype(parts)>(parts)...);
    });
  } else {
    return at;
  }
}

template <class T>
bool defrag_ordered(defragmenter& by, T& all) {
  auto at = all.begin();
  bool within = false;
  if (const auto step = enter_step(by)) {
    at = find_step(by, all, *step);
    within = !by.path().empty();
  }
  while (at != all.end()) {
    const auto next = std::next(at);
    if (!within) at = defrag_ordered_node(by, all, at, next);
    if constexpr (mapping_value<T>) {
      if (defrag_value(by, at->second)) return stop_within(by, step_at(all, at));
      leave_path(by);
    }
    if (by.is_tired() && next != all.end()) return stop_before(by, step_at(all, next));
    within = false;
    at = next;
  }
  return false;
}

// --- Unordered containers, a bucket at a time ---

// Puts a node back into the table that it was taken from. There was room for it, but the table may have been told of
// another load since, and would grow first: where there is no memory for that, it does not.
template <class T>
void put_back(T& all, typename T::node_type&& node) noexcept {
  try {
    all.insert(std::move(node));
  } catch (...) {
    const float load = all.max_load_factor();
    all.max_load_factor(1e9F);
    all.insert(std::move(node));
    all.max_load_factor(load);
  }
}

// Has room for one element without an allocation beyond its node.
template <class T>
struct spare_table {
  explicit spare_table(const T& like) : table(0, like.hash_function(), like.key_eq()) { table.max_load_factor(1e9F); }
  T table;
};

struct no_table {
  explicit no_table(const auto&) noexcept {}
};

// The nodes of a bucket. All are taken out first, and go back the last one first, which is the order that they had.
template <class T>
class extracted_bucket {
 public:
  extracted_bucket(T& all, std::size_t bucket) noexcept : all_{all} {
    while (count_ < most && all.begin(bucket) != all.end(bucket)) {
      nodes_[count_++] = all.extract(key_at<T>(*all.begin(bucket)));
    }
  }
  extracted_bucket(const extracted_bucket&) = delete;
  extracted_bucket& operator=(const extracted_bucket&) = delete;
  ~extracted_bucket() {
    while (count_ != 0) put_last_back();
  }

  bool is_empty() const noexcept { return count_ == 0; }
  typename T::node_type& last() noexcept { return nodes_[count_ - 1]; }
  void put_last_back() noexcept { put_back(all_, std::move(nodes_[--count_])); }

 private:
  static constexpr std::size_t most = 32;
  T& all_;
  std::array<typename T::node_type, most> nodes_;
  std::size_t count_ = 0;
};

template <class T>
void defrag_bucket_nodes(defragmenter& by, T& all, T& spare, std::size_t bucket) {
  for (extracted_bucket<T> out(all, bucket); !out.is_empty(); out.put_last_back()) {
    if (!memory::relocation::can_move(element_in<T>(out.last()))) continue;
    defrag_key<T>(by, out.last());
    out.last() = defrag_node<T>(by, std::move(out.last()), [&](auto&&... parts) noexcept {
      spare.emplace(std::forward<decltype(parts)>(parts)...);
      return spare.extract(spare.begin());
    });
  }
}

template <class T>
bool defrag_bucket(defragmenter& by, T& all, std::size_t bucket, std::size_t within) {
  if constexpr (mapping_value<T>) {
    if constexpr (owns_blocks<typename T::mapped_type>()) {
      std::size_t i = 0;
      for (auto at = all.begin(bucket); at != all.end(bucket); ++at, ++i) {
        if (i < within) continue;
        if (defrag_value(by, at->second)) return stop_within(by, {.index = bucket, .within = i});
        leave_path(by);
      }
    }
  }
  return false;
}

template <class T>
bool defrag_unordered(defragmenter& by, T& all) {
  defrag_step from;
  bool within = false;
  if (auto step = enter_step(by)) {
    from = std::move(*step);
    within = !by.path().empty();
  }
  [[maybe_unused]] std::conditional_t<movable_hashes<T>, spare_table<T>, no_table> spare(all);
  for (std::size_t bucket = from.index; bucket < all.bucket_count(); ++bucket) {
    if constexpr (movable_hashes<T>) {
      if (!within) defrag_bucket_nodes(by, all, spare.table, bucket);
    }
    if (defrag_bucket(by, all, bucket, within ? from.within : 0)) return true;
    leave_path(by);
    if (by.is_tired() && bucket + 1 < all.bucket_count()) return stop_before(by, {.index = bucket + 1});
    within = false;
  }
  return false;
}

// What is none of the standard's: no more is known of it than its elements.
template <class T>
bool defrag_mapped(defragmenter& by, T& all) {
  const auto whole = by.uninterrupted();
  if constexpr (mapping_value<T>) {
    for (auto&& each : all) static_cast<void>(defrag_value(by, each.second));
  }
  return false;
}

// --- Everything else ---

template <class T>
bool defrag_sequence(defragmenter& by, T& all) {
  std::size_t at = 0;
  if (const auto step = enter_step(by)) {
    at = step->index;
  } else {
    defrag_buffer(by, all);
  }
  if constexpr (owns_blocks<typename T::value_type>()) {
    if constexpr (requires { all[at]; }) {
      for (; at < all.size(); ++at) {
        if (defrag_value(by, all[at])) return stop_within(by, {.index = at});
        leave_path(by);
        if (by.is_tired() && at + 1 < all.size()) return stop_before(by, {.index = at + 1});
      }
    } else {
      const auto whole = by.uninterrupted();
      for (auto&& each : all) static_cast<void>(defrag_value(by, each));
    }
  }
  return false;
}

// The parts of what has a fixed number of them, each by its number.
template <class... Parts>
bool defrag_parts(defragmenter& by, Parts&... parts) {
  std::size_t first = 0;
  if (const auto step = enter_step(by)) first = step->index;
  std::size_t at = 0;
  const auto stops = [&](auto& part) {
    if (at++ < first) return false;
    if (defrag_value(by, part)) return stop_within(by, {.index = at - 1});
    leave_path(by);
    return false;
  };
  return (false || ... || stops(parts));
}

template <class T, class... Fields>
bool defrag_fields(defragmenter& by, T& object, field_list<Fields...>) {
  static constinit std::tuple<> nothing;
  const auto part = []<class Field>(T & of, std::type_identity<Field>) -> auto& {
    if constexpr (Field::is_stored) {
      return Field::of(of);
    } else {
      return nothing;
    }
  };
  return defrag_parts(by, part(object, std::type_identity<Fields>{})...);
}

template <class Tuple, std::size_t... Index>
bool defrag_elements_of(defragmenter& by, Tuple& value, std::index_sequence<Index...>) {
  using std::get;
  return defrag_parts(by, get<Index>(value)...);
}

template <std::size_t Index, class Variant>
bool defrag_if_held(defragmenter& by, Variant& value) {
  using std::get;
  return value.index() == Index && defrag_value(by, get<Index>(value));
}
template <class Variant, std::size_t... Index>
bool defrag_alternative(defragmenter& by, Variant& value, std::index_sequence<Index...>) {
  return (false || ... || defrag_if_held<Index>(by, value));
}

template <class T>
bool defrag_pointer(defragmenter& by, T& pointer) {
  if (!pointer) return false;
  if constexpr (std::is_same_v<typename T::deleter_type, std::default_delete<typename T::element_type>>) {
    if (by.path().empty()) pointer.reset(by.object(pointer.release()));
  }
  return defrag_value(by, *pointer);
}

template <class T>
bool defrag_value(defragmenter& by, T& value) {
  if constexpr (!owns_blocks<T>()) {
    return false;
  } else if constexpr (has_codec<T>) {
    if constexpr (requires { codec<T>::defrag(by, value); }) codec<T>::defrag(by, value);
    return false;
  } else if constexpr (std::is_same_v<T, string>) {
    by.alloc_string(value);
    return false;
  } else if constexpr (std::is_same_v<T, string_buffer>) {
    by.alloc_buffer(value);
    return false;
  } else if constexpr (byte_string<T>) {
    defrag_text(by, value);
    return false;
  } else if constexpr (is_optional<T>) {
    return value && defrag_value(by, *value);
  } else if constexpr (variant_value<T>) {
    return defrag_alternative(by, value, std::make_index_sequence<alternatives_of<T>>{});
  } else if constexpr (unique_pointer<T>) {
    return defrag_pointer(by, value);
  } else if constexpr (associative_value<T>) {
    if constexpr (!standard_nodes<T>) {
      return defrag_mapped(by, value);
    } else if constexpr (unordered_value<T>) {
      return defrag_unordered(by, value);
    } else {
      return defrag_ordered(by, value);
    }
  } else if constexpr (counted_range<T>) {
    return defrag_sequence(by, value);
  } else if constexpr (tuple_value<T>) {
    return defrag_elements_of(by, value, std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (described<T>) {
    return defrag_fields(by, value, fields_of<T>());
  } else {
    return false;
  }
}

template <class... T>
inline constexpr char defrag_tag = 0;

}  // namespace redismodule::detail

namespace redismodule {

template <class... T>
bool defragmenter::value(T&... values) {
  const void* whose = &detail::defrag_tag<T...>;
  resume(whose);
  return remember(whose, detail::defrag_parts(*this, values...));
}

template <class... T>
void defragmenter::whole(T&... values) {
  const auto all = uninterrupted();
  path_.clear();
  static_cast<void>(detail::defrag_parts(*this, values...));
}

}  // namespace redismodule
