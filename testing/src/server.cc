#include "redismodule/testing/server.h"

#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>

#include "configuration.h"
#include "ports.h"
#include "process.h"
#include "queued.h"
#include "reports.h"

namespace redismodule::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::size_t longest_socket_path = 100;  // of the 108 bytes in sockaddr_un
constexpr auto exit_limit = 30s;
constexpr auto child_limit = 120s;

// A directory of its own, removed with the object (not by a forked child, whose object is a copy).
class temporary_directory {
 public:
  temporary_directory() : path_{make()} {}
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() {
    if (owner_ != ::getpid()) return;
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const std::string& path() const noexcept { return path_; }

 private:
  static std::string make() {
    const char* wanted = std::getenv("TMPDIR");
    std::string pattern = wanted != nullptr && *wanted == '/' ? wanted : "/tmp";
    pattern += "/redismodule-XXXXXX";
    if (pattern.size() > longest_socket_path) pattern = "/tmp/redismodule-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw error{"mkdtemp " + pattern + ": " + std::strerror(errno)};
    return pattern;
  }

  std::string path_;
  pid_t owner_ = ::getpid();
};

bool is_program(const fs::path& path) {
  std::error_code unreadable;  // then it is none
  return fs::is_regular_file(path, unreadable) && ::access(path.c_str(), X_OK) == 0;
}

std::string real_path(const std::string& path) {
  std::error_code none;  // then the server says what is wrong with it
  const fs::path real = fs::weakly_canonical(path, none);
  return none ? path : real.string();
}

std::optional<std::string> server_in(const fs::path& directory) {
  for (const char* name : {"redis-server", "valkey-server", "src/redis-server", "src/valkey-server"}) {
    if (is_program(directory / name)) return (directory / name).string();
  }
  return std::nullopt;
}

std::string server_in_path() {
  std::istringstream directories{std::getenv("PATH") != nullptr ? std::getenv("PATH") : ""};
  for (std::string directory; std::getline(directories, directory, ':');) {
    if (auto found = server_in(directory)) return *found;
  }
  throw start_failed{
      "no server to test with: REDISMODULE_TEST_SERVER is not set, and PATH has neither redis-server nor "
      "valkey-server"};
}

std::string find_binary(std::string wanted) {
  if (wanted.empty() && std::getenv("REDISMODULE_TEST_SERVER") != nullptr)
    wanted = std::getenv("REDISMODULE_TEST_SERVER");
  if (wanted.empty()) return server_in_path();
  if (is_program(wanted)) return fs::absolute(wanted).string();
  if (auto found = server_in(fs::absolute(wanted))) return *found;
  throw start_failed{"no server to test with: '" + wanted +
                     "' is no program, and holds no redis-server or valkey-server"};
}

// "Redis server v=7.0.15 sha=…", "Valkey server v=8.0.1 …", and Redis 6's "Redis server v=6.0.16 …".
server_version parse_version(const std::string& binary, const std::string& text) {
  server_version version;
  version.product = text.starts_with("Valkey") ? "valkey" : "redis";
  const std::size_t begin = text.find(" v=");
  if (begin == std::string::npos) throw start_failed{binary + " --version says: " + text};
  std::istringstream numbers{text.substr(begin + 3)};
  char dot = 0;
  numbers >> version.number.major >> dot >> version.number.minor >> dot >> version.number.patch;
  if (!numbers) throw start_failed{binary + " --version says: " + text};
  return version;
}

// Asked once a program: it takes as long as starting it.
server_version version_of(const std::string& binary, const std::string& directory) {
  static std::mutex mutex;
  static auto& known = *new std::map<std::string, server_version>;
  std::lock_guard lock{mutex};
  if (const auto found = known.find(binary); found != known.end()) return found->second;
  detail::process process{{binary, "--version"}, {}, directory + "/version"};
  const std::optional<int> status = process.wait(exit_limit);
  if (status != 0 && status != detail::unknown_status) {
    throw start_failed{binary + " does not run: " + process.obituary()};
  }
  return known[binary] = parse_version(binary, process.output());
}

// The server looks for it from its own directory.
std::string absolute_path(const std::string& path) { return std::filesystem::absolute(path).string(); }

// One word of a configuration line, in the servers' own quoting.
std::string config_word(std::string_view word) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string text = "\"";
  for (const unsigned char c : word) {
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
      text += static_cast<char>(c);
    } else {
      text += "\\x";
      text += hex[c >> 4];
      text += hex[c & 15];
    }
  }
  return text + '"';
}

bool is_before(const server_version& version, version_number redis, version_number valkey) {
  return version.number < (version.is_redis() ? redis : valkey);
}

// Where `CONFIG SET port` is refused.
bool has_fixed_port(const server_version& version) { return is_before(version, {7, 0, 0}, {}); }

// What a server has from some release on; an earlier one does not start with such a line. Latency tracking takes 25 KB
// at the first call of each command, which would stand in every comparison of used_memory, and a slow log an entry now
// and then.
std::string lines_for(const server_version& version) {
  std::string lines;
  if (!is_before(version, {7, 0, 0}, {})) {
    lines += "enable-module-command yes\nenable-debug-command yes\ncrash-memcheck-enabled no\nlatency-tracking no\n";
  }
  if (version.is_valkey() && !is_before(version, {}, {8, 1, 0})) {
    lines += "commandlog-request-larger-than -1\ncommandlog-reply-larger-than -1\n";
  }
  return lines;
}

const char* lines_for(aof kept) {
  switch (kept) {
    case aof::off: return "appendonly no\n";
    case aof::every_second: return "appendonly yes\nappendfsync everysec\n";
    case aof::always: return "appendonly yes\nappendfsync always\n";
  }
  throw error{"no such aof"};
}

// How a server logs in at its primary: as its own clients do, unless the lines of configuration say otherwise.
credentials login_at_master(const server_options& options) {
  const std::string password = detail::password_for_master_in(options.config);
  if (password.empty()) return options.login;
  return {detail::configured(options.config, "masteruser"), password};
}

void write_login_at_master(std::ostream& out, const server_options& options) {
  const credentials login = login_at_master(options);
  if (!login.user.empty()) out << "masteruser " << config_word(login.user) << '\n';
  if (!login.password.empty()) out << "masterauth " << config_word(login.password) << '\n';
}

// What differs from one start of a server to the next.
struct addresses {
  std::string directory;
  std::string socket;
  std::uint16_t port = 0;    // 0: none
  std::uint16_t master = 0;  // the port of the master; 0: it is one itself
};

void write_config(const std::string& path, const server_options& options, const server_version& version,
                  const addresses& at) {
  std::ofstream out{path};
  out << "bind 127.0.0.1\nport " << at.port << "\nunixsocket " << config_word(at.socket) << "\ndir "
      << config_word(at.directory) << "\ndaemonize no\nlogfile \"\"\nslowlog-log-slower-than -1\n"
      << "repl-diskless-sync-delay 0\n"
      << (options.rdb ? "save 3600 1\nsave 300 100\nsave 60 10000\n" : "save \"\"\n") << lines_for(options.aof)
      << lines_for(version);
  if (at.master != 0) out << "replicaof 127.0.0.1 " << at.master << '\n';
  write_login_at_master(out, options);
  for (const module_file& module : options.modules) {
    out << "loadmodule " << config_word(absolute_path(module.path));
    for (const std::string& arg : module.args) out << ' ' << config_word(arg);
    out << '\n';
  }
  for (const std::string& line : options.config) out << line << '\n';
  if (!out.flush()) throw error{"cannot write " + path + ": " + std::strerror(errno)};
}

class refused : public error {
 public:
  using error::error;
};

// Does nothing without a password. Fails: `refused`.
void log_in(client& c, const credentials& login) {
  if (login.password.empty()) return;
  const reply answer = c.auth(login.password, login.user);
  if (answer.is_error()) throw refused{"AUTH with the password of the configuration: " + answer.error()};
}

// What a replica is configured with: all that its master is, but another port.
std::vector<std::string> lines_of_replica(const server_options& master) {
  std::vector<std::string> lines = master.config;
  std::erase_if(lines, [](const std::string& line) { return line.starts_with("port "); });
  return lines;
}

using fields = std::map<std::string, std::string>;

fields fields_of(const std::string& info) {
  fields found;
  std::istringstream lines{info};
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || line.starts_with('#')) continue;
    found[line.substr(0, colon)] = line.substr(colon + 1);
  }
  return found;
}

// A field, or nothing: not every server has each, and a replica has none of its master's before they have met.
std::string field_of(const fields& info, const std::string& name) {
  const auto found = info.find(name);
  return found == info.end() ? std::string{} : found->second;
}

long long number_of(const fields& info, const std::string& name) {
  const std::string text = field_of(info, name);
  long long number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool has_reached(const fields& replica, const fields& master, long long offset) {
  return field_of(replica, "master_link_status") == "up" && field_of(replica, "master_sync_in_progress") == "0" &&
         field_of(replica, "master_replid") == field_of(master, "master_replid") &&
         number_of(replica, "slave_repl_offset") >= offset;
}

// Copies what a server has saved, but nothing that belongs to its process.
void copy_data(const std::string& from, const std::string& to) {
  for (const auto& each : fs::directory_iterator{from}) {
    const std::string name = each.path().filename();
    const bool is_of_the_process = name == "socket" || name == "server.conf" || name == "log" || name == "version";
    if (!is_of_the_process) fs::copy(each.path(), fs::path{to} / name, fs::copy_options::recursive);
  }
}

// Where a server's data comes from when it starts for the first time.
struct source_of_data {
  std::uint16_t master = 0;    // the port of the primary to replicate; 0: none
  std::string directory = {};  // another server's, to copy its files from; empty: none
};

}  // namespace

struct server::state {
  explicit state(server_options wanted, const source_of_data& from = {})
      : options{std::move(wanted)},
        binary{find_binary(options.binary)},
        version{version_of(binary, directory.path())},
        socket{directory.path() + "/socket"},
        master_port{from.master} {
    if (!from.directory.empty()) copy_data(from.directory, directory.path());
    if (!configured_port() && (options.tcp || has_fixed_port(version))) lease_port();
    try {
      start();
    } catch (...) {
      if (process) {  // there will be no destructor
        detail::end_process(*process);
        detail::refuse_reports_of_start(*process);
      }
      throw;
    }
  }

  state(const state&) = delete;
  state& operator=(const state&) = delete;

  // The process goes before its directory, also where a client of this server is still around and shares it.
  ~state() {
    if (!process || !process->is_ours()) return;
    detail::end_process(*process);
    detail::refuse_reports(*process, reports_taken_to);
  }

  std::string config_path() const { return directory.path() + "/server.conf"; }
  std::string log_path() const { return directory.path() + "/log"; }
  std::string log_end() const { return "; the log ends:\n" + process->output_end(); }

  void lease_port() {
    using extent = detail::port_lease::extent;
    lease.emplace(detail::configured(options.config, "cluster-enabled") == "yes" ? extent::port_and_bus : extent::port);
  }

  // What the test's own lines of configuration say, which are stronger than the kit's.
  std::uint16_t configured_port() const {
    return static_cast<std::uint16_t>(std::strtoul(detail::configured(options.config, "port").c_str(), nullptr, 10));
  }

  // 0: none.
  std::uint16_t port() const { return lease ? lease->port() : configured_port(); }

  void start() {
    write_config(config_path(), options, version, {directory.path(), socket, port(), master_port});
    std::vector<std::string> command = options.launcher;
    command.push_back(binary);
    command.push_back(config_path());
    process = std::make_shared<detail::process>(command, options.environment, log_path());
    brought.clear();
    own.emplace(first_client());
  }

  void kill() {
    process->kill();
    own.reset();
  }

  client& connection() {
    if (!own) throw error{"the server is down"};
    if (!process->is_ours()) throw error{"this connection is the parent's: a process that it forked has to connect()"};
    if (!own->is_open()) own.emplace(connect());
    return *own;
  }

  client open() {
    try {
      return client{socket, [dying = process] { return dying->obituary(); }};
    } catch (const error&) {
      if (process->alive()) throw;
      throw connection_lost{"the server does not run: " + process->obituary()};
    }
  }

  client connect(std::chrono::milliseconds login_timeout) {
    client made = open();
    made.set_timeout(login_timeout);
    log_in(made, options.login.user.empty() ? credentials{{}, detail::password_in(options.config)} : options.login);
    made.set_timeout(options.answer_timeout);
    return made;
  }
  client connect() { return connect(options.answer_timeout); }

  // A command that has to succeed. Fails: `testing::error`, with its answer and the end of the log.
  reply command(const std::vector<std::string>& words) {
    reply answer = connection().call(words);
    const bool is_put_off = detail::is_queued(answer);
    if (!answer.is_error() && !is_put_off) return answer;
    std::string text;
    for (const std::string& word : words) text += word + ' ';
    throw error{text + "answered: " + (is_put_off ? answer.str() : answer.error()) + log_end()};
  }

  fields info(const std::string& section) { return fields_of(command({"INFO", section}).str()); }

  // Asks again and again, until it is so.
  template <class Condition>
  bool wait_until(Condition is_so, std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!is_so()) {
      if (std::chrono::steady_clock::now() >= deadline) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }

  void wait_for_children() {
    const bool idle = wait_until(
        [this] {
          const fields now = info("persistence");
          return field_of(now, "rdb_bgsave_in_progress") == "0" && field_of(now, "aof_rewrite_in_progress") == "0" &&
                 field_of(now, "aof_rewrite_scheduled") == "0";
        },
        child_limit);
    if (!idle) throw error{"a child that saves does not end" + log_end()};
  }

  // The modules that are loaded now: their files are mapped. A launcher that runs the server maps none: there it is
  // those of the options.
  std::vector<module_file> loaded_modules() const {
    std::vector<module_file> modules = options.modules;
    for (const auto& loaded : brought) {
      const std::string path = real_path(loaded.first);
      std::erase_if(modules, [&path](const module_file& each) { return real_path(each.path) == path; });
      modules.push_back(loaded.second);
    }
    std::erase_if(modules,
                  [this](const module_file& each) { return !detail::maps(process->pid(), real_path(each.path)); });
    return modules.empty() && !options.launcher.empty() ? options.modules : modules;
  }

  // With the modules that are loaded now, and a port of its own.
  server_options options_of_another() const {
    server_options another = options;
    another.modules = loaded_modules();
    another.config = lines_of_replica(options);
    another.tcp = options.tcp || configured_port() != 0;
    return another;
  }

  // `ask_master` gives its INFO replication. A master begins a new history when its first replica comes, so that it is
  // asked again and again; the offset goes on.
  template <class Ask>
  void wait_for_sync(Ask ask_master, std::chrono::milliseconds limit) {
    const long long offset = number_of(ask_master(), "master_repl_offset");
    fields last;
    const auto in_sync = [&] { return has_reached(last = info("replication"), ask_master(), offset); };
    if (wait_until(in_sync, limit)) return;
    throw error{"the replica is not in sync within " + std::to_string(limit.count()) + " ms: link " +
                field_of(last, "master_link_status") + ", offset " + field_of(last, "slave_repl_offset") + " of " +
                std::to_string(offset) + log_end()};
  }

  // The socket is there before the modules are loaded, and the server listens before it has read its data.
  client first_client() {
    const auto deadline = std::chrono::steady_clock::now() + options.start_timeout;
    while (std::chrono::steady_clock::now() < deadline) {
      if (!process->alive()) throw start_failed{"the server did not start: " + process->obituary()};
      if (auto ready = try_client()) return std::move(*ready);
      std::this_thread::sleep_for(500us);
    }
    throw start_failed{"the server does not answer; its log ends:\n" + process->output_end()};
  }

  std::optional<client> try_client() {
    if (::access(socket.c_str(), F_OK) != 0) return std::nullopt;
    try {
      client candidate = connect(options.start_timeout);  // logged in: else a server does not say that it loads
      candidate.set_timeout(options.start_timeout);
      const reply answer = candidate.call("PING");
      candidate.set_timeout(options.answer_timeout);
      if (!answer.is_error() || !answer.error().starts_with("LOADING")) return candidate;
    } catch (const refused& why) {
      throw start_failed{why.what() + log_end()};
    } catch (const testing::error&) {
      // Not listening yet, or it has just died, which the caller sees.
    }
    return std::nullopt;
  }

  int shut_down(const char* how) {
    try {
      const reply refusal = connection().call("SHUTDOWN", how);
      throw error{"the server does not shut down: " + to_string(refusal) + log_end()};
    } catch (const connection_lost&) {
      // As it should.
    }
    const std::optional<int> status = process->wait(exit_limit);
    if (!status) throw error{"the server does not shut down" + log_end()};
    own.reset();
    return *status;
  }

  server_options options;
  temporary_directory directory;
  std::string binary;
  server_version version;
  std::string socket;
  std::uint16_t master_port;
  std::optional<detail::port_lease> lease;
  std::map<std::string, module_file> brought;  // by load(), since the start; by path
  std::shared_ptr<detail::process> process;
  std::optional<client> own;
  std::size_t reports_taken_to = 0;  // in the log
};

server::server() : server{server_options{}} {}
server::server(server_options options) : state_{std::make_unique<state>(std::move(options))} {}
server::server(std::unique_ptr<state> started) : state_{std::move(started)} {}
server::server(server&&) noexcept = default;
server& server::operator=(server&&) noexcept = default;
server::~server() = default;

reply server::call(const std::vector<std::string>& words) { return state_->connection().call(words); }

pending server::call_async(const std::vector<std::string>& words) { return {connect(), words}; }

std::vector<reply> server::pipeline(const std::vector<command>& commands) {
  return state_->connection().pipeline(commands);
}

client server::connect() { return state_->connect(); }

void server::restart() {
  const int status = alive() ? state_->shut_down("SAVE") : 0;
  if (status != 0 && status != detail::unknown_status)
    throw error{"the server did not save and shut down: " + state_->process->obituary()};
  state_->start();
}

void server::crash() {
  kill();
  state_->start();
}

void server::kill() { state_->kill(); }

void server::start() {
  if (alive()) throw error{"the server runs already"};
  state_->start();
}

int server::stop() { return state_->shut_down("NOSAVE"); }

void server::save() {
  state_->wait_for_children();
  state_->command({"SAVE"});
}

void server::reload() {
  state_->wait_for_children();
  state_->command({"DEBUG", "RELOAD"});
}

void server::rewrite_aof() {
  state_->wait_for_children();
  state_->command({"BGREWRITEAOF"});
  state_->wait_for_children();
  const std::string status = info("persistence", "aof_last_bgrewrite_status");
  if (status != "ok") throw error{"the rewriting of the AOF ended with '" + status + "'" + state_->log_end()};
}

server server::add_replica() {
  server replica{std::make_unique<state>(state_->options_of_another(), source_of_data{.master = port()})};
  wait_for_sync(replica);
  return replica;
}

server server::start_copy() {
  state_->wait_for_children();
  return server{std::make_unique<state>(state_->options_of_another(), source_of_data{.directory = directory()})};
}

void server::promote() {
  if (info("replication", "role") != "slave") throw error{"promote(): this server is no replica"};
  state_->command({"REPLICAOF", "NO", "ONE"});
  state_->master_port = 0;
}

void server::wait_for_sync(server& replica, std::chrono::milliseconds limit) {
  replica.state_->wait_for_sync([this] { return state_->info("replication"); }, limit);
}

void server::wait_for_sync(std::chrono::milliseconds limit) {
  const long long port = number_of(state_->info("replication"), "master_port");
  if (port <= 0) throw error{"wait_for_sync(): this server is no replica"};
  client master = client::of_port(static_cast<std::uint16_t>(port));
  log_in(master, login_at_master(state_->options));
  state_->wait_for_sync([&master] { return fields_of(master.call("INFO", "replication").str()); }, limit);
}

void server::load_module(const module_file& module) {
  std::vector<std::string> words{"MODULE", "LOAD", absolute_path(module.path)};
  words.insert(words.end(), module.args.begin(), module.args.end());
  state_->command(words);
  state_->brought[module.path] = module;
}

void server::unload(std::string_view name) { state_->command({"MODULE", "UNLOAD", std::string{name}}); }

long long server::memory() {
  const std::string text = info("memory", "used_memory");
  unsigned long long bytes = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (failure != std::errc{} || end != text.data() + text.size()) throw error{"used_memory is '" + text + "'"};
  return static_cast<long long>(bytes);
}

std::map<std::string, std::string> server::info(std::string_view section) { return state_->info(std::string{section}); }

std::string server::info(std::string_view section, std::string_view field) {
  const auto fields = info(section);
  const auto found = fields.find(std::string{field});
  if (found == fields.end()) throw error{"INFO " + std::string{section} + " has no " + std::string{field}};
  return found->second;
}

std::string server::take_reports() {
  const std::string text = log();
  return detail::reports_in(text, std::exchange(state_->reports_taken_to, text.size()));
}

std::string server::log() const { return detail::read_file(state_->log_path()); }

bool server::alive() const { return state_->process->alive(); }

pid_t server::pid() const noexcept { return state_->process->pid(); }

bool server::maps(std::string_view path) const { return detail::maps(pid(), path); }

std::uint16_t server::port() {
  if (state_->port() == 0) {
    state_->lease_port();
    try {
      state_->command({"CONFIG", "SET", "port", std::to_string(state_->port())});
    } catch (...) {
      state_->lease.reset();
      throw;
    }
  }
  return state_->port();
}

const server_version& server::version() const noexcept { return state_->version; }
const std::string& server::directory() const noexcept { return state_->directory.path(); }
const std::string& server::socket() const noexcept { return state_->socket; }
const std::string& server::binary() const noexcept { return state_->binary; }

}  // namespace redismodule::testing
