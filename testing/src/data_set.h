// What a server holds, and how the data of two servers differs. Internal to the kit.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "redismodule/testing/client.h"
#include "redismodule/testing/server.h"

namespace redismodule::testing::detail {

using key_place = std::pair<int, std::string>;  // a database, and a name in it

constexpr long long no_end = -1;

struct held_value {
  std::string dump;        // as DUMP gives it
  long long end = no_end;  // in milliseconds since 1970

  friend bool operator==(const held_value&, const held_value&) = default;
};

using data_set = std::map<key_place, held_value>;

// Reads the data of one server, through a connection of its own.
class observer {
 public:
  explicit observer(server& of);

  data_set look();
  // The value in a form that is equal for equal values. (Their dumps may differ: by encoding, by the order of a hash
  // table, by when a consumer of a stream was last seen.)
  std::string canonical(const key_place& at);
  // A short text for a person.
  std::string describe(const key_place& at, const held_value& value);
  client& connection() { return connection_; }

 private:
  reply ask(const std::vector<std::string>& words);
  std::vector<int> databases();
  void read_database(int database, data_set& into);
  long long end_of(const std::string& key);
  std::string ends_of_fields(const std::string& key);
  std::string show(const std::string& type, const std::string& key);

  client connection_;
  bool has_absolute_ends_;
  std::vector<std::string> local_fields_of_streams_;
};

struct seen_data {
  const char* name;  // "primary"
  observer* by;
  const data_set* data;
};

// The keys whose values or ends differ. The ends of those in `loose` may differ by some seconds.
std::vector<key_place> differing(const seen_data& a, const seen_data& b, const std::set<key_place>& loose);

std::string text_of(const key_place& at);

}  // namespace redismodule::testing::detail
