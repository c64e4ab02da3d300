#include "redismodule/reply.h"

#include "redismodule/abi/constants.h"

namespace redismodule::detail {
namespace {

using begin_function = int (*)(abi::ModuleCtx*, long);
using end_function = void (*)(abi::ModuleCtx*, long);

constexpr const char* unfinished = "ERR internal error: the reply ended early";

// Null where the server has neither sets nor maps: there they are arrays.
begin_function begin_of(aggregate_kind kind) noexcept {
  if (kind == aggregate_kind::set) return api.ReplyWithSet;
  return kind == aggregate_kind::map ? api.ReplyWithMap : nullptr;
}

end_function end_of(aggregate_kind kind) noexcept {
  if (kind == aggregate_kind::set) return api.ReplySetSetLength;
  return kind == aggregate_kind::map ? api.ReplySetMapLength : nullptr;
}

// How the aggregate counts itself: a map in pairs, unless it is an array.
std::size_t values_each(aggregate_kind kind) noexcept { return kind == aggregate_kind::map ? 2 : 1; }

}  // namespace

int reply_empty_string(abi::ModuleCtx* ctx) noexcept { return api.ReplyWithStringBuffer(ctx, "", 0); }

void reply_bool(abi::ModuleCtx* ctx, bool value) noexcept {
  if (api.ReplyWithBool != nullptr) {
    api.ReplyWithBool(ctx, value);
  } else {
    api.ReplyWithLongLong(ctx, value);
  }
}

void reply_big_number(abi::ModuleCtx* ctx, unsigned long long value) noexcept {
  char digits[20];
  char* begin = digits + sizeof digits;
  for (; value != 0; value /= 10) *--begin = static_cast<char>('0' + value % 10);
  const auto size = static_cast<std::size_t>(digits + sizeof digits - begin);
  if (api.ReplyWithBigNumber != nullptr) {
    api.ReplyWithBigNumber(ctx, begin, size);
  } else {
    api.ReplyWithStringBuffer(ctx, begin, size);
  }
}

void begin_aggregate(abi::ModuleCtx* ctx, aggregate_kind kind, std::size_t size) noexcept {
  const begin_function begin = begin_of(kind);
  if (begin != nullptr) {
    begin(ctx, static_cast<long>(size));
  } else {
    api.ReplyWithArray(ctx, static_cast<long>(size * values_each(kind)));
  }
}

void begin_postponed(abi::ModuleCtx* ctx, aggregate_kind kind) noexcept {
  const begin_function begin = begin_of(kind);
  (begin != nullptr ? begin : api.ReplyWithArray)(ctx, abi::MODULE_POSTPONED_LEN);
}

void end_postponed(abi::ModuleCtx* ctx, aggregate_kind kind, std::size_t values) noexcept {
  // A key whose value was never pushed.
  if (values % values_each(kind) != 0) {
    api.ReplyWithError(ctx, unfinished);
    ++values;
  }
  const end_function end = end_of(kind);
  if (end != nullptr) {
    end(ctx, static_cast<long>(values / values_each(kind)));
  } else {
    api.ReplySetArrayLength(ctx, static_cast<long>(values));
  }
}

void fill_aggregate(abi::ModuleCtx* ctx, std::size_t values) noexcept {
  for (; values != 0; --values) api.ReplyWithError(ctx, unfinished);
}

}  // namespace redismodule::detail
