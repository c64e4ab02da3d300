// A value that is saved into a string.
#pragma once

namespace redismodule::detail {

// While one lives, what cannot be saved is remembered here and the server is not told: where a save fails,
// SaveDataTypeToString loses the string that it has begun (module.c of Redis to 8.0 and of Valkey to 9.1).
class saving_to_string {
 public:
  saving_to_string() noexcept;
  ~saving_to_string();
  saving_to_string(const saving_to_string&) = delete;
  saving_to_string& operator=(const saving_to_string&) = delete;

  bool failed() const noexcept { return failed_; }
  void fail() noexcept { failed_ = true; }

 private:
  saving_to_string* outer_;
  bool failed_ = false;
};

}  // namespace redismodule::detail
