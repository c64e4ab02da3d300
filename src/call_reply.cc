#include "redismodule/call_reply.h"

#include "protocol.h"
#include "redismodule/detail/number.h"

namespace redismodule {
namespace {

const char* name_of(reply_type kind) noexcept {
  switch (kind) {
    case reply_type::string: return "a string";
    case reply_type::error: return "an error";
    case reply_type::integer: return "an integer";
    case reply_type::array: return "an array";
    case reply_type::null: return "null";
    case reply_type::map: return "a map";
    case reply_type::set: return "a set";
    case reply_type::boolean: return "a boolean";
    case reply_type::real: return "a double";
    case reply_type::big_number: return "a big number";
    case reply_type::verbatim_string: return "a verbatim string";
    case reply_type::attribute: return "an attribute";
    case reply_type::promise: return "a promise";
    case reply_type::simple_string: return "a simple string";
    case reply_type::null_array: return "a null array";
    case reply_type::unknown: break;
  }
  return "nothing";
}

bool is_text(reply_type kind) noexcept {
  return kind == reply_type::string || kind == reply_type::simple_string || kind == reply_type::verbatim_string ||
         kind == reply_type::big_number;
}

// The error of an error reply; of another, that it is not what was wanted.
error_reply error_for(call_reply_ref reply, reply_type kind, const char* wanted) {
  return kind == reply_type::error ? reply.error() : detail::unexpected_reply(kind, wanted);
}

}  // namespace

double call_reply_ref::real() const noexcept { return type() == reply_type::real ? api.CallReplyDouble(raw_) : 0; }

bool call_reply_ref::boolean() const noexcept { return type() == reply_type::boolean && api.CallReplyBool(raw_) != 0; }

std::string_view call_reply_ref::other_text(reply_type kind) const noexcept {
  std::size_t size = 0;
  const char* bytes = nullptr;
  switch (kind) {
    case reply_type::simple_string: bytes = api.CallReplyStringPtr(raw_, &size); break;
    case reply_type::big_number: bytes = api.CallReplyBigNumber(raw_, &size); break;
    case reply_type::verbatim_string: bytes = api.CallReplyVerbatim(raw_, &size, nullptr); break;
    default: break;
  }
  return bytes != nullptr ? std::string_view{bytes, size} : std::string_view{};
}

std::string_view call_reply_ref::verbatim_format() const noexcept {
  if (type() != reply_type::verbatim_string) return {};
  std::size_t size = 0;
  const char* format = nullptr;
  api.CallReplyVerbatim(raw_, &size, &format);
  return format != nullptr ? std::string_view{format, 3} : std::string_view{};
}

std::size_t call_reply_ref::size() const noexcept {
  switch (type()) {
    case reply_type::array:
    case reply_type::set:
    case reply_type::map:
    case reply_type::attribute: return api.CallReplyLength(raw_);
    default: return 0;
  }
}

call_reply_ref call_reply_ref::operator[](std::size_t i) const noexcept {
  const reply_type kind = type();
  if (kind == reply_type::array) return call_reply_ref{api.CallReplyArrayElement(raw_, i)};
  if (kind == reply_type::set) return call_reply_ref{api.CallReplySetElement(raw_, i)};
  return {};
}

std::pair<call_reply_ref, call_reply_ref> call_reply_ref::pair(std::size_t i) const noexcept {
  const reply_type kind = type();
  abi::ModuleCallReply* key = nullptr;
  abi::ModuleCallReply* value = nullptr;
  if (kind == reply_type::map) api.CallReplyMapElement(raw_, i, &key, &value);
  if (kind == reply_type::attribute) api.CallReplyAttributeElement(raw_, i, &key, &value);
  return {call_reply_ref{key}, call_reply_ref{value}};
}

call_reply_ref call_reply_ref::attribute() const noexcept {
  // The server looks for it without having read the reply; asking for the type has it read.
  if (api.CallReplyAttribute == nullptr || type() == reply_type::unknown) return {};
  return call_reply_ref{api.CallReplyAttribute(raw_)};
}

error_reply call_reply_ref::error() const { return error_reply{text()}; }

string call_reply_ref::to_string() const noexcept {
  if (raw_ == nullptr) return {};
  return string::adopt(api.CreateStringFromCallReply(raw_));
}

std::string_view call_reply_ref::protocol() const noexcept {
  if (raw_ == nullptr) return {};
  std::size_t size = 0;
  const char* bytes = api.CallReplyProto(raw_, &size);
  return bytes != nullptr ? std::string_view{bytes, size} : std::string_view{};
}

namespace {

void append_pairs(std::vector<call_value>& all, call_reply_ref from) {
  all.reserve(2 * from.size());
  for (auto [key, value] : from.pairs()) {
    all.push_back(key.to_value());
    all.push_back(value.to_value());
  }
}

// Servers up to Redis 8.0 and Valkey 9.1 have a function for the pairs of an attribute that looks for a map and finds
// none: there the bytes are read.
std::vector<call_value> pairs_of_attribute(call_reply_ref attribute) {
  if (attribute.size() != 0 && !attribute.pair(0).first) return detail::parse_attribute(attribute.protocol());
  std::vector<call_value> all;
  append_pairs(all, attribute);
  return all;
}

}  // namespace

call_value call_reply_ref::to_value() const {
  call_value value;
  value.type = type();
  value.text = text();
  switch (value.type) {
    case reply_type::integer: value.integer = integer(); break;
    case reply_type::boolean: value.integer = boolean(); break;
    case reply_type::real: value.real = real(); break;
    case reply_type::verbatim_string: value.format = verbatim_format(); break;
    case reply_type::array:
    case reply_type::set:
      value.elements.reserve(size());
      for (call_reply_ref each : elements()) value.elements.push_back(each.to_value());
      break;
    case reply_type::map: append_pairs(value.elements, *this); break;
    case reply_type::attribute: value.elements = pairs_of_attribute(*this); break;
    default: break;
  }
  if (const call_reply_ref before = attribute()) value.attributes = pairs_of_attribute(before);
  return value;
}

call_value call_reply::to_value() const {
  if (!was_refused()) return ref().to_value();
  call_value value;
  value.type = reply_type::error;
  value.text = why_.text();
  return value;
}

namespace detail {

void reply_list::abandon() noexcept {
  while (first_ != nullptr) {
    reply_link* carried = first_;
    first_ = carried->next;
    api.FreeCallReply(std::exchange(carried->raw, nullptr));
  }
  api.Log(nullptr, "warning", "%s",
          "a call_reply was carried out of the callback that made the call: it is empty now; to_value() makes one to "
          "keep");
}

error_reply unexpected_reply(reply_type got, const char* wanted) {
  return redismodule::format_error("ERR unexpected reply of a call: {}, not {}", std::string_view{name_of(got)},
                                   std::string_view{wanted});
}

error_reply out_of_range() { return error_reply{"ERR unexpected reply of a call: an integer out of range"}; }

result<long long> read_integer(call_reply_ref reply) {
  const reply_type kind = reply.type();
  if (kind == reply_type::integer) return nothrow(api.CallReplyInteger)(reply.raw());
  if (!is_text(kind)) return error_for(reply, kind, "an integer");
  const std::optional<long long> value = parse_integer(reply.text());
  if (!value) return unexpected_reply(kind, "an integer");
  return *value;
}

result<unsigned long long> read_unsigned(call_reply_ref reply) {
  const reply_type kind = reply.type();
  if (kind == reply_type::integer) {
    const long long value = reply.integer();
    if (value < 0) return out_of_range();
    return static_cast<unsigned long long>(value);
  }
  if (!is_text(kind)) return error_for(reply, kind, "an integer");
  const std::optional<unsigned long long> value = parse_unsigned(reply.text());
  if (!value) return unexpected_reply(kind, "an unsigned integer");
  return *value;
}

result<double> read_number(call_reply_ref reply) {
  const reply_type kind = reply.type();
  if (kind == reply_type::real) return reply.real();
  if (kind == reply_type::integer) return static_cast<double>(reply.integer());
  if (!is_text(kind)) return error_for(reply, kind, "a number");
  const std::optional<double> value = parse_number(reply.text());
  if (!value) return unexpected_reply(kind, "a number");
  return *value;
}

result<bool> read_bool(call_reply_ref reply) {
  const reply_type kind = reply.type();
  if (kind == reply_type::boolean) return reply.boolean();
  if (kind == reply_type::integer) return reply.integer() != 0;
  if (is_text(kind) && reply.text() == "OK") return true;
  return error_for(reply, kind, "a boolean");
}

result<std::string> read_text(call_reply_ref reply) {
  const reply_type kind = reply.type();
  if (is_text(kind)) return std::string{reply.text()};
  if (kind == reply_type::integer) return std::string{number_text{reply.integer()}.view()};
  return error_for(reply, kind, "a string");
}

result<string> read_string(call_reply_ref reply) {
  const reply_type kind = reply.type();
  if (kind == reply_type::string || kind == reply_type::simple_string || kind == reply_type::integer) {
    return reply.to_string();
  }
  if (is_text(kind)) return string{reply.text()};
  return error_for(reply, kind, "a string");
}

result<void> read_done(call_reply_ref reply) {
  if (reply.is_error()) return reply.error();
  return {};
}

}  // namespace detail
}  // namespace redismodule
