// Counts the module's threads: one that still runs when the module is unmapped ends the server, and so does the
// destructor of a std::thread that nobody joined. The functions are redirected as the malloc family is.
//
// Compiled without exceptions: pthread_exit and pthread_cancel unwind with the process's libgcc, which must not meet a
// frame whose cleanup the module's own libgcc would have to do.
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <threads.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <exception>

#include "core.h"
#include "redismodule/memory/memory.h"

extern "C" {
int __real_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument);
int __real_pthread_join(pthread_t thread, void** result);
int __real_pthread_detach(pthread_t thread);
int __real_thrd_create(thrd_t* thread, int (*run)(void*), void* argument);
int __real_thrd_join(thrd_t thread, int* result);
int __real_thrd_detach(thrd_t thread);
int __real___cxa_atexit(void (*function)(void*), void* argument, void* image);
extern void* __dso_handle;
}

namespace redismodule::memory {
namespace {

constinit std::atomic<std::size_t> running{0};
constinit std::atomic<std::size_t> joinable{0};

// The last threads that were counted out. They may still be executing the few instructions after that, in this module;
// the kernel says when they are gone.
constinit std::atomic<pid_t> ending[64] = {};
constinit std::atomic<std::size_t> ended{0};

struct start_of_thread {
  union {
    void* (*run)(void*);
    int (*run_to_int)(void*);
  };
  void* argument;
};

void subtract_one(std::atomic<std::size_t>& from) noexcept {
  auto count = from.load(std::memory_order_relaxed);
  while (count != 0 && !from.compare_exchange_weak(count, count - 1, std::memory_order_release)) {
  }
}

void count_out(void*) {
  const auto slot = ended.fetch_add(1, std::memory_order_relaxed) % std::size(ending);
  ending[slot].store(static_cast<pid_t>(syscall(SYS_gettid)), std::memory_order_relaxed);
  subtract_one(running);
}

start_of_thread take_start(void* argument) noexcept {
  const auto start = *static_cast<start_of_thread*>(argument);
  detail::release(argument);
  return start;
}

// The cleanup handler also runs when the thread ends by pthread_exit or is cancelled.
void* run_counted(void* argument) {
  const auto start = take_start(argument);
  void* result;
  pthread_cleanup_push(count_out, nullptr);
  result = start.run(start.argument);
  pthread_cleanup_pop(1);
  return result;
}

int run_counted_to_int(void* argument) {
  const auto start = take_start(argument);
  int result;
  pthread_cleanup_push(count_out, nullptr);
  result = start.run_to_int(start.argument);
  pthread_cleanup_pop(1);
  return result;
}

// Calls create(start) for a thread that is counted; its error, or `out_of_memory`.
template <class Create>
int create_counted(start_of_thread start, bool is_joinable, int out_of_memory, Create create) noexcept {
  auto* kept = static_cast<start_of_thread*>(detail::allocate(sizeof(start_of_thread)));
  if (!kept) return out_of_memory;
  *kept = start;
  running.fetch_add(1, std::memory_order_relaxed);
  if (is_joinable) joinable.fetch_add(1, std::memory_order_relaxed);
  const int error = create(kept);
  if (error == 0) return 0;
  subtract_one(running);
  if (is_joinable) subtract_one(joinable);
  detail::release(kept);
  return error;
}

// Passes the error on.
int no_longer_joinable(int error) noexcept {
  if (error == 0) subtract_one(joinable);
  return error;
}

bool is_detached(const pthread_attr_t* attributes) noexcept {
  int state = PTHREAD_CREATE_JOINABLE;
  if (attributes) pthread_attr_getdetachstate(attributes, &state);
  return state == PTHREAD_CREATE_DETACHED;
}

bool is_there(pid_t thread) noexcept { return syscall(SYS_tgkill, getpid(), thread, 0) == 0; }

std::size_t still_ending() noexcept {
  std::size_t count = 0;
  for (auto& slot : ending) {
    const auto thread = slot.load(std::memory_order_relaxed);
    if (thread == 0) continue;
    if (is_there(thread)) {
      ++count;
    } else {
      slot.store(0, std::memory_order_relaxed);
    }
  }
  return count;
}

// A thread that was counted out, or even joined, is there for some microseconds more.
std::size_t wait_for_ending() noexcept {
  constexpr int milliseconds = 1000;
  auto count = still_ending();
  for (int i = 0; count != 0 && i < milliseconds; ++i) {
    usleep(1000);
    count = still_ending();
  }
  return count;
}

constinit bool watching = false;

#ifdef __GLIBC__
constinit int exit_status = EXIT_SUCCESS;

// What std::thread's destructor calls for a thread that nobody joined. The process is ending anyway, its work is done:
// it ends with the status it was given, not by SIGABRT.
[[noreturn]] void end_quietly() noexcept {
  static constexpr char text[] = "a module's std::thread was neither joined nor detached at exit\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, text, sizeof text - 1);
  _exit(exit_status);
}

void remember_status(int status, void*) noexcept {
  exit_status = status;
  std::set_terminate(end_quietly);
}

// A function that is registered during exit runs next, and is told the status. Only where it matters, and not when the
// module is unloaded, which on_exit would outlive.
void at_exit(void*) {
  if (!detail::is_stopped() && threads_left() != 0) on_exit(remember_status, nullptr);
}
#else
void at_exit(void*) {}
#endif

// Again after each object that is to be destroyed at exit, so that it runs before the destructor.
void register_at_exit() noexcept { __real___cxa_atexit(at_exit, nullptr, &__dso_handle); }

}  // namespace

std::size_t threads_left() noexcept {
  const auto counted = std::max(running.load(std::memory_order_acquire), joinable.load(std::memory_order_acquire));
  return counted != 0 ? counted : wait_for_ending();
}

namespace detail {
void watch_exit() noexcept {
  watching = true;
  register_at_exit();
}
}  // namespace detail

}  // namespace redismodule::memory

extern "C" {

using namespace redismodule::memory;

[[gnu::used]] int __wrap_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                                        void* argument) {
  const auto create = [&](void* start) { return __real_pthread_create(thread, attributes, run_counted, start); };
  return create_counted({{run}, argument}, !is_detached(attributes), EAGAIN, create);
}

[[gnu::used]] int __wrap_pthread_join(pthread_t thread, void** result) {
  return no_longer_joinable(__real_pthread_join(thread, result));
}

[[gnu::used]] int __wrap_pthread_detach(pthread_t thread) { return no_longer_joinable(__real_pthread_detach(thread)); }

[[gnu::used]] int __wrap_thrd_create(thrd_t* thread, int (*run)(void*), void* argument) {
  start_of_thread start{{nullptr}, argument};
  start.run_to_int = run;
  const auto create = [&](void* kept) { return __real_thrd_create(thread, run_counted_to_int, kept); };
  return create_counted(start, true, thrd_nomem, create);
}

[[gnu::used]] int __wrap_thrd_join(thrd_t thread, int* result) {
  return no_longer_joinable(__real_thrd_join(thread, result));
}

[[gnu::used]] int __wrap_thrd_detach(thrd_t thread) { return no_longer_joinable(__real_thrd_detach(thread)); }

#ifdef __GLIBC__
int __real_pthread_tryjoin_np(pthread_t thread, void** result);
int __real_pthread_timedjoin_np(pthread_t thread, void** result, const timespec* until);
int __real_pthread_clockjoin_np(pthread_t thread, void** result, clockid_t clock, const timespec* until);

[[gnu::used]] int __wrap_pthread_tryjoin_np(pthread_t thread, void** result) {
  return no_longer_joinable(__real_pthread_tryjoin_np(thread, result));
}

[[gnu::used]] int __wrap_pthread_timedjoin_np(pthread_t thread, void** result, const timespec* until) {
  return no_longer_joinable(__real_pthread_timedjoin_np(thread, result, until));
}

[[gnu::used]] int __wrap_pthread_clockjoin_np(pthread_t thread, void** result, clockid_t clock, const timespec* until) {
  return no_longer_joinable(__real_pthread_clockjoin_np(thread, result, clock, until));
}
#endif

[[gnu::used]] int __wrap___cxa_atexit(void (*function)(void*), void* argument, void* image) {
  const int error = __real___cxa_atexit(function, argument, image);
  if (watching) register_at_exit();
  return error;
}

}  // extern "C"
