#include "redismodule/user.h"

#include <string>

#include "redismodule/string.h"
#include "redismodule/unsupported.h"

namespace redismodule {
namespace {

// One rule at a time, which is what every server takes.
result<void> allow_each(abi::ModuleUser* user, std::string_view rules) {
  while (!rules.empty()) {
    const std::size_t end = rules.find(' ');
    const std::string rule{rules.substr(0, end)};
    rules.remove_prefix(end == std::string_view::npos ? rules.size() : end + 1);
    if (rule.empty() || api.SetModuleUserACL(user, rule.c_str()) == abi::MODULE_OK) continue;
    return format_error("ERR the rule '{}' was refused", rule);
  }
  return {};
}

}  // namespace

user::user(const char* name) {
  detail::need(api.CreateModuleUser, abi::function::CreateModuleUser);
  handle_.reset(api.CreateModuleUser(name));
}

user user::named(std::string_view name) {
  detail::need(api.GetModuleUserFromUserName, abi::function::GetModuleUserFromUserName);
  const string text{name};
  return user{api.GetModuleUserFromUserName(text.raw())};
}

result<void> user::allow(const char* rules) {
  if (api.SetModuleUserACLString == nullptr) return allow_each(raw(), rules);
  abi::ModuleString* error = nullptr;
  if (api.SetModuleUserACLString(nullptr, raw(), rules, &error) == abi::MODULE_OK) return {};
  const string text = string::adopt(error);
  return format_error("ERR {}", text);
}

}  // namespace redismodule
