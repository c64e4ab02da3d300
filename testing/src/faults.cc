#include "redismodule/testing/faults.h"

#include <cmath>
#include <utility>

#include "queued.h"

namespace redismodule::testing {

faults::faults(server& of, std::string module) : server_{&of}, module_{std::move(module)} { fired(); }

faults::faults(faults&& other) noexcept
    : server_{std::exchange(other.server_, nullptr)}, module_{std::move(other.module_)} {}

faults::~faults() {
  try {
    if (server_ != nullptr && server_->alive()) reset();
  } catch (const std::exception&) {
    // The server is gone, or the module unloaded: nothing is armed any more.
  }
}

reply faults::ask(const std::vector<std::string>& words) {
  std::vector<std::string> command{module_ + ".fault"};
  command.insert(command.end(), words.begin(), words.end());
  const reply answer = server_->call(command);
  const bool is_put_off = detail::is_queued(answer);
  if (!answer.is_error() && !is_put_off) return answer;
  std::string text = command.front();
  for (const std::string& word : words) text += ' ' + word;
  if (is_put_off) throw error{text + ": QUEUED, the server's own connection is in MULTI"};
  throw error{text + ": " + answer.error() +
              (answer.error().starts_with("ERR unknown command") ? " (is it loaded, and built with FAULTS?)" : "")};
}

void faults::fail(std::string_view functions, std::uint64_t n) {
  ask({"fail", std::string{functions}, std::to_string(n)});
}

void faults::fail_from(std::string_view functions, std::uint64_t n) {
  ask({"fail-from", std::string{functions}, std::to_string(n)});
}

void faults::fail_randomly(std::string_view functions, double probability, std::uint64_t seed) {
  if (!(probability >= 0 && probability <= 1)) throw error{"a probability is between 0 and 1"};
  ask({"fail-randomly", std::string{functions}, std::to_string(std::llround(probability * 1'000'000)),
       std::to_string(seed)});
}

void faults::delay(std::string_view functions, std::chrono::milliseconds duration) {
  ask({"delay", std::string{functions}, std::to_string(duration.count())});
}

void faults::delay(std::string_view functions, std::chrono::milliseconds duration, std::uint64_t n) {
  ask({"delay", std::string{functions}, std::to_string(duration.count()), std::to_string(n)});
}

void faults::cut_read(std::uint64_t n) { ask({"cut-read", std::to_string(n)}); }

void faults::corrupt_read(std::uint64_t n, std::uint64_t seed) {
  ask({"corrupt-read", std::to_string(n), std::to_string(seed)});
}

void faults::hide(std::string_view functions) { ask({"hide", std::string{functions}}); }

void faults::pretend_older(std::string_view version) { ask({"older", std::string{version}}); }

void faults::count(std::string_view functions) { ask({"count", std::string{functions}}); }

std::int64_t faults::calls(std::string_view function) { return ask({"calls", std::string{function}}).integer(); }

std::int64_t faults::fired(std::string_view function) { return ask({"fired", std::string{function}}).integer(); }

std::int64_t faults::fired() { return ask({"fired"}).integer(); }

void faults::watch() { ask({"watch"}); }

std::map<std::string, std::int64_t> faults::live() {
  std::map<std::string, std::int64_t> counts;
  for (const auto& [kind, count] : ask({"live"}).map()) counts[kind.str()] = count.integer();
  return counts;
}

std::vector<std::string> faults::functions() {
  const reply answer = ask({"functions"});
  std::vector<std::string> names;
  for (const reply& name : answer.array()) names.push_back(name.str());
  return names;
}

void faults::reset() { ask({"reset"}); }

void faults::reset(std::string_view functions) { ask({"reset", std::string{functions}}); }

}  // namespace redismodule::testing
