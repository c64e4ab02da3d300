// From a handler's signature to the C callback that the server calls: straight code for what succeeds, one call into
// the compiled core for everything else.
#pragma once

#include <array>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include "redismodule/detail/key_parameter.h"
#include "redismodule/detail/parameter.h"

namespace redismodule::detail {

using command_callback = int (*)(abi::ModuleCtx*, abi::ModuleString**, int) noexcept;

// The cold paths. Each replies, unless that was done already, and returns what the callback returns.
[[gnu::cold]] int reply_wrong_arity(abi::ModuleCtx* ctx) noexcept;
// None takes the frame: one whose address leaves the trampoline would have to be in memory on the straight path too.
[[gnu::cold]] int reply_bad_argument(abi::ModuleCtx* ctx, abi::ModuleString** argv, command_callback self, int first,
                                     int word, decode_status status) noexcept;
[[gnu::cold]] int reply_bad_option(abi::ModuleCtx* ctx, const option_error& error) noexcept;
[[gnu::cold]] int reply_unexpected_argument(abi::ModuleCtx* ctx, abi::ModuleString* word) noexcept;
// For the exception that is being handled, where no reply may be made.
[[gnu::cold]] void report_position_exception(abi::ModuleCtx* ctx, abi::ModuleString** argv) noexcept;
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

// What is known of a handler when it is compiled. First: its first argument, 1, or 2 in a subcommand.
template <int First, class Result, class... Declared>
struct command_shape {
  static constexpr std::size_t count = sizeof...(Declared);
  static constexpr int first = First;
  static constexpr std::array<parameter_shape, count> parameters{shape_of_parameter<Declared>()...};

  static constexpr bool is_optional(const parameter_shape& each) { return each.kind == parameter_kind::optional; }
  static constexpr bool is_rest(const parameter_shape& each) { return each.kind == parameter_kind::rest; }
  static constexpr bool is_options(const parameter_shape& each) { return each.kind == parameter_kind::options; }

  // Whether some parameter of the second sort stands anywhere behind one of the first.
  template <class First_, class Second>
  static consteval bool has_in_order(First_ first, Second second) {
    bool seen = false;
    for (const parameter_shape& each : parameters) {
      if (each.kind == parameter_kind::none) continue;
      if (seen && second(each)) return true;
      seen = seen || first(each);
    }
    return false;
  }
  static constexpr bool has(parameter_kind kind) {
    for (const parameter_shape& each : parameters) {
      if (each.kind == kind) return true;
    }
    return false;
  }

  static constexpr bool takes_keys = (false || ... || takes_key<parameter_of<Declared>>());
  static constexpr bool writes_reply = (false || ... || std::is_same_v<std::remove_cvref_t<Declared>, reply>);

  // One argument would be the optional's, and none be left.
  static_assert(!has_in_order(is_optional, [](const parameter_shape& each) { return is_rest(each) && each.least > 0; }),
                "redismodule: a rm::at_least_one does not come after a std::optional: take a required argument before "
                "the optional one, or a rm::rest after it");
  static_assert(!writes_reply || std::is_void_v<Result>,
                "redismodule: a handler that takes rm::reply& writes the reply by itself, and returns void");
  static_assert(!has_in_order(is_optional, is_options) && !has_in_order(is_options, is_optional),
                "redismodule: a std::optional argument and keyword options do not go together: make it an option");
  static_assert(!has_in_order(is_optional,
                              [](const parameter_shape& each) {
                                return each.kind == parameter_kind::argument || each.kind == parameter_kind::counted;
                              }),
                "redismodule: a std::optional argument comes after all that are required");
  static_assert(!has_in_order(is_rest, [](const parameter_shape&) { return true; }),
                "redismodule: a rm::rest is the last argument");
  static_assert(!has_in_order(is_options, is_options), "redismodule: all keyword options are in one aggregate");

  // With the command's name, as the server counts.
  static constexpr int least = First + (0 + ... + parameter_of<Declared>::least);
  static constexpr int most =
      (false || ... || (parameter_of<Declared>::most < 0)) ? -1 : First + (0 + ... + parameter_of<Declared>::most);

  // What no parameter took is an error of its own, where the arity cannot tell.
  static constexpr bool may_leave_arguments =
      (has(parameter_kind::options) || has(parameter_kind::counted)) && !has(parameter_kind::rest);

  static constexpr std::size_t word_count = (std::size_t{0} + ... + parameter_of<Declared>::words.size());

  static constexpr key_layout keys = layout_of(parameters.data(), count, First);
  static constexpr bool is_asked_for_keys = reports_keys(keys);

  // For each parameter, its first word, and how many arguments those behind it need.
  static constexpr std::array<int, count + 1> first_words = [] {
    std::array<int, count + 1> all{};
    for (std::size_t i = 0; i < count; ++i) all[i + 1] = all[i] + parameters[i].word_count;
    return all;
  }();
  static constexpr std::array<int, count + 1> needed_behind = [] {
    std::array<int, count + 1> all{};
    for (std::size_t i = count; i > 1; --i) all[i - 2] = all[i - 1] + parameters[i - 1].least;
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
  static constexpr bool quiet =
      (true && ... && std::is_nothrow_constructible_v<slot_at<Index, Declared>, const frame&>);
  explicit slots(const frame& f) noexcept(quiet) : slot_at<Index, Declared>{f}... {}
};

template <auto Handler, int First, class Indices, class Result, class... Declared>
struct trampoline;

// Decoding comes first and whole, then the handler, then its reply: a handler never runs on half its arguments, and
// what throws before the reply has not written any of it.
template <auto Handler, int First, std::size_t... Index, class Result, class... Declared>
struct trampoline<Handler, First, std::index_sequence<Index...>, Result, Declared...> {
  using shape = command_shape<First, Result, Declared...>;
  using all_slots = slots<std::index_sequence<Index...>, Declared...>;

  static bool arity_is_good(int argc) noexcept {
    if constexpr (shape::least == shape::most) return argc == shape::least;
    if constexpr (shape::most < 0) return argc >= shape::least;
    return argc >= shape::least && argc <= shape::most;
  }

  static int call(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) noexcept {
    if constexpr (shape::is_asked_for_keys) {
      if (api.IsKeysPositionRequest(ctx) != 0) return report(ctx, argv, argc);
    }
    if (!arity_is_good(argc)) [[unlikely]]
      return reply_wrong_arity(ctx);
    frame f{ctx, argv, argc, First};
    if constexpr (all_slots::quiet) {
      all_slots values{f};  // out of the try: so it ends in one place
      return decode_and_run(f, values);
    } else {
      try {
        all_slots values{f};
        return decode_and_run(f, values);
      } catch (...) {
        return reply_exception(ctx, argv, false);
      }
    }
  }

  [[gnu::always_inline]] static int decode_and_run(frame& f, all_slots& values) noexcept {
    try {
      const bool good = (true && ... &&
                         parameter_of<Declared>::decode(f, static_cast<slot_at<Index, Declared>&>(values),
                                                        shape::first_words[Index], shape::needed_behind[Index]));
      if (!good) [[unlikely]]
        return reply_not_decoded(f);
      if constexpr (shape::may_leave_arguments) {
        if (f.next != f.argc) [[unlikely]]
          return reply_unexpected_argument(f.ctx, f.argv[f.next]);
      }
      if constexpr (shape::takes_keys) {
        if (!open_keys(f, values)) [[unlikely]]
          return reply_wrong_type(f.ctx);
      }
      return run(f, values);
    } catch (...) {
      return reply_exception(f.ctx, f.argv, !f.out.empty());
    }
  }

  // All are opened, then all types checked.
  template <class Slots>
  static bool open_keys(frame& f, Slots& values) noexcept {
    (open_key_of<Declared>(f, static_cast<slot_at<Index, Declared>&>(values)), ...);
    return (true && ... && check_key_of<Declared>(f, static_cast<slot_at<Index, Declared>&>(values)));
  }
  template <class Each, class Slot>
  static void open_key_of([[maybe_unused]] frame& f, [[maybe_unused]] Slot& slot) noexcept {
    if constexpr (takes_key<parameter_of<Each>>()) parameter_of<Each>::open(f, slot);
  }
  template <class Each, class Slot>
  static bool check_key_of([[maybe_unused]] frame& f, [[maybe_unused]] Slot& slot) noexcept {
    if constexpr (takes_key<parameter_of<Each>>()) {
      return parameter_of<Each>::check(f, slot);
    } else {
      return true;
    }
  }

  static int reply_not_decoded(const frame& f) noexcept {
    if constexpr (shape::has(parameter_kind::options)) {
      if (f.word < 0) return reply_bad_option(f.ctx, f.options);
    }
    return reply_bad_argument(f.ctx, f.argv, &call, First, f.word, f.status);
  }

  // Names the keys that the handler would get; none where it would not be called.
  [[gnu::cold]] static int report(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) noexcept {
    if (!arity_is_good(argc)) return abi::MODULE_OK;
    frame f{ctx, argv, argc, First};
    try {
      all_slots values{f};
      int starts[sizeof...(Declared) + 1];
      const bool good = (true && ... &&
                         (starts[Index] = f.next,
                          parameter_of<Declared>::decode(f, static_cast<slot_at<Index, Declared>&>(values),
                                                         shape::first_words[Index], shape::needed_behind[Index])));
      if (!good || (shape::may_leave_arguments && f.next != argc)) return abi::MODULE_OK;
      (report_parameter<Declared>(f, static_cast<slot_at<Index, Declared>&>(values), starts[Index]), ...);
    } catch (...) {
      // The handler will not be called either.
    }
    return abi::MODULE_OK;
  }

  template <class Parameter, class Slot>
  static void report_parameter(frame& f, Slot& slot, int start) {
    if constexpr (requires { parameter_of<Parameter>::report(f, slot, start); })
      parameter_of<Parameter>::report(f, slot, start);
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
  template <int First>
  using shape = command_shape<First, Result, Declared...>;
  template <auto Handler, int First>
  using trampoline_for = trampoline<Handler, First, std::index_sequence_for<Declared...>, Result, Declared...>;
};

template <class Function>
using parts_of = typename signature<Function>::template apply<parts>;

template <class Function, int First = 1>
using shape_of = typename parts_of<Function>::template shape<First>;

template <auto Handler, int First = 1>
inline constexpr command_callback trampoline_of =
    &parts_of<function_type<decltype(Handler)>>::template trampoline_for<Handler, First>::call;

}  // namespace redismodule::detail
