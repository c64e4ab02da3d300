// From a handler's signature to the C callback that the server calls: straight code for what succeeds, one call into
// the compiled core for everything else.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "redismodule/detail/key_parameter.h"
#include "redismodule/detail/parameter.h"

namespace redismodule::detail {

using command_callback = int (*)(abi::ModuleCtx*, abi::ModuleString**, int) noexcept;

// The cold paths. Each replies, unless that was done already, and returns what the callback returns.
[[gnu::cold]] int reply_wrong_arity(abi::ModuleCtx* ctx) noexcept;
[[gnu::cold]] int reply_bad_argument(abi::ModuleCtx* ctx, abi::ModuleString** argv, command_callback self, int word,
                                     decode_status status) noexcept;
[[gnu::cold]] int reply_wrong_type(abi::ModuleCtx* ctx) noexcept;
// For the exception that is being handled.
[[gnu::cold]] int reply_exception(abi::ModuleCtx* ctx, abi::ModuleString** argv, bool replied) noexcept;
[[gnu::cold]] int reply_missing(abi::ModuleCtx* ctx, abi::ModuleString** argv) noexcept;
// What was dropped is gone: this says so in the log.
[[gnu::cold]] void report_overflow(abi::ModuleCtx* ctx, abi::ModuleString** argv) noexcept;

template <class Handler>
struct signature {
  static constexpr bool callable = false;
};
template <class Result, class... Parameters>
struct signature<Result (*)(Parameters...)> {
  static constexpr bool callable = true;
  static constexpr std::size_t size = sizeof...(Parameters);
  using result = Result;
  template <template <class, class...> class Of>
  using apply = Of<Result, Parameters...>;
};
template <class Result, class... Parameters>
struct signature<Result (*)(Parameters...) noexcept> : signature<Result (*)(Parameters...)> {};

// The type of a function pointer that does what the handler does.
template <class Handler>
constexpr auto function_pointer_for() {
  if constexpr (std::is_class_v<Handler>) {
    static_assert(
        std::is_empty_v<Handler> && requires(Handler handler) { +handler; },
        "redismodule: a handler is a function or a lambda without captures: the server keeps no state for it");
    return std::type_identity<decltype(+std::declval<Handler>())>{};
  } else {
    static_assert(signature<Handler>::callable, "redismodule: a handler is a function or a lambda without captures");
    return std::type_identity<Handler>{};
  }
}

template <class Handler>
using function_type = typename decltype(function_pointer_for<Handler>())::type;

// What is known of a handler when it is compiled.
template <class Result, class... Declared>
struct command_shape {
  static constexpr std::size_t count = sizeof...(Declared);

  // An optional may be followed by optionals and the rest, the rest by nothing.
  static consteval bool optionals_are_last() {
    const presence list[] = {presence::required, parameter_of<Declared>::present...};
    const bool is_argument[] = {false, !parameter_of<Declared>::shapes.empty()...};
    bool optional_seen = false;
    for (std::size_t i = 1; i <= count; ++i) {
      if (!is_argument[i]) continue;
      if (optional_seen && list[i] == presence::required) return false;
      optional_seen = optional_seen || list[i] == presence::optional;
    }
    return true;
  }
  static consteval bool rest_is_last() {
    const int most[] = {0, parameter_of<Declared>::most...};
    const bool is_argument[] = {false, !parameter_of<Declared>::shapes.empty()...};
    bool rest_seen = false;
    for (std::size_t i = 1; i <= count; ++i) {
      if (rest_seen && is_argument[i]) return false;
      rest_seen = rest_seen || most[i] < 0;
    }
    return true;
  }
  // One argument would be the optional's, and none be left.
  static consteval bool no_optional_before_at_least_one() {
    const presence list[] = {presence::required, parameter_of<Declared>::present...};
    bool optional_seen = false;
    for (presence each : list) {
      if (optional_seen && each == presence::at_least_one) return false;
      optional_seen = optional_seen || each == presence::optional;
    }
    return true;
  }
  static constexpr bool takes_keys = (false || ... || takes_key<parameter_of<Declared>>());
  static constexpr bool writes_reply = (false || ... || std::is_same_v<std::remove_cvref_t<Declared>, reply>);

  static_assert(no_optional_before_at_least_one(),
                "redismodule: a rm::at_least_one does not come after a std::optional: take a required argument before "
                "the optional one, or a rm::rest after it");
  static_assert(!writes_reply || std::is_void_v<Result>,
                "redismodule: a handler that takes rm::reply& writes the reply by itself, and returns void");
  static_assert(optionals_are_last(), "redismodule: a std::optional argument comes after all that are required");
  static_assert(rest_is_last(), "redismodule: a rm::rest is the last argument");

  // With the command's name, as the server counts.
  static constexpr int least = 1 + (0 + ... + parameter_of<Declared>::least);
  static constexpr int most =
      (false || ... || (parameter_of<Declared>::most < 0)) ? -1 : 1 + (0 + ... + parameter_of<Declared>::most);

  static constexpr std::size_t word_count = (std::size_t{0} + ... + parameter_of<Declared>::shapes.size());

  static constexpr std::array<word_shape, word_count + 1> words = [] {
    std::array<word_shape, word_count + 1> all{};
    std::size_t next = 0;
    [[maybe_unused]] auto append = [&](const auto& shapes) {
      for (const word_shape& shape : shapes) all[next++] = shape;
    };
    (append(parameter_of<Declared>::shapes), ...);
    return all;
  }();

  // The first word of each parameter.
  static constexpr std::array<int, count + 1> first_words = [] {
    std::array<int, count + 1> all{};
    const std::size_t sizes[] = {parameter_of<Declared>::shapes.size()..., 0};
    for (std::size_t i = 0; i < count; ++i) all[i + 1] = all[i] + static_cast<int>(sizes[i]);
    return all;
  }();
};

template <std::size_t Index, class Declared>
struct slot_at : parameter_of<Declared>::slot {
  using parameter_of<Declared>::slot::slot;
};

template <class Indices, class... Declared>
struct slots;
template <std::size_t... Index, class... Declared>
struct slots<std::index_sequence<Index...>, Declared...> : slot_at<Index, Declared>... {
  explicit slots(const frame& f) noexcept : slot_at<Index, Declared>{f}... {}
};

template <auto Handler, class Indices, class Result, class... Declared>
struct trampoline;

// Decoding comes first and whole, then the handler, then its reply: a handler never runs on half its arguments, and
// what throws before the reply has not written any of it.
template <auto Handler, std::size_t... Index, class Result, class... Declared>
struct trampoline<Handler, std::index_sequence<Index...>, Result, Declared...> {
  using shape = command_shape<Result, Declared...>;

  static bool arity_is_good(int argc) noexcept {
    if constexpr (shape::least == shape::most) return argc == shape::least;
    if constexpr (shape::most < 0) return argc >= shape::least;
    return argc >= shape::least && argc <= shape::most;
  }

  static int call(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) noexcept {
    if (!arity_is_good(argc)) [[unlikely]]
      return reply_wrong_arity(ctx);
    frame f{ctx, argv, argc};
    try {
      slots<std::index_sequence<Index...>, Declared...> values{f};
      const bool good = (true && ... &&
                         parameter_of<Declared>::decode(f, static_cast<slot_at<Index, Declared>&>(values),
                                                        shape::first_words[Index]));
      if (!good) [[unlikely]]
        return reply_bad_argument(ctx, argv, &call, f.word, f.status);
      if constexpr (shape::takes_keys) {
        if (!open_keys(values)) [[unlikely]]
          return reply_wrong_type(ctx);
      }
      return run(f, values);
    } catch (...) {
      return reply_exception(ctx, argv, !f.out.empty());
    }
  }

  // All are opened, then all types checked.
  template <class Slots>
  static bool open_keys(Slots& values) noexcept {
    (open_key_of<Declared>(static_cast<slot_at<Index, Declared>&>(values)), ...);
    return (true && ... && check_key_of<Declared>(static_cast<slot_at<Index, Declared>&>(values)));
  }
  template <class Each, class Slot>
  static void open_key_of([[maybe_unused]] Slot& slot) noexcept {
    if constexpr (takes_key<parameter_of<Each>>()) parameter_of<Each>::open(slot);
  }
  template <class Each, class Slot>
  static bool check_key_of([[maybe_unused]] Slot& slot) noexcept {
    if constexpr (takes_key<parameter_of<Each>>()) {
      return parameter_of<Each>::check(slot);
    } else {
      return true;
    }
  }

  template <class Slots>
  static int run(frame& f, Slots& values) {
    if constexpr (!std::is_void_v<Result>) {
      f.out.push(Handler(parameter_of<Declared>::pass(f, static_cast<slot_at<Index, Declared>&>(values))...));
    } else {
      Handler(parameter_of<Declared>::pass(f, static_cast<slot_at<Index, Declared>&>(values))...);
      if constexpr (!shape::writes_reply) f.out.status(ok);
    }
    // Known when compiled, and gone, for what writes one value by itself.
    if (f.out.empty()) [[unlikely]]
      return reply_missing(f.ctx, f.argv);
    if (f.out.overflowed()) [[unlikely]]
      report_overflow(f.ctx, f.argv);
    return f.out.code();
  }
};

template <class Result, class... Declared>
struct parts {
  using shape = command_shape<Result, Declared...>;
  template <auto Handler>
  using trampoline_for = trampoline<Handler, std::index_sequence_for<Declared...>, Result, Declared...>;
};

template <class Function>
using parts_of = typename signature<Function>::template apply<parts>;

template <class Function>
using shape_of = typename parts_of<Function>::shape;

template <auto Handler>
inline constexpr command_callback trampoline_of =
    &parts_of<function_type<decltype(Handler)>>::template trampoline_for<Handler>::call;

}  // namespace redismodule::detail
