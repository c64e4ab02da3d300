// Counts the module's threads: one that still runs when the module is unmapped ends the server, and so does the
// destructor of a std::thread that nobody joined. The functions are redirected as the malloc family is.
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <exception>

#include "core.h"
#include "redismodule/memory/memory.h"

extern "C" {
int __real_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument);
int __real_pthread_join(pthread_t thread, void** result);
int __real_pthread_detach(pthread_t thread);
int __real_pthread_tryjoin_np(pthread_t thread, void** result);
int __real_pthread_timedjoin_np(pthread_t thread, void** result, const timespec* until);
int __real_pthread_clockjoin_np(pthread_t thread, void** result, clockid_t clock, const timespec* until);
}

namespace redismodule::memory {
namespace {

namespace detail = redismodule::memory::detail;

constinit std::atomic<std::size_t> running{0};
constinit std::atomic<std::size_t> joinable{0};
constinit int exit_status = EXIT_SUCCESS;

struct start_of_thread {
  void* (*run)(void*);
  void* argument;
};

// A destructor, so that it also counts threads that end by pthread_exit or are cancelled.
struct running_thread {
  ~running_thread() { running.fetch_sub(1, std::memory_order_release); }
};

void* run_counted(void* argument) {
  const auto start = *static_cast<start_of_thread*>(argument);
  detail::release(argument);
  const running_thread counted;
  return start.run(start.argument);
}

// Passes the error on.
int no_longer_joinable(int error) noexcept {
  if (error == 0) joinable.fetch_sub(1, std::memory_order_release);
  return error;
}

bool is_detached(const pthread_attr_t* attributes) noexcept {
  int state = PTHREAD_CREATE_JOINABLE;
  if (attributes) pthread_attr_getdetachstate(attributes, &state);
  return state == PTHREAD_CREATE_DETACHED;
}

// What std::thread's destructor calls for a thread that nobody joined. The process is ending anyway, its work is done:
// it ends with the status it was given, not by SIGABRT.
[[noreturn]] void end_quietly() noexcept {
  static constexpr char text[] = "a module's std::thread was neither joined nor detached at exit\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, text, sizeof text - 1);
  _exit(exit_status);
}

void remember_status(int status, void*) noexcept {
  exit_status = status;
  if (threads_left() != 0) std::set_terminate(end_quietly);
}

// Registered when the module's objects have been made, so that it runs before any of them is destroyed. A function that
// is registered during exit runs next, and is told the status.
// Only where it matters, since it also runs when the module is unloaded, which on_exit would outlive.
void at_exit() noexcept {
  if (threads_left() != 0) on_exit(remember_status, nullptr);
}

}  // namespace

std::size_t threads_left() noexcept {
  return std::max(running.load(std::memory_order_acquire), joinable.load(std::memory_order_acquire));
}

namespace detail {
void watch_exit() noexcept { std::atexit(at_exit); }
}  // namespace detail

}  // namespace redismodule::memory

extern "C" {

[[gnu::used]] int __wrap_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                                        void* argument) {
  using namespace redismodule::memory;
  auto* start = static_cast<start_of_thread*>(detail::allocate(sizeof(start_of_thread)));
  if (!start) return EAGAIN;
  *start = {run, argument};
  const bool counts = !is_detached(attributes);
  running.fetch_add(1, std::memory_order_relaxed);
  if (counts) joinable.fetch_add(1, std::memory_order_relaxed);
  const int error = __real_pthread_create(thread, attributes, run_counted, start);
  if (error == 0) return 0;
  running.fetch_sub(1, std::memory_order_relaxed);
  if (counts) joinable.fetch_sub(1, std::memory_order_relaxed);
  detail::release(start);
  return error;
}

[[gnu::used]] int __wrap_pthread_join(pthread_t thread, void** result) {
  return redismodule::memory::no_longer_joinable(__real_pthread_join(thread, result));
}

[[gnu::used]] int __wrap_pthread_tryjoin_np(pthread_t thread, void** result) {
  return redismodule::memory::no_longer_joinable(__real_pthread_tryjoin_np(thread, result));
}

[[gnu::used]] int __wrap_pthread_timedjoin_np(pthread_t thread, void** result, const timespec* until) {
  return redismodule::memory::no_longer_joinable(__real_pthread_timedjoin_np(thread, result, until));
}

[[gnu::used]] int __wrap_pthread_clockjoin_np(pthread_t thread, void** result, clockid_t clock, const timespec* until) {
  return redismodule::memory::no_longer_joinable(__real_pthread_clockjoin_np(thread, result, clock, until));
}

[[gnu::used]] int __wrap_pthread_detach(pthread_t thread) {
  return redismodule::memory::no_longer_joinable(__real_pthread_detach(thread));
}

}  // extern "C"
