#include "failure.h"

#include <climits>
#include <type_traits>

namespace redismodule::faults {
namespace {

using abi::function;
using abi::function_count;

enum class answer : std::uint8_t {
  nothing,         // 0, a null pointer, no flag, no; also of what answers void
  error,           // MODULE_ERR; yes
  minus_one,       // "not known", "no expiry"
  smallest_int,    // what the functions on call replies answer when the reply is of another type
  smallest_long,   //
  smallest_real,   //
  real_zero,       //
  long_real_zero,  //
};

// Most functions are told by what they return.
template <class Result>
constexpr answer answer_by_type() {
  if (std::is_same_v<Result, int>) return answer::error;
  if (std::is_same_v<Result, long double>) return answer::long_real_zero;
  return std::is_floating_point_v<Result> ? answer::real_zero : answer::nothing;
}
template <class Result, class... Parameters>
constexpr answer answer_by_type(Result (*)(Parameters...)) {
  return answer_by_type<Result>();
}
template <class Result, class... Parameters>
constexpr answer answer_by_type(Result (*)(Parameters..., ...)) {
  return answer_by_type<Result>();
}

struct exception {
  function which;
  answer says;
};

// Those that answer something else than their type tells, as the servers' sources have it.
constexpr exception exceptions[] = {
    {function::AvoidReplicaTraffic, answer::nothing},
    {function::BigWriteBufferBudgetInit, answer::minus_one},
    {function::BlockedClientDisconnected, answer::nothing},
    {function::CallReplyBool, answer::smallest_int},
    {function::CallReplyDouble, answer::smallest_real},
    {function::CallReplyInteger, answer::smallest_long},
    {function::CallReplyType, answer::minus_one},
    {function::ClusterCanAccessKeysInSlot, answer::nothing},
    {function::CommandFilterArgsCount, answer::nothing},
    {function::CreateKeyMetaClass, answer::minus_one},
    {function::Fork, answer::minus_one},
    {function::GetAbsExpire, answer::minus_one},
    {function::GetContextFlags, answer::nothing},
    {function::GetContextFlagsAll, answer::nothing},
    {function::GetDbIdFromDefragCtx, answer::minus_one},
    {function::GetDbIdFromDigest, answer::minus_one},
    {function::GetDbIdFromIO, answer::minus_one},
    {function::GetDbIdFromModuleKey, answer::minus_one},
    {function::GetDbIdFromOptCtx, answer::minus_one},
    {function::GetExpire, answer::minus_one},
    {function::GetKeyspaceNotificationFlagsAll, answer::nothing},
    {function::GetModuleOptionsAll, answer::nothing},
    {function::GetNotifyKeyspaceEvents, answer::nothing},
    {function::GetOpenKeyModesAll, answer::nothing},
    {function::GetSelectedDb, answer::nothing},
    {function::GetServerVersion, answer::nothing},
    {function::GetToDbIdFromOptCtx, answer::minus_one},
    {function::GetTypeMethodVersion, answer::nothing},
    {function::HashFieldMinExpire, answer::minus_one},
    {function::HashSet, answer::nothing},
    {function::IsBlockedReplyRequest, answer::nothing},
    {function::IsBlockedTimeoutRequest, answer::nothing},
    {function::IsChannelsPositionRequest, answer::nothing},
    {function::IsKeysPositionRequest, answer::nothing},
    {function::IsSubEventSupported, answer::nothing},
    {function::KeyExists, answer::nothing},
    {function::KeyType, answer::nothing},
    {function::MustObeyClient, answer::nothing},
    {function::PublishMessage, answer::nothing},
    {function::PublishMessageShard, answer::nothing},
    {function::Scan, answer::nothing},
    {function::ScanKey, answer::nothing},
    {function::StreamTrimByID, answer::minus_one},
    {function::StreamTrimByLength, answer::minus_one},
    {function::StringCompare, answer::nothing},
    {function::ZsetRangeNext, answer::nothing},
    {function::ZsetRangePrev, answer::nothing},
};

struct answers {
  answer of[function_count];
};

constexpr answers find_answers() {
  answers all{{
#define REDISMODULE_ROW(name, result, parameters, redis, valkey) \
  answer_by_type(static_cast<decltype(abi::function_table::name)>(nullptr)),
#include "redismodule/abi/functions.inc"
  }};
  for (const exception& each : exceptions) all.of[static_cast<std::size_t>(each.which)] = each.says;
  return all;
}
constexpr answers failure_answers = find_answers();

// --- What goes out through pointers ---

// A bit for each argument that is a pointer to a length, by its place among the integer registers.
template <class... Parameters>
constexpr std::uint8_t find_lengths() {
  std::uint8_t found = 0;
  std::size_t place = 0;
  [[maybe_unused]] const auto look_at = [&](bool in_other_register, bool is_length) {
    if (in_other_register) return;
    if (is_length && place < registers_of_arguments) found = static_cast<std::uint8_t>(found | 1u << place);
    ++place;
  };
  (look_at(std::is_floating_point_v<Parameters>, std::is_same_v<Parameters, std::size_t*>), ...);
  return found;
}
template <class Result, class... Parameters>
constexpr std::uint8_t lengths_in(Result (*)(Parameters...)) {
  return find_lengths<Parameters...>();
}
template <class Result, class... Parameters>
constexpr std::uint8_t lengths_in(Result (*)(Parameters..., ...)) {
  return find_lengths<Parameters...>();
}

constexpr std::uint8_t lengths[] = {
#define REDISMODULE_ROW(name, result, parameters, redis, valkey) \
  lengths_in(static_cast<decltype(abi::function_table::name)>(nullptr)),
#include "redismodule/abi/functions.inc"
};

struct flag_given {
  function which;
  std::uint8_t argument;
  int value;
};

constexpr flag_given flags_given[] = {
    {function::DictGet, 2, 1},
    {function::DictGetC, 3, 1},
    {function::GetCommandKeys, 3, 0},
    {function::GetCommandKeysWithFlags, 3, 0},
    {function::ServerInfoGetFieldDouble, 2, 1},
    {function::ServerInfoGetFieldSigned, 2, 1},
    {function::ServerInfoGetFieldUnsigned, 2, 1},
};

template <class Type>
void put(std::uintptr_t argument, Type value) noexcept {
  if (argument != 0) *reinterpret_cast<Type*>(argument) = value;
}

void give_nothing(function which, arguments given) noexcept {
  const std::uint8_t places = lengths[static_cast<std::size_t>(which)];
  for (std::size_t i = 0; i < registers_of_arguments; ++i) {
    if ((places >> i & 1) != 0) put<std::size_t>(given[i], 0);
  }
  for (const flag_given& each : flags_given) {
    if (each.which == which) put<int>(given[each.argument], each.value);
  }
}

// --- The answers: a caller finds each where its own type of result is passed ---

std::intptr_t say_nothing() noexcept { return 0; }
std::intptr_t say_error() noexcept { return 1; }
std::intptr_t say_minus_one() noexcept { return -1; }
int say_smallest_int() noexcept { return INT_MIN; }
long long say_smallest_long() noexcept { return LLONG_MIN; }
double say_smallest_real() noexcept { return static_cast<double>(LLONG_MIN); }
double say_real_zero() noexcept { return 0; }
long double say_long_real_zero() noexcept { return 0; }

template <class Function>
void* as_pointer(Function* function) noexcept {
  return reinterpret_cast<void*>(function);
}

void* say(answer which) noexcept {
  switch (which) {
    case answer::nothing: return as_pointer(say_nothing);
    case answer::error: return as_pointer(say_error);
    case answer::minus_one: return as_pointer(say_minus_one);
    case answer::smallest_int: return as_pointer(say_smallest_int);
    case answer::smallest_long: return as_pointer(say_smallest_long);
    case answer::smallest_real: return as_pointer(say_smallest_real);
    case answer::real_zero: return as_pointer(say_real_zero);
    case answer::long_real_zero: break;
  }
  return as_pointer(say_long_real_zero);
}

}  // namespace

void* failing(function which, arguments given) noexcept {
  give_nothing(which, given);
  return say(failure_answers.of[static_cast<std::size_t>(which)]);
}

}  // namespace redismodule::faults
