// Keys as parameters of a handler: opened in order once all arguments are decoded, then all types checked, and closed
// when the reply is out.
#pragma once

#include <array>

#include "redismodule/detail/parameter.h"
#include "redismodule/key.h"

namespace redismodule::detail {

template <class View, access Access>
struct key_parameter {
  static constexpr presence present = presence::required;
  static constexpr std::array<word_shape, 1> shapes{{{present, true, abi::MODULE_ARG_TYPE_STRING}}};
  static constexpr int least = 1;
  static constexpr int most = 1;
  static constexpr bool is_key = true;
  static constexpr access key_access = Access;
  static constexpr bool is_written = View::mode == write_mode;

  struct slot {
    explicit slot(const frame& f) noexcept : key{{f.ctx, nullptr, View::mode, name_owner::argument}} {}
    held_key<typename View::key> key;
  };

  static bool decode(frame& f, slot& into, int) noexcept {
    key_internals::entry(into.key).set_name(argument_at(f.argv + f.next).raw());
    ++f.next;
    return true;
  }
  static void open(slot& into) noexcept { key_internals::entry(into.key).open(); }
  static bool check(slot& opened) noexcept { return key_internals::entry(opened.key).check(); }
  static View pass(frame&, slot& from) noexcept { return View{from.key}; }
};

template <key_class K, access Access>
struct parameter<read<K, Access>> : key_parameter<read<K, Access>, Access> {};
template <key_class K, access Access>
struct parameter<write<K, Access>> : key_parameter<write<K, Access>, Access> {};

// Whether a parameter, whose slots are opened and checked as above, has to do with keys.
template <class Parameter>
constexpr bool takes_key() {
  if constexpr (requires { Parameter::is_key; }) {
    return Parameter::is_key;
  } else {
    return false;
  }
}

}  // namespace redismodule::detail
