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
  if (kind == aggregate_kind::attribute) return api.ReplyWithAttribute;
  return kind == aggregate_kind::map ? api.ReplyWithMap : nullptr;
}

end_function end_of(aggregate_kind kind) noexcept {
  if (kind == aggregate_kind::set) return api.ReplySetSetLength;
  if (kind == aggregate_kind::attribute) return api.ReplySetAttributeLength;
  return kind == aggregate_kind::map ? api.ReplySetMapLength : nullptr;
}

// How the aggregate counts itself: a map in pairs, unless it is an array.
std::size_t values_each(aggregate_kind kind) noexcept {
  return kind == aggregate_kind::map || kind == aggregate_kind::attribute ? 2 : 1;
}

bool is_whole_number(std::string_view digits) noexcept {
  if (!digits.empty() && digits.front() == '-') digits.remove_prefix(1);
  for (char byte : digits) {
    if (byte < '0' || byte > '9') return false;
  }
  return !digits.empty();
}

}  // namespace

int reply_bool(abi::ModuleCtx* ctx, bool value) noexcept {
  if (api.ReplyWithBool != nullptr) return api.ReplyWithBool(ctx, value);
  return api.ReplyWithLongLong(ctx, value);
}

int reply_large_integer(abi::ModuleCtx* ctx, unsigned long long value) noexcept {
  return reply_big_number(ctx, number_text{value}.view());
}

int reply_big_number(abi::ModuleCtx* ctx, std::string_view digits) noexcept {
  // The server writes what it gets: a line break would end the reply early.
  if (!is_whole_number(digits)) return api.ReplyWithError(ctx, "ERR internal error: a big number is no number");
  if (api.ReplyWithBigNumber != nullptr) return api.ReplyWithBigNumber(ctx, digits.data(), digits.size());
  return api.ReplyWithStringBuffer(ctx, digits.data(), digits.size());
}

int reply_verbatim(abi::ModuleCtx* ctx, std::string_view text, const verbatim_format& format) noexcept {
  if (format.is_text()) return api.ReplyWithVerbatimString(ctx, text.data(), text.size());
  if (api.ReplyWithVerbatimStringType == nullptr) return api.ReplyWithStringBuffer(ctx, text.data(), text.size());
  return api.ReplyWithVerbatimStringType(ctx, text.data(), text.size(), format.c_str());
}

int reply_uncounted_error(abi::ModuleCtx* ctx, const char* text) noexcept {
  if (api.ReplyWithCustomErrorFormat == nullptr) return api.ReplyWithError(ctx, text);
  return api.ReplyWithCustomErrorFormat(ctx, 0, "%s", text);
}

bool begin_attribute(abi::ModuleCtx* ctx, long size) noexcept {
  return api.ReplyWithAttribute != nullptr && api.ReplyWithAttribute(ctx, size) == abi::MODULE_OK;
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

namespace redismodule {
namespace {

// As a RESP2 client has it: what only RESP3 has becomes what this library writes for it there.
void write_tree(reply& out, const call_value& value);

void write_all(aggregate all, const std::vector<call_value>& values) {
  for (const call_value& each : values) all.push(each);
}

void write_tree(reply& out, const call_value& value) {
  switch (value.type) {
    case reply_type::error: return out.error(error_reply{value.text});
    case reply_type::integer: return out.integer(value.integer);
    case reply_type::boolean: return out.boolean(value.integer != 0);
    case reply_type::real: return out.number(value.real);
    case reply_type::simple_string: return out.status(simple{value.text});
    case reply_type::string: return out.text(std::string_view{value.text});
    case reply_type::verbatim_string: return out.text(std::string_view{value.text});
    case reply_type::big_number: return out.big_integer(value.text);
    case reply_type::null_array: return out.null_array();
    case reply_type::array: return write_all(out.array(value.elements.size()), value.elements);
    case reply_type::set: return write_all(out.set(value.elements.size()), value.elements);
    case reply_type::map:
    case reply_type::attribute: return write_all(out.map(value.elements.size() / 2), value.elements);
    default: return out.null();
  }
}

}  // namespace

void reply_traits<call_value>::write(reply& out, const call_value& value) {
  if (!value.attributes.empty()) write_all(out.attribute(value.attributes.size() / 2), value.attributes);
  write_tree(out, value);
}

void reply_traits<stream_id>::write(reply& out, const stream_id& id) noexcept {
  text_buffer<48> text;
  detail::format_into(text, format_for<std::uint64_t, std::uint64_t>{"{}-{}"}, id.milliseconds, id.sequence);
  out.text(text.view());
}

void reply::pass(call_reply_ref from) {
  if (!has_room()) return;
  // The type is asked for so that the server reads the reply: only then does it know what is RESP3 in it.
  if (from.type() == reply_type::unknown) return wrote(api.ReplyWithError(ctx_, "ERR a call gave no reply"));
  const int code = api.ReplyWithCallReply(ctx_, from.raw());
  if (code == abi::MODULE_OK) return wrote(code);
  push(from.to_value());
}

int detail::pass_other(abi::ModuleCtx* ctx, const call_reply& from) {
  reply out{ctx};
  if (from.was_refused()) {
    out.error(from.error());
  } else if (from.raw() == nullptr) {
    out.status(ok);  // a dry run that would have succeeded
  } else {
    out.pass(from.get());
  }
  return out.code();
}

}  // namespace redismodule
