// What a value has allocated, and how much work it is to free.
#pragma once

#include <cstddef>
#include <cstdint>

#include "redismodule/codec.h"

namespace redismodule {
class defragmenter;
}

namespace redismodule::detail {

// The bytes that the allocator has given for a block; of null, none.
std::size_t block_size(const void* block) noexcept;
// The same for a block of this many bytes that is somewhere out of reach.
std::size_t block_size_for(std::size_t bytes) noexcept;

// How many of a container's elements are looked at: 0 is all.
using samples = std::size_t;

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
  return (false || ... || owns_blocks<std::tuple_element_t<Index, Tuple>>());
}

// Whether a value can have allocated something.
template <class T>
constexpr bool owns_blocks() noexcept {
  if constexpr (has_codec<T>) {
    return requires(const T& value) { codec<T>::mem_usage(value); }
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
      if (most != 0 && looked_at == most) break;
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
  if constexpr (unordered_value<T>) {
    const std::size_t buckets = all.bucket_count() <= 1 ? 0 : block_size_for(all.bucket_count() * sizeof(void*));
    return buckets + all.size() * block_size(first - value_offset<value>(1));
  } else {
    return all.size() * block_size(first - value_offset<value>(4));
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

template <class T>
std::size_t memory_of_range(const T& all, samples most) {
  if constexpr (array_value<T>) {
    return memory_within(all, most);
  } else if constexpr (associative_value<T>) {
    return memory_of_nodes(all) + memory_within(all, most);
  } else if constexpr (requires { all.data(); }) {
    return (all.capacity() == 0 ? 0 : block_size(all.data())) + memory_within(all, most);
  } else if constexpr (std::is_same_v<typename T::value_type, bool>) {
    return all.capacity() == 0 ? 0 : block_size_for(all.capacity() / 8);
  } else {
    return memory_of_deque(all) + memory_within(all, most);
  }
}

// The bytes that a value has allocated, without its own.
template <class T>
std::size_t memory_of(const T& value, samples most) {
  if constexpr (!owns_blocks<T>()) {
    return 0;
  } else if constexpr (has_codec<T>) {
    if constexpr (requires { codec<T>::mem_usage(value); }) return codec<T>::mem_usage(value);
    return 0;
  } else if constexpr (std::is_same_v<T, string>) {
    if (!value || api.MallocSizeString == nullptr) return value.size();
    return api.MallocSizeString(value.raw());
  } else if constexpr (byte_string<T>) {
    const auto* bytes = reinterpret_cast<const char*>(value.data());
    const auto* self = reinterpret_cast<const char*>(&value);
    return bytes >= self && bytes < self + sizeof value ? 0 : block_size(bytes);
  } else if constexpr (is_optional<T>) {
    return value ? memory_of(*value, most) : 0;
  } else if constexpr (unique_pointer<T>) {
    return value ? block_size(value.get()) + memory_of(*value, most) : 0;
  } else if constexpr (variant_value<T>) {
    return memory_of_alternative(value, most, std::make_index_sequence<alternatives_of<T>>{});
  } else if constexpr (counted_range<T>) {
    return memory_of_range(value, most);
  } else if constexpr (tuple_value<T>) {
    return memory_of_elements(value, most, std::make_index_sequence<std::tuple_size_v<T>>{});
  } else {
    return memory_of_fields(value, most, fields_of<T>());
  }
}

// --- Effort of freeing: about as many as there are blocks ---

template <class T>
std::size_t effort_of(const T& value);

template <class T, class... Fields>
std::size_t effort_of_fields(const T& object, field_list<Fields...>) {
  [[maybe_unused]] const auto one = [&]<class Field>(std::type_identity<Field>) -> std::size_t {
    if constexpr (Field::is_stored) return effort_of(Field::of(object));
    return 0;
  };
  return (std::size_t{0} + ... + one(std::type_identity<Fields>{}));
}

template <class T>
std::size_t effort_of(const T& value) {
  if constexpr (!owns_blocks<T>() || has_codec<T>) {
    return 0;
  } else if constexpr (byte_string<T> || std::is_same_v<T, string>) {
    return 1;
  } else if constexpr (is_optional<T>) {
    return value ? effort_of(*value) : 0;
  } else if constexpr (array_value<T>) {
    return value.size();
  } else if constexpr (associative_value<T>) {
    return value.size();
  } else if constexpr (counted_range<T>) {
    return owns_blocks<typename T::value_type>() ? value.size() + 1 : 1 + value.size() * sizeof(value[0]) / 65536;
  } else if constexpr (described<T>) {
    return effort_of_fields(value, fields_of<T>());
  } else {
    return 1;
  }
}

}  // namespace redismodule::detail
