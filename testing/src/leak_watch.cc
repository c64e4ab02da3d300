#include "redismodule/testing/leak_watch.h"

#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <thread>

#include "process.h"

namespace redismodule::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

using counts = std::map<std::string, long long>;

constexpr const char* watcher_name = "redismodule-leak-watch";
constexpr long long most_names = 10;         // in a line of the report
constexpr long long most_keys_named = 1000;  // in a server; of more, only the number is known

long long number_in(const std::map<std::string, std::string>& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? 0 : std::strtoll(found->second.c_str(), nullptr, 10);
}

// A counter that has wrapped below zero is shown as unsigned.
long long unwrapped(const std::string& text) {
  return static_cast<long long>(std::strtoull(text.c_str(), nullptr, 10));
}

// The words `key=value` of a line.
std::map<std::string, std::string> words_of(const std::string& line, char between, char within) {
  std::map<std::string, std::string> words;
  std::istringstream in{line};
  for (std::string word; std::getline(in, word, between);) {
    const std::size_t at = word.find(within);
    if (at != std::string::npos) words[word.substr(0, at)] = word.substr(at + 1);
  }
  return words;
}

// What the clients take, each as CLIENT LIST gives it at this moment, but replicas, whose buffers are the
// replication's. (INFO's mem_clients_normal is up to a second old: a new connection is not in it, nor how much a buffer
// has grown or shrunk since; it stands in where a server's CLIENT LIST has no sizes.)
std::optional<long long> memory_of_clients(const std::string& list) {
  long long memory = 0;
  std::istringstream lines{list};
  for (std::string line; std::getline(lines, line);) {
    const auto client = words_of(line, ' ', '=');
    if (!client.contains("tot-mem")) return std::nullopt;
    if (client.at("flags").find('S') == std::string::npos) memory += number_in(client, "tot-mem");
  }
  return memory;
}

// Asked by the server's own connection.
long long memory_now(server& s) {
  const auto figures = s.info("memory");
  const auto used = figures.find("used_memory");
  if (used == figures.end()) throw error{"INFO memory has no used_memory: is the server's own connection in MULTI?"};
  long long memory = unwrapped(used->second);
  for (const char* buffers : {"mem_clients_slaves", "mem_replication_backlog", "mem_aof_buffer"}) {
    memory -= number_in(figures, buffers);
  }
  return memory - memory_of_clients(s.call("CLIENT", "LIST").str()).value_or(number_in(figures, "mem_clients_normal"));
}

std::string quoted(const std::string& text) { return to_string(reply::of_text(reply::kind::string, text)); }

// --- what a server says of itself

struct client_seen {
  std::string kinds;  // one letter each, as CLIENT LIST's flags
  std::string text;
};

std::map<std::string, client_seen> clients_of(client& c) {
  std::map<std::string, client_seen> found;
  std::istringstream lines{c.call("CLIENT", "LIST").str()};
  for (std::string line; std::getline(lines, line);) {
    auto words = words_of(line, ' ', '=');
    if (words["name"] == watcher_name) continue;
    found[words["id"]] = {words["flags"], "id=" + words["id"] + " addr=" + words["addr"] + " name=" + words["name"] +
                                              " flags=" + words["flags"] + " cmd=" + words["cmd"]};
  }
  return found;
}

// By database: `db0:keys=3,expires=0,…`.
counts keys_of(server& s) {
  counts keys;
  for (const auto& [database, figures] : s.info("keyspace")) {
    if (!database.starts_with("db")) continue;
    auto words = words_of(figures, ',', '=');
    keys[database.substr(2)] = number_in(words, "keys");
  }
  return keys;
}

std::set<std::string> key_names(client& c, const std::string& database) {
  std::set<std::string> names;
  if (c.call("SELECT", database).is_error()) return names;
  std::string cursor = "0";
  do {
    const auto [next, page] = c.call("SCAN", cursor, "COUNT", 1000).as<std::pair<std::string, std::set<std::string>>>();
    names.insert(page.begin(), page.end());
    cursor = next;
  } while (cursor != "0");
  return names;
}

std::set<std::string> modules_of(client& c) {
  std::set<std::string> names;
  for (const reply& module : c.call("MODULE", "LIST").array()) names.insert(module.at("name").str());
  return names;
}

// What modules built with FAULTS say that they hold, by `module: kind`.
// A module built with FAULTS counts from when it is told to; others answer that there is no such command.
void watch_modules(client& c, const std::set<std::string>& modules) {
  for (const std::string& module : modules) c.call(module + ".fault", "watch");
}

counts held_by_modules(client& c, const std::set<std::string>& modules) {
  counts held;
  for (const std::string& module : modules) {
    const reply answer = c.call(module + ".fault", "live");
    if (answer.is_error()) continue;
    for (const auto& [kind, count] : answer.map()) held[kind.str() + " of the module " + module] = count.integer();
  }
  return held;
}

// --- what the kernel says of the process

std::string command_of(const fs::path& directory) {
  std::string name = detail::read_file(directory / "comm");
  if (name.ends_with('\n')) name.pop_back();
  return name;
}

// By their ids.
std::map<std::string, std::string> threads_of(pid_t pid) {
  std::map<std::string, std::string> threads;
  std::error_code gone;
  for (const auto& task : fs::directory_iterator{"/proc/" + std::to_string(pid) + "/task", gone}) {
    const std::string name = command_of(task.path());
    if (!name.empty()) threads[task.path().filename()] = name;
  }
  return threads;
}

// How many there are of each name, but jemalloc's own, which it starts when it likes. One that has just been started
// still has the name of the thread that started it: what the same thread was called `later` is what it is.
counts names_of_threads(const std::map<std::string, std::string>& threads,
                        const std::map<std::string, std::string>& later) {
  counts names;
  for (const auto& [id, name] : threads) {
    const auto same = later.find(id);
    const std::string& now = same == later.end() ? name : same->second;
    if (now != "jemalloc_bg_thd") ++names[now];
  }
  return names;
}

counts children_of(pid_t pid) {
  counts children;
  std::error_code gone;
  for (const auto& task : fs::directory_iterator{"/proc/" + std::to_string(pid) + "/task", gone}) {
    std::ifstream file{task.path() / "children"};
    for (std::string child; file >> child;) ++children[command_of("/proc/" + child) + ", process " + child];
  }
  return children;
}

// By what they are: a path, "socket", "pipe", "eventpoll".
counts descriptors_of(pid_t pid) {
  counts descriptors;
  std::error_code gone;
  for (const auto& fd : fs::directory_iterator{"/proc/" + std::to_string(pid) + "/fd", gone}) {
    std::string what = fs::read_symlink(fd.path(), gone).string();
    if (gone) continue;
    if (what.starts_with("anon_inode:")) what.erase(0, 11);
    if (const std::size_t number = what.find(":["); number != std::string::npos) what.erase(number);
    ++descriptors[what];
  }
  return descriptors;
}

long long sum_of(const counts& all) {
  long long sum = 0;
  for (const auto& [name, count] : all) sum += count;
  return sum;
}

// --- the report

std::string with_commas(long long number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3 && text[at - 4] != '-';) text.insert(at -= 3, 1, ',');
  return text;
}

// A text of names, no more than have room.
std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i == most_names) return text + ", …";
    text += (i > 0 ? ", " : "") + names[i];
  }
  return text;
}

std::string more(const std::string& what, long long before, long long after, const std::vector<std::string>& names) {
  std::string line = "  " + what + ": " + std::to_string(after - before) + " more, " + std::to_string(after);
  if (!names.empty()) line += " (" + listed(names) + ")";
  return line + '\n';
}

// What there is more of, each with how many.
std::vector<std::string> new_in(const counts& before, const counts& after) {
  std::vector<std::string> names;
  for (const auto& [name, count] : after) {
    const auto old = before.find(name);
    const long long grown = count - (old == before.end() ? 0 : old->second);
    if (grown > 0) names.push_back((grown > 1 ? std::to_string(grown) + " times " : std::string{}) + name);
  }
  return names;
}

// One line for all of them, where their sum has grown.
std::string growth_of(const std::string& what, const counts& before, const counts& after) {
  const long long old = sum_of(before), now = sum_of(after);
  return now > old ? more(what, old, now, new_in(before, after)) : std::string{};
}

// A line for each that has grown.
std::string growth_of_each(const counts& before, const counts& after) {
  std::string text;
  for (const auto& [name, count] : after) {
    const auto old = before.find(name);
    const long long was = old == before.end() ? 0 : old->second;
    if (count > was) text += more(name, was, count, {});
  }
  return text;
}

struct kind_of_client {
  char flag;  // 0: any
  const char* name;
};

constexpr kind_of_client kinds_of_clients[] = {
    {0, "clients"}, {'b', "blocked clients"}, {'O', "monitors"}, {'P', "subscribed clients"}, {'S', "replicas"}};

std::string growth_of_clients(const kind_of_client& kind, const std::map<std::string, client_seen>& before,
                              const std::map<std::string, client_seen>& after) {
  const auto is_one = [&kind](const client_seen& seen) {
    return kind.flag == 0 || seen.kinds.find(kind.flag) != std::string::npos;
  };
  long long was = 0, is = 0;
  for (const auto& [id, seen] : before) was += is_one(seen);
  std::vector<std::string> names;
  for (const auto& [id, seen] : after) {
    if (!is_one(seen)) continue;
    ++is;
    const auto old = before.find(id);
    if (old == before.end() || !is_one(old->second)) names.push_back(seen.text);
  }
  return is > was ? more(kind.name, was, is, names) : std::string{};
}

}  // namespace

long long settled_memory(server& s) {
  std::array<long long, 20> samples;
  for (long long& sample : samples) sample = memory_now(s);
  std::nth_element(samples.begin(), samples.begin() + 10, samples.end());
  return samples[10];
}

long long memory_growth(server& s, const std::function<void()>& run, const std::function<long long()>& known) {
  run();
  long long nearest = std::numeric_limits<long long>::max();
  for (int i = 0; i < 5 && std::abs(nearest) > memory_noise; ++i) {
    const long long before = settled_memory(s) - known();
    run();
    const long long grown = settled_memory(s) - known() - before;
    if (std::abs(grown) < std::abs(nearest)) nearest = grown;
  }
  return nearest;
}

struct leak_watch::snapshot {
  pid_t pid = 0;
  long long memory = 0;
  counts keys;
  std::map<std::string, std::set<std::string>> key_names;  // by database; empty where there were too many
  std::map<std::string, client_seen> clients;
  std::set<std::string> modules;
  counts caches;
  counts held;
  std::map<std::string, std::string> threads;
  counts children, descriptors;

  std::string growth_since(const snapshot& before, const leak_watch_options& options) const {
    std::string text;
    if (memory - before.memory > options.memory) {
      text += "  used_memory: " + with_commas(memory - before.memory) + " bytes more, " + with_commas(memory) + '\n';
    }
    for (const auto& [database, count] : keys) text += growth_of_keys(before, database, count);
    for (const kind_of_client& kind : kinds_of_clients) text += growth_of_clients(kind, before.clients, clients);
    text += growth_of_each(before.caches, caches);
    text += growth_of_modules(before);
    text += growth_of_each(before.held, held);
    text += growth_of("threads", names_of_threads(before.threads, threads), names_of_threads(threads, threads));
    text += growth_of("child processes", before.children, children);
    text += growth_of("file descriptors", before.descriptors, descriptors);
    return text;
  }

  std::string growth_of_keys(const snapshot& before, const std::string& database, long long count) const {
    const auto old = before.keys.find(database);
    const long long was = old == before.keys.end() ? 0 : old->second;
    if (count <= was) return {};
    std::vector<std::string> names;
    const auto known = before.key_names.find(database), here = key_names.find(database);
    if (here != key_names.end() && (known != before.key_names.end() || was == 0)) {
      for (const std::string& name : here->second) {
        if (was == 0 || !known->second.contains(name)) names.push_back(quoted(name));
      }
    }
    return more("keys in database " + database, was, count, names);
  }

  std::string growth_of_modules(const snapshot& before) const {
    std::vector<std::string> names;
    std::set_difference(modules.begin(), modules.end(), before.modules.begin(), before.modules.end(),
                        std::back_inserter(names));
    if (names.empty()) return {};
    return more("modules", static_cast<long long>(before.modules.size()), static_cast<long long>(modules.size()),
                names);
  }
};

leak_watch::leak_watch(server& watched, leak_watch_options options) : watched_{&watched}, options_{options} { begin(); }
leak_watch::leak_watch(leak_watch&&) noexcept = default;
leak_watch& leak_watch::operator=(leak_watch&&) noexcept = default;
leak_watch::~leak_watch() = default;

void leak_watch::begin() { before_ = std::make_unique<snapshot>(look()); }

leak_watch::snapshot leak_watch::look() {
  client c = watched_->connect();
  c.call("CLIENT", "SETNAME", watcher_name);
  snapshot seen;
  seen.pid = watched_->pid();
  seen.keys = keys_of(*watched_);
  if (sum_of(seen.keys) <= most_keys_named) {
    for (const auto& [database, count] : seen.keys) seen.key_names[database] = key_names(c, database);
  }
  seen.clients = clients_of(c);
  seen.modules = modules_of(c);
  watch_modules(c, seen.modules);  // that were not there, or were another life's, the last time
  seen.held = held_by_modules(c, seen.modules);
  const auto memory = watched_->info("memory");
  seen.caches = {{"cached scripts", number_in(memory, "number_of_cached_scripts")},
                 {"libraries of functions", number_in(memory, "number_of_libraries")}};
  seen.threads = threads_of(seen.pid);
  seen.children = children_of(seen.pid);
  seen.descriptors = descriptors_of(seen.pid);
  c.close();
  seen.memory = settled_memory(*watched_);
  return seen;
}

std::string leak_watch::grown() {
  if (watched_->pid() != before_->pid) {
    throw error{"the server was started anew since the watch began: begin() again, or make another"};
  }
  const auto deadline = std::chrono::steady_clock::now() + options_.patience;
  for (auto pause = 1ms;; pause = std::min(pause * 2, std::chrono::milliseconds{50})) {
    const std::string text = look().growth_since(*before_, options_);
    if (text.empty() || std::chrono::steady_clock::now() >= deadline) return text;
    std::this_thread::sleep_for(pause);
  }
}

void leak_watch::check() {
  const std::string text = grown();
  if (!text.empty()) throw leaked{"the server has more than when the watch began:\n" + text};
}

}  // namespace redismodule::testing
