#include "redismodule/detail/synopsis.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "redismodule/command.h"

namespace {

namespace rm = redismodule;
using rm::detail::presence;

std::string spell(const rm::detail::word& word) {
  std::string text{word.begin, word.size};
  if (word.dotted) text += "*";
  return word.bracketed ? "(" + text + ")" : text;
}

std::vector<std::string> words_of(const char* text) {
  rm::detail::word_reader words{text};
  std::vector<std::string> all;
  for (rm::detail::word word = words.next(); word.size != 0; word = words.next()) all.push_back(spell(word));
  return all;
}

TEST(synopsis, is_taken_apart) {
  using list = std::vector<std::string>;
  EXPECT_EQ(words_of("x"), list{"x"});
  EXPECT_EQ(words_of("x a b"), (list{"x", "a", "b"}));
  EXPECT_EQ(words_of("x a [b] [c...]"), (list{"x", "a", "(b)", "(c*)"}));
  EXPECT_EQ(words_of("x field value..."), (list{"x", "field", "value*"}));
  EXPECT_EQ(words_of("x [field value...]"), (list{"x", "(field)", "(value*)"}));
  EXPECT_EQ(words_of(""), list{});
}

template <class Function>
using shape = rm::detail::shape_of<Function*>;

TEST(shape, counts_what_a_handler_takes) {
  using none = shape<void()>;
  static_assert(none::least == 1 && none::most == 1 && none::word_count == 0);
  using two = shape<int(int, std::string_view)>;
  static_assert(two::least == 3 && two::most == 3 && two::word_count == 2);
  using optional = shape<int(int, std::optional<int>, std::optional<int>)>;
  static_assert(optional::least == 2 && optional::most == 4 &&
                optional::parameters[1].words[0].present == presence::optional);
  using any = shape<int(rm::rest<int>)>;
  static_assert(any::least == 1 && any::most == -1 && any::parameters[0].words[0].present == presence::any_number);
  using some = shape<int(int, const rm::at_least_one<int>&)>;
  static_assert(some::least == 3 && some::most == -1);
  using pairs = shape<int(rm::at_least_one<std::pair<int, int>>)>;
  static_assert(pairs::least == 3 && pairs::word_count == 2 && !pairs::parameters[0].words[0].last_of_parameter);
}

TEST(shape, does_not_count_what_is_no_argument) {
  using framed = shape<void(rm::context&, int, rm::args, rm::reply&)>;
  static_assert(framed::least == 2 && framed::most == 2 && framed::word_count == 1);
  static_assert(framed::first_words[0] == 0 && framed::first_words[1] == 0 && framed::first_words[2] == 1);
  using after = shape<void(std::optional<int>, rm::context&)>;
  static_assert(after::least == 1 && after::most == 2);
}

TEST(shape, knows_types_for_the_documentation) {
  using typed = shape<void(int, double, std::string_view)>;
  static_assert(typed::parameters[0].docs[0].type == rm::abi::MODULE_ARG_TYPE_INTEGER);
  static_assert(typed::parameters[1].docs[0].type == rm::abi::MODULE_ARG_TYPE_DOUBLE);
  static_assert(typed::parameters[2].docs[0].type == rm::abi::MODULE_ARG_TYPE_STRING);
}

TEST(shape, leaves_to_later_parameters_what_they_need) {
  using counted = shape<void(int, rm::count_then<int>, int, int)>;
  static_assert(counted::least == 6 && counted::most == -1 && counted::word_count == 5);
  static_assert(counted::needed_behind[0] == 4 && counted::needed_behind[1] == 2 && counted::needed_behind[3] == 0);
  static_assert(counted::may_leave_arguments);
  using rest = shape<void(rm::count_then<int>, rm::rest<int>)>;
  static_assert(!rest::may_leave_arguments);
}

constexpr rm::detail::key_shape reads{.flags = rm::abi::MODULE_CMD_KEY_RO};
constexpr rm::detail::key_shape all_left{.flags = rm::abi::MODULE_CMD_KEY_RO,
                                         .search = rm::detail::key_search::all_left};
constexpr rm::detail::key_shape pairs{
    .flags = rm::abi::MODULE_CMD_KEY_RO, .search = rm::detail::key_search::all_left, .step = 2};
constexpr rm::detail::key_shape counted{.flags = rm::abi::MODULE_CMD_KEY_RO, .search = rm::detail::key_search::counted};
constexpr rm::detail::key_shape behind{.flags = rm::abi::MODULE_CMD_KEY_RW, .keyword = "STORE"};

constexpr rm::detail::parameter_shape plain{rm::detail::parameter_kind::argument, 1, 1, 1, 1, 0, {}, {}, {}};
constexpr rm::detail::parameter_shape with(const rm::detail::key_shape& key, int least, int most) {
  auto kind = most < 0 ? rm::detail::parameter_kind::rest : rm::detail::parameter_kind::argument;
  return {kind, static_cast<std::int16_t>(least), static_cast<std::int16_t>(most), 1, 1, 1, {}, {}, &key};
}

template <class... Parameters>
constexpr rm::detail::key_layout layout(const Parameters&... parameters) {
  const rm::detail::parameter_shape all[] = {parameters...};
  return rm::detail::layout_of(all, sizeof...(Parameters), 1);
}

constexpr bool is_range(const rm::detail::key_layout& layout, int first, int last, int step) {
  return layout.range.first == first && layout.range.last == last && layout.range.step == step;
}

TEST(layout, is_a_range_where_one_can_say_it) {
  constexpr auto key = with(reads, 1, 1);
  static_assert(is_range(layout(key), 1, 1, 1));
  static_assert(is_range(layout(plain, key), 2, 2, 1));
  static_assert(is_range(layout(key, key), 1, 2, 1));
  static_assert(is_range(layout(key, plain, key), 1, 3, 2));
  static_assert(is_range(layout(key, with(all_left, 0, -1)), 1, -1, 1));
  static_assert(is_range(layout(plain, with(pairs, 2, -1)), 2, -1, 2));
  static_assert(!rm::detail::reports_keys(layout(key, plain, key)) && !rm::detail::reports_keys(layout(plain)));
}

TEST(layout, asks_the_handler_where_no_range_can_say_it) {
  constexpr auto key = with(reads, 1, 1);
  static_assert(is_range(layout(key, key, plain, key), 0, 0, 0));
  static_assert(is_range(layout(key, plain, with(all_left, 0, -1)), 0, 0, 0));
  constexpr auto numbered = layout(with(counted, 2, -1));
  static_assert(numbered.range.first == 0 && numbered.in_specs && rm::detail::reports_keys(numbered));
  constexpr auto option = layout(key, with(behind, 0, -1));
  static_assert(!option.in_specs && rm::detail::reports_keys(option));
  static_assert(!layout(with(counted, 2, -1), key).in_specs);
  // Key specs lose all keys where one is missing; a range to a position too.
  static_assert(rm::detail::reports_keys(layout(key, with(all_left, 0, -1))));
  static_assert(rm::detail::reports_keys(layout(key, with(reads, 0, 1))) &&
                is_range(layout(key, with(reads, 0, 1)), 0, 0, 0));
  static_assert(!rm::detail::reports_keys(layout(with(reads, 0, 1))) && is_range(layout(with(reads, 0, 1)), 1, 1, 1));
}

}  // namespace
