// What is known of a command when it is compiled, as tables for the compiled core: the words of its synopsis, what
// COMMAND DOCS says of its arguments, where its keys are.
#pragma once

#include <cstddef>
#include <cstdint>

#include "redismodule/abi/constants.h"
#include "redismodule/translate.h"

namespace redismodule::detail {

enum class presence : std::uint8_t { required, optional, any_number, at_least_one };

// One word of the synopsis, as the handler's signature wants it.
struct word_shape {
  detail::presence present;
  bool last_of_parameter;  // false: the first of a pair
};

// One argument as COMMAND DOCS has it. Those that are keys come in the order of the command's key shapes.
struct doc_shape {
  const char* name = nullptr;   // null: the next word of the synopsis
  const char* token = nullptr;  // the keyword in front of it, or all there is
  abi::ModuleCommandArgType type = abi::MODULE_ARG_TYPE_STRING;
  std::uint8_t flags = abi::MODULE_CMD_ARG_NONE;
  std::uint8_t size = 0;
  const doc_shape* parts = nullptr;
};

enum class key_search : std::uint8_t { one, all_left, first_half, counted };

// Keys of one parameter, which starts at some argument of the command.
struct key_shape {
  std::uint64_t flags = 0;  // MODULE_CMD_KEY_*
  flag_set<open_mode> modes = {};
  key_search search = key_search::one;
  std::uint8_t step = 1;     // arguments from one to the next
  std::uint8_t offset = 0;   // of the first, from where the search starts
  const char* keyword = "";  // the search starts behind this keyword, wherever it is; empty: at a position
};

// The parameter's own kind, which decides what may follow it.
enum class parameter_kind : std::uint8_t { none, argument, optional, options, counted, rest };

// Everything of one parameter.
struct parameter_shape {
  parameter_kind kind;
  std::int16_t least;  // arguments
  std::int16_t most;   // -1: any number
  std::uint8_t word_count;
  std::uint8_t doc_count;
  std::uint8_t key_count;
  const word_shape* words;
  const doc_shape* docs;
  const key_shape* keys;
};

// Where a command's keys are, for servers that know of a first and a last one and the step between them alone.
struct key_range {
  int first = 0;
  int last = 0;
  int step = 0;
};

struct key_layout {
  key_range range;        // zeros: it cannot say it
  std::size_t count = 0;  // of the key shapes
  bool may_lack_one = false;
  bool in_specs = true;     // whether key specs say all of it; otherwise the handler's callback is asked
  std::uint64_t flags = 0;  // of all keys together
  flag_set<open_mode> modes = {};
};

// Servers give up on all keys of a command, those that are there too, where one that they look for is not.
constexpr bool is_lost_with_another(const key_layout& layout) { return layout.may_lack_one && layout.count > 1; }

constexpr bool has_fixed_size(const parameter_shape& parameter) { return parameter.least == parameter.most; }

constexpr key_layout layout_of(const parameter_shape* parameters, std::size_t count, int first) {
  key_layout layout;
  bool in_range = true;
  int position = first;  // 0: not known when compiled
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < parameters[i].key_count; ++j) {
      const key_shape& key = parameters[i].keys[j];
      layout.flags |= key.flags;
      layout.modes |= key.modes;
      ++layout.count;
      layout.may_lack_one = layout.may_lack_one || parameters[i].least == 0;
      layout.in_specs = layout.in_specs && position != 0 && *key.keyword == '\0';
      const int at = position + key.offset;
      const bool is_simple = key.search == key_search::one || key.search == key_search::all_left;
      key_range& range = layout.range;
      if (position == 0 || *key.keyword != '\0' || !is_simple || range.last < 0) {
        in_range = false;
        continue;
      }
      const int step = key.search == key_search::all_left ? key.step : range.first == 0 ? 1 : at - range.last;
      if (range.first == 0) {
        range = {at, at, step};
      } else {
        in_range = in_range && (range.last == range.first || step == range.step) && at - range.last == step;
        range = {range.first, at, step};
      }
      if (key.search == key_search::all_left) range.last = -1;
    }
    position = position != 0 && has_fixed_size(parameters[i]) ? position + parameters[i].least : 0;
  }
  const bool ends_with_the_words = layout.range.last < 0;  // however many there are
  if (!in_range || (is_lost_with_another(layout) && !ends_with_the_words)) layout.range = {};
  layout.in_specs = layout.in_specs && !is_lost_with_another(layout);
  return layout;
}

// Whether the handler is asked for its keys on some server.
constexpr bool reports_keys(const key_layout& layout) {
  return layout.flags != 0 && (!layout.in_specs || layout.range.first == 0);
}

}  // namespace redismodule::detail
