// What happens to a module at the end: threads that are left, a crash.
#include <atomic>
#include <chrono>
#include <thread>

#include "redismodule/redismodule.h"

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

// LIFE.DETACHED milliseconds: a detached thread that runs as long.
void detached(int milliseconds) {
  std::thread{[milliseconds] { std::this_thread::sleep_for(std::chrono::milliseconds{milliseconds}); }}.detach();
}

[[gnu::noinline]] int read_through(const volatile int* nowhere) { return *nowhere + 1; }

int crash() { return read_through(nullptr); }

}  // namespace lifetime

REDISMODULE_MODULE(lifetime, 7, m) {
  m.command<lifetime::start>("life.start");
  m.command<lifetime::join>("life.join");
  m.command<lifetime::end>("life.end");
  m.command<lifetime::detached>("life.detached milliseconds");
  m.command<lifetime::crash>("life.crash");
}
