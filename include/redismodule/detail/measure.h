// What a value has allocated, and how much work it is to free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "redismodule/codec.h"
#include "redismodule/memory/allocator.h"

namespace redismodule {
class defragmenter;
}

namespace redismodule::detail {

// The bytes that the allocator has given for a block; of null, none.
std::size_t block_size(const void* block) noexcept;
// The same for a block of this many bytes that is somewhere out of reach.
std::size_t block_size_for(std::size_t bytes) noexcept;

// How many of a container's elements are looked at: 0 is all. And how deep it is already.
struct samples {
  std::size_t most;
  int level = 0;

  constexpr samples(std::size_t most) noexcept : most{most} {}
};

// --- Whose blocks can be asked for their size ---

// By what allocator, and with a layout that is known here, is a container of the standard library's. Blocks of others
// may be parts of larger ones, as those of a std::pmr resource, or begin elsewhere.
template <class A>
inline constexpr bool is_own_allocator = false;
template <class T>
inline constexpr bool is_own_allocator<std::allocator<T>> = true;
template <class T>
inline constexpr bool is_own_allocator<allocator<T>> = true;

#if defined(__GLIBCXX__) && _GLIBCXX_USE_CXX11_ABI
inline constexpr bool are_layouts_known = true;
#else
inline constexpr bool are_layouts_known = false;
#endif

// Containers are told by their names, as the compilers spell them, so that nobody pays for headers that he does not
// use.
template <class T>
constexpr bool is_of_std(std::string_view name) noexcept {
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("T = ") + 4);
  if (text.substr(0, 5) != "std::") return false;
  text.remove_prefix(5);
  for (const std::string_view inner : {"__cxx11::", "__debug::"}) {
    if (text.substr(0, inner.size()) == inner) text.remove_prefix(inner.size());
  }
  return text.substr(0, name.size()) == name && text.substr(name.size(), 1) == "<";
}
template <class T>
constexpr bool is_one_of_std(std::initializer_list<std::string_view> names) noexcept {
  for (const std::string_view each : names) {
    if (is_of_std<T>(each)) return true;
  }
  return false;
}

// Pointers, or as much, before the value in a node; 0 where there are no nodes.
template <class T>
constexpr std::size_t links_in_node() noexcept {
  if (is_of_std<T>("list")) return 2;
  if (is_one_of_std<T>({"map", "set", "multimap", "multiset"})) return 4;
  if (is_one_of_std<T>({"unordered_map", "unordered_set", "unordered_multimap", "unordered_multiset"})) return 1;
  return 0;
}

template <class T>
constexpr bool has_known_blocks() noexcept {
  if constexpr (are_layouts_known && requires { typename T::allocator_type; }) {
    return is_own_allocator<typename T::allocator_type> &&
           (links_in_node<T>() != 0 || is_one_of_std<T>({"vector", "deque", "basic_string"}));
  } else {
    return false;
  }
}

// The block of an object that was made by new.
template <class T>
std::size_t size_of_made(const T* object) noexcept {
  if constexpr (requires { T::operator new(sizeof(T)); }) {
    return sizeof(T);  // the author's own, from wherever
  } else {
    return block_size(object);
  }
}

template <class T>
concept has_codec_defrag = requires(defragmenter& by, T& value) {
  codec<T>::defrag(by, value);
};

template <class T>
constexpr bool owns_blocks() noexcept;

template <class... Fields>
constexpr bool fields_own_blocks(field_list<Fields...>) noexcept {
  const auto owns = []<class Field>(std::type_identity<Field>) {
    if constexpr (Field::is_stored) return owns_blocks<typename Field::value>();
    return false;
  };
  return (false || ... || owns(std::type_identity<Fields>{}));
}
template <class... Values>
constexpr bool any_owns_blocks(std::type_identity<std::tuple<Values...>>) noexcept {
  return (false || ... || owns_blocks<Values>());
}
template <template <class...> class Variant, class... Values>
constexpr bool alternatives_own_blocks(std::type_identity<Variant<Values...>>) noexcept {
  return (false || ... || owns_blocks<Values>());
}
template <class Tuple, std::size_t... Index>
constexpr bool elements_own_blocks(std::index_sequence<Index...>) noexcept {
  return (false || ... || owns_blocks<std::remove_const_t<std::tuple_element_t<Index, Tuple>>>());
}

// Whether a value can have allocated something.
template <class T>
constexpr bool owns_blocks() noexcept {
  if constexpr (has_codec<T>) {
    return requires(const T& value) { codec<T>::mem_usage(value); }
    || requires(const T& value) { codec<T>::free_effort(value); }
    || has_codec_defrag<T>;
  } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T> || is_duration<T> || is_time_point<T>) {
    return false;
  } else if constexpr (is_optional<T>) {
    return owns_blocks<typename T::value_type>();
  } else if constexpr (variant_value<T>) {
    return alternatives_own_blocks(std::type_identity<T>{});
  } else if constexpr (array_value<T>) {
    return owns_blocks<typename T::value_type>();
  } else if constexpr (tuple_value<T>) {
    return elements_own_blocks<T>(std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (described<T>) {
    return fields_own_blocks(fields_of<T>());
  } else {
    return !nothing_value<T>;
  }
}

// Where the value lies in the nodes of libstdc++'s containers: behind a tree's colour and three links, a hash table's
// one.
template <class Value>
constexpr std::size_t value_offset(std::size_t links) noexcept {
  const std::size_t size = links * sizeof(void*);
  return (size + alignof(Value) - 1) / alignof(Value) * alignof(Value);
}

template <class T>
std::size_t memory_of(const T& value, samples most);

template <class T, class... Fields>
std::size_t memory_of_fields(const T& object, samples most, field_list<Fields...>) {
  [[maybe_unused]] const auto one = [&]<class Field>(std::type_identity<Field>) -> std::size_t {
    if constexpr (Field::is_stored) return memory_of(Field::of(object), most);
    return 0;
  };
  return (std::size_t{0} + ... + one(std::type_identity<Fields>{}));
}

template <class Tuple, std::size_t... Index>
std::size_t memory_of_elements(const Tuple& value, samples most, std::index_sequence<Index...>) {
  using std::get;
  return (std::size_t{0} + ... + memory_of(get<Index>(value), most));
}

template <std::size_t Index, class Variant>
std::size_t memory_if_held(const Variant& value, samples most) {
  using std::get;
  return value.index() == Index ? memory_of(get<Index>(value), most) : 0;
}
template <class Variant, std::size_t... Index>
std::size_t memory_of_alternative(const Variant& value, samples most, std::index_sequence<Index...>) {
  return (std::size_t{0} + ... + memory_if_held<Index>(value, most));
}

template <class T>
std::size_t memory_of_one(const T& element, samples most) {
  return memory_of(element, most);
}
template <class First, class Second>
std::size_t memory_of_one(const std::pair<First, Second>& element, samples most) {
  return memory_of<std::remove_const_t<First>>(element.first, most) + memory_of(element.second, most);
}

// What the elements have allocated, taken from the first ones.
template <class T>
std::size_t memory_within(const T& all, samples most) {
  using value = std::remove_const_t<typename T::value_type>;
  if constexpr (!mapping_value<T> && !owns_blocks<value>()) {
    return 0;
  } else {
    std::size_t looked_at = 0;
    std::size_t sum = 0;
    for (const auto& each : all) {
      if (most.most != 0 && looked_at == most.most) break;
      sum += memory_of_one(each, most);
      ++looked_at;
    }
    if (looked_at == 0 || looked_at == all.size()) return sum;
    return static_cast<std::size_t>(static_cast<double>(sum) * static_cast<double>(all.size()) /
                                    static_cast<double>(looked_at));
  }
}

// Nodes are of one size class: the first tells.
template <class T>
std::size_t memory_of_nodes(const T& all) {
  using value = typename T::value_type;
  if (all.size() == 0) return 0;
  const auto* first = reinterpret_cast<const char*>(&*all.begin());
  const std::size_t nodes = all.size() * block_size(first - value_offset<value>(links_in_node<T>()));
  if constexpr (unordered_value<T>) {
    return nodes + (all.bucket_count() <= 1 ? 0 : block_size_for(all.bucket_count() * sizeof(void*)));
  } else {
    return nodes;
  }
}

// A deque's blocks are of 512 bytes or one element, a map of pointers leads to them.
template <class T>
std::size_t memory_of_deque(const T& all) {
  constexpr std::size_t element = sizeof(typename T::value_type);
  constexpr std::size_t in_block = element < 512 ? 512 / element : 1;
  const std::size_t blocks = all.size() / in_block + 1;
  const std::size_t pointers = blocks + 2 > 8 ? blocks + 2 : 8;
  return blocks * block_size_for(in_block * element) + block_size_for(pointers * sizeof(void*));
}

// By sizes alone, for what may not be asked: an element each, with four links where the container is by keys.
template <class T>
std::size_t estimated_memory(const T& all) {
  constexpr std::size_t element = sizeof(typename T::value_type);
  if constexpr (requires { all.capacity(); }) {
    return all.capacity() * element;
  } else {
    return all.size() * (element + (associative_value<T> ? 4 * sizeof(void*) : 0));
  }
}

template <class T>
std::size_t memory_of_range(const T& all, samples most) {
  if constexpr (array_value<T>) {
    return memory_within(all, most);
  } else if constexpr (std::is_same_v<typename T::value_type, bool> && requires { all.flip(); }) {
    return all.capacity() == 0 ? 0 : block_size_for(all.capacity() / 8);
  } else if constexpr (!has_known_blocks<T>()) {
    return estimated_memory(all) + memory_within(all, most);
  } else if constexpr (links_in_node<T>() != 0) {
    return memory_of_nodes(all) + memory_within(all, most);
  } else if constexpr (requires { all.data(); }) {
    return (all.capacity() == 0 ? 0 : block_size(all.data())) + memory_within(all, most);
  } else {
    return memory_of_deque(all) + memory_within(all, most);
  }
}

template <class T>
std::size_t memory_of_text(const T& text) {
  const auto* bytes = reinterpret_cast<const char*>(text.data());
  const auto* self = reinterpret_cast<const char*>(&text);
  if (bytes >= self && bytes < self + sizeof text) return 0;
  if constexpr (has_known_blocks<T>()) {
    return block_size(bytes);
  } else {
    return text.size() + 1;
  }
}

// The bytes that a value has allocated, without its own.
template <class T>
std::size_t memory_of(const T& value, samples most) {
  if constexpr (is_level<T>()) {
    if (++most.level > most_levels) return 0;
  }
  if constexpr (!owns_blocks<T>()) {
    return 0;
  } else if constexpr (has_codec<T>) {
    if constexpr (requires { codec<T>::mem_usage(value); }) return codec<T>::mem_usage(value);
    return 0;
  } else if constexpr (std::is_same_v<T, string>) {
    if (!value || api.MallocSizeString == nullptr) return value.size();
    return api.MallocSizeString(value.raw());
  } else if constexpr (std::is_same_v<T, string_buffer>) {
    return value.allocated();
  } else if constexpr (byte_string<T>) {
    return memory_of_text(value);
  } else if constexpr (is_optional<T>) {
    return value ? memory_of(*value, most) : 0;
  } else if constexpr (unique_pointer<T>) {
    return value ? size_of_made(value.get()) + memory_of(*value, most) : 0;
  } else if constexpr (variant_value<T>) {
    return memory_of_alternative(value, most, std::make_index_sequence<alternatives_of<T>>{});
  } else if constexpr (counted_range<T>) {
    return memory_of_range(value, most);
  } else if constexpr (tuple_value<T>) {
    return memory_of_elements(value, most, std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (described<T>) {
    return memory_of_fields(value, most, fields_of<T>());
  } else {
    return 0;  // only its author knows
  }
}

// --- Effort of freeing: about as many steps as there are blocks ---

// Counted until there are so many that the exact number is of no interest: servers free in another thread what takes
// more than 64. What is looked at is bounded by it, and how deep that lies. What was not looked at may be any number:
// it counts as many, so that servers defragment it in parts, which they do from active-defrag-max-scan-fields on
// (1,000).
class effort {
 public:
  void add(std::size_t steps) noexcept { steps_ += steps; }
  // Whether no more is to be looked at, though there is something.
  bool leaves_out() noexcept {
    if (steps_ < enough) return false;
    left_out_ = true;
    return true;
  }
  std::size_t steps() const noexcept { return left_out_ ? steps_ + many : steps_; }

 private:
  static constexpr std::size_t enough = 512;
  static constexpr std::size_t many = 1 << 20;
  std::size_t steps_ = 0;
  bool left_out_ = false;
};

template <class T>
void add_effort(effort& sum, const T& value);

template <class T, class... Fields>
void add_effort_of_fields(effort& sum, const T& object, field_list<Fields...>) {
  [[maybe_unused]] const auto add = [&]<class Field>(std::type_identity<Field>) {
    if constexpr (Field::is_stored) add_effort(sum, Field::of(object));
  };
  (add(std::type_identity<Fields>{}), ...);
}
template <class Tuple, std::size_t... Index>
void add_effort_of_elements(effort& sum, const Tuple& value, std::index_sequence<Index...>) {
  using std::get;
  (add_effort(sum, get<Index>(value)), ...);
}
template <std::size_t Index, class Variant>
void add_effort_if_held(effort& sum, const Variant& value) {
  using std::get;
  if (value.index() == Index) add_effort(sum, get<Index>(value));
}
template <class Variant, std::size_t... Index>
void add_effort_of_alternative(effort& sum, const Variant& value, std::index_sequence<Index...>) {
  (add_effort_if_held<Index>(sum, value), ...);
}

// Large blocks take a step for each 64 KiB.
constexpr std::size_t steps_of_bytes(std::size_t bytes) noexcept { return 1 + bytes / 65536; }

// How many blocks the elements are in.
template <class T>
constexpr std::size_t steps_of_elements(const T& all) noexcept {
  constexpr std::size_t element = sizeof(typename T::value_type);
  if constexpr (array_value<T>) {
    return 0;
  } else if constexpr (
      requires { all.data(); } || requires { all.flip(); }) {
    return steps_of_bytes(all.size() * element);
  } else if constexpr (!associative_value<T> && requires { all[0]; }) {
    return 1 + all.size() * element / 512;  // a deque
  } else {
    return all.size();
  }
}

// Each element that may own something is a step at least, so that no more are looked at than are counted.
template <class T>
void add_effort_of_range(effort& sum, const T& all) {
  sum.add(steps_of_elements(all));
  if constexpr (owns_blocks<std::remove_const_t<typename T::value_type>>()) {
    for (const auto& each : all) {
      if (sum.leaves_out()) return;
      sum.add(1);
      add_effort(sum, each);
    }
  }
}

template <class T>
void add_effort(effort& sum, const T& value) {
  if constexpr (!owns_blocks<T>()) {
    return;
  } else if constexpr (has_codec<T>) {
    if constexpr (requires { codec<T>::free_effort(value); }) {
      sum.add(codec<T>::free_effort(value));
    } else {
      sum.add(1);
    }
  } else if constexpr (std::is_same_v<T, string>) {
    sum.add(1);
  } else if constexpr (byte_string<T> || std::is_same_v<T, string_buffer>) {
    sum.add(steps_of_bytes(value.size()));
  } else if (sum.leaves_out()) {
    return;
  } else if constexpr (is_optional<T>) {
    if (value) add_effort(sum, *value);
  } else if constexpr (unique_pointer<T>) {
    sum.add(1);
    if (value) add_effort(sum, *value);
  } else if constexpr (variant_value<T>) {
    add_effort_of_alternative(sum, value, std::make_index_sequence<alternatives_of<T>>{});
  } else if constexpr (counted_range<T>) {
    add_effort_of_range(sum, value);
  } else if constexpr (tuple_value<T>) {
    add_effort_of_elements(sum, value, std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (described<T>) {
    add_effort_of_fields(sum, value, fields_of<T>());
  }
}

template <class T>
std::size_t effort_of(const T& value) {
  effort sum;
  add_effort(sum, value);
  return sum.steps();
}

// --- Depth ---

// Whether values lie deeper in values of their own type than can be saved.
class depth {
 public:
  bool enter() noexcept { return ++level_ <= most_levels || too_deep(); }
  void leave() noexcept { --level_; }
  bool failed() const noexcept { return failed_; }

 private:
  bool too_deep() noexcept {
    failed_ = true;
    return false;
  }

  int level_ = 0;
  bool failed_ = false;
};

template <class T>
void look_deep(depth& way, const T& value);

template <class T, class... Fields>
void look_into_fields(depth& way, const T& object, field_list<Fields...>) {
  [[maybe_unused]] const auto look = [&]<class Field>(std::type_identity<Field>) {
    if constexpr (Field::is_stored) look_deep(way, Field::of(object));
  };
  (look(std::type_identity<Fields>{}), ...);
}
template <class Tuple, std::size_t... Index>
void look_into_elements(depth& way, const Tuple& value, std::index_sequence<Index...>) {
  using std::get;
  (look_deep(way, get<Index>(value)), ...);
}
template <std::size_t Index, class Variant>
void look_if_held(depth& way, const Variant& value) {
  using std::get;
  if (value.index() == Index) look_deep(way, get<Index>(value));
}
template <class Variant, std::size_t... Index>
void look_into_alternative(depth& way, const Variant& value, std::index_sequence<Index...>) {
  (look_if_held<Index>(way, value), ...);
}

template <class T>
void look_deep(depth& way, const T& value) {
  if constexpr (can_nest<T>()) {
    const level<T, depth> here{way};
    if (!here) return;
    if constexpr (is_optional<T> || unique_pointer<T>) {
      if (value) look_deep(way, *value);
    } else if constexpr (variant_value<T>) {
      look_into_alternative(way, value, std::make_index_sequence<alternatives_of<T>>{});
    } else if constexpr (counted_range<T>) {
      for (const auto& each : value) look_deep(way, each);
    } else if constexpr (tuple_value<T>) {
      look_into_elements(way, value, std::make_index_sequence<std::tuple_size_v<T>>{});
    } else if constexpr (described<T>) {
      look_into_fields(way, value, fields_of<T>());
    }
  }
}

}  // namespace redismodule::detail

namespace redismodule {

// Whether values lie deeper in values of their own type than can be saved and loaded (1,000 levels: described structs,
// containers, pointers). A command by which a client can make a value deeper asks before it keeps it; one that
// is far deeper ends the server where it is destroyed, since destructors call each other. Values of a rm::codec are not
// looked into. Fails: nothing; costs a walk through all that can be deep.
template <class T>
bool is_too_deep(const T& value) {
  detail::depth way;
  detail::look_deep(way, value);
  return way.failed();
}

}  // namespace redismodule
