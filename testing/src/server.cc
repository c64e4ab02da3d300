#include "redismodule/testing/server.h"

#include <unistd.h>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>

#include "process.h"

namespace redismodule::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::size_t longest_socket_path = 100;  // of the 108 bytes in sockaddr_un
constexpr auto exit_limit = 30s;

// A directory of its own, removed with the object.
class temporary_directory {
 public:
  temporary_directory() : path_{make()} {}
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() {
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
};

bool is_program(const fs::path& path) { return fs::is_regular_file(path) && ::access(path.c_str(), X_OK) == 0; }

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
  if (process.wait(exit_limit) != 0) throw start_failed{binary + " does not run: " + process.obituary()};
  return known[binary] = parse_version(binary, process.output());
}

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

// What Redis has from 7.0 on; an earlier one does not start with such a line. Latency tracking takes 25 KB at the first
// call of each command, which would stand in every comparison of used_memory.
std::string lines_for(const server_version& version) {
  if (version.is_redis() && version.number < version_number{7, 0, 0}) return {};
  return "enable-module-command yes\nenable-debug-command yes\ncrash-memcheck-enabled no\nlatency-tracking no\n";
}

void write_config(const std::string& path, const server_options& options, const server_version& version,
                  const std::string& directory, const std::string& socket) {
  std::ofstream out{path};
  out << "port 0\nunixsocket " << config_word(socket) << "\ndir " << config_word(directory)
      << "\ndaemonize no\nlogfile \"\"\nsave \"\"\nappendonly no\n"
      << lines_for(version);
  for (const module_file& module : options.modules) {
    out << "loadmodule " << config_word(module.path);
    for (const std::string& arg : module.args) out << ' ' << config_word(arg);
    out << '\n';
  }
  for (const std::string& line : options.config) out << line << '\n';
  if (!out.flush()) throw error{"cannot write " + path};
}

}  // namespace

struct server::state {
  explicit state(server_options wanted)
      : options{std::move(wanted)},
        binary{find_binary(options.binary)},
        version{version_of(binary, directory.path())},
        socket{directory.path() + "/socket"} {
    write_config(config_path(), options, version, directory.path(), socket);
    start();
  }

  state(const state&) = delete;
  state& operator=(const state&) = delete;

  // The process goes before its directory, also where a client of this server is still around and shares it.
  ~state() {
    if (process) process->kill();
  }

  std::string config_path() const { return directory.path() + "/server.conf"; }
  std::string log_path() const { return directory.path() + "/log"; }

  void start() {
    std::vector<std::string> command = options.launcher;
    command.push_back(binary);
    command.push_back(config_path());
    process = std::make_shared<detail::process>(command, options.environment, log_path());
    own.emplace(first_client());
  }

  client connect() {
    return client{socket, [dying = process] { return dying->obituary(); }};
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
      client candidate = connect();
      candidate.set_timeout(options.start_timeout);
      const reply answer = candidate.call("PING");
      candidate.set_timeout(30s);
      if (!answer.is_error() || !answer.error().starts_with("LOADING")) return candidate;
    } catch (const testing::error&) {
      // Not listening yet, or it has just died, which the caller sees.
    }
    return std::nullopt;
  }

  int shut_down(const char* how) {
    if (!own) throw error{"the server was stopped"};
    try {
      own->call("SHUTDOWN", how);
    } catch (const connection_lost&) {
      // As it should.
    }
    const std::optional<int> status = process->wait(exit_limit);
    if (!status) throw error{"the server does not shut down; its log ends:\n" + process->output_end()};
    own.reset();
    return *status;
  }

  server_options options;
  temporary_directory directory;
  std::string binary;
  server_version version;
  std::string socket;
  std::shared_ptr<detail::process> process;
  std::optional<client> own;
};

server::server() : server{server_options{}} {}
server::server(server_options options) : state_{std::make_unique<state>(std::move(options))} {}
server::server(server&&) noexcept = default;
server& server::operator=(server&&) noexcept = default;
server::~server() = default;

reply server::call(const std::vector<std::string>& words) {
  if (!state_->own) throw error{"the server was stopped"};
  return state_->own->call(words);
}

client server::connect() { return state_->connect(); }

void server::restart() {
  const int status = alive() ? state_->shut_down("SAVE") : 0;
  if (status != 0) throw error{"the server did not save and shut down: " + state_->process->obituary()};
  state_->start();
}

int server::stop() { return state_->shut_down("NOSAVE"); }

void server::load_module(const module_file& module) {
  std::vector<std::string> words{"MODULE", "LOAD", module.path};
  words.insert(words.end(), module.args.begin(), module.args.end());
  const reply answer = call(words);
  if (!answer.is_error()) return;
  throw error{"MODULE LOAD " + module.path + ": " + answer.error() + "; the log ends:\n" +
              state_->process->output_end()};
}

void server::unload(std::string_view name) {
  const reply answer = call("MODULE", "UNLOAD", name);
  if (!answer.is_error()) return;
  throw error{"MODULE UNLOAD " + std::string{name} + ": " + answer.error() + "; the log ends:\n" +
              state_->process->output_end()};
}

long long server::memory() {
  const std::string text = info("memory", "used_memory");
  unsigned long long bytes = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (failure != std::errc{} || end != text.data() + text.size()) throw error{"used_memory is '" + text + "'"};
  return static_cast<long long>(bytes);
}

std::map<std::string, std::string> server::info(std::string_view section) {
  const reply answer = call("INFO", section);
  std::map<std::string, std::string> fields;
  std::istringstream lines{answer.str()};
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || line.starts_with('#')) continue;
    fields[line.substr(0, colon)] = line.substr(colon + 1);
  }
  return fields;
}

std::string server::info(std::string_view section, std::string_view field) {
  const auto fields = info(section);
  const auto found = fields.find(std::string{field});
  if (found == fields.end()) throw error{"INFO " + std::string{section} + " has no " + std::string{field}};
  return found->second;
}

std::string server::log() const { return detail::read_file(state_->log_path()); }

bool server::alive() const { return state_->process->alive(); }

pid_t server::pid() const noexcept { return state_->process->pid(); }

bool server::maps(std::string_view path) const {
  std::istringstream lines{detail::read_file("/proc/" + std::to_string(pid()) + "/maps")};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t file = line.find('/');
    if (file != std::string::npos && std::string_view{line}.substr(file).find(path) != std::string_view::npos)
      return true;
  }
  return false;
}

const server_version& server::version() const noexcept { return state_->version; }
const std::string& server::directory() const noexcept { return state_->directory.path(); }
const std::string& server::socket() const noexcept { return state_->socket; }
const std::string& server::binary() const noexcept { return state_->binary; }

}  // namespace redismodule::testing
