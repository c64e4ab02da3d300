// What an author puts in place of what is made from the fields: a member of the type, or a function beside it, for
// types that are not the author's. Both have the names of the Redis documentation.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "redismodule/aof.h"
#include "redismodule/describe.h"
#include "redismodule/detail/hook.h"
#include "redismodule/digest.h"
#include "redismodule/rdb.h"

namespace redismodule {
class defragmenter;
}

namespace redismodule::detail {

namespace hooks {

// Names that fit nothing, so that a function is looked for beside the type and nowhere else.
void rdb_save() = delete;
void rdb_load() = delete;
void aof_rewrite() = delete;
void copy() = delete;
void digest() = delete;
void mem_usage() = delete;
void free_effort() = delete;
void unlink() = delete;
void defrag() = delete;

inline constexpr hook save{
    [](const auto& value, rdb_writer& to) -> decltype(value.rdb_save(to)) { return value.rdb_save(to); },
    [](const auto& value, rdb_writer& to) -> decltype(rdb_save(value, to)) { return rdb_save(value, to); }};

inline constexpr hook load{
    []<class T>(of<T>, rdb_reader& from) -> decltype(T::rdb_load(from)) { return T::rdb_load(from); },
    []<class T>(of<T> which, rdb_reader& from) -> decltype(rdb_load(which, from)) { return rdb_load(which, from); }};

inline constexpr hook rewrite{
    [](const auto& value, aof_writer& to) -> decltype(value.aof_rewrite(to)) { return value.aof_rewrite(to); },
    [](const auto& value, aof_writer& to) -> decltype(aof_rewrite(value, to)) { return aof_rewrite(value, to); }};

inline constexpr hook make_copy{
    [](const auto& value, const auto&... of) -> decltype(value.copy(of...)) { return value.copy(of...); },
    [](const auto& value, const auto&... of) -> decltype(copy(value, of...)) { return copy(value, of...); }};

inline constexpr hook add_to_digest{
    [](const auto& value, redismodule::digest& to) -> decltype(value.digest(to)) { return value.digest(to); },
    [](const auto& value, redismodule::digest& to) -> decltype(digest(value, to)) { return digest(value, to); }};

inline constexpr hook memory{
    [](const auto& value, std::size_t samples, const auto&... of) -> decltype(value.mem_usage(samples, of...)) {
      return value.mem_usage(samples, of...);
    },
    [](const auto& value, std::size_t samples, const auto&... of) -> decltype(mem_usage(value, samples, of...)) {
      return mem_usage(value, samples, of...);
    }};

inline constexpr hook effort{
    [](const auto& value, const auto&... of) -> decltype(value.free_effort(of...)) { return value.free_effort(of...); },
    [](const auto& value, const auto&... of) -> decltype(free_effort(value, of...)) {
      return free_effort(value, of...);
    }};

inline constexpr hook let_go{
    [](const auto& value, const auto& of) -> decltype(value.unlink(of)) { return value.unlink(of); },
    [](const auto& value, const auto& of) -> decltype(unlink(value, of)) { return unlink(value, of); }};

inline constexpr hook move{
    [](auto& value, defragmenter& by) -> decltype(value.defrag(by)) { return value.defrag(by); },
    [](auto& value, defragmenter& by) -> decltype(defrag(value, by)) { return defrag(value, by); }};

}  // namespace hooks

// Whether the type has this hook, called with these besides it.
template <auto& Hook, class T, class... With>
inline constexpr bool has_hook = std::remove_cvref_t<decltype(Hook)>::template is_given<const T&, With...>;

}  // namespace redismodule::detail
