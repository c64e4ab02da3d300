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
  static_assert(optional::least == 2 && optional::most == 4 && optional::words[1].present == presence::optional);
  using any = shape<int(rm::rest<int>)>;
  static_assert(any::least == 1 && any::most == -1 && any::words[0].present == presence::any_number);
  using some = shape<int(int, const rm::at_least_one<int>&)>;
  static_assert(some::least == 3 && some::most == -1);
  using pairs = shape<int(rm::at_least_one<std::pair<int, int>>)>;
  static_assert(pairs::least == 3 && pairs::word_count == 2 && !pairs::words[0].last_of_parameter);
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
  static_assert(typed::words[0].type == rm::abi::MODULE_ARG_TYPE_INTEGER);
  static_assert(typed::words[1].type == rm::abi::MODULE_ARG_TYPE_DOUBLE);
  static_assert(typed::words[2].type == rm::abi::MODULE_ARG_TYPE_STRING);
}

}  // namespace
