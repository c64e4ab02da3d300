// Takes memory in two ways, by C++ containers and by a C library that is linked in, and gives it back: to watch how all
// of it shows in the server's INFO memory. ./dev demo is that, in a terminal.
#include <redismodule/memory/scope.h>
#include <redismodule/redismodule.h>
#include <sqlite3.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rm = redismodule;

namespace {

// What each part holds is counted by its account; the module is built with ACCOUNTING.
const rm::memory::scope containers_account{"containers"};
const rm::memory::scope sqlite_account{"sqlite"};

std::size_t bytes_of(long long mebibytes) { return static_cast<std::size_t>(mebibytes) << 20; }

struct archive {
  std::map<std::string, std::vector<double>, std::less<>> series;
  std::unordered_map<long long, std::string> names;
};
std::unique_ptr<archive> held;

// Adds nodes, strings and arrays of many sizes until the containers hold so much; answers how many bytes they hold.
rm::result<long long> fill_containers(long long mebibytes) {
  if (mebibytes < 1 || mebibytes > 4096) return rm::error_reply{"ERR wanted are 1 to 4096 MiB"};
  const auto entered = containers_account.enter();
  if (!held) held = std::make_unique<archive>();
  for (auto i = static_cast<long long>(held->names.size()); containers_account.current().bytes < bytes_of(mebibytes);
       ++i) {
    const std::string name = "series number " + std::to_string(i);
    held->series.emplace(name, std::vector<double>(static_cast<std::size_t>(i % 100), 0.5));
    held->names.emplace(i, name);
  }
  return static_cast<long long>(containers_account.current().bytes);
}

struct close_database {
  void operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }
};
struct finalize_statement {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
std::unique_ptr<sqlite3, close_database> database;

rm::error_reply sqlite_error() {
  return rm::error_reply{std::string{"ERR SQLite: "} + (database ? sqlite3_errmsg(database.get()) : "out of memory")};
}

bool execute(const char* sql) { return sqlite3_exec(database.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK; }

bool open_database() {
  if (database) return true;
  sqlite3* opened = nullptr;
  const int outcome = sqlite3_open(":memory:", &opened);
  database.reset(opened);
  return outcome == SQLITE_OK && execute("CREATE TABLE entry (id INTEGER PRIMARY KEY, name TEXT UNIQUE, body BLOB)");
}

// Inserts rows into a database in memory until SQLite holds so much; answers how many bytes it holds.
rm::result<long long> fill_database(long long mebibytes) {
  if (mebibytes < 1 || mebibytes > 4096) return rm::error_reply{"ERR wanted are 1 to 4096 MiB"};
  const auto entered = sqlite_account.enter();
  if (!open_database() || !execute("BEGIN")) return sqlite_error();
  sqlite3_stmt* prepared = nullptr;
  const char* insert = "INSERT INTO entry (name, body) VALUES (hex(randomblob(8)), randomblob(abs(random() % 900)))";
  if (sqlite3_prepare_v2(database.get(), insert, -1, &prepared, nullptr) != SQLITE_OK) return sqlite_error();
  const std::unique_ptr<sqlite3_stmt, finalize_statement> row{prepared};
  while (sqlite_account.current().bytes < bytes_of(mebibytes)) {
    if (sqlite3_step(row.get()) != SQLITE_DONE) return sqlite_error();
    sqlite3_reset(row.get());
  }
  if (!execute("COMMIT")) return sqlite_error();
  return static_cast<long long>(sqlite_account.current().bytes);
}

rm::result<long long> count_rows() {
  sqlite3_stmt* prepared = nullptr;
  if (!database ||
      sqlite3_prepare_v2(database.get(), "SELECT count(*) FROM entry", -1, &prepared, nullptr) != SQLITE_OK) {
    return rm::error_reply{"ERR there is no database"};
  }
  const std::unique_ptr<sqlite3_stmt, finalize_statement> count{prepared};
  if (sqlite3_step(count.get()) != SQLITE_ROW) return sqlite_error();
  return static_cast<long long>(sqlite3_column_int64(count.get(), 0));
}

// Answers how many bytes the module still holds in both accounts.
long long release() {
  held.reset();
  database.reset();
  return static_cast<long long>(containers_account.current().bytes + sqlite_account.current().bytes);
}

void at_unload() {
  release();
  sqlite3_shutdown();
}

long long arena_bytes() { return static_cast<long long>(rm::memory::current().arena.live); }

}  // namespace

REDISMODULE_MODULE(memory, 1, m) {
  m.command<fill_containers>("memory.containers mebibytes", {.summary = "Holds so much in C++ containers"});
  m.command<fill_database>("memory.sqlite mebibytes", {.summary = "Holds so much in a database of SQLite"});
  m.command<count_rows>("memory.rows", {.summary = "Counts the rows of that database"});
  m.command<release>("memory.release", {.summary = "Gives all of it back"});
  m.command<arena_bytes>("memory.arena", {.summary = "Bytes in use from before the server could be asked for memory"});
  m.on_unload<at_unload>();
}
