// Keys as parameters of a handler: opened in order once all arguments are decoded, then all types checked, and closed
// when the reply is out. A list of keys opens each as it is asked for.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include "redismodule/detail/parameter.h"
#include "redismodule/key_arguments.h"

namespace redismodule::detail {

// Never defined: an access that reaches one of these does not compile, and the compiler prints the name.
void what_an_access_does_is_one_of_update_insert_and_remove();
void a_key_that_is_written_is_no_key_to_read();

constexpr int bits_of(access what) { return static_cast<int>(what); }

// The flags of a key spec. Exactly one of RO, RW, OW and RM has to be among them, and servers refuse more than one of
// UPDATE, INSERT and DELETE.
constexpr std::uint64_t key_flags(access what, bool is_written) {
  const bool loses = contains(what, access::remove) || contains(what, access::erase);
  if (contains(what, access::update) + contains(what, access::insert) + loses > 1)
    what_an_access_does_is_one_of_update_insert_and_remove();
  if (!is_written && (bits_of(what) & ~bits_of(access::read)) != 0) a_key_that_is_written_is_no_key_to_read();
  const bool is_new = contains(what, access::overwrite);
  std::uint64_t flags = !is_written ? abi::MODULE_CMD_KEY_RO : is_new ? abi::MODULE_CMD_KEY_OW : abi::MODULE_CMD_KEY_RW;
  if (contains(what, access::erase)) flags = abi::MODULE_CMD_KEY_RM | abi::MODULE_CMD_KEY_DELETE;
  if (contains(what, access::read)) flags |= abi::MODULE_CMD_KEY_ACCESS;
  if (contains(what, access::update)) flags |= abi::MODULE_CMD_KEY_UPDATE;
  if (contains(what, access::insert)) flags |= abi::MODULE_CMD_KEY_INSERT;
  if (contains(what, access::remove)) flags |= abi::MODULE_CMD_KEY_DELETE;
  return flags;
}

// The keys within a value of consecutive arguments.
template <class T>
struct keys_in {
  static constexpr bool any = false;
};
template <std::uint64_t Flags, flag_set<open_mode> Modes = flag_set<open_mode>{}>
struct keys_used {
  static constexpr bool any = true;
  static constexpr std::uint64_t flags = Flags;
  static constexpr key_shape shape(key_search search = key_search::one, std::uint8_t step = 1,
                                   const char* keyword = "") {
    return {.flags = Flags, .modes = Modes, .search = search, .step = step, .keyword = keyword};
  }
};
template <access Access>
struct keys_in<key_name<Access>> : keys_used<key_flags(Access, (bits_of(Access) & ~bits_of(access::read)) != 0)> {};
template <key_kind K, access Access, flag_set<open_mode> Modes>
struct keys_in<read<K, Access, Modes>> : keys_used<key_flags(Access, false), Modes> {};
template <key_kind K, access Access, flag_set<open_mode> Modes>
struct keys_in<write<K, Access, Modes>> : keys_used<key_flags(Access, true), Modes> {};
// A pair begins with its key.
template <class Key, class T>
requires(keys_in<Key>::any) struct keys_in<std::pair<Key, T>> : keys_in<Key> {
};

template <class T>
concept has_keys = keys_in<T>::any;

template <class T>
inline constexpr std::uint8_t width_of = parts_of_value<T>::size;

constexpr doc_shape key_doc(int flags = abi::MODULE_CMD_ARG_NONE) {
  doc_shape doc;
  doc.type = abi::MODULE_ARG_TYPE_KEY;
  doc.flags = static_cast<std::uint8_t>(flags);
  return doc;
}

// Of a pair, each part named by its word of the synopsis.
template <class T>
struct docs_of_key {
  static constexpr doc_shape of() { return key_doc(); }
};
template <class Key, class Value>
struct docs_of_key<std::pair<Key, Value>> {
  static_assert(argument<Value>, "redismodule: what belongs to a key of a list is one argument, and no key");
  static constexpr std::array parts{key_doc(), doc_of_argument<Value>()};
  static constexpr doc_shape of() { return block_of("pair", parts.data(), parts.size()); }
};

// --- One key ---

template <class Key>
struct single_key {
  static constexpr parameter_kind kind = parameter_kind::argument;
  static constexpr std::array<word_shape, 1> words{{{presence::required, true}}};
  static constexpr std::array<doc_shape, 1> docs{key_doc()};
  static constexpr std::array<key_shape, 1> keys{keys_in<Key>::shape()};
  static constexpr int least = 1;
  static constexpr int most = 1;

  template <class Slot>
  static void report(frame& f, const Slot&, int start) noexcept {
    report_key(f.ctx, start, keys_in<Key>::flags);
  }
};

template <key_view View>
struct parameter<View> : single_key<View> {
  struct slot {
    explicit slot(const frame& f) noexcept : key{{f.ctx, nullptr, mode_of<View>(), name_owner::argument}} {}
    held_key<typename View::key> key;
  };

  static bool decode(frame& f, slot& into, int, int) noexcept {
    key_internals::entry(into.key).set_name(argument_at(f.argv + f.next).raw());
    ++f.next;
    return true;
  }
  static void open(frame&, slot& into) noexcept { key_internals::entry(into.key).open(); }
  static bool check(frame&, slot& opened) noexcept { return key_internals::entry(opened.key).check(View::key::wanted); }
  static View pass(frame&, slot& from) noexcept { return View{from.key}; }
};

template <access Access>
struct parameter<key_name<Access>> : single_key<key_name<Access>> {
  struct slot {
    explicit slot(const frame&) noexcept {}
    key_name<Access> value;
  };

  static bool decode(frame& f, slot& into, int, int) noexcept {
    into.value = key_name<Access>{f.argv + f.next++};
    return true;
  }
  static key_name<Access> pass(frame&, slot& from) noexcept { return from.value; }
};

// --- One that may be missing ---

template <class Key>
struct optional_key {
  static constexpr parameter_kind kind = parameter_kind::optional;
  static constexpr std::array<word_shape, 1> words{{{presence::optional, true}}};
  static constexpr std::array<doc_shape, 1> docs{key_doc(abi::MODULE_CMD_ARG_OPTIONAL)};
  static constexpr std::array<key_shape, 1> keys{keys_in<Key>::shape()};
  static constexpr int least = 0;
  static constexpr int most = 1;

  template <class Slot>
  static void report(frame& f, const Slot&, int start) noexcept {
    if (start < f.argc) report_key(f.ctx, start, keys_in<Key>::flags);
  }
};

// A view in an optional has a place of its own, since it cannot be moved.
template <key_view View>
struct parameter<std::optional<View>> : optional_key<View> {
  struct slot {
    explicit slot(const frame&) noexcept {}
    std::optional<held_key<typename View::key>> key;
  };

  static bool decode(frame& f, slot& into, int, int) noexcept {
    if (f.next >= f.argc) return true;
    into.key.emplace(key_seed{f.ctx, f.argv[f.next++], mode_of<View>(), name_owner::argument});
    return true;
  }
  static void open(frame&, slot& into) noexcept {
    if (into.key) key_internals::entry(*into.key).open();
  }
  static bool check(frame&, slot& opened) noexcept {
    return !opened.key || key_internals::entry(*opened.key).check(View::key::wanted);
  }
  static std::optional<View> pass(frame&, slot& from) noexcept {
    return from.key ? std::optional<View>{std::in_place, *from.key} : std::optional<View>{};
  }
};

template <access Access>
struct parameter<std::optional<key_name<Access>>> : optional_key<key_name<Access>> {
  struct slot {
    explicit slot(const frame&) noexcept {}
    std::optional<key_name<Access>> value;
  };

  static bool decode(frame& f, slot& into, int, int) noexcept {
    if (f.next < f.argc) into.value.emplace(f.argv + f.next++);
    return true;
  }
  static std::optional<key_name<Access>> pass(frame&, slot& from) noexcept { return from.value; }
};

// --- Lists ---

// The first parts of each element are the keys; what is behind them is decoded as the handler asks for it.
template <class T>
struct checked_values {
  static decode_status of(abi::ModuleString**, std::size_t) noexcept { return decoded; }
};
template <class Key, class Value>
struct checked_values<std::pair<Key, Value>> {
  static decode_status of(abi::ModuleString** first, std::size_t count) {
    if constexpr (!element<Value>::infallible) {
      for (; count != 0; --count) {
        abi::ModuleString** at = ++first;
        const decode_status status = element<Value>::check(at);
        if (!status.good()) return status;
        ++first;
      }
    }
    return decoded;
  }
};

template <class T>
struct view_in {};
template <key_view View>
struct view_in<View> {
  using type = View;
};
template <key_view View, class Value>
struct view_in<std::pair<View, Value>> {
  using type = View;
};

template <class T>
concept has_view = requires {
  typename view_in<T>::type;
};

// Opening keys to write and finding the wrong type in the middle would leave half of the work done.
template <has_view T>
bool all_types_are_right(abi::ModuleCtx* ctx, abi::ModuleString** first, std::size_t count, std::size_t step) noexcept {
  using view = typename view_in<T>::type;
  if constexpr (view::mode == write_mode && !std::is_same_v<typename view::key, any_key>) {
    for (; count != 0; --count, first += step) {
      if (is_of_wrong_type<view>(ctx, *first)) return false;
    }
  }
  return true;
}

template <class List, has_keys T, presence Present>
struct list_of_keys_parameter {
  static constexpr int width = width_of<T>;
  static constexpr parameter_kind kind = parameter_kind::rest;
  static constexpr auto words = words_of_values<T, Present>;
  static constexpr int least = Present == presence::at_least_one ? width : 0;
  static constexpr int most = -1;
  static constexpr std::array<key_shape, 1> keys{keys_in<T>::shape(key_search::all_left, width)};
  static constexpr std::array<doc_shape, 1> docs{
      with_flags(docs_of_key<T>::of(),
                 abi::MODULE_CMD_ARG_MULTIPLE |
                     (Present == presence::any_number ? abi::MODULE_CMD_ARG_OPTIONAL : abi::MODULE_CMD_ARG_NONE))};

  struct slot {
    explicit slot(const frame&) noexcept {}
    List value;
  };

  static bool decode(frame& f, slot& into, int first_word, int) {
    const int count = f.argc - f.next;
    if (count < least || count % width != 0) return false;
    const auto size = static_cast<std::size_t>(count / width);
    f.status = checked_values<T>::of(f.argv + f.next, size);
    if (!f.status.good()) return fail(f, first_word + 1);
    into.value = make<List>(f, size);
    f.next = f.argc;
    return true;
  }
  static void open(frame&, slot&) noexcept {}
  static bool check([[maybe_unused]] frame& f, [[maybe_unused]] slot& from) noexcept {
    if constexpr (has_view<T>) {
      abi::ModuleString** first = f.argv + f.argc - static_cast<int>(from.value.size()) * width;
      return all_types_are_right<T>(f.ctx, first, from.value.size(), width);
    }
    return true;
  }
  static List pass(frame&, slot& from) noexcept { return from.value; }
  static void report(frame& f, const slot&, int start) noexcept {
    for (int i = start; i < f.argc; i += width) report_key(f.ctx, i, keys_in<T>::flags);
  }

 private:
  template <class Made>
  static Made make(frame& f, std::size_t size) noexcept {
    if constexpr (has_view<T>) {
      return Made{f.ctx, f.argv + f.next, size, std::size_t{width}};
    } else {
      return Made{f.argv + f.next, size};
    }
  }
};

template <has_keys T>
struct parameter<rest<T>> : list_of_keys_parameter<rest<T>, T, presence::any_number> {};
template <has_keys T>
struct parameter<at_least_one<T>> : list_of_keys_parameter<at_least_one<T>, T, presence::at_least_one> {};

// `numkeys key...`
template <has_keys T>
struct parameter<count_then<T>> {
  static_assert(is_key_argument<T>, "redismodule: a rm::count_then counts keys alone, not keys with values");
  static constexpr parameter_kind kind = parameter_kind::counted;
  static constexpr std::array<word_shape, 2> words{{{presence::required, true}, {presence::at_least_one, true}}};
  static constexpr std::array<doc_shape, 2> docs{doc_of_argument<long long>(), key_doc(abi::MODULE_CMD_ARG_MULTIPLE)};
  static constexpr std::array<key_shape, 1> keys{keys_in<T>::shape(key_search::counted)};
  static constexpr int least = 2;
  static constexpr int most = -1;

  struct slot {
    explicit slot(const frame&) noexcept {}
    count_then<T> value;
    abi::ModuleString** first = nullptr;
  };

  static bool decode(frame& f, slot& into, int first_word, int at_the_end) {
    arg_cursor from = cursor_of(f, at_the_end);
    std::size_t count = 0;
    f.status = take_count(from, 1, count);
    if (!f.status.good()) return fail(f, first_word);
    into.first = from.at;
    if constexpr (has_view<T>) {
      into.value = count_then<T>{f.ctx, from.at, count, std::size_t{1}};
    } else {
      into.value = count_then<T>{from.at, count};
    }
    f.next = static_cast<int>(from.at - f.argv + static_cast<std::ptrdiff_t>(count));
    return true;
  }
  static void open(frame&, slot&) noexcept {}
  static bool check([[maybe_unused]] frame& f, [[maybe_unused]] slot& from) noexcept {
    if constexpr (has_view<T>) return all_types_are_right<T>(f.ctx, from.first, from.value.size(), 1);
    return true;
  }
  static count_then<T> pass(frame&, slot& from) noexcept { return from.value; }
  static void report(frame& f, const slot& from, int start) noexcept {
    const int count = static_cast<int>(from.value.size());
    for (int i = start + 1; i <= start + count; ++i) report_key(f.ctx, i, keys_in<T>::flags);
  }
};

// `key... id...`
template <has_keys Key, class T>
struct parameter<half_and_half<Key, T>> {
  static_assert(argument<T>, "redismodule: the second half of a rm::half_and_half is of no argument type");
  static constexpr parameter_kind kind = parameter_kind::rest;
  static constexpr std::array<word_shape, 2> words{{{presence::at_least_one, true}, {presence::at_least_one, true}}};
  static constexpr std::array<doc_shape, 2> docs{key_doc(abi::MODULE_CMD_ARG_MULTIPLE),
                                                 with_flags(doc_of_argument<T>(), abi::MODULE_CMD_ARG_MULTIPLE)};
  static constexpr std::array<key_shape, 1> keys{keys_in<Key>::shape(key_search::first_half)};
  static constexpr int least = 2;
  static constexpr int most = -1;

  struct slot {
    explicit slot(const frame&) noexcept {}
    half_and_half<Key, T> value;
  };

  static bool decode(frame& f, slot& into, int first_word, int) {
    const int count = f.argc - f.next;
    if (count < least || count % 2 != 0) return false;
    const auto size = static_cast<std::size_t>(count / 2);
    abi::ModuleString** const first = f.argv + f.next;
    for (abi::ModuleString** at = first + size; at != first + count;) {
      f.status = element<T>::check(at);
      if (!f.status.good()) return fail(f, first_word + 1);
    }
    into.value = half_and_half<Key, T>{f.ctx, first, size, std::size_t{1}};
    f.next = f.argc;
    return true;
  }
  static void open(frame&, slot&) noexcept {}
  static bool check(frame& f, slot& from) noexcept {
    const std::size_t size = from.value.size();
    if constexpr (has_view<Key>) return all_types_are_right<Key>(f.ctx, f.argv + f.argc - 2 * size, size, 1);
    return true;
  }
  static half_and_half<Key, T> pass(frame&, slot& from) noexcept { return from.value; }
  static void report(frame& f, const slot& from, int start) noexcept {
    const int count = static_cast<int>(from.value.size());
    for (int i = start; i < start + count; ++i) report_key(f.ctx, i, keys_in<Key>::flags);
  }
};

// --- Options ---

// What the frame does with the keys of an option: nothing where it has none.
template <class Member>
struct keys_of_option {
  static constexpr std::size_t size = 0;
  static constexpr void fill(key_shape*) {}
  static void open(Member&) noexcept {}
  static bool check(abi::ModuleCtx*, Member&) noexcept { return true; }
  static void report(frame&, const Member&) noexcept {}
};

template <class Member>
struct keys_of_option<required<Member>> : keys_of_option<Member> {};

inline void report_argument(frame& f, abi::ModuleString** at, std::uint64_t flags) noexcept {
  report_key(f.ctx, static_cast<int>(at - f.argv), flags);
}

template <keyword Token, key_view View, class... Rules>
struct keys_of_option<option<Token, View, Rules...>> {
  using member = option<Token, View, Rules...>;
  static constexpr std::size_t size = 1;
  static constexpr void fill(key_shape* to) {
    *to = keys_in<View>::shape(key_search::one, 1, stored_keyword<Token>.text);
  }
  static void open(member& into) noexcept { into.open(); }
  static bool check(abi::ModuleCtx*, member& opened) noexcept { return opened.check(); }
  static void report(frame& f, const member& from) noexcept {
    if (from) report_argument(f, from.at(), keys_in<View>::flags);
  }
};

// A key that is named and not opened.
template <class Member, const auto& Token, access Access>
struct named_key_of_option {
  static constexpr std::size_t size = 1;
  static constexpr void fill(key_shape* to) { *to = keys_in<key_name<Access>>::shape(key_search::one, 1, Token.text); }
  static void open(Member&) noexcept {}
  static bool check(abi::ModuleCtx*, Member&) noexcept { return true; }
};

template <keyword Token, access Access, class... Rules>
struct keys_of_option<option<Token, key_name<Access>, Rules...>>
    : named_key_of_option<option<Token, key_name<Access>, Rules...>, stored_keyword<Token>, Access> {
  using member = option<Token, key_name<Access>, Rules...>;
  static void report(frame& f, const member& from) noexcept {
    if (from) report_argument(f, from->at(), keys_in<key_name<Access>>::flags);
  }
};

template <keyword Token, access Access, class... Rules>
struct keys_of_option<repeated<Token, key_name<Access>, Rules...>>
    : named_key_of_option<repeated<Token, key_name<Access>, Rules...>, stored_keyword<Token>, Access> {
  using member = repeated<Token, key_name<Access>, Rules...>;
  static void report(frame& f, const member& from) noexcept {
    for (const key_name<Access>& each : from) report_argument(f, each.at(), keys_in<key_name<Access>>::flags);
  }
};

template <keyword Token, has_keys Key, class... Rules>
struct keys_of_option<option<Token, count_then<Key>, Rules...>> {
  static_assert(is_key_argument<Key>, "redismodule: a rm::count_then counts keys alone, not keys with values");
  using member = option<Token, count_then<Key>, Rules...>;
  static constexpr std::size_t size = 1;
  static constexpr void fill(key_shape* to) {
    *to = keys_in<Key>::shape(key_search::counted, 1, stored_keyword<Token>.text);
  }
  static void open(member&) noexcept {}
  static bool check(abi::ModuleCtx* ctx, member& from) noexcept {
    if constexpr (has_view<Key>) return !from || all_types_are_right<Key>(ctx, from->first(), from->size(), 1);
    return true;
  }
  static void report(frame& f, const member& from) noexcept {
    if (!from) return;
    for (std::size_t i = 0; i < from->size(); ++i) report_argument(f, first_of(*from) + i, keys_in<Key>::flags);
  }

 private:
  static abi::ModuleString** first_of(const count_then<Key>& keys) noexcept {
    if constexpr (has_view<Key>) {
      return keys.first();
    } else {
      return keys[0].at();
    }
  }
};

template <class... Alternatives>
struct keys_of_option<one_of<Alternatives...>> {
  using member = one_of<Alternatives...>;
  static constexpr std::size_t size = (std::size_t{0} + ... + keys_of_option<Alternatives>::size);
  static constexpr void fill(key_shape* to) {
    ((keys_of_option<Alternatives>::fill(to), to += keys_of_option<Alternatives>::size), ...);
  }
  static void open(member& into) noexcept {
    option_internals::each(into, [](auto& one) { keys_of_option<std::remove_cvref_t<decltype(one)>>::open(one); });
  }
  static bool check(abi::ModuleCtx* ctx, member& from) noexcept {
    bool good = true;
    option_internals::each(
        from, [&](auto& one) { good = good && keys_of_option<std::remove_cvref_t<decltype(one)>>::check(ctx, one); });
    return good;
  }
  static void report(frame& f, const member& from) noexcept {
    option_internals::each(
        from, [&](const auto& one) { keys_of_option<std::remove_cvref_t<decltype(one)>>::report(f, one); });
  }
};

template <class... Members>
struct keys_of_options {
  static constexpr std::size_t size = (std::size_t{0} + ... + keys_of_option<Members>::size);
  static constexpr std::array<key_shape, size> all = [] {
    std::array<key_shape, size> shapes{};
    [[maybe_unused]] key_shape* to = shapes.data();
    ((keys_of_option<Members>::fill(to), to += keys_of_option<Members>::size), ...);
    return shapes;
  }();
};

template <class T>
inline constexpr bool has_keys_in_options = members_of<T>::template apply<keys_of_options>::size != 0;

template <class T, bool WithKeys>
struct options_with_keys : options_parameter<T> {};

template <class T>
struct options_with_keys<T, true> : options_parameter<T> {
  using slot = typename options_parameter<T>::slot;
  static constexpr auto keys = members_of<T>::template apply<keys_of_options>::all;

  static void open(frame&, slot& into) noexcept {
    with_members(into.value,
                 [](auto&... each) { (keys_of_option<std::remove_cvref_t<decltype(each)>>::open(each), ...); });
  }
  static bool check(frame& f, slot& from) noexcept {
    return with_members(from.value, [&](auto&... each) {
      return (true && ... && keys_of_option<std::remove_cvref_t<decltype(each)>>::check(f.ctx, each));
    });
  }
  static void report(frame& f, slot& from, int) noexcept {
    with_members(from.value,
                 [&](auto&... each) { (keys_of_option<std::remove_cvref_t<decltype(each)>>::report(f, each), ...); });
  }
};

// (Not by a constraint of its own: clang 14 takes the less constrained one.)
template <option_aggregate T>
struct parameter<T> : options_with_keys<T, has_keys_in_options<T>> {};

// --- Whether, and how, a parameter's slot is opened ---

template <class Parameter>
concept opens_keys = requires(frame& f, typename Parameter::slot& slot) {
  Parameter::open(f, slot);
};

template <class Parameter>
constexpr bool takes_key() {
  return opens_keys<Parameter>;
}

}  // namespace redismodule::detail
