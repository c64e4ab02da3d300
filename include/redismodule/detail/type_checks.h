// What is wrong with a data type as it is written, found when it is compiled: else it would show when values are lost.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

#include "redismodule/codec.h"
#include "redismodule/detail/hooks.h"
#include "redismodule/detail/typed.h"
#include "redismodule/key_context.h"

namespace redismodule::detail {

// --- The types that a value consists of ---

template <class T, class... Outer>
constexpr void visit_parts(auto& visit);

template <class... Outer, class... Fields>
constexpr void visit_fields(auto& visit, field_list<Fields...>) {
  (visit_parts<typename Fields::value, Outer...>(visit), ...);
}
template <class... Outer, template <class...> class Of, class... Values>
constexpr void visit_values(auto& visit, std::type_identity<Of<Values...>>) {
  (visit_parts<std::remove_const_t<Values>, Outer...>(visit), ...);
}

// Calls visit(std::type_identity<Part>) for T and for what lies in it. Of a rm::codec nothing is known.
template <class T, class... Outer>
constexpr void visit_parts(auto& visit) {
  if constexpr (!(false || ... || std::is_same_v<T, Outer>)) {
    visit(std::type_identity<T>{});
    if constexpr (has_codec<T> || byte_string<T> || !std::is_class_v<T>) {
    } else if constexpr (described<T>) {
      visit_fields<Outer..., T>(visit, fields_of<T>());
    } else if constexpr (mapping_value<T>) {
      visit_parts<typename T::key_type, Outer..., T>(visit);
      visit_parts<typename T::mapped_type, Outer..., T>(visit);
    } else if constexpr (is_optional<T> || counted_range<T>) {
      visit_parts<std::remove_const_t<typename T::value_type>, Outer..., T>(visit);
    } else if constexpr (unique_pointer<T>) {
      visit_parts<typename T::element_type, Outer..., T>(visit);
    } else if constexpr (variant_value<T> || tuple_value<T>) {
      visit_values<Outer..., T>(visit, std::type_identity<T>{});
    }
  }
}

// --- Versions ---

template <class... Fields>
constexpr int newest_of(field_list<Fields...>) noexcept {
  int newest = 0;
  [[maybe_unused]] const auto look_at = [&]<class Field>(std::type_identity<Field>) {
    if (Field::since > newest) newest = Field::since;
    if constexpr (!Field::is_stored) {
      if (Field::until > newest) newest = Field::until;
    }
  };
  (look_at(std::type_identity<Fields>{}), ...);
  return newest;
}

// The newest version that a field speaks of, whatever struct it is in.
template <class T>
constexpr int newest_named() noexcept {
  int newest = 0;
  auto visit = [&newest]<class Part>(std::type_identity<Part>) {
    if constexpr (described<Part> && !has_codec<Part>) {
      if (const int here = newest_of(fields_of<Part>()); here > newest) newest = here;
    }
  };
  visit_parts<T>(visit);
  return newest;
}

// --- Hooks ---

// Whether a part has hooks, which only the data type itself is asked for.
template <class Part, class T>
constexpr bool saves_unasked() noexcept {
  return has_hook<hooks::save, Part, rdb_writer&> && !has_hook<hooks::save, T, rdb_writer&>;
}
template <class Part, class T>
constexpr bool has_other_hooks_unasked() noexcept {
  constexpr bool digests = has_hook<hooks::add_to_digest, Part, digest&> && !has_hook<hooks::add_to_digest, T, digest&>;
  constexpr bool measures = has_hook<hooks::memory, Part, std::size_t> && !has_hook<hooks::memory, T, std::size_t> &&
                            !has_hook<hooks::memory, T, std::size_t, const key_context&>;
  constexpr bool counts =
      has_hook<hooks::effort, Part> && !has_hook<hooks::effort, T> && !has_hook<hooks::effort, T, const key_context&>;
  constexpr bool moves =
      decltype(hooks::move)::is_given<Part&, defragmenter&> && !decltype(hooks::move)::is_given<T&, defragmenter&>;
  return digests || measures || counts || moves;
}

struct unasked_hooks {
  bool saving = false;
  bool others = false;
};
template <class T>
constexpr unasked_hooks find_unasked_hooks() noexcept {
  unasked_hooks found;
  auto visit = [&found]<class Part>(std::type_identity<Part>) {
    if constexpr (described<Part> && !has_codec<Part> && !std::is_same_v<Part, T>) {
      found.saving |= saves_unasked<Part, T>();
      found.others |= has_other_hooks_unasked<Part, T>();
    }
  };
  visit_parts<T>(visit);
  return found;
}

// A type's own members that have a hook's name. (Those of others' types mean something else, and theirs cannot be
// renamed.)
template <class T>
concept names_save = typed_inside<T> && requires {
  requires function_member<decltype(&T::rdb_save)>;
};
template <class T>
concept names_load = typed_inside<T> && requires {
  requires function_member<decltype(&T::rdb_load)>;
};
template <class T>
concept names_rewrite = typed_inside<T> && requires {
  requires function_member<decltype(&T::aof_rewrite)>;
};
template <class T>
concept names_copy = typed_inside<T> && requires {
  requires function_member<decltype(&T::copy)>;
};
template <class T>
concept names_digest = typed_inside<T> && requires {
  requires function_member<decltype(&T::digest)>;
};
template <class T>
concept names_memory = typed_inside<T> && requires {
  requires function_member<decltype(&T::mem_usage)>;
};
template <class T>
concept names_effort = typed_inside<T> && requires {
  requires function_member<decltype(&T::free_effort)>;
};
template <class T>
concept names_unlink = typed_inside<T> && requires {
  requires function_member<decltype(&T::unlink)>;
};
template <class T>
concept names_defrag = typed_inside<T> && requires {
  requires function_member<decltype(&T::defrag)>;
};

// A member that is meant as a hook and is none would never be called.
template <class T>
constexpr void check_saving() noexcept {
  static_assert(!names_save<T> || has_hook<hooks::save, T, rdb_writer&>,
                "redismodule: the hook is void rdb_save(rm::rdb_writer&) const");
  static_assert(!names_load<T> || has_hook<hooks::load, of<T>, rdb_reader&>,
                "redismodule: the hook is static rm::result<T> rdb_load(rm::rdb_reader&)");
  static_assert(
      !find_unasked_hooks<T>().saving,
      "redismodule: a struct within this data type has rdb_save and rdb_load of its own. Only the data type "
      "itself is asked for them: give the type its own, which call those, or specialise rm::codec for the struct");
}
template <class T>
constexpr void check_hooks() noexcept {
  check_saving<T>();
  static_assert(!names_rewrite<T> || has_hook<hooks::rewrite, T, aof_writer&>,
                "redismodule: the hook is void aof_rewrite(rm::aof_writer&) const");
  static_assert(!names_copy<T> || has_hook<hooks::make_copy, T> || has_hook<hooks::make_copy, T, const key_context&>,
                "redismodule: the hook is T copy() const, or with a const rm::key_context&");
  static_assert(!names_digest<T> || has_hook<hooks::add_to_digest, T, digest&>,
                "redismodule: the hook is void digest(rm::digest&) const");
  static_assert(!names_memory<T> || has_hook<hooks::memory, T, std::size_t> ||
                    has_hook<hooks::memory, T, std::size_t, const key_context&>,
                "redismodule: the hook is std::size_t mem_usage(std::size_t) const, or with a const rm::key_context&");
  static_assert(!names_effort<T> || has_hook<hooks::effort, T> || has_hook<hooks::effort, T, const key_context&>,
                "redismodule: the hook is std::size_t free_effort() const, or with a const rm::key_context&");
  static_assert(
      !names_unlink<T> || has_hook<hooks::let_go, T, string_ref> || has_hook<hooks::let_go, T, const key_context&>,
      "redismodule: the hook is void unlink(rm::string_ref) const, or with a const rm::key_context&");
  static_assert(!names_defrag<T> || decltype(hooks::move)::is_given<T&, defragmenter&>,
                "redismodule: the hook is bool defrag(rm::defragmenter&)");
  static_assert(
      !find_unasked_hooks<T>().others,
      "redismodule: a struct within this data type has digest, mem_usage, free_effort or defrag of its own. Only "
      "the data type itself is asked for them: give the type its own, which calls that, or specialise rm::codec "
      "for the struct");
}

template <class T>
constexpr void check_versions() noexcept {
  static_assert(info_of<T>.version >= 1 && info_of<T>.version <= most_versions,
                "redismodule: the version of a data type is from 1 to 1023");
  static_assert(newest_named<T>() <= info_of<T>.version,
                "redismodule: a field is of a later version than the data type, and would never be saved: count "
                "redis_type.version up (structs within a type go by the version of that type)");
}

}  // namespace redismodule::detail
