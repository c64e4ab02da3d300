// The members of a flat aggregate, without a macro: counted by what it can be initialised from, named by a structured
// binding.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace redismodule::detail {

inline constexpr std::size_t most_members = 16;

// Stands for any member in an initialiser.
struct any_member {
  template <class T>
  operator T() const noexcept;
};

template <std::size_t>
using any_member_at = any_member;

template <class T, std::size_t... Index>
constexpr bool takes_members(std::index_sequence<Index...>) {
  return requires { T{any_member_at<Index>{}...}; };
}

template <class T, std::size_t Count>
constexpr std::size_t count_members_down() {
  if constexpr (Count == 0 || takes_members<T>(std::make_index_sequence<Count>{})) {
    return Count;
  } else {
    return count_members_down<T, Count - 1>();
  }
}

// By halves: as few initialisers as can be are tried, since each takes the compiler its time. `Least` are taken, or it
// is 0; `TooMany` are not.
template <class T, std::size_t Least, std::size_t TooMany>
constexpr std::size_t count_members_between() {
  constexpr std::size_t middle = (Least + TooMany) / 2;
  if constexpr (TooMany - Least == 1) {
    return Least;
  } else if constexpr (takes_members<T>(std::make_index_sequence<middle>{})) {
    return count_members_between<T, middle, TooMany>();
  } else {
    return count_members_between<T, Least, middle>();
  }
}

// One past the limit where there are more.
template <class T>
constexpr std::size_t count_members() {
  constexpr std::size_t count = count_members_between<T, 0, most_members + 2>();
  // Members that cannot be left out, as references, refuse what is fewer than they want too.
  if constexpr (count == 0 && !std::is_empty_v<T>) return count_members_down<T, most_members + 1>();
  return count;
}

template <class T>
constexpr bool has_too_many_members() {
  if constexpr (std::is_class_v<T> && std::is_aggregate_v<T>) return count_members<T>() > most_members;
  return false;
}

// f(member…) with all members of the value. T has at most `most_members`.
template <class T, class F>
constexpr decltype(auto) with_members(T& value, F&& f) {
  constexpr std::size_t count = count_members<std::remove_const_t<T>>();
  static_assert(count <= most_members);
  if constexpr (count == 0) {
    return f();
  } else if constexpr (count == 1) {
    auto& [a] = value;
    return f(a);
  } else if constexpr (count == 2) {
    auto& [a, b] = value;
    return f(a, b);
  } else if constexpr (count == 3) {
    auto& [a, b, c] = value;
    return f(a, b, c);
  } else if constexpr (count == 4) {
    auto& [a, b, c, d] = value;
    return f(a, b, c, d);
  } else if constexpr (count == 5) {
    auto& [a, b, c, d, e] = value;
    return f(a, b, c, d, e);
  } else if constexpr (count == 6) {
    auto& [a, b, c, d, e, g] = value;
    return f(a, b, c, d, e, g);
  } else if constexpr (count == 7) {
    auto& [a, b, c, d, e, g, h] = value;
    return f(a, b, c, d, e, g, h);
  } else if constexpr (count == 8) {
    auto& [a, b, c, d, e, g, h, i] = value;
    return f(a, b, c, d, e, g, h, i);
  } else if constexpr (count == 9) {
    auto& [a, b, c, d, e, g, h, i, j] = value;
    return f(a, b, c, d, e, g, h, i, j);
  } else if constexpr (count == 10) {
    auto& [a, b, c, d, e, g, h, i, j, k] = value;
    return f(a, b, c, d, e, g, h, i, j, k);
  } else if constexpr (count == 11) {
    auto& [a, b, c, d, e, g, h, i, j, k, l] = value;
    return f(a, b, c, d, e, g, h, i, j, k, l);
  } else if constexpr (count == 12) {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m] = value;
    return f(a, b, c, d, e, g, h, i, j, k, l, m);
  } else if constexpr (count == 13) {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m, n] = value;
    return f(a, b, c, d, e, g, h, i, j, k, l, m, n);
  } else if constexpr (count == 14) {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m, n, o] = value;
    return f(a, b, c, d, e, g, h, i, j, k, l, m, n, o);
  } else if constexpr (count == 15) {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m, n, o, p] = value;
    return f(a, b, c, d, e, g, h, i, j, k, l, m, n, o, p);
  } else {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q] = value;
    return f(a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q);
  }
}

template <class... Members>
struct member_list {
  static constexpr std::size_t size = sizeof...(Members);
  template <template <class...> class Of>
  using apply = Of<Members...>;
};

template <class T>
using members_of = decltype(with_members(
    std::declval<T&>(), [](auto&... each) { return member_list<std::remove_cvref_t<decltype(each)>...>{}; }));

// Room for a value that is never there: nothing of it is defined.
template <class T>
union room_for {
  room_for();
  ~room_for();
  unsigned char bytes[sizeof(T)];
  T value;
};

#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"  // where T is a class within a function
#endif

template <class T>
extern room_for<T> some_room;

// Whether the members of T begin at these offsets. (A constant expression may not ask for an address, but may ask
// whether two are the same.)
template <class T, class Offsets>
consteval bool has_members_at(const Offsets& offsets) {
  return with_members(some_room<T>.value, [&](auto&... each) {
    std::size_t next = 0;
    return (true && ... &&
            (static_cast<const void*>(&some_room<T>.bytes[offsets[next++]]) == static_cast<const void*>(&each)));
  });
}

#ifdef __clang__
#pragma clang diagnostic pop
#endif

}  // namespace redismodule::detail
