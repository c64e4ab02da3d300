// Where the keys of commands are, said by their author.
#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

using begin = rm::key_begin;
using find = rm::key_find;

constexpr auto only_read = rm::key_flags::ro | rm::key_flags::access;
constexpr auto written = rm::key_flags::rw | rm::key_flags::update;
constexpr auto any_use = written | rm::key_flags::access;

void nothing(rm::rest<rm::string_ref>) {}

void name_keys(rm::args words, rm::positions& found) {
  for (std::size_t i = 0; i < words.size(); i += 2) found.add(i, only_read);
}

}  // namespace

REDISMODULE_MODULE(keyspecs, 1, m) {
  m.command<nothing>("kspec.none [word...]", {.key_specs = {{any_use, begin::at(1), find::range(-1, 2)}}});
  m.command<nothing, rm::keys_by<name_keys>>(
      "kspec.nonewithgetkeys [word...]",
      {.key_specs = {{any_use | rm::key_flags::variable_flags, begin::at(1), find::range(-1, 2)}}});
  m.command<nothing>("kspec.tworanges [word...]", {.key_specs = {{only_read, begin::at(1)}, {written, begin::at(2)}}});
  m.command<nothing>("kspec.tworangeswithgap [word...]",
                     {.key_specs = {{only_read, begin::at(1)}, {written, begin::at(3)}}});
  m.command<nothing>("kspec.keyword [word...]",
                     {.key_specs = {{only_read, begin::behind("KEYS", 1), find::range(-1)}}});
  m.command<nothing>("kspec.complex1 [word...]",
                     {.key_specs = {{rm::key_flags::ro, begin::at(1)},
                                    {written, begin::behind("STORE", 2)},
                                    {only_read, begin::behind("KEYS", 2), find::counted()}}});
  m.command<nothing>("kspec.complex2 [word...]",
                     {.key_specs = {{written, begin::behind("STORE", 5)},
                                    {only_read, begin::at(1)},
                                    {only_read, begin::at(2)},
                                    {written, begin::at(3), find::counted()},
                                    {written, begin::behind("MOREKEYS", 5), find::range(-1)}}});
}
