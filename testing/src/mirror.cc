#include "redismodule/testing/mirror.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <thread>
#include <utility>

#include "data_set.h"
#include "queued.h"
#include "sent_commands.h"

namespace redismodule::testing {
namespace {

using namespace std::chrono_literals;
using commands = std::vector<replicated_command>;
using detail::key_place;

constexpr auto sync_limit = 20s;
constexpr auto between_rounds = 50ms;
constexpr int most_rounds = 10;          // until a difference that comes and goes counts
constexpr std::size_t most_listed = 10;  // keys and commands in a report
constexpr int busy_polls = 200;          // before a poll begins to sleep

// No replica of the mirror is dropped for being silent: one of them only reads. The kit's own limits end a test that
// hangs.
server_options with_lines_of_mirror(server_options options) {
  if (options.aof == aof::off) options.aof = aof::always;
  options.tcp = true;
  options.config.insert(options.config.begin(), {"repl-timeout 3600", "auto-aof-rewrite-percentage 0"});
  return options;
}

template <class Range, class Show>
std::string listed(const Range& all, Show show) {
  std::string text;
  std::size_t count = 0;
  for (const auto& each : all) {
    if (count++ == most_listed) return text + "  … and " + std::to_string(all.size() - most_listed) + " more\n";
    text += "  " + show(each) + '\n';
  }
  return text;
}

std::string listed(const commands& all) {
  if (all.empty()) return "  nothing\n";
  return listed(all, [](const replicated_command& each) { return to_string(each); });
}

bool is_one_of(const std::string& word, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(), [&word](const char* name) { return word == name; });
}

// The server itself sends messages to replicas alone.
bool goes_to_replicas_alone(const replicated_command& sent) {
  return !sent.words.empty() && is_one_of(detail::upper(sent.words[0]), {"PUBLISH", "SPUBLISH"});
}

bool has_word(const replicated_command& sent, std::initializer_list<const char*> names) {
  return std::any_of(sent.words.begin() + 2, sent.words.end(),
                     [names](const std::string& word) { return is_one_of(detail::upper(word), names); });
}

// Whether a replica counts the key's time to live from when it runs this, as with the server's own commands on Redis 6.
bool sets_relative_end(const replicated_command& sent) {
  if (sent.words.size() < 3) return false;
  const std::string name = detail::upper(sent.words[0]);
  if (is_one_of(name, {"EXPIRE", "PEXPIRE", "SETEX", "PSETEX"})) return true;
  if (is_one_of(name, {"SET", "GETEX"})) return has_word(sent, {"EX", "PX"});
  return name == "RESTORE" && !has_word(sent, {"ABSTTL"});
}

bool sets_absolute_end(const replicated_command& sent) {
  return sent.words.size() >= 2 &&
         is_one_of(detail::upper(sent.words[0]), {"SET", "DEL", "UNLINK", "PERSIST", "EXPIREAT", "PEXPIREAT"});
}

std::string refusals_in(const std::string& log) {
  std::string found;
  std::istringstream lines{log};
  for (std::string line; std::getline(lines, line);) {
    if (line.find("== CRITICAL ==") != std::string::npos) found += "  " + line + '\n';
  }
  return found;
}

}  // namespace

struct mirror::state {
  explicit state(server_options options)
      : primary{with_lines_of_mirror(std::move(options))},
        replica{primary.add_replica()},
        on_primary{primary},
        on_replica{std::in_place, *replica},
        tap{primary},
        aof{primary},
        has_one_stream{primary.version().is_valkey() || primary.version().number >= version_number{7, 0, 0}} {}

  // --- what was run, for the report

  // Before a command runs: what a replica gets when it comes later says nothing.
  void begin(const std::vector<std::string>& words) {
    attach();
    since.push_back({0, words});
  }

  std::string names_of_run() const {
    if (since.empty()) return "after what other clients did";
    std::string text = since.size() > most_listed ? "after …" : "after";
    const std::size_t first = since.size() > most_listed ? since.size() - most_listed : 0;
    for (std::size_t i = first; i < since.size(); ++i) text += (i == first ? " " : "; ") + to_string(since[i]);
    return text;
  }

  // --- comparing

  // Where a promotion took the replica away.
  void attach() {
    if (replica) return;
    replica.emplace(primary.add_replica());
    on_replica.emplace(*replica);
    log_read_to = 0;
  }

  long long offset_of_primary() { return on_primary.connection().call("ROLE")[1].integer(); }

  bool has_applied(long long offset) {
    const reply role = on_replica->connection().call("ROLE");
    return role.size() == 5 && role[3] == "connected" && role[4].integer() >= offset;
  }

  void wait_for_replica(long long offset) {
    const auto deadline = std::chrono::steady_clock::now() + sync_limit;
    for (int polls = 0; !has_applied(offset); ++polls) {
      if (polls > busy_polls) std::this_thread::sleep_for(1ms);
      if (std::chrono::steady_clock::now() > deadline)
        throw diverged{report("the replica does not apply what it gets")};
    }
  }

  // Brings everything to one moment of the primary's: no command was sent while the AOF was read.
  void synchronize() {
    long long offset = offset_of_primary();
    for (long long before = -1; before != offset; before = std::exchange(offset, offset_of_primary())) {
      take_sent(offset);
      take_written();
    }
    wait_for_replica(offset);
    const std::string log = replica->log();
    refusals += refusals_in(log.substr(std::min(log_read_to, log.size())));
    log_read_to = log.size();
  }

  void take_sent(long long offset) {
    for (replicated_command& each : tap.read_to(offset)) {
      if (!has_one_stream) note_end(each);
      if (!goes_to_replicas_alone(each)) to_compare.push_back(each);
      sent.push_back(std::move(each));
    }
  }

  void take_written() {
    const auto written = aof.read();
    is_aof_new = is_aof_new || !written;
    if (written) to_aof.insert(to_aof.end(), written->begin(), written->end());
  }

  void note_end(const replicated_command& each) {
    if (sets_relative_end(each)) {
      loose_ends.insert({each.database, each.words[1]});
    } else if (sets_absolute_end(each)) {
      loose_ends.erase({each.database, each.words[1]});
    }
  }

  // Remembers which command changed a key last.
  void look_at_primary() {
    detail::data_set now = on_primary.look();
    for (const auto& [at, value] : now) {
      const auto before = data.find(at);
      if (before == data.end() || !(before->second == value)) changed_by[at] = names_of_run();
    }
    for (const auto& [at, value] : data) {
      if (!now.contains(at)) changed_by[at] = names_of_run();
    }
    data = std::move(now);
  }

  // What two servers hold of these keys, a line each.
  std::string differences(const char* name, detail::observer& other, bool names_commands) {
    const detail::data_set theirs = other.look();
    const auto keys = detail::differing({"primary", &on_primary, &data}, {name, &other, &theirs}, loose_ends);
    return listed(keys, [&](const key_place& at) {
      const auto by = changed_by.find(at);
      return detail::text_of(at) + ": " + difference(at, name, other, theirs) +
             (names_commands && by != changed_by.end() ? "; last changed " + by->second : std::string{});
    });
  }

  std::string difference(const key_place& at, const char* name, detail::observer& other,
                         const detail::data_set& theirs) {
    std::string mine = described(on_primary, data, at), their = described(other, theirs, at);
    if (mine == their) mine = on_primary.canonical(at), their = other.canonical(at);
    return "primary " + mine + "; " + name + ' ' + their;
  }

  static std::string described(detail::observer& by, const detail::data_set& held, const key_place& at) {
    const auto found = held.find(at);
    return found == held.end() ? "absent" : by.describe(at, found->second);
  }

  bool aof_has_all() const {
    if (is_aof_new) return true;
    return has_one_stream ? to_aof == to_compare : to_aof.empty() == to_compare.empty();
  }

  std::string report(const std::string& finding) const {
    return names_of_run() + ", " + finding + "\nreplicated:\n" + listed(sent);
  }

  // What is wrong now, in words; empty when nothing is.
  std::string examine() {
    synchronize();
    look_at_primary();
    std::string found = differences("replica", *on_replica, false);
    if (!found.empty()) {
      found = (sent.empty() ? "the data set has changed and nothing was replicated:\n"
                            : "primary and replica do not hold the same:\n") +
              found;
    }
    if (!refusals.empty()) found += "the replica refused what was replicated:\n" + refusals;
    if (!aof_has_all()) found += aof_report();
    return found;
  }

  std::string aof_report() const {
    if (to_aof.empty()) return "what was replicated is not in the AOF\n";
    return "the AOF got other commands than the replica:\n" + listed(to_aof);
  }

  // A key that ends between two looks, or is deleted by the server meanwhile, is no difference: what is one stays.
  std::string settled_finding() {
    std::string last = examine();
    for (int round = 1; !last.empty() && round < most_rounds; ++round) {
      std::this_thread::sleep_for(between_rounds);
      std::string again = examine();
      if (again == last) break;
      last = std::move(again);
    }
    return last;
  }

  void check() {
    attach();
    sent.clear();
    std::string finding;
    try {
      finding = settled_finding();
    } catch (const connection_lost& lost) {
      finding = std::string{"a server was lost: "} + lost.what();
    }
    const std::string text = finding.empty() ? std::string{} : report(finding);
    to_aof.clear();
    to_compare.clear();
    refusals.clear();
    is_aof_new = false;
    if (!is_queuing) since.clear();
    if (!text.empty()) throw diverged{text};
  }

  // --- what comes after a restart and a promotion

  void compare_with(server& other, const char* name, const std::string& when) {
    detail::observer by{other};
    std::string last;
    for (int round = 0; round < most_rounds; ++round) {
      data = on_primary.look();
      std::string found = differences(name, by, true);
      if (found.empty()) break;
      if (found == last) throw diverged{when + ", the data set is not the same:\n" + found};
      last = std::move(found);
      std::this_thread::sleep_for(between_rounds);
    }
  }

  void compare_with_copy(server& original, const std::string& when) {
    try {
      server copy = original.start_copy();
      compare_with(copy, "restarted", when);
      const std::string refused = refusals_in(copy.log());
      if (!refused.empty()) throw diverged{when + ", a command of the AOF was refused:\n" + refused};
    } catch (const start_failed& failed) {
      throw diverged{when + ", the server does not start: " + failed.what()};
    }
  }

  void check_rewritten_aof() {
    check();
    primary.rewrite_aof();
    aof.skip();
    compare_with_copy(primary, "after a rewrite of the AOF and a restart from it");
  }

  void check_promotion() {
    check();
    server promoted = std::move(*replica);
    on_replica.reset();
    replica.reset();
    promoted.promote();
    compare_with(promoted, "promoted", "after the promotion of the replica");
    compare_with_copy(promoted, "after the promotion of the replica and a restart from its AOF");
    attach();
  }

  server primary;
  std::optional<server> replica;
  detail::observer on_primary;
  std::optional<detail::observer> on_replica;
  detail::replication_tap tap;
  detail::aof_tail aof;
  bool has_one_stream;  // replicas and the AOF get the same commands; before Redis 7.0 the server changes some

  detail::data_set data;  // the primary's, at the last comparison
  std::map<key_place, std::string> changed_by;
  std::set<key_place> loose_ends;         // that replicas before Redis 7.0 count by their own clock
  std::vector<replicated_command> since;  // run since the last comparison
  bool is_queuing = false;                // between MULTI and EXEC
  commands sent;                          // to replicas, since the last comparison
  commands to_compare, to_aof;
  bool is_aof_new = false;  // the server began a new file, whose commands are not compared
  std::string refusals;
  std::size_t log_read_to = 0;
};

mirror::mirror(server_options options) : state_{std::make_unique<state>(std::move(options))} {}
mirror::mirror(mirror&&) noexcept = default;
mirror& mirror::operator=(mirror&&) noexcept = default;
mirror::~mirror() = default;

reply mirror::run(const std::vector<std::string>& words) {
  state_->begin(words);
  reply answer = state_->primary.call(words);
  state_->is_queuing = detail::is_queued(answer) || (answer == "OK" && detail::upper(words[0]) == "MULTI");
  return answer;
}

reply mirror::call(const std::vector<std::string>& words) {
  reply answer = run(words);
  state_->check();
  return answer;
}

reply mirror::call(client& through, const std::vector<std::string>& words) {
  state_->begin(words);
  reply answer = through.call(words);
  state_->check();
  return answer;
}

std::vector<reply> mirror::pipeline(const std::vector<command>& commands) {
  for (const command& each : commands) state_->begin(each.words());
  std::vector<reply> answers = state_->primary.pipeline(commands);
  state_->is_queuing = !answers.empty() && detail::is_queued(answers.back());
  state_->check();
  return answers;
}

void mirror::check() { state_->check(); }

const std::vector<replicated_command>& mirror::replicated() const noexcept { return state_->sent; }

void mirror::check_aof() {
  state_->check();
  state_->compare_with_copy(state_->primary, "after a restart from the AOF");
}

void mirror::check_rewritten_aof() { state_->check_rewritten_aof(); }

void mirror::check_promotion() { state_->check_promotion(); }

void mirror::finish() {
  check_aof();
  check_rewritten_aof();
  check_promotion();
}

server& mirror::primary() { return state_->primary; }

server& mirror::replica() {
  state_->attach();
  return *state_->replica;
}

}  // namespace redismodule::testing
