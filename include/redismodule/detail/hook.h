// What an author puts in place of what the library would do.
#pragma once

#include <type_traits>
#include <utility>

namespace redismodule::detail {

// A hook by its two forms. The member goes first.
template <class Member, class Function>
class hook {
 public:
  constexpr hook(Member member, Function function) noexcept : member_{member}, function_{function} {}

  template <class... Args>
  static constexpr bool is_given =
      std::is_invocable_v<const Member&, Args...> || std::is_invocable_v<const Function&, Args...>;

  template <class... Args>
  decltype(auto) operator()(Args&&... args) const {
    if constexpr (std::is_invocable_v<const Member&, Args...>) {
      return member_(std::forward<Args>(args)...);
    } else {
      return function_(std::forward<Args>(args)...);
    }
  }

 private:
  Member member_;
  Function function_;
};

}  // namespace redismodule::detail
