// How each parameter of a handler is filled. A parameter takes what it needs from a cursor, so that one that takes a
// variable number of arguments can stand anywhere the signature makes sense.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "redismodule/args.h"
#include "redismodule/context.h"
#include "redismodule/detail/docs.h"
#include "redismodule/detail/frame.h"
#include "redismodule/detail/synopsis.h"
#include "redismodule/options.h"
#include "redismodule/reply.h"

namespace redismodule::detail {

// `kind`: what it is, which says what may follow. `words`: its words in the synopsis. `docs`: what COMMAND DOCS says.
// `least`: how many arguments at least. `most`: how many at most, -1 for any number. decode() is told how many
// arguments the parameters behind it need, and leaves those.
template <class T>
struct parameter {
  static_assert(argument<T> || !has_too_many_members<T>(),
                "redismodule: keyword options are an aggregate of at most 16 members");
  static_assert(
      argument<T>,
      "redismodule: this parameter is of no argument type: take another, or specialise redismodule::arg_traits");
  static_assert(!argument<T> || std::is_nothrow_destructible_v<T>,
                "redismodule: the destructor of an argument must not throw");
  static constexpr parameter_kind kind = parameter_kind::argument;
  static constexpr std::array<word_shape, 1> words{{{presence::required, true}}};
  static constexpr std::array<doc_shape, 1> docs{doc_of_argument<T>()};
  static constexpr int least = 1;
  static constexpr int most = 1;

  // Without an initial value, since decode() gives it one.
  struct slot {
    explicit slot(const frame&) noexcept(std::is_nothrow_default_constructible_v<T>) {}
    T value;
  };

  static bool decode(frame& f, slot& into, int word, int) {
    f.status = arg_traits<T>::decode(argument_at(f.argv + f.next), into.value);
    if (!f.status.good()) return fail(f, word);
    ++f.next;
    return true;
  }
  static T&& pass(frame&, slot& from) noexcept { return std::move(from.value); }
};

constexpr doc_shape with_flags(doc_shape doc, int flags) {
  doc.flags = static_cast<std::uint8_t>(flags);
  return doc;
}

template <class T>
struct parameter<std::optional<T>> {
  static_assert(
      argument<T>,
      "redismodule: this optional is of no argument type: take another, or specialise redismodule::arg_traits");
  static constexpr parameter_kind kind = parameter_kind::optional;
  static constexpr std::array<word_shape, 1> words{{{presence::optional, true}}};
  static constexpr std::array<doc_shape, 1> docs{with_flags(doc_of_argument<T>(), abi::MODULE_CMD_ARG_OPTIONAL)};
  static constexpr int least = 0;
  static constexpr int most = 1;

  struct slot {
    explicit slot(const frame&) noexcept {}
    std::optional<T> value;
  };

  static bool decode(frame& f, slot& into, int word, int) {
    if (f.next >= f.argc) return true;
    f.status = arg_traits<T>::decode(argument_at(f.argv + f.next), into.value.emplace());
    if (!f.status.good()) return fail(f, word);
    ++f.next;
    return true;
  }
  static std::optional<T>&& pass(frame&, slot& from) noexcept { return std::move(from.value); }
};

// The words of values that come as often as the presence says.
template <class T, presence Present>
inline constexpr auto words_of_values = [] {
  constexpr std::size_t count = parts_of_value<T>::size;
  std::array<word_shape, count> words{};
  for (std::size_t i = 0; i < count; ++i) words[i] = {Present, i + 1 == count};
  return words;
}();

template <class Rest, class T, presence Present>
struct rest_parameter {
  static constexpr parameter_kind kind = parameter_kind::rest;
  static constexpr auto words = words_of_values<T, Present>;
  static constexpr std::array<doc_shape, 1> docs{with_flags(
      doc_of_value<T>(), abi::MODULE_CMD_ARG_MULTIPLE | (Present == presence::any_number ? abi::MODULE_CMD_ARG_OPTIONAL
                                                                                         : abi::MODULE_CMD_ARG_NONE))};
  static constexpr int width = element<T>::width;
  static constexpr int least = Present == presence::at_least_one ? width : 0;
  static constexpr int most = -1;

  struct slot {
    explicit slot(const frame&) noexcept {}
    Rest value;
  };

  static bool decode(frame& f, slot& into, [[maybe_unused]] int first_word, int) {
    const int count = f.argc - f.next;
    into.value = Rest{f.argv + f.next, static_cast<std::size_t>(count / width)};
    // With a good status: the wrong number of arguments. Behind options there may be fewer than the arity promised.
    if (count < least) return false;
    if constexpr (width > 1) {
      if (count % width != 0) return false;
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

// `numkeys key...`: the number is a word of its own.
template <class T>
struct parameter<count_then<T>> {
  static constexpr parameter_kind kind = parameter_kind::counted;
  static constexpr std::size_t width = parts_of_value<T>::size;
  static constexpr auto words = [] {
    std::array<word_shape, width + 1> all{};
    all[0] = {presence::required, true};
    for (std::size_t i = 0; i < width; ++i) all[i + 1] = {presence::at_least_one, i + 1 == width};
    return all;
  }();
  static constexpr std::array<doc_shape, 2> docs{doc_of_argument<long long>(),
                                                 with_flags(doc_of_value<T>(), abi::MODULE_CMD_ARG_MULTIPLE)};
  static constexpr int least = 1 + static_cast<int>(width);
  static constexpr int most = -1;

  struct slot {
    explicit slot(const frame&) noexcept {}
    count_then<T> value;
  };

  static bool decode(frame& f, slot& into, int first_word, int at_the_end) {
    arg_cursor from = cursor_of(f, at_the_end);
    abi::ModuleString** const first = from.at + 1;
    f.status = taker<count_then<T>>::take(from, into.value);
    if (f.status.good()) {
      f.next = static_cast<int>(from.at - f.argv);
      return true;
    }
    const bool in_count = from.at < first;
    return fail(f, in_count ? first_word : first_word + 1 + static_cast<int>((from.at - first) % width));
  }
  static count_then<T> pass(frame&, slot& from) noexcept { return from.value; }
};

template <option_aggregate T>
struct options_parameter {
  using layout = option_layout_of<T>;
  static constexpr parameter_kind kind = parameter_kind::options;
  static constexpr std::array<word_shape, 0> words{};
  static constexpr auto docs = members_of<T>::template apply<docs_of_options>::all;
  static constexpr int least = layout::least;
  static constexpr int most = -1;

  struct slot {
    explicit slot(const frame&) noexcept(std::is_nothrow_default_constructible_v<T>) {}
    T value;  // its members begin as not given; {} would have a compiler zero all of it before
  };

  static bool decode(frame& f, slot& into, int, int at_the_end) {
    arg_cursor from = cursor_of(f, at_the_end);
    option_error error;  // not the frame's: see reply_bad_option()
    if (!take_options(into.value, from, error)) [[unlikely]] {
      f.options = error;
      return fail(f, -1);
    }
    f.next = static_cast<int>(from.at - f.argv);
    return true;
  }
  static T&& pass(frame&, slot& from) noexcept { return std::move(from.value); }
};

// What is not an argument.
struct no_argument {
  static constexpr parameter_kind kind = parameter_kind::none;
  static constexpr std::array<word_shape, 0> words{};
  static constexpr std::array<doc_shape, 0> docs{};
  static constexpr int least = 0;
  static constexpr int most = 0;
};

template <>
struct parameter<context> : no_argument {
  struct slot {
    explicit slot(const frame& f) noexcept : value{f.ctx} {}
    context value;
  };
  static bool decode(frame&, slot&, int, int) noexcept { return true; }
  static context& pass(frame&, slot& from) noexcept { return from.value; }
};

template <>
struct parameter<reply> : no_argument {
  struct slot {
    explicit slot(const frame&) noexcept {}
  };
  static bool decode(frame&, slot&, int, int) noexcept { return true; }
  static reply& pass(frame& f, slot&) noexcept { return f.out; }
};

template <>
struct parameter<args> : no_argument {
  struct slot {
    explicit slot(const frame&) noexcept {}
  };
  static bool decode(frame&, slot&, int, int) noexcept { return true; }
  static args pass(frame& f, slot&) noexcept { return {f.argv + f.first, static_cast<std::size_t>(f.argc - f.first)}; }
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

template <class Parameter>
constexpr auto keys_of_parameter() {
  if constexpr (requires { Parameter::keys; }) {
    return std::span{Parameter::keys};
  } else {
    return std::span<const key_shape>{};
  }
}

// The same as a row of a table.
template <class Declared>
constexpr parameter_shape shape_of_parameter() {
  using parameter = parameter_of<Declared>;
  constexpr auto keys = keys_of_parameter<parameter>();
  return {parameter::kind,
          parameter::least,
          parameter::most,
          static_cast<std::uint8_t>(parameter::words.size()),
          static_cast<std::uint8_t>(parameter::docs.size()),
          static_cast<std::uint8_t>(keys.size()),
          parameter::words.data(),
          parameter::docs.data(),
          keys.data()};
}

}  // namespace redismodule::detail
