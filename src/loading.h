// Which data set a value belongs to that is being loaded.
#pragma once

namespace redismodule::detail {

// While one lives, values are loaded for the data set that is served, whatever is loaded beside it.
class loading_for_served {
 public:
  loading_for_served() noexcept;
  ~loading_for_served();
  loading_for_served(const loading_for_served&) = delete;
  loading_for_served& operator=(const loading_for_served&) = delete;
};
bool loads_for_served() noexcept;

}  // namespace redismodule::detail
