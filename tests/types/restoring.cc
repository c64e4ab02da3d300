#include "restoring.h"

#include <algorithm>

#include "lazy_free.h"
#include "payloads.h"

namespace restoring {
namespace {

using namespace std::chrono_literals;

constexpr std::ptrdiff_t batch_size = 2000;

std::string shown(const attempt& which) {
  std::string text;
  for (const std::string& each : which.words) {
    const bool is_text = std::all_of(each.begin(), each.end(), [](char c) { return c >= ' ' && c <= '~'; });
    text += (text.empty() ? "" : " ") + (is_text ? each : "hex:" + payloads::hex(each));
  }
  return text;
}

[[noreturn]] void fail(const attempt& which, const std::string& why) { throw finding{why + ":\n  " + shown(which)}; }

std::vector<std::string> digest_of(const std::string& key) { return {"DEBUG", "DIGEST-VALUE", key}; }

}  // namespace

attempt restore(std::string payload) {
  const std::size_t size = payloads::whole_size(payload);
  return {{"RESTORE", "", "0", std::move(payload)}, size};
}

checker::checker(rt::server& server, options how)
    : server_{server},
      how_{std::move(how)},
      copies_{server.version().is_valkey() || server.version().number >= rt::version_number{6, 2, 0}} {}

void checker::run(const std::vector<attempt>& attempts) {
  for (auto first = attempts.begin(); first != attempts.end();) {
    const auto last = first + std::min(batch_size, attempts.end() - first);
    run_batch(first, last);
    first = last;
  }
  wait_for_lazy_free(server_, {how_.peak_command});
}

void checker::run_batch(iterator first, iterator last) {
  try {
    rt::client client = server_.connect();
    client.set_timeout(how_.patience);
    make(client, first, last);
    check_values(client);
  } catch (const rt::connection_lost& lost) {
    find_culprit(first, last, std::string{"the server is gone: "} + lost.what());
  } catch (const rt::timed_out& late) {
    find_culprit(first, last, std::string{"the server hangs: "} + late.what());
  }
}

void checker::make(rt::client& client, iterator first, iterator last) {
  client.call(how_.peak_command);  // what the last values took does not count
  std::vector<rt::command> commands;
  for (auto each = first; each != last; ++each) {
    std::vector<std::string> words = each->words;
    words[1] = "value:" + std::to_string(each - first);
    commands.emplace_back(std::move(words));
    commands.push_back({how_.peak_command});
  }
  commands.push_back({"DBSIZE"});
  const std::vector<rt::reply> answers = client.pipeline(commands);
  made_.clear();
  for (auto each = first; each != last; ++each) {
    const std::size_t i = 2 * static_cast<std::size_t>(each - first);
    if (answers[i].is_error()) {
      ++errors_;
    } else {
      made_.push_back({&*each, "value:" + std::to_string(each - first)});
    }
    check_memory(*each, answers[i + 1]);
  }
  values_ += made_.size();
  if (answers.back() != static_cast<std::int64_t>(made_.size())) {
    fail(*first, "of " + std::to_string(made_.size()) + " values the server has " + to_string(answers.back()) +
                     "; from here on");
  }
}

void checker::check_memory(const attempt& which, const rt::reply& peak) {
  const long long bytes = peak.integer();
  if (bytes <= least_bound) return;
  const auto size = static_cast<long long>(which.size);
  most_memory_ = std::max(most_memory_, static_cast<double>(bytes) / static_cast<double>(size));
  if (bytes > std::max(most_times * size, least_bound)) {
    fail(which, "the module allocated " + std::to_string(bytes) + " bytes for " + std::to_string(size));
  }
}

void checker::check_values(rt::client& client) {
  std::vector<rt::command> commands;
  constexpr std::size_t asked = 5;
  for (const made_value& each : made_) {
    commands.emplace_back(digest_of(each.key));
    commands.push_back({"COPY", each.key, "copy", "REPLACE"});
    commands.emplace_back(digest_of("copy"));
    commands.push_back({"MEMORY", "USAGE", each.key, "SAMPLES", "0"});
    commands.push_back({"DUMP", each.key});
  }
  std::vector<rt::reply> answers = client.pipeline(commands);
  commands.clear();
  for (std::size_t i = 0; i < made_.size(); ++i) {
    const rt::reply* answer = &answers[i * asked];
    const attempt& from = *made_[i].from;
    if (answer[0].is_error()) fail(from, "its value cannot be digested: " + to_string(answer[0]));
    if (copies_ && from.is_whole) {
      if (answer[1] != 1) fail(from, "its value cannot be copied: " + to_string(answer[1]));
      if (answer[2] != answer[0]) fail(from, "the copy of its value is another one");
    }
    if (answer[3].is_error() || answer[3].integer() <= 0) {
      fail(from, "its value cannot be measured: " + to_string(answer[3]));
    }
    if (answer[4].type() != rt::reply::kind::string) fail(from, "its value cannot be dumped");
    commands.push_back({"RESTORE", "again", "0", answer[4].str(), "REPLACE"});
    commands.emplace_back(digest_of("again"));
  }
  commands.push_back({"FLUSHALL"});
  const std::vector<rt::reply> again = client.pipeline(commands);
  for (std::size_t i = 0; i < made_.size(); ++i) {
    if (again[2 * i] != "OK") fail(*made_[i].from, "what it makes is refused when it is restored");
    if (again[2 * i + 1] != answers[i * asked]) fail(*made_[i].from, "what it makes is another value when restored");
  }
}

// One after another, until the server is gone again.
void checker::find_culprit(iterator first, iterator last, const std::string& why) {
  server_.kill();
  server_.start();
  for (auto each = first; each != last; ++each) {
    try {
      rt::client client = server_.connect();
      client.set_timeout(how_.patience);
      make(client, each, each + 1);
      check_values(client);
    } catch (const rt::error&) {
      server_.kill();
      server_.start();
      fail(*each, why);
    }
  }
  fail(*first, why + "; not by one alone, but among the following " + std::to_string(last - first));
}

}  // namespace restoring
