#include "redismodule/testing/reply.h"

#include <charconv>
#include <cmath>
#include <ostream>
#include <sstream>

namespace redismodule::testing {

reply reply::of_integer(std::int64_t value) {
  reply r;
  r.kind_ = kind::integer;
  r.integer_ = value;
  return r;
}

reply reply::of_real(double value) {
  reply r;
  r.kind_ = kind::real;
  r.real_ = value;
  return r;
}

reply reply::of_boolean(bool value) {
  reply r;
  r.kind_ = kind::boolean;
  r.integer_ = value;
  return r;
}

reply reply::of_text(kind as, std::string text, std::string format) {
  reply r;
  r.kind_ = as;
  r.text_ = std::move(text);
  r.format_ = std::move(format);
  return r;
}

reply reply::of_elements(kind as, std::vector<reply> elements) {
  reply r;
  r.kind_ = as;
  r.elements_ = std::move(elements);
  return r;
}

bool reply::is_string() const noexcept {
  return kind_ == kind::string || kind_ == kind::simple || kind_ == kind::verbatim;
}

bool reply::is_array() const noexcept { return kind_ == kind::array || kind_ == kind::set || kind_ == kind::push; }

namespace {

// As much of a reply as a message has room for.
std::string shown(const reply& r) {
  constexpr std::size_t most = 1000;
  std::string text = to_string(r);
  if (text.size() > most) text.replace(most, std::string::npos, "…");
  return text;
}

}  // namespace

void reply::not_a(const char* wanted) const {
  throw testing::error{std::string{"wanted "} + wanted + ", got " + shown(*this)};
}

std::int64_t reply::integer() const {
  if (kind_ != kind::integer) not_a("an integer");
  return integer_;
}

double reply::real() const {
  if (kind_ == kind::real) return real_;
  if (kind_ == kind::integer) return static_cast<double>(integer_);
  if (!is_string()) not_a("a number");
  double value = 0;
  const char* end = text_.data() + text_.size();
  const auto [stop, failure] = std::from_chars(text_.data(), end, value);
  if (failure != std::errc{} || stop != end) not_a("a number");
  return value;
}

bool reply::boolean() const {
  if (kind_ != kind::boolean) not_a("a boolean");
  return integer_ != 0;
}

const std::string& reply::str() const& {
  if (!is_string() && kind_ != kind::big_number) not_a("a string");
  return text_;
}

const std::string& reply::error() const& {
  if (!is_error()) not_a("an error");
  return text_;
}

const std::vector<reply>& reply::array() const& {
  if (!is_array()) not_a("an array");
  return elements_;
}

std::vector<std::pair<reply, reply>> reply::map() const {
  const bool pairs = (is_map() || is_array()) && elements_.size() % 2 == 0;
  if (!pairs) not_a("a map");
  std::vector<std::pair<reply, reply>> result;
  result.reserve(elements_.size() / 2);
  for (std::size_t i = 0; i < elements_.size(); i += 2) result.emplace_back(elements_[i], elements_[i + 1]);
  return result;
}

const reply& reply::operator[](std::size_t index) const& {
  if (index >= array().size()) not_a(("an array of more than " + std::to_string(index) + " elements").c_str());
  return elements_[index];
}

const reply& reply::at(std::string_view key) const& {
  if (!is_map() && !is_array()) not_a("a map");
  for (std::size_t i = 0; i + 1 < elements_.size(); i += 2) {
    if (elements_[i] == key) return elements_[i + 1];
  }
  not_a(("a map with the key \"" + std::string{key} + '"').c_str());
}

std::size_t reply::size() const {
  if (is_map()) return elements_.size() / 2;
  return array().size();
}

const std::string& reply::verbatim_format() const {
  if (kind_ != kind::verbatim) not_a("a verbatim string");
  return format_;
}

reply reply::attributes() const { return attributes_ ? *attributes_ : reply{}; }

void reply::set_attributes(reply attributes) { attributes_ = std::make_shared<const reply>(std::move(attributes)); }

bool operator==(const reply& a, const reply& b) {
  if (a.kind_ != b.kind_ || a.integer_ != b.integer_) return false;
  if (a.real_ != b.real_ && !(std::isnan(a.real_) && std::isnan(b.real_))) return false;
  return a.text_ == b.text_ && a.format_ == b.format_ && a.elements_ == b.elements_;
}

bool operator==(const reply& a, std::string_view b) noexcept {
  return (a.is_string() || a.kind_ == reply::kind::big_number) && a.text_ == b;
}

namespace {

void quote(std::ostream& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out << '"';
  for (const unsigned char c : text) {
    if (c == '"' || c == '\\') {
      out << '\\' << c;
    } else if (c == '\n') {
      out << "\\n";
    } else if (c == '\r') {
      out << "\\r";
    } else if (c < 0x20 || c >= 0x7f) {
      out << "\\x" << hex[c >> 4] << hex[c & 15];
    } else {
      out << c;
    }
  }
  out << '"';
}

// The shortest digits that are this number again: what is unequal looks so.
std::string text_of(double value) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

void list(std::ostream& out, const std::vector<reply>& elements, bool pairs) {
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (i > 0) out << (pairs && i % 2 == 1 ? " => " : ", ");
    out << elements[i];
  }
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const reply& r) {
  using kind = reply::kind;
  switch (r.kind_) {
    case kind::null: return out << "(nil)";
    case kind::integer: return out << "(integer) " << r.integer_;
    case kind::real: return out << "(double) " << text_of(r.real_);
    case kind::boolean: return out << (r.integer_ != 0 ? "(true)" : "(false)");
    case kind::error: out << "(error) "; break;
    case kind::big_number: out << "(big number) "; break;
    case kind::set: out << "(set) "; break;
    case kind::push: out << "(push) "; break;
    default: break;
  }
  if (r.is_array()) {
    out << '[';
    list(out, r.elements_, false);
    return out << ']';
  }
  if (r.is_map()) {
    out << '{';
    list(out, r.elements_, true);
    return out << '}';
  }
  quote(out, r.text_);
  return out;
}

std::string to_string(const reply& r) {
  std::ostringstream out;
  out << r;
  return out.str();
}

const char* name_of(reply::kind kind) noexcept {
  static constexpr const char* names[] = {"null",    "integer",    "string",   "simple", "error", "array", "real",
                                          "boolean", "big_number", "verbatim", "set",    "map",   "push"};
  return names[static_cast<std::size_t>(kind)];
}

namespace detail {
namespace {

[[noreturn]] void unfit(const reply& r, const std::string& wanted) {
  throw error{"wanted " + wanted + ", got " + shown(r)};
}

// The text of a reply that a number may be written in; empty, where there is none.
std::string_view digits_of(const reply& r) { return r.is_string() ? std::string_view{r.str()} : std::string_view{}; }

template <class T>
bool parse(std::string_view digits, T& value) {
  const auto [stop, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return failure == std::errc{} && stop == digits.data() + digits.size();
}

}  // namespace

std::int64_t integer_within(const reply& r, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  if (r.is_integer()) {
    value = r.integer();
  } else if (!parse(digits_of(r), value)) {
    unfit(r, "an integer");
  }
  if (value < least || value > most)
    unfit(r, "an integer from " + std::to_string(least) + " to " + std::to_string(most));
  return value;
}

std::uint64_t unsigned_within(const reply& r, std::uint64_t most) {
  std::uint64_t value = 0;
  if (r.is_integer() && r.integer() >= 0) {
    value = static_cast<std::uint64_t>(r.integer());
  } else if (!parse(digits_of(r), value)) {
    unfit(r, "an integer of 0 or more");
  }
  if (value > most) unfit(r, "an integer up to " + std::to_string(most));
  return value;
}

bool truth_of(const reply& r) {
  if (r.type() == reply::kind::boolean) return r.boolean();
  if (r == 0 || r == 1) return r.integer() == 1;
  unfit(r, "a boolean, or 0 or 1");
}

const std::vector<reply>& exactly(const reply& r, std::size_t count) {
  if (r.array().size() != count) unfit(r, "an array of " + std::to_string(count) + " elements");
  return r.array();
}

void failed_within(const reply& whole, const std::string& where, const error& failure) {
  throw error{std::string{failure.what()} + ", which is " + where + " of " + shown(whole)};
}

}  // namespace detail

}  // namespace redismodule::testing
