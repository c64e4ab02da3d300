// What DEBUG DIGEST says of values of data types, found out without a server: SHA-1, mixed as servers mix it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace model {

using sha1 = std::array<std::uint8_t, 20>;

sha1 sha1_of(std::string_view bytes);

// What a type's `digest` callback adds, in order.
class value_digest {
 public:
  void add(std::string_view bytes);
  void add(std::int64_t number) { add(std::to_string(number)); }
  const sha1& parts() const noexcept { return parts_; }

 private:
  sha1 parts_{};
};

// As DEBUG DIGEST-VALUE answers it. Of a key that is not there: forty zeros.
std::string digest_of_value(const value_digest& value);

// The digest of a data set that is all in database 0, key by key, in any order.
class data_set_digest {
 public:
  void add(std::string_view key, const value_digest& value);
  std::string text() const;

 private:
  sha1 sum_{};
  bool is_empty_ = true;
};

}  // namespace model
