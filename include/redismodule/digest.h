// What DEBUG DIGEST sees of a value.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>

#include "redismodule/codec.h"

namespace redismodule {

// Takes what a value consists of, in order: equal values have to give the same, whatever is different in memory.
// Lock: held.
class digest {
 public:
  explicit digest(abi::ModuleDigest* raw) noexcept : raw_{raw} {}
  digest(const digest&) = delete;
  digest& operator=(const digest&) = delete;

  void add(std::int64_t value) noexcept {
    if (raw_ == nullptr) return mix(static_cast<std::uint64_t>(value));
    api.DigestAddLongLong(raw_, value);
  }
  void add(std::string_view bytes) noexcept {
    if (raw_ == nullptr) return mix(bytes);
    api.DigestAddStringBuffer(raw_, bytes.empty() ? "" : bytes.data(), bytes.size());  // null is none to the server
  }
  // What came before is one element of a set, whose order does not matter. The whole value is one in the end.
  void end_sequence() noexcept {
    if (raw_ != nullptr) api.DigestEndSequence(raw_);
  }

  // Of the value; null where it is in none. Since: Redis 7.0. Fails: throws unsupported.
  string_ref key() const;
  // Nothing where it is in none. Since: Redis 7.0. Fails: throws unsupported.
  std::optional<int> database() const;
  // Around what may lie in itself: what lies deeper than can be saved is not looked at.
  bool enter() noexcept { return ++level_ <= detail::most_levels; }
  void leave() noexcept { --level_; }

  // Adds elements in any order: `f(digest&)` for each by one of these, and then their sum.
  class unordered {
   public:
    explicit unordered(const digest& within) noexcept : level_{within.level_} {}

    template <class F>
    void add(F&& f) {
      digest each{level_};
      f(each);
      first_ += each.first_;
      second_ += each.second_;
    }
    void add_to(digest& whole) const noexcept {
      whole.add(static_cast<std::int64_t>(first_));
      whole.add(static_cast<std::int64_t>(second_));
    }

   private:
    int level_;
    std::uint64_t first_ = 0;
    std::uint64_t second_ = 0;
  };

 private:
  explicit digest(int level) noexcept : level_{level} {}

  static constexpr std::uint64_t scrambled(std::uint64_t value) noexcept {
    value = (value ^ (value >> 32)) * 0xd6e8feb86659fd93u;
    value = (value ^ (value >> 32)) * 0xd6e8feb86659fd93u;
    return value ^ (value >> 32);
  }
  void mix(std::uint64_t value) noexcept {
    first_ = scrambled(first_ * 0x9e3779b97f4a7c15u + value + 1);
    second_ = scrambled(std::rotl(second_, 29) ^ (value * 0xc2b2ae3d27d4eb4fu + 7));
  }
  void mix(std::string_view bytes) noexcept;

  abi::ModuleDigest* raw_ = nullptr;
  int level_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t second_ = 0;
};

namespace detail {

template <class T>
void digest_value(digest& to, const T& value);

template <class T, class... Fields>
void digest_fields(digest& to, const T& object, field_list<Fields...>) {
  [[maybe_unused]] const auto add = [&]<class Field>(std::type_identity<Field>) {
    if constexpr (Field::is_stored) digest_value(to, Field::of(object));
  };
  (add(std::type_identity<Fields>{}), ...);
}

template <class Tuple, std::size_t... Index>
void digest_elements(digest& to, const Tuple& value, std::index_sequence<Index...>) {
  using std::get;
  (digest_value(to, get<Index>(value)), ...);
}

template <std::size_t Index, class Variant>
void digest_if_held(digest& to, const Variant& value) {
  using std::get;
  if (value.index() == Index) digest_value(to, get<Index>(value));
}
template <class Variant, std::size_t... Index>
void digest_alternative(digest& to, const Variant& value, std::index_sequence<Index...>) {
  (digest_if_held<Index>(to, value), ...);
}

template <class Container, class Element>
void digest_element(digest& to, const Element& element) {
  if constexpr (mapping_value<Container>) {
    digest_value<typename Container::key_type>(to, element.first);
    digest_value<typename Container::mapped_type>(to, element.second);
  } else {
    digest_value<typename Container::value_type>(to, element);
  }
}

template <class T>
void digest_range(digest& to, const T& all) {
  to.add(static_cast<std::int64_t>(all.size()));
  if constexpr (unordered_value<T>) {
    digest::unordered sum{to};
    for (const auto& each : all) sum.add([&](digest& one) { digest_element<T>(one, each); });
    sum.add_to(to);
  } else {
    for (auto&& each : all) digest_element<T>(to, each);
  }
}

template <class T>
void digest_value(digest& to, const T& value) {
  const level<T, digest> here{to};
  if (!here) return;
  if constexpr (has_codec<T>) {
    if constexpr (requires { codec<T>::digest(to, value); }) codec<T>::digest(to, value);
  } else if constexpr (integer_of_the_platform<T>) {
    to.add(static_cast<std::int64_t>(static_cast<same_everywhere<T>>(value)));
  } else if constexpr (std::is_enum_v<T>) {
    digest_value(to, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::integral<T>) {
    to.add(static_cast<std::int64_t>(value));
  } else if constexpr (std::floating_point<T>) {
    to.add(std::bit_cast<std::int64_t>(static_cast<double>(value)));
  } else if constexpr (std::is_same_v<T, string> || std::is_same_v<T, string_buffer> || byte_string<T>) {
    to.add(static_cast<std::string_view>(value));
  } else if constexpr (is_duration<T>) {
    digest_value(to, value.count());
  } else if constexpr (is_time_point<T>) {
    digest_value(to, value.time_since_epoch().count());
  } else if constexpr (is_optional<T> || unique_pointer<T>) {
    to.add(value ? 1 : 0);
    if (value) digest_value(to, *value);
  } else if constexpr (variant_value<T>) {
    to.add(static_cast<std::int64_t>(value.index()));
    digest_alternative(to, value, std::make_index_sequence<alternatives_of<T>>{});
  } else if constexpr (byte_range<T>) {
    to.add(std::string_view{reinterpret_cast<const char*>(value.data()), value.size()});
  } else if constexpr (counted_range<T>) {
    digest_range(to, value);
  } else if constexpr (tuple_value<T>) {
    digest_elements(to, value, std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (described<T>) {
    digest_fields(to, value, fields_of<T>());
  }
}

}  // namespace detail
}  // namespace redismodule
