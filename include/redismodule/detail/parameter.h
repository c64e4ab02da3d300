// How each parameter of a handler is filled. A parameter takes what it needs from a cursor, so that one that takes a
// variable number of arguments can stand anywhere the signature makes sense.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include "redismodule/args.h"
#include "redismodule/context.h"
#include "redismodule/detail/synopsis.h"
#include "redismodule/reply.h"

namespace redismodule::detail {

// What a handler runs in: the arguments, and how far they are decoded. Lives in the trampoline's frame, and never
// leaves it but for the cold paths.
struct frame {
  abi::ModuleCtx* ctx;
  abi::ModuleString** argv;
  int argc;
  int next = 1;  // the argument to be decoded
  int word = 0;  // which word of the synopsis stands for it, where decoding failed
  decode_status status{};
  reply out{ctx};
};

inline bool fail(frame& f, int word) noexcept {
  f.word = word;
  return false;
}

// `shapes`: its words in the synopsis. `least`: how many arguments at least. `most`: how many at most, -1 for any
// number.
template <class T>
struct parameter {
  static_assert(
      argument<T>,
      "redismodule: this parameter is of no argument type: take another, or specialise redismodule::arg_traits");
  static constexpr presence present = presence::required;
  static constexpr std::array<word_shape, 1> shapes{{{present, true, arg_type<T>()}}};
  static constexpr int least = 1;
  static constexpr int most = 1;

  // Without an initial value, since decode() gives it one.
  struct slot {
    explicit slot(const frame&) noexcept {}
    T value;
  };

  static bool decode(frame& f, slot& into, int word) {
    f.status = arg_traits<T>::decode(argument_at(f.argv + f.next), into.value);
    if (!f.status.good()) return fail(f, word);
    ++f.next;
    return true;
  }
  static T&& pass(frame&, slot& from) noexcept { return std::move(from.value); }
};

template <class T>
struct parameter<std::optional<T>> {
  static_assert(
      argument<T>,
      "redismodule: this optional is of no argument type: take another, or specialise redismodule::arg_traits");
  static constexpr presence present = presence::optional;
  static constexpr std::array<word_shape, 1> shapes{{{present, true, arg_type<T>()}}};
  static constexpr int least = 0;
  static constexpr int most = 1;

  struct slot {
    explicit slot(const frame&) noexcept {}
    std::optional<T> value;
  };

  static bool decode(frame& f, slot& into, int word) {
    if (f.next >= f.argc) return true;
    f.status = arg_traits<T>::decode(argument_at(f.argv + f.next), into.value.emplace());
    if (!f.status.good()) return fail(f, word);
    ++f.next;
    return true;
  }
  static std::optional<T>&& pass(frame&, slot& from) noexcept { return std::move(from.value); }
};

template <class T>
struct rest_shapes {
  static constexpr std::array<word_shape, 1> of(presence p) { return {{{p, true, arg_type<T>()}}}; }
};

template <class First, class Second>
struct rest_shapes<std::pair<First, Second>> {
  static constexpr std::array<word_shape, 2> of(presence p) {
    return {{{p, false, arg_type<First>()}, {p, true, arg_type<Second>()}}};
  }
};

template <class Rest, class T, presence Present>
struct rest_parameter {
  static constexpr presence present = Present;
  static constexpr auto shapes = rest_shapes<T>::of(Present);
  static constexpr int width = element<T>::width;
  static constexpr int least = Present == presence::at_least_one ? width : 0;
  static constexpr int most = -1;

  struct slot {
    explicit slot(const frame&) noexcept {}
    Rest value;
  };

  static bool decode(frame& f, slot& into, [[maybe_unused]] int first_word) {
    const int count = f.argc - f.next;
    into.value = Rest{f.argv + f.next, static_cast<std::size_t>(count / width)};
    if constexpr (width > 1) {
      if (count % width != 0) return false;  // with a good status: the wrong number of arguments
    }
    if constexpr (!element<T>::infallible) {
      for (abi::ModuleString** at = f.argv + f.next; at != f.argv + f.argc;) {
        f.status = element<T>::check(at);
        if (f.status.good()) continue;
        return fail(f, first_word + static_cast<int>(at - (f.argv + f.next)) % width);
      }
    }
    f.next = f.argc;
    return true;
  }
  static Rest pass(frame&, slot& from) noexcept { return from.value; }
};

template <class T>
struct parameter<rest<T>> : rest_parameter<rest<T>, T, presence::any_number> {};
template <class T>
struct parameter<at_least_one<T>> : rest_parameter<at_least_one<T>, T, presence::at_least_one> {};

// What is not an argument.
struct no_argument {
  static constexpr presence present = presence::required;
  static constexpr std::array<word_shape, 0> shapes{};
  static constexpr int least = 0;
  static constexpr int most = 0;
};

template <>
struct parameter<context> : no_argument {
  struct slot {
    explicit slot(const frame& f) noexcept : value{f.ctx} {}
    context value;
  };
  static bool decode(frame&, slot&, int) noexcept { return true; }
  static context& pass(frame&, slot& from) noexcept { return from.value; }
};

template <>
struct parameter<reply> : no_argument {
  struct slot {
    explicit slot(const frame&) noexcept {}
  };
  static bool decode(frame&, slot&, int) noexcept { return true; }
  static reply& pass(frame& f, slot&) noexcept { return f.out; }
};

template <>
struct parameter<args> : no_argument {
  struct slot {
    explicit slot(const frame&) noexcept {}
  };
  static bool decode(frame&, slot&, int) noexcept { return true; }
  static args pass(frame& f, slot&) noexcept { return {f.argv + 1, static_cast<std::size_t>(f.argc - 1)}; }
};

// The parameter for a type as the handler declares it.
template <class Declared>
constexpr auto parameter_for() {
  using plain = std::remove_cvref_t<Declared>;
  constexpr bool is_frame = std::is_same_v<plain, context> || std::is_same_v<plain, reply>;
  constexpr bool is_mutable_reference =
      std::is_lvalue_reference_v<Declared> && !std::is_const_v<std::remove_reference_t<Declared>>;
  static_assert(is_frame || !is_mutable_reference,
                "redismodule: a handler takes an argument by value or by const reference");
  static_assert(!is_frame || is_mutable_reference,
                "redismodule: a handler takes rm::context and rm::reply by reference: rm::context&");
  return std::type_identity<parameter<plain>>{};
}

template <class Declared>
using parameter_of = typename decltype(parameter_for<Declared>())::type;

}  // namespace redismodule::detail
