// Nothing that a module allocates is libc's: a tracer of libc's allocating functions sees no call from the module, and
// a gibibyte of small nodes costs the process what used_memory says.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "isolation.h"
#include "tracer.h"

namespace {

using isolation::kit::server;

struct mapping {
  std::uint64_t low = 0, high = 0;
  bool holds(std::uint64_t address) const { return address >= low && address < high; }
};

// Where the process has mapped files of this name.
std::vector<mapping> mappings_of(const server& s, const std::string& file) {
  std::vector<mapping> found;
  std::ifstream maps{"/proc/" + std::to_string(s.pid()) + "/maps"};
  for (std::string line; std::getline(maps, line);) {
    if (line.find(file) == std::string::npos) continue;
    char* dash = nullptr;
    const auto low = std::strtoull(line.c_str(), &dash, 16);
    found.push_back({low, std::strtoull(dash + 1, nullptr, 16)});
  }
  return found;
}

// The file that a tracer in a server writes to.
class trace {
 public:
  trace() {
    char path[] = "/tmp/isolation-tracer-XXXXXX";
    const int file = mkstemp(path);
    if (file < 0 || ftruncate(file, sizeof(tracer_record)) != 0) throw std::runtime_error{"no file for the tracer"};
    void* mapped = mmap(nullptr, sizeof(tracer_record), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped == MAP_FAILED) throw std::runtime_error{"the tracer's file cannot be mapped"};
    path_ = path;
    record_ = static_cast<const tracer_record*>(mapped);
  }
  trace(const trace&) = delete;
  trace& operator=(const trace&) = delete;
  ~trace() {
    munmap(const_cast<tracer_record*>(record_), sizeof(tracer_record));
    unlink(path_.c_str());
  }

  server start() const {
    auto options = isolation::quiet();
    options.environment = {std::string("LD_PRELOAD=") + TRACER_LIBRARY, "ISOLATION_TRACER=" + path_};
    return server{options};
  }

  // Calls whose return address lies in the file, as the process has it mapped now; by function.
  std::map<int, long long> calls_from(const server& s, const std::string& file) const {
    const auto ranges = mappings_of(s, file);
    std::map<int, long long> calls;
    for (const auto& place : record_->places) {
      const auto address = place.key & ((std::uint64_t{1} << 56) - 1);
      for (const auto& range : ranges) {
        if (range.holds(address)) calls[static_cast<int>(place.key >> 56)] += static_cast<long long>(place.calls);
      }
    }
    return calls;
  }
  bool attached() const { return record_->attached != 0; }
  long long lost() const { return static_cast<long long>(record_->lost); }
  long long all() const {
    long long sum = 0;
    for (const auto& place : record_->places) sum += static_cast<long long>(place.calls);
    return sum;
  }

 private:
  std::string path_;
  const tracer_record* record_ = nullptr;
};

long long sum(const std::map<int, long long>& calls) {
  long long all = 0;
  for (const auto& [function, number] : calls) all += number;
  return all;
}

TEST(escape, no_allocating_call_into_libc_returns_into_the_module) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's runtime has to be the first library of a process, and so has what traces its calls";
#endif
  const trace seen;
  auto s = seen.start();
  ASSERT_TRUE(seen.attached());
  s.load(ESCAPE_OURS_MODULE);
  s.load(ESCAPE_CONTROL_MODULE);
  const auto rounds = isolation::by_length(3, 100);
  EXPECT_EQ(s.call("escape.run", rounds), 0);
  EXPECT_EQ(s.call("control.run"), 8);
  ASSERT_FALSE(mappings_of(s, "escape_ours.so").empty());
  const auto ours = seen.calls_from(s, "escape_ours.so");
  const auto control = seen.calls_from(s, "escape_control.so");
  EXPECT_EQ(seen.lost(), 0);
  isolation::figures("escape", s, "rounds\tcalls traced\tfrom the module\tfrom the control", rounds, seen.all(),
                     sum(ours), sum(control));
  for (const auto& [function, number] : ours) ADD_FAILURE() << number << " calls of function " << function;
  // The control calls malloc and realloc twice, the others once, on this same server.
  for (const int function : {tracer_malloc, tracer_calloc, tracer_realloc, tracer_aligned_alloc, tracer_posix_memalign,
                             tracer_memalign, tracer_valloc}) {
    EXPECT_EQ(control.count(function) != 0 ? control.at(function) : 0,
              function == tracer_malloc || function == tracer_realloc ? 2 : 1)
        << "function " << function;
  }
}

// The functions of libc that a file's relocations name, and that are to be redirected.
std::vector<std::string> redirected_names_in(const std::string& module) {
  std::set<std::string> redirected;
  std::ifstream list{WRAPPED_LIST};
  for (std::string line; std::getline(list, line);) {
    if (!line.empty() && line[0] != '#') redirected.insert(line);
  }
  std::ifstream called{CALLED_LIST};
  for (std::string line; std::getline(called, line);) redirected.erase(line);
  std::vector<std::string> found;
  const auto command = std::string(READELF) + " --relocs --wide '" + module + "'";
  std::unique_ptr<FILE, int (*)(FILE*)> relocations{popen(command.c_str(), "r"), pclose};
  char line[4096];
  while (relocations && fgets(line, sizeof line, relocations.get())) {
    std::istringstream words{line};
    std::string offset, info, type, value, name;
    words >> offset >> info >> type >> value >> name;
    name = name.substr(0, name.find('@'));
    if (redirected.count(name) != 0) found.push_back(name);
  }
  return found;
}

TEST(escape, no_relocation_names_a_function_that_is_redirected) {
  const auto ours = redirected_names_in(ESCAPE_OURS_MODULE);
  EXPECT_TRUE(ours.empty()) << ours.size() << ", the first " << ours.front();
  EXPECT_GE(redirected_names_in(ESCAPE_CONTROL_MODULE).size(), 8u) << "the control's are not seen";
}

TEST(escape, everything_goes_back_and_the_module_leaves_the_maps) {
  server s{isolation::quiet()};
  s.load(ESCAPE_OURS_MODULE);
  std::vector<long long> drifts;
  for (int i = 0; i < 9; ++i) {  // some of which are the first to need this or that
    const auto before = isolation::settled_memory(s);
    EXPECT_EQ(s.connect().call("escape.run", 2), 0);
    drifts.push_back(isolation::settled_memory(s) - before);
  }
  EXPECT_LE(std::abs(isolation::median(drifts)), 64) << ::testing::PrintToString(drifts);
  s.unload("escape");
  EXPECT_FALSE(s.maps("escape_ours.so"));
}

long long resident(server& s) { return std::stoll(s.info("memory", "used_memory_rss")); }

// Waits for the figure, which the server takes ten times a second.
long long settled_resident(server& s) {
  std::this_thread::sleep_for(std::chrono::milliseconds{500});
  return resident(s);
}

TEST(escape, small_nodes_cost_the_process_what_used_memory_says) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's allocator keeps more of a process than it was asked for";
#endif
  server s{isolation::quiet()};
  s.load(ESCAPE_OURS_MODULE);
  const auto bytes = isolation::by_length(64LL << 20, 1LL << 30);
  const auto memory_before = s.memory(), resident_before = settled_resident(s);
  // A node is 24 bytes and takes 32 of the server's, at least: until this many bytes are used.
  while (s.memory() - memory_before < bytes) s.call("escape.nodes", 1 << 20);
  const auto memory = s.memory() - memory_before;
  const auto rss = settled_resident(s) - resident_before;
  const auto allocator = s.info("memory", "mem_allocator");
  const auto ratio = static_cast<double>(rss) / static_cast<double>(memory);
  isolation::figures("resident", s, "allocator\tused_memory growth\tRSS growth\tratio", allocator, memory, rss, ratio);
  if (allocator.rfind("jemalloc", 0) == 0) {
    EXPECT_LE(ratio, 1.10);
  }
  EXPECT_GE(ratio, 0.95) << "used_memory counts what is not there";
  s.call("escape.drop");
  EXPECT_LE(std::abs(s.memory() - memory_before), 1 << 17);
}

}  // namespace
