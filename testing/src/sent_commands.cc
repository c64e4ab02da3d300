#include "sent_commands.h"

#include <sys/stat.h>
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <sstream>

#include "process.h"

namespace redismodule::testing {
namespace {

constexpr std::size_t most_words = 12, most_bytes = 60;  // shown of one command, and of a word

bool is_plain(const std::string& word) {
  return !word.empty() &&
         std::all_of(word.begin(), word.end(), [](unsigned char c) { return c > ' ' && c < 0x7f && c != '"'; });
}

std::string shown(const std::string& word) {
  if (word.size() > most_bytes) return shown(word.substr(0, most_bytes)) + "…";
  return is_plain(word) ? word : to_string(reply::of_text(reply::kind::string, word));
}

}  // namespace

std::string to_string(const replicated_command& sent) {
  std::string text;
  for (std::size_t i = 0; i < std::min(sent.words.size(), most_words); ++i) {
    text += (i == 0 ? "" : " ") + shown(sent.words[i]);
  }
  if (sent.words.size() > most_words) text += " …";
  return sent.database == 0 ? text : text + " (database " + std::to_string(sent.database) + ')';
}

std::ostream& operator<<(std::ostream& out, const replicated_command& sent) { return out << to_string(sent); }

namespace detail {
namespace {

namespace fs = std::filesystem;

// The end of what is in a file now.
class no_more : public error {
 public:
  using error::error;
};

std::vector<std::string> words_of(const reply& command) { return command.as<std::vector<std::string>>(); }

// Redis 7 and Valkey list their files in a manifest: "file appendonly.aof.1.incr.aof seq 1 type i", the last is
// written.
std::string file_in_manifest(const fs::path& manifest) {
  std::istringstream lines{read_file(manifest)};
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    std::string label, file;
    words >> label >> file;
    if (line.find("type i") != std::string::npos) last = file;
  }
  return manifest.parent_path() / last;
}

// The command that begins here; nothing if the text ends within it.
std::optional<std::vector<std::string>> next_command(std::string_view text) {
  reply_reader reader{[&text](char* into, std::size_t size) {
    if (text.empty()) throw no_more{"the end"};
    const std::size_t count = text.copy(into, size);
    text.remove_prefix(count);
    return count;
  }};
  try {
    return words_of(reader.next());
  } catch (const no_more&) {
    return std::nullopt;
  }
}

// Takes the whole commands, and the "#TS:…" lines between them, off the text.
void take_commands(std::string& text, command_stream& into) {
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] == '#' && text.find('\n', at) != std::string::npos) {
      at = text.find('\n', at) + 1;
      continue;
    }
    auto words = next_command(std::string_view{text}.substr(at));
    if (!words) break;
    at += encode_command(*words).size();
    into.add(std::move(*words));
  }
  text.erase(0, at);
}

}  // namespace

std::string upper(std::string word) {
  for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return word;
}

void command_stream::add(std::vector<std::string> words) {
  const std::string name = words.empty() ? std::string{} : upper(words[0]);
  if (name == "SELECT" && words.size() == 2) {
    database_ = std::stoi(words[1]);
  } else if (name != "MULTI" && name != "EXEC" && name != "PING" && name != "REPLCONF") {
    commands_.push_back({database_, std::move(words)});
  }
}

// The server answers +CONTINUE and sends what follows this offset.
replication_tap::replication_tap(server& primary) : connection_{primary.connect()} {
  const auto info = primary.info("replication");
  offset_ = std::stoll(info.at("master_repl_offset"));
  const reply answer = connection_.call("PSYNC", info.at("master_replid"), offset_ + 1);
  if (answer.is_error() || !answer.str().starts_with("CONTINUE"))
    throw error{"the primary does not let the mirror see what it replicates: " + to_string(answer)};
}

std::vector<replicated_command> replication_tap::read_to(long long offset) {
  while (offset_ < offset) {
    std::vector<std::string> words = words_of(connection_.receive());
    offset_ += static_cast<long long>(encode_command(words).size());
    stream_.add(std::move(words));
  }
  return stream_.take();
}

aof_tail::aof_tail(server& of) : directory_{of.directory()} { skip(); }

std::string aof_tail::current_file() const {
  const fs::path manifest = fs::path{directory_} / "appendonlydir" / "appendonly.aof.manifest";
  return fs::exists(manifest) ? file_in_manifest(manifest) : directory_ + "/appendonly.aof";
}

void aof_tail::skip() {
  struct stat now {};
  file_ = current_file();
  if (::stat(file_.c_str(), &now) != 0) throw error{"there is no append-only file " + file_};
  inode_ = now.st_ino;
  position_ = static_cast<std::uintmax_t>(now.st_size);
  unread_.clear();
}

std::optional<std::vector<replicated_command>> aof_tail::read() {
  struct stat now {};
  const std::string file = current_file();
  if (file != file_ || ::stat(file.c_str(), &now) != 0 || now.st_ino != inode_) {
    skip();
    return std::nullopt;
  }
  std::ifstream in{file, std::ios::binary};
  in.seekg(static_cast<std::streamoff>(position_));
  const std::string more{std::istreambuf_iterator<char>{in}, {}};
  position_ += more.size();
  unread_ += more;
  take_commands(unread_, stream_);
  return stream_.take();
}

}  // namespace detail
}  // namespace redismodule::testing
