// A command's synopsis, checked against its handler's signature when compiled:
//
//   hello.mul a b                two arguments
//   hello.range key [count]      an optional one
//   hello.sum number...          the rest, one at least or none, as the parameter's type says
//   hello.set [field value...]   a rest of pairs
#pragma once

#include <cstddef>
#include <cstdint>

#include "redismodule/detail/shape.h"

namespace redismodule::detail {

// Never defined: a synopsis that reaches one of these does not compile, and the compiler prints the name.
void the_synopsis_begins_with_the_name_of_the_command();
void the_words_of_a_synopsis_are_separated_by_one_space();
void the_synopsis_names_fewer_arguments_than_the_handler_takes();
void the_synopsis_names_more_arguments_than_the_handler_takes();
void an_optional_argument_is_written_in_brackets();
void a_required_argument_is_written_without_brackets();
void a_rest_of_arguments_is_written_with_dots();
void a_bracket_of_a_synopsis_is_closed();
void dots_are_for_a_rest_of_arguments();

// One word as it is written.
struct word {
  const char* begin = nullptr;
  std::size_t size = 0;
  bool bracketed = false;
  bool dotted = false;
};

// Takes a synopsis apart. Brackets may be around several words.
struct word_reader {
  const char* text;
  bool in_brackets = false;

  // A word of size 0 at the end.
  constexpr word next() noexcept {
    while (*text == ' ') ++text;
    if (*text == '[') {
      in_brackets = true;
      ++text;
    }
    const char* begin = text;
    while (*text != '\0' && *text != ' ') ++text;
    word found{begin, static_cast<std::size_t>(text - begin), in_brackets, false};
    if (found.size != 0 && begin[found.size - 1] == ']') {
      in_brackets = false;
      --found.size;
    }
    found.dotted =
        found.size > 3 && begin[found.size - 1] == '.' && begin[found.size - 2] == '.' && begin[found.size - 3] == '.';
    if (found.dotted) found.size -= 3;
    return found;
  }
};

consteval void check_spacing(const char* text) {
  if (*text == '\0' || *text == ' ' || *text == '[') the_synopsis_begins_with_the_name_of_the_command();
  for (; *text != '\0'; ++text) {
    if (*text == ' ' && (text[1] == ' ' || text[1] == '\0')) the_words_of_a_synopsis_are_separated_by_one_space();
    if (static_cast<unsigned char>(*text) < ' ') the_words_of_a_synopsis_are_separated_by_one_space();
  }
}

consteval void check_word(const word& written, const word_shape& wanted) {
  const bool is_rest = wanted.present == presence::any_number || wanted.present == presence::at_least_one;
  if (is_rest && wanted.last_of_parameter && !written.dotted) a_rest_of_arguments_is_written_with_dots();
  if (!(is_rest && wanted.last_of_parameter) && written.dotted) dots_are_for_a_rest_of_arguments();
  if (wanted.present == presence::optional && !written.bracketed) an_optional_argument_is_written_in_brackets();
  const bool may_be_absent = wanted.present == presence::optional || wanted.present == presence::any_number;
  if (!may_be_absent && written.bracketed) a_required_argument_is_written_without_brackets();
}

consteval void check_synopsis(const char* text, const parameter_shape* parameters, std::size_t count) {
  check_spacing(text);
  word_reader words{text};
  words.next();
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < parameters[i].word_count; ++j) {
      word written = words.next();
      if (written.size == 0) the_synopsis_names_fewer_arguments_than_the_handler_takes();
      check_word(written, parameters[i].words[j]);
    }
  }
  if (words.next().size != 0) the_synopsis_names_more_arguments_than_the_handler_takes();
  if (words.in_brackets) a_bracket_of_a_synopsis_is_closed();
}

}  // namespace redismodule::detail
