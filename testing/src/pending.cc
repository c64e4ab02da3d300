#include "redismodule/testing/pending.h"

#include <sstream>
#include <thread>
#include <utility>

namespace redismodule::testing {

using namespace std::chrono_literals;

// A user may not be allowed to ask, and yet to send the command.
pending::pending(client own, const std::vector<std::string>& words)
    : own_{std::move(own)}, id_{own_.call("CLIENT", "ID")} {
  own_.send(words);
}

std::int64_t pending::id() const {
  if (id_.is_error()) throw error{"CLIENT ID: " + id_.error()};
  return id_.integer();
}

bool pending::wait_for(std::chrono::milliseconds limit) {
  if (answer_ || failure_) return true;
  try {
    if (!own_.wait_for_answer(limit)) return false;
    answer_ = own_.receive();
  } catch (...) {
    failure_ = std::current_exception();
  }
  return true;
}

const reply& pending::get() {
  if (!answer_ && !failure_) {
    try {
      answer_ = own_.receive();
    } catch (...) {
      failure_ = std::current_exception();
    }
  }
  if (failure_) std::rethrow_exception(failure_);
  return *answer_;
}

bool pending::is_blocked(client& observer) const {
  const reply clients = observer.call("CLIENT", "LIST");
  if (clients.is_error()) throw error{"CLIENT LIST: " + clients.error()};
  std::istringstream lines{clients.str()};
  const std::string mine = "id=" + std::to_string(id()) + ' ';
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(mine)) continue;
    const std::size_t flags = line.find(" flags=") + 7;
    return line.substr(flags, line.find(' ', flags) - flags).find('b') != std::string::npos;
  }
  return false;
}

void pending::wait_until_blocked(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  client observer = own_.another();
  while (!is_blocked(observer)) {
    if (ready()) throw error{"it did not block, but answered " + to_string(get())};
    if (std::chrono::steady_clock::now() >= deadline) {
      throw timed_out{"it did not block within " + std::to_string(limit.count()) + " ms"};
    }
    std::this_thread::sleep_for(1ms);
  }
}

}  // namespace redismodule::testing
