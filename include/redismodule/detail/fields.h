// The description of a struct by its fields, for replies and for data types:
//
//   struct point {
//     int x, y;
//     static constexpr auto fields = rm::fields(rm::field<&point::x>, rm::field<&point::y>);
//   };
//   constexpr auto describe(rm::of<other::type>) { return rm::fields(rm::field<&other::type::name>); }  // beside the
//   type
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "redismodule/describe.h"

namespace redismodule {

namespace detail {

template <auto Pointer>
constexpr std::string_view spelled() noexcept {
  return __PRETTY_FUNCTION__;
}

// The member's name as it stands in the source. Both compilers spell the pointer "&…::name", and then, "]" or ";".
template <auto Pointer>
constexpr std::string_view member_name() noexcept {
  std::string_view text = spelled<Pointer>();
  text.remove_prefix(text.find("Pointer = ") + 10);
  text = text.substr(0, text.find_first_of(";]"));
  while (text.back() == ')') text.remove_suffix(1);  // g++ puts some in parentheses
  return text.substr(text.rfind(':') + 1);
}

template <class Pointer>
struct member;
template <class Owner, class Value>
struct member<Value Owner::*> {
  using owner = Owner;
  using value = Value;
};

}  // namespace detail

namespace detail {

template <class T>
concept name_attribute = requires {
  { T::name } -> std::convertible_to<std::string_view>;
};

template <auto Pointer, class... Attributes>
constexpr std::string_view field_name() noexcept {
  std::string_view name = member_name<Pointer>();
  [[maybe_unused]] auto take = [&]<class Attribute>(std::type_identity<Attribute>) {
    if constexpr (name_attribute<Attribute>) name = Attribute::name;
  };
  (take(std::type_identity<Attributes>{}), ...);
  return name;
}

}  // namespace detail

// For data types: the field is part of the value from this version of the data type on. In what is older it keeps what
// the struct's constructor gave it.
template <int Version>
struct since_version {
  static_assert(Version > 0, "redismodule: versions are counted from 1");
  static constexpr int first_version = Version;
};

// For removed fields: what becomes of the value that was read, void f(T&, Type), and where the one comes from that is
// written for an older version, Type f(const T&). Functions, members or not.
template <auto Function>
struct loaded_by {
  static constexpr auto load = Function;
};
template <auto Function>
struct saved_by {
  static constexpr auto save = Function;
};

namespace detail {

template <class... Attributes>
constexpr int first_version() noexcept {
  int version = 0;
  [[maybe_unused]] auto take = [&]<class Attribute>(std::type_identity<Attribute>) {
    if constexpr (requires { Attribute::first_version; }) version = Attribute::first_version;
  };
  (take(std::type_identity<Attributes>{}), ...);
  return version;
}

// A member function or another one.
template <class Function, class Owner, class... Args>
constexpr auto call_of(Function function, Owner& owner, Args&&... args) {
  if constexpr (std::is_member_function_pointer_v<Function>) {
    return (owner.*function)(std::forward<Args>(args)...);
  } else {
    return function(owner, std::forward<Args>(args)...);
  }
}

}  // namespace detail

// A field by the pointer to its member, and what else is said about it.
template <auto Pointer, class... Attributes>
struct described_field {
  static_assert(std::is_member_object_pointer_v<decltype(Pointer)>, "redismodule: a field is a pointer to a member");
  using owner = typename detail::member<decltype(Pointer)>::owner;
  using value = typename detail::member<decltype(Pointer)>::value;
  static constexpr std::string_view name = detail::field_name<Pointer, Attributes...>();

  static constexpr int since = detail::first_version<Attributes...>();
  static constexpr bool is_stored = true;

  // Whether this attribute was given.
  template <class Attribute>
  static constexpr bool has = (false || ... || std::is_same_v<Attribute, Attributes>);

  static constexpr value& of(owner& object) noexcept { return object.*Pointer; }
  static constexpr const value& of(const owner& object) noexcept { return object.*Pointer; }
};

template <auto Pointer, class... Attributes>
inline constexpr described_field<Pointer, Attributes...> field{};

// For data types: what once stood at this place, from version `Since` on and until it was gone in version `Until`. It
// is read from what is as old, and dropped or given to rm::loaded_by; where such an old version is written, it is a
// Type{} or what rm::saved_by gives.
template <class Type, int Since, int Until, class... Attributes>
struct described_removed_field {
  static_assert(0 < Since && Since < Until, "redismodule: a field is removed in a later version than it came in");
  using value = Type;
  static constexpr int since = Since;
  static constexpr int until = Until;
  static constexpr bool is_stored = false;

  template <class Owner>
  static void take(Owner& owner, Type&& old) {
    [[maybe_unused]] auto give = [&]<class Attribute>(std::type_identity<Attribute>) {
      if constexpr (requires { Attribute::load; }) detail::call_of(Attribute::load, owner, std::move(old));
    };
    (give(std::type_identity<Attributes>{}), ...);
  }
  template <class Owner>
  static Type old_value(const Owner& owner) {
    Type old{};
    [[maybe_unused]] auto ask = [&]<class Attribute>(std::type_identity<Attribute>) {
      if constexpr (requires { Attribute::save; }) old = detail::call_of(Attribute::save, owner);
    };
    (ask(std::type_identity<Attributes>{}), ...);
    return old;
  }
};

template <class Type, int Since, int Until, class... Attributes>
inline constexpr described_removed_field<Type, Since, Until, Attributes...> removed_field{};

// All fields of a struct, in the order in which they are written. Removed ones do not count.
template <class... Fields>
struct field_list {
  static constexpr std::size_t size = (std::size_t{0} + ... + Fields::is_stored);
};

template <class... Fields>
constexpr field_list<Fields...> fields(const Fields&...) noexcept {
  return {};
}

namespace detail {

template <class T>
inline constexpr bool is_field_list = false;
template <class... Fields>
inline constexpr bool is_field_list<field_list<Fields...>> = true;

template <class T>
concept described_inside = is_field_list<std::remove_cvref_t<decltype(T::fields)>>;
template <class T>
concept described_outside = is_field_list<std::remove_cvref_t<decltype(describe(of<T>{}))>>;
template <class T>
concept described = std::is_class_v<T> &&(described_inside<T> || described_outside<T>);

template <class T>
constexpr auto fields_of() noexcept {
  if constexpr (described_inside<T>) {
    return std::remove_cvref_t<decltype(T::fields)>{};
  } else {
    return std::remove_cvref_t<decltype(describe(of<T>{}))>{};
  }
}

// Whether a struct has its description from a base that it may have added to.
template <class T, class... Fields>
constexpr bool inherits_description(field_list<Fields...>) noexcept {
  if constexpr (!described_inside<T>) {
    return false;
  } else {
    const auto is_from = []<class Field>(std::type_identity<Field>) {
      if constexpr (Field::is_stored) {
        using owner = typename Field::owner;
        if constexpr (!std::is_same_v<owner, T> && described_inside<owner>) {
          return static_cast<const void*>(&T::fields) == static_cast<const void*>(&owner::fields);
        }
      }
      return false;
    };
    return (false || ... || is_from(std::type_identity<Fields>{}));
  }
}

template <described T>
inline constexpr std::size_t field_count = decltype(fields_of<T>())::size;

// Calls f(name, field) for each field of the object.
template <class T, class F, class... Fields>
constexpr void for_each_of(T& object, F& f, field_list<Fields...>) {
  [[maybe_unused]] auto visit = [&]<class Field>(std::type_identity<Field>) {
    if constexpr (Field::is_stored) f(Field::name, Field::of(object));
  };
  (visit(std::type_identity<Fields>{}), ...);
}
template <class T, class F>
constexpr void for_each_field(T& object, F&& f) {
  for_each_of(object, f, fields_of<std::remove_const_t<T>>());
}

}  // namespace detail

}  // namespace redismodule
