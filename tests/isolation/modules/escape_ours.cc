// A module that allocates by whatever a C++ module has: its own containers, the C++ library's inner calls, a C library
// linked into it.
#include <malloc.h>
#include <sqlite3.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <future>
#include <list>
#include <memory_resource>
#include <mutex>
#include <unordered_set>

#include "../../server/modules/raw_module.h"
#include "features.h"

namespace {

using raw::api;
using raw::context;
using raw::string;

// Before OnLoad.
std::map<std::string, std::vector<int>> before_load{{"a key that no small string has room for", {1, 2, 3}}};

long long use_containers() {
  std::list<std::string> list(100, std::string(50, 'l'));
  std::deque<long> deque(1000, 1);
  std::unordered_set<std::string> set;
  for (int i = 0; i < 100; ++i) set.insert("member number " + std::to_string(i));
  std::pmr::monotonic_buffer_resource buffer{std::pmr::new_delete_resource()};
  std::pmr::vector<int> of_resource(1000, 1, &buffer);
  struct alignas(256) line {
    char text[256];
  };
  auto lines = std::make_unique<line[]>(8);
  auto shared = std::make_shared<std::string>(100, 's');
  before_load["made later"].push_back(4);
  return static_cast<long long>(list.size() + deque.size() + set.size() + of_resource.size()) + (lines != nullptr) +
         shared.use_count();
}

long long use_files() {
  const auto path = std::filesystem::temp_directory_path() / ("isolation." + std::to_string(getpid()));
  std::ofstream{path} << "a line\n" << 1234.5 << '\n';
  std::ifstream in{path};
  std::string line;
  std::getline(in, line);
  in.close();
  std::filesystem::remove(path);
  long long entries = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("/proc/self/task")) {
    entries += !entry.path().empty();
    if (entries > 50) break;
  }
  return entries + static_cast<long long>(line.size());
}

long long use_threads() {
  std::vector<std::future<std::string>> futures;
  for (int i = 0; i < 4; ++i) {
    futures.push_back(std::async(std::launch::async, [i] { return std::string(1000, static_cast<char>('a' + i)); }));
  }
  std::size_t sum = 0;
  for (auto& each : futures) sum += each.get().size();
  std::packaged_task<int()> fails{[]() -> int { throw std::runtime_error{"across threads, by exception_ptr"}; }};
  auto failed = fails.get_future();
  std::thread{std::move(fails)}.join();
  try {
    failed.get();
  } catch (const std::runtime_error&) {
    ++sum;
  }
  return static_cast<long long>(sum);
}

// The malloc family by name, as C code in a module has it.
long long use_malloc_family() {
  void* blocks[] = {malloc(100),         calloc(10, 10),       aligned_alloc(64, 128),       memalign(128, 100),
                    valloc(100),         realloc(nullptr, 50), reallocarray(nullptr, 5, 10), nullptr,
                    strdup("handed out")};
  if (posix_memalign(&blocks[7], 256, 100) != 0) return 0;
  blocks[0] = realloc(blocks[0], 5000);
  long long made = 0;
  for (auto* block : blocks) {
    made += block != nullptr;
    free(block);
  }
  return made;
}

bool run_sql(sqlite3* database, const char* statement) {
  return sqlite3_exec(database, statement, nullptr, nullptr, nullptr) == SQLITE_OK;
}

// A database in memory: its rows, or -1.
long long use_sqlite(long long rows) {
  sqlite3* database = nullptr;
  if (sqlite3_open(":memory:", &database) != SQLITE_OK) return -1;
  bool good = run_sql(database, "create table t(id integer primary key, name text, value real)");
  sqlite3_stmt* insert = nullptr;
  good = good && sqlite3_prepare_v2(database, "insert into t values(?, ?, ?)", -1, &insert, nullptr) == SQLITE_OK;
  for (long long i = 0; good && i < rows; ++i) {
    const auto name = "row number " + std::to_string(i);
    sqlite3_bind_int64(insert, 1, i);
    sqlite3_bind_text(insert, 2, name.c_str(), -1, SQLITE_TRANSIENT);
    sqlite3_bind_double(insert, 3, 0.5 * static_cast<double>(i));
    good = sqlite3_step(insert) == SQLITE_DONE && sqlite3_reset(insert) == SQLITE_OK;
  }
  sqlite3_finalize(insert);
  good = good && run_sql(database, "create index by_name on t(name desc)");
  sqlite3_stmt* count = nullptr;
  const char* query = "select count(*) from (select name, sum(value) from t group by name order by 2 desc)";
  good = good && sqlite3_prepare_v2(database, query, -1, &count, nullptr) == SQLITE_OK;
  good = good && sqlite3_step(count) == SQLITE_ROW;
  const long long found = good ? sqlite3_column_int64(count, 0) : -1;
  sqlite3_finalize(count);
  sqlite3_close(database);
  return found;
}

// escape.run ROUNDS: everything above; the number of faults.
int run(context* ctx, string** argv, int) {
  long long faults = 0;
  for (long long i = raw::number(argv[1]); i > 0; --i) {
    for (int index = 0; index < features::count; ++index) faults += features::wrong(index, 1);
    faults += use_containers() != 2202;
    faults += use_files() < 7;
    faults += use_threads() != 4001;
    faults += use_malloc_family() != 9;
    faults += use_sqlite(2000) != 2000;
  }
  return api.ReplyWithLongLong(ctx, faults);
}

// escape.nodes COUNT: a list of that many small nodes, kept; escape.drop: frees it.
std::list<long long> nodes;

int make_nodes(context* ctx, string** argv, int) {
  for (long long i = raw::number(argv[1]); i > 0; --i) nodes.push_back(i);
  return api.ReplyWithLongLong(ctx, static_cast<long long>(nodes.size()));
}

int drop_nodes(context* ctx, string**, int) {
  nodes.clear();
  return api.ReplyWithLongLong(ctx, 0);
}

constexpr raw::command commands[] = {{"escape.run", run}, {"escape.nodes", make_nodes}, {"escape.drop", drop_nodes}};

}  // namespace

extern "C" __attribute__((visibility("default"))) int RedisModule_OnLoad(context* ctx, string**, int) {
  return raw::load(ctx, "escape", commands);
}

extern "C" __attribute__((visibility("default"))) int RedisModule_OnUnload(context*) {
  sqlite3_shutdown();
  redismodule::memory::stop();
  return redismodule::abi::MODULE_OK;
}
