// What happens to a module at the end: threads that are left, a crash.
#include <pthread.h>
#include <threads.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace lifetime {

std::atomic<bool> ending{false};
std::thread worker;  // its destructor calls std::terminate while it is joinable

// LIFE.START: a thread that nobody joins until LIFE.JOIN.
void start() {
  ending = false;
  worker = std::thread{[] {
    while (!ending) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }};
}

void join() {
  ending = true;
  worker.join();
}

// LIFE.END: the thread ends, and stays joinable.
void end() { ending = true; }

// LIFE.DETACHED: a detached thread that runs until LIFE.END.
void detached() {
  ending = false;
  std::thread{[] {
    while (!ending) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }}.detach();
}

// Ended as below, a thread must not be in a function with a cleanup, and ThreadSanitizer gives every function one.
[[gnu::no_sanitize_thread]] void* exit_at_once(void*) { pthread_exit(nullptr); }

[[gnu::no_sanitize_thread]] void* wait_to_be_cancelled(void*) {
  for (;;) pause();
}

// LIFE.EXIT: threads that end by pthread_exit and by being cancelled.
int end_early() {
  pthread_t threads[2];
  pthread_create(&threads[0], nullptr, exit_at_once, nullptr);
  pthread_create(&threads[1], nullptr, wait_to_be_cancelled, nullptr);
  pthread_cancel(threads[1]);
  for (const auto thread : threads) pthread_join(thread, nullptr);
  return 2;
}

std::atomic<bool> c_thread_ending{false};
thrd_t c_thread;

// LIFE.C.START, LIFE.C.JOIN: a thread of C's library, joined by POSIX's name for it.
void start_c_thread() {
  const auto run = [](void*) {
    while (!c_thread_ending) usleep(1000);
    return 0;
  };
  thrd_create(&c_thread, run, nullptr);
}

void join_c_thread() {
  c_thread_ending = true;
  pthread_join(c_thread, nullptr);
}

// LIFE.LOCAL: as LIFE.START, in an object that is made when it is first used.
void start_local() {
  static std::thread local{[] { pause(); }};
}

__attribute__((noinline, no_sanitize("undefined"))) int read_through(const volatile int* nowhere) {
  return *nowhere + 1;
}

int crash() { return read_through(nullptr); }

}  // namespace lifetime

REDISMODULE_MODULE(lifetime, 7, m) {
  m.command<lifetime::start>("life.start");
  m.command<lifetime::join>("life.join");
  m.command<lifetime::end>("life.end");
  m.command<lifetime::detached>("life.detached");
  m.command<lifetime::end_early>("life.exit");
  m.command<lifetime::start_c_thread>("life.c.start");
  m.command<lifetime::join_c_thread>("life.c.join");
  m.command<lifetime::start_local>("life.local");
  m.command<lifetime::crash>("life.crash");
  if (m.args().empty()) return;
  lifetime::start();
  if (m.args().size() > 1) m.on_unload<lifetime::join>();
  throw rm::load_error{"with a thread running"};
}
