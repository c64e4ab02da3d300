// Which functions of the module API a server has, by the one list of them.
#include <algorithm>

#include "redismodule/testing/server.h"

#include "redismodule/abi/types.h"

namespace redismodule::testing {
namespace {

using abi::from;
using abi::never;
using abi::release;
using abi::unstable;

struct listed_function {
  std::string_view name;
  release redis;
  release valkey;
};

constexpr listed_function functions[] = {
#define REDISMODULE_ROW(name, result, parameters, redis, valkey) {#name, redis, valkey},
#include "redismodule/abi/functions.inc"
};

const listed_function& find_function(std::string_view name) {
  for (const std::string_view prefix : {"RedisModule_", "ValkeyModule_"}) {
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  }
  const auto has_name = [name](const listed_function& each) { return each.name == name; };
  const auto* found = std::find_if(std::begin(functions), std::end(functions), has_name);
  if (found == std::end(functions)) throw error{"no server has a function " + std::string{name}};
  return *found;
}

version_number number_of(release first) {
  const int digits = static_cast<int>(first);
  return {digits / 10'000, digits / 100 % 100, digits % 100};
}

// "7.2"; the third number where it is not the first of its kind. (Valkey's first release was 7.2.5.)
std::string text_of(const version_number& number) {
  const std::string text = std::to_string(number.major) + '.' + std::to_string(number.minor);
  if (number.patch == 0 || number == version_number{7, 2, 5}) return text;
  return text + '.' + std::to_string(number.patch);
}

std::string text_of(const char* product, release first) {
  if (first == unstable) return std::string{"the unstable branch of "} + product;
  return std::string{product} + ' ' + text_of(number_of(first));
}

std::string first_releases(const listed_function& function) {
  if (function.redis == never) return text_of("Valkey", function.valkey);
  if (function.valkey == never) return text_of("Redis", function.redis);
  return text_of("Redis", function.redis) + " or " + text_of("Valkey", function.valkey);
}

}  // namespace

std::string server::lacks(std::string_view function) const {
  const listed_function& wanted = find_function(function);
  const release first = version().is_valkey() ? wanted.valkey : wanted.redis;
  if (first != never && number_of(first) <= version().number) return {};
  const version_number& number = version().number;
  return "needs RedisModule_" + std::string{wanted.name} + ": " + first_releases(wanted) + "; this is " +
         (version().is_valkey() ? "Valkey " : "Redis ") + std::to_string(number.major) + '.' +
         std::to_string(number.minor) + '.' + std::to_string(number.patch);
}

}  // namespace redismodule::testing
