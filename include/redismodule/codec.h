// How values are saved in data types: what of the C++ types is known, and the trait for all others.
//
// Known are integers, floats, bool, enums, strings, rm::string, std::optional, variant, vector, deque, array, map, set
// (also unordered, also multi), pair, tuple, unique_ptr, std::chrono durations and time points, empty classes, and
// structs with described fields, each of these within each other. docs/data-types.md has the encoding.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "redismodule/detail/fields.h"
#include "redismodule/detail/hook.h"
#include "redismodule/detail/names.h"
#include "redismodule/rdb.h"

namespace redismodule {

// To be specialised for types that are neither known nor described:
//
//   template <> struct rm::codec<ip_address> {
//     static void save(rm::rdb_writer& to, const ip_address& value);      // one part at least
//     static rm::result<ip_address> load(rm::rdb_reader& from);
//   };
//
// Values within the value, also of its own type, are written by `to.save(part)` and read by `from.load<Part>()`, which
// count how deep they lie. Optional: `static void digest(rm::digest& to, const T& value)` (else DEBUG DIGEST does not
// see it), `static std::size_t mem_usage(const T& value)`, the bytes that it has allocated, and
// `static std::size_t free_effort(const T& value)`, how many blocks these are (else 1 where it has one of the others or
// defrag, and nothing where it has none).
template <class T>
struct codec {};

namespace detail {

template <class T>
concept has_codec = requires(rdb_writer& to, rdb_reader& from, const T& value) {
  codec<T>::save(to, value);
  { codec<T>::load(from) } -> std::same_as<result<T>>;
};

template <class T>
concept byte_string = requires(T& text, const char* bytes, std::size_t size) {
  text.assign(bytes, size);
  text.append(bytes, size);
  requires std::same_as<typename T::value_type, char>;
  std::string_view{text};
};

template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;
template <class T>
inline constexpr bool is_time_point = false;
template <class Clock, class Duration>
inline constexpr bool is_time_point<std::chrono::time_point<Clock, Duration>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr std::size_t alternatives_of = 0;
template <template <class...> class Variant, class... Values>
requires requires(Variant<Values...>& value) {
  value.valueless_by_exception();
  value.template emplace<0>();
}
inline constexpr std::size_t alternatives_of<Variant<Values...>> = sizeof...(Values);
template <class T>
concept variant_value = alternatives_of<T>
!= 0;

template <class T>
concept unique_pointer = requires(T& pointer, typename T::element_type* raw) {
  typename T::deleter_type;
  pointer.reset(raw);
  pointer.release();
  requires std::same_as<decltype(pointer.get()), decltype(raw)>;
};

// A struct that is described is what its fields are, whatever else it looks like.
template <class T>
concept counted_range = !described<T> && requires(T & all, const T& fixed) {
  typename T::value_type;
  all.size();
  fixed.begin();
  fixed.end();
};
template <class T>
concept mapping_value = counted_range<T> && requires {
  typename T::key_type;
  typename T::mapped_type;
};
template <class T>
concept set_value = counted_range<T> && !mapping_value<T> && requires {
  typename T::key_type;
};
template <class T>
concept associative_value = mapping_value<T> || set_value<T>;
template <class T>
concept unordered_value = associative_value<T> && requires {
  typename T::hasher;
};
template <class T>
concept tuple_value = !described<T> && requires {
  std::tuple_size<T>::value;
};
template <class T>
concept array_value = tuple_value<T> && counted_range<T>;
template <class T>
concept sequence_value = counted_range<T> && !associative_value<T> && !tuple_value<T> && !byte_string<T> &&
                         requires(T & all, typename T::value_type value) {
  all.push_back(std::move(value));
};
// Elements that are bytes are written as one string.
template <class T>
concept byte_value = std::is_same_v<T, std::byte> || std::is_same_v<T, char> || std::is_same_v<T, unsigned char> ||
    std::is_same_v<T, signed char>;
template <class T>
concept byte_range = (sequence_value<T> || array_value<T>)&&byte_value<typename T::value_type>&& requires(T& all) {
  all.data();
};
template <class T>
concept nothing_value = std::is_empty_v<T> && !described<T> && !has_codec<T> && !tuple_value<T>;

// Signed on one platform, unsigned on another: written as if signed everywhere, and read either way.
template <class T>
concept integer_of_the_platform = std::is_same_v<T, char> || std::is_same_v<T, wchar_t>;
template <integer_of_the_platform T>
using same_everywhere = std::conditional_t<sizeof(T) == 1, std::int8_t, std::int32_t>;

// --- Values that may lie in values of their own type ---

template <class T, class... Outer>
constexpr bool can_nest() noexcept;

template <class... Outer, class... Fields>
constexpr bool fields_can_nest(field_list<Fields...>) noexcept {
  return (false || ... || can_nest<typename Fields::value, Outer...>());  // removed ones are read in older values
}
template <class... Outer, template <class...> class Of, class... Values>
constexpr bool parts_can_nest(std::type_identity<Of<Values...>>) noexcept {
  return (false || ... || can_nest<std::remove_const_t<Values>, Outer...>());
}

// Whether a value of this type, or one within it, may hold another of its own type, so that only the data say how deep.
// What a rm::codec does is not known: each of its values counts as a level.
template <class T, class... Outer>
constexpr bool can_nest() noexcept {
  if constexpr ((false || ... || std::is_same_v<T, Outer>)) {
    return true;
  } else if constexpr (!std::is_class_v<T> || has_codec<T> || byte_string<T> || is_duration<T> || is_time_point<T>) {
    return false;
  } else if constexpr (mapping_value<T>) {
    return can_nest<typename T::key_type, Outer..., T>() || can_nest<typename T::mapped_type, Outer..., T>();
  } else if constexpr (is_optional<T> || counted_range<T>) {
    return can_nest<typename T::value_type, Outer..., T>();
  } else if constexpr (unique_pointer<T>) {
    return can_nest<typename T::element_type, Outer..., T>();
  } else if constexpr (variant_value<T> || tuple_value<T>) {
    return parts_can_nest<Outer..., T>(std::type_identity<T>{});
  } else if constexpr (described<T>) {
    return fields_can_nest<Outer..., T>(fields_of<T>());
  } else {
    return false;
  }
}

// Where a level is counted: what lies between two of them is bounded by the types alone.
template <class T>
constexpr bool is_level() noexcept {
  if constexpr (has_codec<T>) return true;
  if constexpr (unique_pointer<T> || (counted_range<T> && !byte_string<T>) || described<T>) return can_nest<T>();
  return false;
}

// One level of a writer, reader or digest, which says whether there may be as many.
template <class T, class Way>
class level {
 public:
  explicit level(Way& way) noexcept : way_{way} {
    if constexpr (is_level<T>()) good_ = way_.enter();
  }
  level(const level&) = delete;
  level& operator=(const level&) = delete;
  ~level() {
    if constexpr (is_level<T>()) way_.leave();
  }
  explicit operator bool() const noexcept { return !is_level<T>() || good_; }

 private:
  Way& way_;
  bool good_ = true;
};

template <class Element, class... Fields>
constexpr bool has_elements_in_a_field(field_list<Fields...>) noexcept {
  [[maybe_unused]] const auto has = []<class Field>(std::type_identity<Field>) {
    if constexpr (Field::is_stored && counted_range<typename Field::value>) {
      return std::is_same_v<typename Field::value::value_type, Element>;
    }
    return false;
  };
  return (false || ... || has(std::type_identity<Fields>{}));
}

template <class T>
concept takes_elements = requires {
  typename T::value_type;
}
&&requires(T& all, const typename T::value_type& value) {
  all.size();
  all.begin();
  requires requires { all.push_back(value); } || requires {
    all.insert(value);
  };
};

// Such that are in no field.
template <class T>
constexpr bool has_elements_of_its_own() noexcept {
  if constexpr (takes_elements<T>) {
    return !has_elements_in_a_field<typename T::value_type>(fields_of<T>());
  } else {
    return false;
  }
}

// Members that are functions; of what is overloaded or private nothing is known.
template <class Member>
concept function_member =
    std::is_member_function_pointer_v<Member> || std::is_function_v<std::remove_pointer_t<Member>>;

// --- Migration ---

void migrate() = delete;  // so that a function is looked for beside the type and nowhere else

inline constexpr hook migration{
    []<class T>(T& value, int from) -> decltype(T::migrate(value, from)) { return T::migrate(value, from); },
    [](auto& value, int from) -> decltype(migrate(value, from)) { return migrate(value, from); }};

template <class T>
concept migrates = decltype(migration)::is_given<T&, int>;
template <class T>
concept names_migrate = described_inside<T> && requires {
  requires function_member<decltype(&T::migrate)>;
};

// What would be saved, or loaded, as less than it is.
template <class T>
constexpr void check_value() noexcept {
  if constexpr (has_codec<T>) {
  } else if constexpr (unique_pointer<T>) {
    using element = typename T::element_type;
    static_assert(!std::is_polymorphic_v<element> || std::is_final_v<element>,
                  "redismodule: a std::unique_ptr to a class with virtual functions may hold a derived one, of which "
                  "only the base would be saved: make the class final, or specialise rm::codec for the pointer");
    static_assert(std::is_same_v<typename T::deleter_type, std::default_delete<element>>,
                  "redismodule: what is loaded is made by new, which this pointer's deleter does not fit: specialise "
                  "rm::codec for the pointer");
  } else if constexpr (described<T>) {
    static_assert(!inherits_description<T>(fields_of<T>()),
                  "redismodule: the fields of this struct are those that its base describes, what it adds would not be "
                  "saved: describe it too (static constexpr auto fields = base::fields; if it adds nothing)");
    static_assert(!has_elements_of_its_own<T>(),
                  "redismodule: this struct is described, and is a container too, whose elements are in no field: make "
                  "the container a member, or specialise rm::codec for the struct");
    static_assert(
        !names_migrate<T> || migrates<T>,
        "redismodule: the migration is static void migrate(T&, int from_version), or gives a rm::result<void>");
  }
}

// --- Parts that may take no bytes ---

template <class Field>
constexpr bool is_in(int version) noexcept {
  if constexpr (!Field::is_stored) {
    return (Field::since <= 1 || version >= Field::since) && version < Field::until;
  } else {
    return Field::since <= 1 || version >= Field::since;  // known when compiled, mostly
  }
}

template <class T>
constexpr bool takes_nothing(int version) noexcept;

template <class... Fields>
constexpr bool fields_take_nothing(field_list<Fields...>, [[maybe_unused]] int version) noexcept {
  return (true && ... && (!is_in<Fields>(version) || takes_nothing<typename Fields::value>(version)));
}
template <class Tuple, std::size_t... Index>
constexpr bool elements_take_nothing(std::index_sequence<Index...>, [[maybe_unused]] int version) noexcept {
  return (true && ... && takes_nothing<std::tuple_element_t<Index, Tuple>>(version));
}

// Whether values of this type are nothing at all in this version: of a million of them only the count would be there,
// so each of them gets a mark.
template <class T>
constexpr bool takes_nothing(int version) noexcept {
  using value = std::remove_cv_t<T>;
  if constexpr (has_codec<value>) {
    return false;
  } else if constexpr (array_value<value>) {
    return false;
  } else if constexpr (tuple_value<value>) {
    return elements_take_nothing<value>(std::make_index_sequence<std::tuple_size_v<value>>{}, version);
  } else if constexpr (described<value>) {
    return fields_take_nothing(fields_of<value>(), version);
  } else {
    return nothing_value<value>;
  }
}

// --- Saving ---

template <class T>
void save_value(rdb_writer& to, const T& value);

template <class T>
void save_element(rdb_writer& to, const T& value) {
  if (takes_nothing<T>(to.version())) to.save_unsigned(0);
  save_value<T>(to, value);
}

template <class Field, class T>
void save_field(rdb_writer& to, const T& object) {
  if (!is_in<Field>(to.version())) return;
  if constexpr (Field::is_stored) {
    save_value(to, Field::of(object));
  } else {
    save_value(to, Field::old_value(object));
  }
}
template <class T, class... Fields>
void save_fields(rdb_writer& to, const T& object, field_list<Fields...>) {
  (save_field<Fields>(to, object), ...);
}

template <class Tuple, std::size_t... Index>
void save_elements(rdb_writer& to, const Tuple& value, std::index_sequence<Index...>) {
  using std::get;
  (save_value(to, get<Index>(value)), ...);
}

template <std::size_t Index, class Variant>
void save_if_held(rdb_writer& to, const Variant& value) {
  using std::get;
  if (value.index() == Index) save_value(to, get<Index>(value));
}
template <class Variant, std::size_t... Index>
void save_alternative(rdb_writer& to, const Variant& value, std::index_sequence<Index...>) {
  to.save_unsigned(value.index());
  (save_if_held<Index>(to, value), ...);
}

template <class T>
void save_range(rdb_writer& to, const T& all) {
  to.save_unsigned(static_cast<std::uint64_t>(all.size()));
  if constexpr (mapping_value<T>) {
    for (const auto& [key, value] : all) {
      if (takes_nothing<std::pair<typename T::key_type, typename T::mapped_type>>(to.version())) to.save_unsigned(0);
      save_value<typename T::key_type>(to, key);
      save_value<typename T::mapped_type>(to, value);
    }
  } else {
    for (auto&& each : all) save_element<typename T::value_type>(to, each);
  }
}

// What could not be loaded is not saved.
template <class T>
void save_enum(rdb_writer& to, T value) {
  if constexpr (named_enum<T>) {
    bool has_name = false;
    for (const auto& each : names_of<T>.all) has_name |= each.value == value;
    if (!has_name) to.refuse("an enum has none of its values");
  }
  save_value(to, static_cast<std::underlying_type_t<T>>(value));
}

template <class T>
void save_value(rdb_writer& to, const T& value) {
  check_value<T>();
  const level<T, rdb_writer> here{to};
  if (!here) [[unlikely]]
    return;
  if constexpr (has_codec<T>) {
    codec<T>::save(to, value);
  } else if constexpr (std::is_same_v<T, bool>) {
    to.save_unsigned(value ? 1 : 0);
  } else if constexpr (std::is_enum_v<T>) {
    save_enum(to, value);
  } else if constexpr (integer_of_the_platform<T>) {
    to.save_signed(static_cast<same_everywhere<T>>(value));
  } else if constexpr (std::unsigned_integral<T>) {
    static_assert(sizeof(T) <= sizeof(std::uint64_t));
    to.save_unsigned(value);
  } else if constexpr (std::integral<T>) {
    static_assert(sizeof(T) <= sizeof(std::int64_t));
    to.save_signed(value);
  } else if constexpr (std::is_same_v<T, float>) {
    to.save_float(value);
  } else if constexpr (std::is_same_v<T, double>) {
    to.save_double(value);
  } else if constexpr (std::is_same_v<T, string>) {
    to.save_string(value.borrow());
  } else if constexpr (byte_string<T> || std::is_same_v<T, string_buffer>) {
    to.save_string(std::string_view{value});
  } else if constexpr (is_duration<T>) {
    save_value(to, value.count());
  } else if constexpr (is_time_point<T>) {
    save_value(to, value.time_since_epoch());
  } else if constexpr (is_optional<T>) {
    to.save_unsigned(value ? 1 : 0);
    if (value) save_value(to, *value);
  } else if constexpr (variant_value<T>) {
    if (value.valueless_by_exception()) [[unlikely]]
      return save_value(to, T{});
    save_alternative(to, value, std::make_index_sequence<alternatives_of<T>>{});
  } else if constexpr (unique_pointer<T>) {
    to.save_unsigned(value ? 1 : 0);
    if (value) save_value<typename T::element_type>(to, *value);
  } else if constexpr (byte_range<T>) {
    to.save_string(std::string_view{reinterpret_cast<const char*>(value.data()), value.size()});
  } else if constexpr (counted_range<T>) {
    save_range(to, value);
  } else if constexpr (tuple_value<T>) {
    save_elements(to, value, std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (described<T>) {
    save_fields(to, value, fields_of<T>());
  } else {
    static_assert(nothing_value<T>,
                  "redismodule: this type cannot be saved: describe its fields, or specialise rm::codec");
  }
}

// --- Loading ---

// Into a value as its constructor made it. False where it cannot be read, or is none; what was read of it is then in
// it, and goes with it. Fails: throws std::bad_alloc.
template <class T>
bool load_value(rdb_reader& from, T& into);

template <class T>
bool load_element(rdb_reader& from, T& into) {
  if (takes_nothing<T>(from.version())) {
    std::uint64_t mark = 0;
    if (!uncounted::read(from, mark)) return false;
  }
  if constexpr (has_codec<T>) {
    const std::uint64_t before = from.asked();
    if (!load_value(from, into)) return false;
    if (from.asked() != before) [[likely]]
      return true;
    from.refuse("an element was made of nothing");
    return false;
  } else {
    return load_value(from, into);
  }
}

inline bool load_flag(rdb_reader& from, bool& into) noexcept {
  std::uint64_t flag = 0;
  if (!uncounted::read(from, flag)) return false;
  into = flag == 1;
  if (flag <= 1) [[likely]]
    return true;
  from.refuse("a bool, or whether something is there, is neither 0 nor 1");
  return false;
}

// Of either sign: it was written as unsigned where it is unsigned.
template <class T>
bool load_integer_of_the_platform(rdb_reader& from, T& into) noexcept {
  using narrow = same_everywhere<T>;
  std::int64_t wide = 0;
  if (!from.read_either(wide)) return false;
  into = static_cast<T>(wide);
  if (wide >= std::numeric_limits<narrow>::min() && wide <= std::numeric_limits<std::make_unsigned_t<narrow>>::max())
    return true;
  from.refuse("a character is out of range");
  return false;
}

template <class T>
[[gnu::always_inline]] inline bool load_integer(rdb_reader& from, T& into) noexcept {
  if constexpr (integer_of_the_platform<T>) return load_integer_of_the_platform(from, into);
  std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t> wide = 0;
  if (!uncounted::read(from, wide)) return false;
  into = static_cast<T>(wide);
  if (static_cast<decltype(wide)>(into) == wide) [[likely]]
    return true;
  from.refuse("an integer is out of range");
  return false;
}

// Whether each number of its underlying type is a value of the enum: others may be no more than their enumerators, and
// a number that was read must not become one of these by itself.
template <class T>
concept enum_of_fixed_type = requires {
  T{std::underlying_type_t<T>{}};
};

template <class T>
bool load_enum(rdb_reader& from, T& into) noexcept {
  static_assert(enum_of_fixed_type<T> || named_enum<T>,
                "redismodule: not every number is a value of an enum without a type of its own: give it one "
                "(enum color : int), or rm::names");
  std::underlying_type_t<T> number{};
  if (!load_value(from, number)) return false;
  if constexpr (named_enum<T>) {
    for (const auto& each : names_of<T>.all) {
      if (static_cast<std::underlying_type_t<T>>(each.value) != number) continue;
      into = each.value;
      return true;
    }
    from.refuse("an enum has none of its values");
    return false;
  } else {
    into = static_cast<T>(number);
    return true;
  }
}

// A value on its way into a container or a function: large ones not on the stack, which levels of them would fill.
template <class T>
class element_to_load {
 public:
  T& get() noexcept {
    if constexpr (is_large) {
      return *value_;
    } else {
      return value_;
    }
  }

 private:
  static constexpr bool is_large = sizeof(T) > 256;
  static auto made() {
    if constexpr (is_large) {
      return std::make_unique<T>();
    } else {
      return T{};
    }
  }

  std::conditional_t<is_large, std::unique_ptr<T>, T> value_ = made();
};

template <class Field, class T>
[[gnu::always_inline]] inline bool load_field(rdb_reader& from, T& object) {
  if (!is_in<Field>(from.version())) return true;
  if constexpr (Field::is_stored) {
    using value = typename Field::value;
    // The commonest ones without a call.
    if constexpr (std::integral<value> && !std::is_same_v<value, bool> && !has_codec<value>) {
      return load_integer(from, Field::of(object));
    } else if constexpr ((std::is_same_v<value, float> || std::is_same_v<value, double>)&&!has_codec<value>) {
      return uncounted::read(from, Field::of(object));
    } else {
      return load_value(from, Field::of(object));
    }
  } else {
    element_to_load<typename Field::value> old;
    if (!load_value(from, old.get())) return false;
    Field::take(object, std::move(old.get()));
    return true;
  }
}

template <class T>
bool migrate_value(rdb_reader& from, T& object) {
  if (from.version() >= from.newest_version()) return true;
  if constexpr (std::is_void_v<decltype(migration(object, from.version()))>) {
    migration(object, from.version());
    return true;
  } else {
    const result<void> done = migration(object, from.version());
    if (!done) from.refuse("the migration of an older version refused it");
    return done.has_value();
  }
}

template <class T, class... Fields>
bool load_fields(rdb_reader& from, T& object, field_list<Fields...>) {
  if (!(true && ... && load_field<Fields>(from, object))) return false;
  if constexpr (migrates<T>) return migrate_value(from, object);
  return true;
}

template <class Tuple, std::size_t... Index>
bool load_elements(rdb_reader& from, Tuple& into, std::index_sequence<Index...>) {
  using std::get;
  return (true && ... && load_value(from, get<Index>(into)));
}

template <std::size_t Index, class Variant>
bool load_if_meant(rdb_reader& from, Variant& into, std::uint64_t index, bool& good) {
  if (index != Index) return false;
  good = load_value(from, into.template emplace<Index>());
  return true;
}
template <class Variant, std::size_t... Index>
bool load_alternative(rdb_reader& from, Variant& into, std::index_sequence<Index...>) {
  std::uint64_t index = 0;
  bool good = false;
  if (!uncounted::read(from, index)) return false;
  if ((false || ... || load_if_meant<Index>(from, into, index, good))) return good;
  from.refuse("a variant has none of its alternatives");
  return false;
}

// A count is a claim: room is made for what is claimed, but of 4 KiB in all for what has not been read, and for little
// more than what has been read then. How much of the 4 KiB was taken is the result.
template <class T>
std::size_t make_first_room(rdb_reader& from, T& into, std::uint64_t claimed) {
  constexpr std::uint64_t element = sizeof(typename T::value_type);
  const std::size_t taken = from.take_room(claimed < UINT64_MAX / element ? claimed * element : UINT64_MAX);
  into.reserve(taken / element);
  return taken;
}
template <class T>
void make_more_room(T& into, std::uint64_t claimed) {
  const std::uint64_t more = into.size() + into.size() / 4 + 1;
  into.reserve(static_cast<std::size_t>(claimed < more ? claimed : more));
}

template <class T>
bool load_sequence(rdb_reader& from, T& into) {
  using value = typename T::value_type;
  constexpr bool has_room = requires { into.reserve(into.capacity()); };
  std::uint64_t count = 0;
  if (!uncounted::read(from, count)) return false;
  into.clear();
  std::size_t room = 0;
  if constexpr (has_room) room = make_first_room(from, into, count);
  for (std::uint64_t i = 0; i < count; ++i) {
    if constexpr (has_room) {
      if (into.size() == into.capacity()) [[unlikely]]
        make_more_room(into, count);
    }
    if constexpr (std::is_same_v<typename T::reference, value&>) {
      into.emplace_back();
      if (!load_element(from, into.back())) return false;
    } else {
      element_to_load<value> each;
      if (!load_element(from, each.get())) return false;
      into.push_back(std::move(each.get()));
    }
  }
  from.give_room_back(room);
  return true;
}

template <class T>
bool load_array(rdb_reader& from, T& into) {
  std::uint64_t count = 0;
  if (!uncounted::read(from, count)) return false;
  if (count != into.size()) {
    from.refuse("an array has another number of elements");
    return false;
  }
  for (auto& each : into) {
    if (!load_element(from, each)) return false;
  }
  return true;
}

// Elements come in the container's own order, mostly, so that each belongs at the end.
template <class T>
bool load_associative(rdb_reader& from, T& into) {
  std::uint64_t count = 0;
  if (!uncounted::read(from, count)) return false;
  into.clear();
  for (std::uint64_t i = 0; i < count; ++i) {
    if constexpr (mapping_value<T>) {
      element_to_load<std::pair<typename T::key_type, typename T::mapped_type>> each;
      if (!load_element(from, each.get())) return false;
      into.emplace_hint(into.end(), std::move(each.get().first), std::move(each.get().second));
    } else {
      element_to_load<typename T::value_type> each;
      if (!load_element(from, each.get())) return false;
      into.emplace_hint(into.end(), std::move(each.get()));
    }
    if (into.size() == i + 1) [[likely]]
      continue;
    from.refuse("a key is there twice");
    return false;
  }
  return true;
}

// As it comes in one piece, its size is that of what is there.
template <class T>
bool load_byte_range(rdb_reader& from, T& into) {
  std::string bytes;
  if (!uncounted::read(from, bytes)) return false;
  if constexpr (array_value<T>) {
    if (bytes.size() != into.size()) {
      from.refuse("an array has another number of elements");
      return false;
    }
  } else {
    into.resize(bytes.size());
  }
  const auto* first = reinterpret_cast<const typename T::value_type*>(bytes.data());
  for (std::size_t i = 0; i < bytes.size(); ++i) into.data()[i] = first[i];
  return true;
}

template <class T>
bool load_value(rdb_reader& from, T& into) {
  check_value<T>();
  const level<T, rdb_reader> here{from};
  if (!here) [[unlikely]]
    return false;
  static_assert(std::is_default_constructible_v<T> || has_codec<T>,
                "redismodule: what is loaded is made by its default constructor first; others need a rm::codec");
  if constexpr (has_codec<T>) {
    result<T> loaded = codec<T>::load(from);
    if (loaded && !from.failed()) {
      into = std::move(*loaded);
      return true;
    }
    from.refuse("a rm::codec refused it");
    return false;
  } else if constexpr (std::is_same_v<T, bool>) {
    return load_flag(from, into);
  } else if constexpr (std::is_enum_v<T>) {
    return load_enum(from, into);
  } else if constexpr (std::integral<T>) {
    return load_integer(from, into);
  } else if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, string>) {
    return uncounted::read(from, into);
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, string_buffer>) {
    return uncounted::read(from, into);
  } else if constexpr (byte_string<T>) {
    std::string bytes;
    if (!uncounted::read(from, bytes)) return false;
    into.assign(bytes.data(), bytes.size());
    return true;
  } else if constexpr (is_duration<T>) {
    typename T::rep count{};
    if (!load_value(from, count)) return false;
    into = T{count};
    return true;
  } else if constexpr (is_time_point<T>) {
    typename T::duration since{};
    if (!load_value(from, since)) return false;
    into = T{since};
    return true;
  } else if constexpr (is_optional<T>) {
    bool is_there = false;
    if (!load_flag(from, is_there)) return false;
    into.reset();
    return !is_there || load_value(from, into.emplace());
  } else if constexpr (variant_value<T>) {
    return load_alternative(from, into, std::make_index_sequence<alternatives_of<T>>{});
  } else if constexpr (unique_pointer<T>) {
    bool is_there = false;
    if (!load_flag(from, is_there)) return false;
    into.reset(is_there ? new typename T::element_type{} : nullptr);
    return !is_there || load_value(from, *into);
  } else if constexpr (byte_range<T>) {
    return load_byte_range(from, into);
  } else if constexpr (associative_value<T>) {
    return load_associative(from, into);
  } else if constexpr (array_value<T>) {
    return load_array(from, into);
  } else if constexpr (sequence_value<T>) {
    return load_sequence(from, into);
  } else if constexpr (tuple_value<T>) {
    return load_elements(from, into, std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (described<T>) {
    return load_fields(from, into, fields_of<T>());
  } else {
    static_assert(nothing_value<T>,
                  "redismodule: this type cannot be loaded: describe its fields, or specialise rm::codec");
    return true;
  }
}

}  // namespace detail

template <class T>
void rdb_writer::save(const T& value) {
  detail::save_value(*this, value);
}

template <class T>
result<T> rdb_reader::load() {
  T value{};
  ++asked_;
  if (!detail::load_value(*this, value)) return error();
  return value;
}

}  // namespace redismodule
