// The module's data types, as keys see them.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <type_traits>

#include "redismodule/api.h"
#include "redismodule/describe.h"
#include "redismodule/translate.h"

namespace redismodule {

namespace detail {

// Never defined: a name that reaches one of these does not compile, and the compiler prints which.
void the_name_of_a_data_type_has_nine_characters();
void the_name_of_a_data_type_is_of_letters_digits_hyphens_and_underscores();

constexpr bool is_letter_of_type_name(char each) noexcept {
  const bool is_letter = (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z');
  return is_letter || (each >= '0' && each <= '9') || each == '-' || each == '_';
}

constexpr void check_type_name(const char* name, std::size_t size) {
  if (size != 9) the_name_of_a_data_type_has_nine_characters();
  for (std::size_t i = 0; i < size; ++i) {
    if (!is_letter_of_type_name(name[i])) the_name_of_a_data_type_is_of_letters_digits_hyphens_and_underscores();
  }
}

class type_name {
 public:
  template <std::size_t N>
  consteval type_name(const char (&name)[N]) : name_{name} {
    check_type_name(name, N - 1);
  }
  constexpr const char* c_str() const noexcept { return name_; }

 private:
  const char* name_;
};

}  // namespace detail

// What makes a struct a data type: static constexpr rm::type_info redis_type{.name = "hellocntr", .version = 2};
// or, for a type of others', beside it: constexpr rm::type_info redis_type(rm::of<other::type>) { return {…}; }
// `name`: nine characters, the server's name of the type, for ever; it is in every RDB. `version`: of what is written,
// from 1 to 1023; an older version is read, a newer one refused.
struct type_info {
  detail::type_name name;
  int version = 1;
};

namespace detail {

template <class T>
concept typed_inside = requires {
  requires std::same_as<std::remove_cv_t<decltype(T::redis_type)>, type_info>;
};
template <class T>
concept typed_outside = requires {
  { redis_type(of<T>{}) } -> std::same_as<type_info>;
};

template <class T>
constexpr type_info find_info() noexcept {
  if constexpr (typed_inside<T>) {
    return T::redis_type;
  } else {
    return redis_type(of<T>{});
  }
}
template <class T>
inline constexpr type_info info_of = find_info<T>();

}  // namespace detail

template <class T>
concept data_type_class = std::is_class_v<T> &&(detail::typed_inside<T> || detail::typed_outside<T>);

// The key has no value. Leaving a handler, it is answered as the servers answer it.
class no_value : public std::exception {
 public:
  static constexpr const char* text = "ERR no such key";
  const char* what() const noexcept override { return text; }
};

namespace detail {

// Data types have numbers above those of the server's own types, in the order in which they were registered.
inline constexpr std::uint8_t unregistered_type = 63;
inline constexpr std::uint8_t first_data_type = 64;
inline constexpr std::size_t most_data_types = 128;
inline constexpr int most_versions = 1023;  // ten bits of what the servers write
inline abi::ModuleType* data_types[most_data_types] __attribute__((visibility("hidden"))){};

struct data_type_state {
  const char* name = nullptr;
  abi::ModuleType* type = nullptr;  // null before it is registered
  int version = 0;
  int written = 0;
  key_type wanted = static_cast<key_type>(unregistered_type);
};

template <class T>
inline constinit data_type_state state_of{};

constexpr bool is_data_type(key_type type) noexcept { return static_cast<std::uint8_t>(type) >= first_data_type; }
// Whether the module's value in a key is of this type.
inline bool holds(abi::ModuleKey* key, key_type wanted) noexcept {
  return api.ModuleTypeGetType(key) == data_types[static_cast<std::uint8_t>(wanted) - first_data_type];
}

}  // namespace detail
}  // namespace redismodule
