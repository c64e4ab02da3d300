// Carries a type of an official header over into ours: what is built of mapped types is mapped piece by piece, and what
// is no type of the module API stands for itself. Each check adds its header's types as specializations of `named`.
#pragma once

#include <type_traits>

namespace abi_check {

template <class T>
struct named {
  using type = T;
};

template <class T>
struct mapped {
  using type = typename named<T>::type;
};

template <class T>
using map = typename mapped<T>::type;

template <class T>
struct mapped<const T> {
  using type = const map<T>;
};

template <class T>
struct mapped<T*> {
  using type = map<T>*;
};

template <class T, decltype(sizeof 0) count>
struct mapped<T[count]> {
  using type = map<T>[count];
};

template <class Result, class... Parameters>
struct mapped<Result(Parameters...)> {
  using type = map<Result>(map<Parameters>...);
};

template <class Result, class... Parameters>
struct mapped<Result(Parameters..., ...)> {
  using type = map<Result>(map<Parameters>..., ...);
};

template <class Theirs, class Ours>
inline constexpr bool same = std::is_same_v<map<Theirs>, Ours>;

constexpr bool same_text(const char* a, const char* b) {
  while (*a != 0 && *a == *b) {
    ++a;
    ++b;
  }
  return *a == *b;
}

template <class T>
constexpr bool same_value(T a, T b) {
  if constexpr (std::is_same_v<T, const char*>) {
    return same_text(a, b);
  } else {
    return a == b;
  }
}

}  // namespace abi_check
