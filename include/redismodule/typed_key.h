// Keys whose value is a struct of the module's own: a data type.
#pragma once

#include <memory>
#include <utility>

#include "redismodule/key.h"

namespace redismodule {

namespace detail {

// Gives the value to the server, in place of what is there. Fails: throws wrong_type; the value is destroyed then.
void put_value(open_key& entry, const data_type_state& type, void* value, void (*destroy)(void*) noexcept);
// Gives one value and takes the other. Fails: throws no_value, wrong_type; nothing has changed then.
void* exchange_value(open_key& entry, const data_type_state& type, void* value);
[[noreturn, gnu::cold]] void throw_no_value();

}  // namespace detail

// The value of a data type in a key: rm::read<counter>, rm::write<counter>. A key with a value of any other type, of
// this module or another, is not let in.
// References and pointers to the value are good until the next call, and the next thing that sets or removes it.
template <data_type_class T>
class typed_key : public basic_key {
 public:
  static constexpr const key_type& wanted = detail::state_of<T>.wanted;

  explicit typed_key(const detail::key_seed& seed) noexcept : basic_key{seed, wanted} {}

  // The server knows no size of it.
  std::size_t size() const = delete;
  bool empty() const = delete;

  // Null where there is no value.
  const T* get() const { return static_cast<const T*>(held()); }
  T* get() { return static_cast<T*>(held()); }
  explicit operator bool() const { return held() != nullptr; }

  // Fails: throws no_value where there is none, which the client sees as "ERR no such key".
  const T& value() const { return *static_cast<const T*>(checked()); }
  T& value() { return *static_cast<T*>(checked()); }
  const T& operator*() const { return value(); }
  T& operator*() { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }
  // A copy. Fails: throws std::bad_alloc.
  T value_or(T otherwise) const {
    const T* there = get();
    return there != nullptr ? T(*there) : std::move(otherwise);
  }

  // The value, made from these arguments where there is none. Fails: throws std::bad_alloc; nothing was made then.
  template <class... Args>
  T& value_or_create(Args&&... args) {
    T* there = get();
    return there != nullptr ? *there : put(new T(std::forward<Args>(args)...));
  }
  // Another value in its place; an expiry goes. (One that is assigned to value() keeps it.)
  // Fails: throws std::bad_alloc; what was there is there still.
  T& set(T value) { return put(new T(std::move(value))); }
  // Another value in place of the one there, which is handed out as it is: no copy, no move of either. An expiry stays.
  // Fails: throws no_value where there is none, and std::logic_error for a null pointer.
  std::unique_ptr<T> exchange(std::unique_ptr<T> value) {
    std::unique_ptr<T> before{static_cast<T*>(detail::exchange_value(entry_, detail::state_of<T>, value.get()))};
    static_cast<void>(value.release());
    return before;
  }

 protected:
  typed_key(typed_key&&) noexcept = default;
  ~typed_key() = default;

 private:
  void* held() const { return detail::nothrow(api.ModuleTypeGetValue)(entry_.raw()); }
  void* checked() const {
    void* there = held();
    if (there == nullptr) [[unlikely]]
      detail::throw_no_value();
    return there;
  }
  static void destroy(void* value) noexcept { delete static_cast<T*>(value); }
  T& put(T* made) {
    detail::put_value(entry_, detail::state_of<T>, made, &destroy);
    return *made;
  }
};

}  // namespace redismodule
