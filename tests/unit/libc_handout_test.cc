// The redirected hand-out functions against libc's own. This program is linked as a module is, with --wrap, but on a
// malloc family that counts: each test says how many blocks it got, so that memory of libc's would be missed at once.
#include <dirent.h>
#include <execinfo.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <clocale>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <filesystem>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

extern "C" {
void* __real_malloc(std::size_t);
void* __real_calloc(std::size_t, std::size_t);
void* __real_realloc(void*, std::size_t);
void __real_free(void*);
int __real___cxa_atexit(void (*)(void*), void*, void*);
char* __real_strdup(const char*);
char* __real_strndup(const char*, std::size_t);
wchar_t* __real_wcsdup(const wchar_t*);
int __real_vasprintf(char**, const char*, va_list);
ssize_t __real_getdelim(char**, std::size_t*, int, FILE*);
FILE* __real_open_memstream(char**, std::size_t*);
char* __real_realpath(const char*, char*);
char* __real_getcwd(char*, std::size_t);
char* __real_get_current_dir_name();
int __real_scandir(const char*, dirent***, int (*)(const dirent*), int (*)(const dirent**, const dirent**));
char** __real_backtrace_symbols(void* const*, int);
int __real___isoc99_vsscanf(const char*, const char*, va_list);
int __real_vsscanf(const char*, const char*, va_list);
int __real___isoc99_vfscanf(FILE*, const char*, va_list);
int __real___isoc99_vswscanf(const wchar_t*, const wchar_t*, va_list);
int __real___isoc99_vfwscanf(FILE*, const wchar_t*, va_list);

// The forms that only compilers and headers call.
char* __strdup(const char*);
char* __strndup(const char*, std::size_t);
int __asprintf(char**, const char*, ...);
int __asprintf_chk(char**, int, const char*, ...);
int __vasprintf_chk(char**, int, const char*, va_list);
char* __realpath_chk(const char*, char*, std::size_t);
char* __getcwd_chk(char*, std::size_t, std::size_t);
char** __backtrace_symbols(void* const*, int);
int __wrap_sscanf(const char*, const char*, ...);
int __wrap___vsscanf(const char*, const char*, va_list);
int __wrap___vfscanf(FILE*, const char*, va_list);
int __wrap___isoc23_sscanf(const char*, const char*, ...);
int __wrap___isoc23_fscanf(FILE*, const char*, ...);
int __wrap___isoc23_swscanf(const wchar_t*, const wchar_t*, ...);
int __wrap___isoc23_fwscanf(FILE*, const wchar_t*, ...);
}

// ---- the counting malloc family ------------------------------------------------------------------------------------

namespace {

// The blocks of ours and their sizes, so that a foreign block is caught when freed.
class known_blocks {
 public:
  void add(const void* block, std::size_t size) {
    const std::lock_guard lock{mutex_};
    sizes_[block] = size;
  }
  bool remove(const void* block) {
    const std::lock_guard lock{mutex_};
    return sizes_.erase(block) != 0;
  }
  std::optional<std::size_t> size_of(const void* block) {
    const std::lock_guard lock{mutex_};
    const auto found = sizes_.find(block);
    return found == sizes_.end() ? std::nullopt : std::optional{found->second};
  }

 private:
  std::mutex mutex_;
  std::unordered_map<const void*, std::size_t> sizes_;
};

known_blocks& known() {
  static known_blocks& blocks = *new known_blocks;
  return blocks;
}

std::atomic<long> live_blocks{0};
std::atomic<long> foreign_frees{0};
std::atomic<long> allocations_left{-1};  // -1: no limit

bool may_allocate() {
  long left = allocations_left.load();
  while (left > 0 && !allocations_left.compare_exchange_weak(left, left - 1)) {
  }
  if (left != 0) return true;
  errno = ENOMEM;
  return false;
}

bool is_ours(void* block) { return known().size_of(block).has_value(); }

std::size_t size_of(void* block) { return known().size_of(block).value(); }

}  // namespace

extern "C" {

void* __wrap_malloc(std::size_t size) {
  if (size > PTRDIFF_MAX || !may_allocate()) return errno = ENOMEM, nullptr;
  void* block = __real_malloc(size);
  if (!block) return nullptr;
  known().add(block, size);
  ++live_blocks;
  return std::memset(block, 0x5a, size);
}

void __wrap_free(void* block) {
  if (!block) return;
  if (!known().remove(block)) {
    ++foreign_frees;
    return;
  }
  --live_blocks;
  __real_free(block);
}

void* __wrap_calloc(std::size_t count, std::size_t size) {
  void* block = __wrap_malloc(count * size);
  return block ? std::memset(block, 0, count * size) : nullptr;
}

void* __wrap_realloc(void* block, std::size_t size) {
  void* moved = __wrap_malloc(size);
  if (!moved || !block) return moved;
  if (!is_ours(block)) std::abort();
  std::memcpy(moved, block, std::min(size, size_of(block)));
  __wrap_free(block);
  return moved;
}

void* __wrap_reallocarray(void* block, std::size_t count, std::size_t size) {
  return __wrap_realloc(block, count * size);
}
void* __wrap_aligned_alloc(std::size_t, std::size_t) { std::abort(); }
void* __wrap_memalign(std::size_t, std::size_t) { std::abort(); }
void* __wrap_valloc(std::size_t) { std::abort(); }
void* __wrap_pvalloc(std::size_t) { std::abort(); }
int __wrap_posix_memalign(void**, std::size_t, std::size_t) { std::abort(); }
int __wrap___cxa_atexit(void (*function)(void*), void* argument, void* image) {
  return __real___cxa_atexit(function, argument, image);
}
std::size_t __wrap_malloc_usable_size(void* block) { return block ? size_of(block) : 0; }

}  // extern "C"

namespace {

// Counts the blocks that a test leaves alive. gtest's own allocations come from shared libstdc++ and do not count.
class libc_handout : public testing::Test {
 protected:
  void SetUp() override {
    std::setlocale(LC_ALL, "C.UTF-8");
    before_ = live_blocks;
    foreign_before_ = foreign_frees;
  }
  void TearDown() override {
    allocations_left = -1;
    EXPECT_EQ(live_blocks, before_) << "blocks left behind";
    EXPECT_EQ(foreign_frees, foreign_before_) << "blocks of libc's came out";
  }
  long live() const { return live_blocks - before_; }

 private:
  long before_ = 0;
  long foreign_before_ = 0;
};

// Frees a block of ours and says what was in it.
std::string take(char* text) {
  EXPECT_TRUE(is_ours(text));
  std::string copy = text ? text : "(null)";
  free(text);
  return copy;
}

std::wstring take(wchar_t* text) {
  EXPECT_TRUE(is_ours(text));
  std::wstring copy = text ? text : L"(null)";
  free(text);
  return copy;
}

// Makes the n-th allocation fail for n = 1, 2, … until the call gets through; says how often it failed.
template <class Call>
int fail_each_allocation(const Call& succeeds) {
  for (int n = 0;; ++n) {
    allocations_left = n;
    errno = 0;
    const bool done = succeeds();
    const int why = errno;
    allocations_left = -1;
    if (done) return n;
    EXPECT_EQ(why, ENOMEM) << "at allocation " << n + 1;
  }
}

// A stream not yet used, so that it can still become a wide one.
FILE* file_with(const std::string& content) {
  const int descriptor = memfd_create("content", 0);
  if (descriptor < 0 || write(descriptor, content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
    throw std::runtime_error{"no file to read from"};
  }
  lseek(descriptor, 0, SEEK_SET);
  return fdopen(descriptor, "r");
}

// ---- the control ---------------------------------------------------------------------------------------------------

TEST_F(libc_handout, control_a_block_of_libc_is_caught) {
  char* foreign = __real_strdup("from libc, and long enough to have room before it");
  char* volatile given = foreign;
  const long caught_before = foreign_frees;
  __wrap_free(given);
  EXPECT_EQ(foreign_frees, caught_before + 1);
  --foreign_frees;
  __real_free(foreign);
}

// ---- strings -------------------------------------------------------------------------------------------------------

TEST_F(libc_handout, strdup_copies) {
  for (const char* text : {"", "a", "some words"}) {
    EXPECT_EQ(take(strdup(text)), text);
    EXPECT_EQ(take(__strdup(text)), text);
  }
}

TEST_F(libc_handout, strndup_stops_at_the_limit_and_reads_no_further) {
  // No constant: clang 16 and later take one without an end for a string, and call strdup.
  const std::vector<char> unterminated{'a', 'b', 'c', 'd'};
  EXPECT_EQ(take(strndup(unterminated.data(), 4)), "abcd");
  EXPECT_EQ(take(strndup("abcd", 2)), "ab");
  EXPECT_EQ(take(__strndup("abcd", 0)), "");
  EXPECT_EQ(take(strndup("abcd", SIZE_MAX)), "abcd");
}

TEST_F(libc_handout, wcsdup_copies) { EXPECT_EQ(take(wcsdup(L"wide \u00e4")), L"wide \u00e4"); }

TEST_F(libc_handout, copies_fail_with_enomem) {
  EXPECT_EQ(fail_each_allocation([] {
              char* volatile copy = strdup("text");  // an unused copy would be optimised away
              free(copy);
              return copy != nullptr;
            }),
            1);
  EXPECT_EQ(fail_each_allocation([] {
              wchar_t* copy = wcsdup(L"text");
              free(copy);
              return copy != nullptr;
            }),
            1);
}

// ---- formatted -----------------------------------------------------------------------------------------------------

int ask_vasprintf(char** result, const char* format, ...) {
  va_list args;
  va_start(args, format);
  const int length = vasprintf(result, format, args);
  va_end(args);
  return length;
}

int ask_vasprintf_chk(char** result, const char* format, ...) {
  va_list args;
  va_start(args, format);
  const int length = __vasprintf_chk(result, 1, format, args);
  va_end(args);
  return length;
}

TEST_F(libc_handout, asprintf_prints_at_every_length) {
  for (int width : {0, 1, 254, 255, 256, 257, 1000, 100000}) {
    const std::string expected = std::string(static_cast<std::size_t>(width), 'x') + "-7";
    const std::string x(static_cast<std::size_t>(width), 'x');
    char* text = nullptr;
    EXPECT_EQ(asprintf(&text, "%s%d", x.c_str(), -7), width + 2);
    EXPECT_EQ(take(text), expected);
    EXPECT_EQ(__asprintf(&text, "%s%d", x.c_str(), -7), width + 2);
    EXPECT_EQ(take(text), expected);
    EXPECT_EQ(__asprintf_chk(&text, 1, "%s%d", x.c_str(), -7), width + 2);
    EXPECT_EQ(take(text), expected);
    EXPECT_EQ(ask_vasprintf(&text, "%s%d", x.c_str(), -7), width + 2);
    EXPECT_EQ(take(text), expected);
    EXPECT_EQ(ask_vasprintf_chk(&text, "%s%d", x.c_str(), -7), width + 2);
    EXPECT_EQ(take(text), expected);
  }
}

TEST_F(libc_handout, asprintf_cuts_its_block_to_the_text) {
  char* text = nullptr;
  ASSERT_EQ(asprintf(&text, "%1000d", 1), 1000);
  EXPECT_EQ(size_of(text), 1001u);
  free(text);
}

TEST_F(libc_handout, asprintf_fails_with_minus_one) {
  const std::string longer(1000, 'y');
  for (const char* argument : {"short", longer.c_str()}) {
    EXPECT_GE(fail_each_allocation([&] {
                char* text = reinterpret_cast<char*>(1);
                const int length = asprintf(&text, "%s", argument);
                if (length < 0) {
                  EXPECT_EQ(length, -1);
                  EXPECT_EQ(text, nullptr);
                  return false;
                }
                free(text);
                return true;
              }),
              1);
  }
  char* text = nullptr;
  errno = 0;
  EXPECT_EQ(asprintf(&text, "%lc", static_cast<wint_t>(0xd800)), -1);
  EXPECT_EQ(errno, EILSEQ);
}

// ---- lines ---------------------------------------------------------------------------------------------------------

struct line_result {
  ssize_t length;
  std::string text;
  bool operator==(const line_result&) const = default;
};

std::ostream& operator<<(std::ostream& out, const line_result& line) { return out << line.length << ":" << line.text; }

template <class Read, class Free>
std::vector<line_result> lines_of(const std::string& content, int delimiter, const Read& read, const Free& release) {
  std::vector<line_result> lines;
  FILE* file = file_with(content);
  char* line = nullptr;
  std::size_t capacity = 0;
  for (;;) {
    const ssize_t length = read(&line, &capacity, delimiter, file);
    lines.push_back({length, length < 0 ? "" : std::string(line, static_cast<std::size_t>(length))});
    if (length < 0) break;
    EXPECT_EQ(line[length], '\0');
    EXPECT_GT(capacity, static_cast<std::size_t>(length));
  }
  EXPECT_TRUE(std::feof(file));
  release(line);
  std::fclose(file);
  return lines;
}

TEST_F(libc_handout, getdelim_reads_what_libc_reads) {
  const std::string contents[] = {"",
                                  "\n",
                                  "a",
                                  "a\n",
                                  "one\ntwo\nthree",
                                  std::string("a\0b\nc", 5),
                                  "a,b,,c\n",
                                  std::string(119, 'x') + "\n",
                                  std::string(120, 'x') + "\n",
                                  std::string(5000, 'y')};
  for (const auto& content : contents) {
    for (int delimiter : {static_cast<int>('\n'), static_cast<int>(','), 0}) {
      EXPECT_EQ(lines_of(content, delimiter, getdelim, free),
                lines_of(content, delimiter, __real_getdelim, __real_free));
      EXPECT_EQ(lines_of(content, delimiter, __getdelim, free),
                lines_of(content, delimiter, __real_getdelim, __real_free));
    }
  }
}

TEST_F(libc_handout, getline_grows_the_callers_block) {
  FILE* file = file_with("a line of more than four characters\n");
  std::size_t capacity = 4;
  char* line = static_cast<char*>(malloc(capacity));
  EXPECT_EQ(getline(&line, &capacity, file), 36);
  EXPECT_TRUE(is_ours(line));
  EXPECT_LE(capacity, size_of(line));
  free(line);
  std::fclose(file);
}

TEST_F(libc_handout, getline_takes_a_null_line_whatever_the_capacity_says) {
  FILE* file = file_with("x\n");
  std::size_t capacity = 12345;
  char* line = nullptr;
  EXPECT_EQ(getline(&line, &capacity, file), 2);
  EXPECT_EQ(size_of(line), capacity);
  free(line);
  std::fclose(file);
}

TEST_F(libc_handout, getline_leaves_a_block_of_no_capacity_alone) {
  FILE* file = file_with("one\ntwo\n");
  char own[] = "not from malloc";
  char* line = own;
  std::size_t capacity = 0;
  EXPECT_EQ(getline(&line, &capacity, file), 4);
  EXPECT_NE(line, own);
  EXPECT_STREQ(own, "not from malloc");
  EXPECT_EQ(size_of(line), capacity);
  char* libc_line = own;
  std::size_t libc_capacity = 0;
  EXPECT_EQ(__real_getdelim(&libc_line, &libc_capacity, '\n', file), 4);
  EXPECT_EQ(libc_capacity, capacity);
  EXPECT_STREQ(libc_line, "two\n");
  EXPECT_EQ(take(line), "one\n");
  __real_free(libc_line);
  std::fclose(file);
  file = file_with("three\n");
  line = own;
  capacity = 0;
  allocations_left = 0;
  EXPECT_EQ(getline(&line, &capacity, file), -1);
  EXPECT_EQ(line, nullptr);
  std::fclose(file);
}

TEST_F(libc_handout, getline_refuses_null_arguments) {
  FILE* file = file_with("x\n");
  std::size_t capacity = 0;
  char* line = nullptr;
  char** no_line = nullptr;
  std::size_t* no_capacity = nullptr;
  for (int i = 0; i < 2; ++i) {
    errno = 0;
    EXPECT_EQ(i == 0 ? getline(no_line, &capacity, file) : getline(&line, no_capacity, file), -1);
    EXPECT_EQ(errno, EINVAL);
  }
  std::fclose(file);
}

TEST_F(libc_handout, getline_fails_on_a_stream_that_cannot_be_read) {
  FILE* file = std::fopen("/dev/null", "w");
  std::size_t capacity = 0;
  char* line = nullptr;
  errno = 0;
  EXPECT_EQ(getline(&line, &capacity, file), -1);
  EXPECT_EQ(errno, EBADF);
  EXPECT_TRUE(std::ferror(file));
  free(line);
  std::fclose(file);
}

TEST_F(libc_handout, getline_fails_with_enomem_and_keeps_what_there_was) {
  const std::string content(1000, 'z');
  EXPECT_GT(fail_each_allocation([&] {
              FILE* file = file_with(content);
              std::size_t capacity = 0;
              char* line = nullptr;
              const ssize_t length = getline(&line, &capacity, file);
              const int why = errno;
              EXPECT_EQ(line == nullptr, capacity == 0);
              free(line);
              std::fclose(file);
              errno = why;
              return length == 1000;
            }),
            2);
}

// ---- streams in memory ---------------------------------------------------------------------------------------------

TEST_F(libc_handout, open_memstream_collects_what_is_written) {
  char* text = nullptr;
  std::size_t length = 99;
  FILE* stream = open_memstream(&text, &length);
  ASSERT_NE(stream, nullptr);
  EXPECT_EQ(std::fflush(stream), 0);
  EXPECT_EQ(length, 0u);
  EXPECT_STREQ(text, "");
  EXPECT_EQ(std::fprintf(stream, "%s %d", "hello", 5), 7);
  EXPECT_EQ(std::fflush(stream), 0);
  EXPECT_EQ(length, 7u);
  EXPECT_STREQ(text, "hello 5");
  EXPECT_EQ(std::ftell(stream), 7);
  const std::string more(100000, 'm');
  EXPECT_EQ(std::fwrite(more.data(), 1, more.size(), stream), more.size());
  EXPECT_EQ(std::fclose(stream), 0);
  EXPECT_EQ(length, 100007u);
  EXPECT_EQ(text[length], '\0');
  EXPECT_EQ(size_of(text), length + 1);
  EXPECT_EQ(take(text), "hello 5" + more);
}

TEST_F(libc_handout, open_memstream_keeps_nul_bytes) {
  char* text = nullptr;
  std::size_t length = 0;
  FILE* stream = open_memstream(&text, &length);
  std::fwrite("a\0b", 1, 3, stream);
  std::fclose(stream);
  EXPECT_EQ(std::string(text, length), std::string("a\0b", 3));
  free(text);
}

TEST_F(libc_handout, open_memstream_seeks) {
  char* text = nullptr;
  std::size_t length = 0;
  FILE* stream = open_memstream(&text, &length);
  std::fputs("0123456789", stream);
  EXPECT_EQ(std::fseek(stream, 2, SEEK_SET), 0);
  std::fputs("ab", stream);
  EXPECT_EQ(std::fseek(stream, 0, SEEK_END), 0);
  EXPECT_EQ(std::ftell(stream), 10);
  EXPECT_EQ(std::fseek(stream, 3, SEEK_CUR), 0);
  std::fputs("z", stream);
  errno = 0;
  EXPECT_EQ(std::fseek(stream, -1, SEEK_SET), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(std::fclose(stream), 0);
  EXPECT_EQ(std::string(text, length), std::string("01ab456789\0\0\0z", 14));
  free(text);
}

// What a program sees of a stream in memory: at each flush the text up to the length, at the end its NUL too.
struct memory_step {
  enum { write, seek_to, seek_by, flush, tell } what;
  long offset = 0;
  std::string text{};
};

template <class Open, class Free>
std::vector<std::string> views_of(const Open& open, const std::vector<memory_step>& steps, const Free& release) {
  char* text = nullptr;
  std::size_t length = 0;
  std::vector<std::string> views;
  FILE* stream = open(&text, &length);
  for (const auto& step : steps) {
    switch (step.what) {
      case memory_step::write: std::fwrite(step.text.data(), 1, step.text.size(), stream); break;
      case memory_step::seek_to: views.push_back(std::to_string(std::fseek(stream, step.offset, SEEK_SET))); break;
      case memory_step::seek_by: views.push_back(std::to_string(std::fseek(stream, step.offset, SEEK_CUR))); break;
      case memory_step::tell: views.push_back(std::to_string(std::ftell(stream))); break;
      case memory_step::flush:
        std::fflush(stream);
        views.emplace_back(text, length);
        break;
    }
  }
  std::fclose(stream);
  views.emplace_back(text, length + 1);
  release(text);
  return views;
}

std::vector<std::string> ours_of(const std::vector<memory_step>& steps) {
  return views_of(open_memstream, steps, free);
}

std::vector<std::string> libcs_of(const std::vector<memory_step>& steps) {
  return views_of(__real_open_memstream, steps, __real_free);
}

TEST_F(libc_handout, open_memstream_ends_where_its_position_is) {
  const std::vector<memory_step> last_comma{{memory_step::write, 0, "a,b,c,"}, {memory_step::seek_by, -1}};
  EXPECT_EQ(ours_of(last_comma).back(), std::string("a,b,c\0", 6));
  EXPECT_EQ(ours_of(last_comma), libcs_of(last_comma));
  const std::vector<memory_step> rewritten{
      {memory_step::write, 0, "first version"}, {memory_step::seek_to, 0}, {memory_step::write, 0, "2nd"}};
  EXPECT_EQ(ours_of(rewritten).back(), std::string("2nd\0", 4));
  EXPECT_EQ(ours_of(rewritten), libcs_of(rewritten));
  const std::vector<memory_step> beyond{
      {memory_step::write, 0, "abc"}, {memory_step::seek_to, 50}, {memory_step::flush}, {memory_step::seek_to, 5}};
  EXPECT_EQ(ours_of(beyond).back(), std::string("abc\0\0\0", 6));
  EXPECT_EQ(ours_of(beyond), libcs_of(beyond));
}

// Without what glibc leaves to chance: SEEK_END, which may mean the position rather than the end of the text, and far
// seeks, which lay open what was in memory before.
TEST_F(libc_handout, open_memstream_agrees_with_libc_on_random_steps) {
  std::mt19937 random{20240229};
  const auto pick = [&](long below) { return std::uniform_int_distribution<long>{0, below - 1}(random); };
  for (int round = 0; round < 5000 && !HasFailure(); ++round) {
    std::vector<memory_step> steps;
    std::string told;
    for (long left = pick(9); left >= 0; --left) {
      const auto size = static_cast<std::size_t>(pick(pick(20) == 0 ? 20000 : 20));
      memory_step step{};
      switch (pick(5)) {
        case 0: step = {memory_step::seek_to, pick(20)}; break;
        case 1: step = {memory_step::seek_by, pick(20) - 10}; break;
        case 2: step = {memory_step::flush}; break;
        case 3: step = {memory_step::tell}; break;
        default: step = {memory_step::write, 0, std::string(size, static_cast<char>('a' + round % 26))};
      }
      told += " " + std::to_string(step.what) + ":" + std::to_string(step.offset + static_cast<long>(step.text.size()));
      steps.push_back(step);
    }
    EXPECT_EQ(ours_of(steps), libcs_of(steps)) << told;
  }
}

TEST_F(libc_handout, open_memstream_cannot_seek_where_there_is_no_memory) {
  char* text = nullptr;
  std::size_t length = 0;
  FILE* stream = open_memstream(&text, &length);
  std::fputs("kept", stream);
  std::fflush(stream);
  allocations_left = 0;
  EXPECT_EQ(std::fseek(stream, 100000, SEEK_SET), -1);
  EXPECT_EQ(errno, ENOMEM);
  allocations_left = -1;
  std::fclose(stream);
  EXPECT_EQ(take(text), "kept");
}

TEST_F(libc_handout, open_memstream_ends_like_libc_after_writing_forward) {
  for (const std::string& content : {std::string{}, std::string{"x"}, std::string(70000, 'q')}) {
    char* text = nullptr;
    std::size_t length = 0;
    FILE* stream = open_memstream(&text, &length);
    std::fwrite(content.data(), 1, content.size(), stream);
    std::fclose(stream);
    char* libc_text = nullptr;
    std::size_t libc_length = 0;
    stream = __real_open_memstream(&libc_text, &libc_length);
    std::fwrite(content.data(), 1, content.size(), stream);
    std::fclose(stream);
    EXPECT_EQ(length, libc_length);
    EXPECT_EQ(std::memcmp(text, libc_text, length + 1), 0);
    free(text);
    __real_free(libc_text);
  }
}

TEST_F(libc_handout, open_memstream_fails_with_enomem) {
  EXPECT_EQ(fail_each_allocation([] {
              char* text = nullptr;
              std::size_t length = 0;
              FILE* stream = open_memstream(&text, &length);
              if (!stream) return false;
              std::fclose(stream);
              free(text);
              return true;
            }),
            2);
}

TEST_F(libc_handout, open_memstream_out_of_memory_while_writing_is_an_error_of_the_stream) {
  char* text = nullptr;
  std::size_t length = 0;
  FILE* stream = open_memstream(&text, &length);
  std::fputs("kept", stream);
  std::fflush(stream);
  allocations_left = 0;
  const std::string big(1000, 'b');
  std::fwrite(big.data(), 1, big.size(), stream);
  EXPECT_EQ(std::fflush(stream), EOF);
  EXPECT_TRUE(std::ferror(stream));
  allocations_left = -1;
  std::fclose(stream);
  EXPECT_EQ(std::string(text, 4), "kept");
  free(text);
}

// ---- paths ---------------------------------------------------------------------------------------------------------

class temporary_directory {
 public:
  temporary_directory() {
    char name[] = "/tmp/handout-XXXXXX";
    if (!mkdtemp(name)) throw std::runtime_error{"no temporary directory"};
    path_ = name;
  }
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  void touch(const std::string& name) const { std::fclose(std::fopen((path_ + "/" + name).c_str(), "w")); }

 private:
  std::string path_;
};

TEST_F(libc_handout, realpath_resolves_as_libc_does) {
  const temporary_directory where;
  where.touch("file");
  std::filesystem::create_symlink("file", where / "link");
  std::filesystem::create_symlink("loop", where / "loop");
  for (const std::string& path :
       {std::string{"."}, std::string{"/"}, where / "link", where / "./../" + where.path().substr(5), where / "missing",
        where / "loop", where / "file/x", std::string{}, std::string(5000, 'a')}) {
    errno = 0;
    char* expected = __real_realpath(path.c_str(), nullptr);
    const int expected_error = errno;
    for (auto* call :
         {+[](const char* p) { return realpath(p, nullptr); }, +[](const char* p) { return canonicalize_file_name(p); },
          +[](const char* p) { return __realpath_chk(p, nullptr, SIZE_MAX); }}) {
      errno = 0;
      char* found = call(path.c_str());
      EXPECT_EQ(found == nullptr, expected == nullptr) << path;
      if (found) {
        EXPECT_EQ(take(found), expected);
      } else {
        EXPECT_EQ(errno, expected_error) << path;
      }
    }
    __real_free(expected);
  }
  char own[PATH_MAX];
  EXPECT_EQ(realpath((where / "link").c_str(), own), own);
  EXPECT_EQ(own, where / "file");
  EXPECT_EQ(__realpath_chk((where / "link").c_str(), own, sizeof own), own);
  const char* volatile nowhere = nullptr;
  errno = 0;
  EXPECT_EQ(realpath(nowhere, nullptr), nullptr);
  EXPECT_EQ(errno, EINVAL);
}

TEST_F(libc_handout, getcwd_allocates_what_is_asked) {
  const std::string here = take(getcwd(nullptr, 0));
  EXPECT_EQ(here, std::filesystem::current_path());
  char* roomy = getcwd(nullptr, 3000);
  EXPECT_EQ(size_of(roomy), 3000u);
  EXPECT_EQ(take(roomy), here);
  errno = 0;
  EXPECT_EQ(getcwd(nullptr, 1), nullptr);
  EXPECT_EQ(errno, ERANGE);
  char own[PATH_MAX];
  EXPECT_EQ(getcwd(own, sizeof own), own);
  EXPECT_EQ(own, here);
  errno = 0;
  EXPECT_EQ(getcwd(own, 0), nullptr);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(take(__getcwd_chk(nullptr, 0, SIZE_MAX)), here);
}

TEST_F(libc_handout, getcwd_answers_from_a_very_deep_directory) {
  const temporary_directory where;
  const int home = open(".", O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(chdir(where.path().c_str()), 0);
  std::string expected = where.path();
  const std::string name(250, 'd');
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(mkdir(name.c_str(), 0700), 0);
    ASSERT_EQ(chdir(name.c_str()), 0);
    expected += "/" + name;
  }
  errno = 0;
  char* found = getcwd(nullptr, 0);
  const int why = errno;
  char* reference = __real_getcwd(nullptr, 0);
  EXPECT_EQ(found == nullptr, reference == nullptr) << std::strerror(why);
  if (found && reference) {
    EXPECT_EQ(take(found), reference);
  }
  __real_free(reference);
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(chdir(".."), 0);
    ASSERT_EQ(rmdir(name.c_str()), 0);
  }
  ASSERT_EQ(fchdir(home), 0);
  close(home);
}

TEST_F(libc_handout, get_current_dir_name_believes_a_true_pwd) {
  const temporary_directory where;
  std::filesystem::create_directory(where / "real");
  std::filesystem::create_symlink("real", where / "link");
  const int home = open(".", O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(chdir((where / "real").c_str()), 0);
  const char* pwd = std::getenv("PWD");
  const std::string pwd_before = pwd ? pwd : "";
  for (const std::string& claim :
       {where / "link", where / "real", std::string{"/"}, std::string{}, where / "missing"}) {
    setenv("PWD", claim.c_str(), 1);
    char* expected = __real_get_current_dir_name();
    EXPECT_EQ(take(get_current_dir_name()), expected) << claim;
    __real_free(expected);
  }
  setenv("PWD", pwd_before.c_str(), 1);
  ASSERT_EQ(fchdir(home), 0);
  close(home);
}

TEST_F(libc_handout, paths_fail_with_enomem) {
  EXPECT_EQ(fail_each_allocation([] {
              char* found = realpath(".", nullptr);
              free(found);
              return found != nullptr;
            }),
            1);
  EXPECT_EQ(fail_each_allocation([] {
              char* found = getcwd(nullptr, 0);
              free(found);
              return found != nullptr;
            }),
            1);
  EXPECT_EQ(fail_each_allocation([] {
              char* found = get_current_dir_name();
              free(found);
              return found != nullptr;
            }),
            1);
  EXPECT_EQ(fail_each_allocation([] {
              char* found = tempnam(nullptr, nullptr);
              free(found);
              return found != nullptr;
            }),
            1);
}

// ---- directories ---------------------------------------------------------------------------------------------------

std::vector<std::string> names_of(dirent** entries, int count, void (*release)(void*)) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    names.emplace_back(entries[i]->d_name);
    release(entries[i]);
  }
  if (count >= 0) release(entries);
  return names;
}

int only_files(const dirent* entry) { return entry->d_name[0] == 'f'; }
int only_files_and_errno(const dirent* entry) { return errno = EIO, only_files(entry); }
int nothing(const dirent*) { return 0; }

TEST_F(libc_handout, scandir_lists_what_libc_lists) {
  const temporary_directory where;
  for (int i = 0; i < 100; ++i)
    where.touch((i % 2 ? "file" : "other") + std::to_string(i) + std::string(static_cast<std::size_t>(i), 'n'));
  for (auto* select : {static_cast<int (*)(const dirent*)>(nullptr), only_files, only_files_and_errno, nothing}) {
    dirent** expected = nullptr;
    dirent** found = nullptr;
    const int expected_count = __real_scandir(where.path().c_str(), &expected, select, alphasort);
    const auto expected_names = names_of(expected, expected_count, __real_free);
    errno = 77;
    int count = scandir(where.path().c_str(), &found, select, alphasort);
    EXPECT_EQ(errno, 77);
    EXPECT_EQ(names_of(found, count, free), expected_names);
    count = scandirat(AT_FDCWD, where.path().c_str(), &found, select, alphasort);
    EXPECT_EQ(names_of(found, count, free), expected_names);
  }
  const int base = open("/tmp", O_RDONLY | O_DIRECTORY);
  dirent** found = nullptr;
  int count = scandirat(base, where.path().c_str() + 5, &found, only_files, alphasort);
  EXPECT_EQ(names_of(found, count, free).size(), 50u);
  close(base);
  dirent64** found64 = nullptr;
  count = scandir64(where.path().c_str(), &found64, nullptr, alphasort64);
  EXPECT_EQ(names_of(reinterpret_cast<dirent**>(found64), count, free).size(), 102u);
  count = scandirat64(AT_FDCWD, where.path().c_str(), &found64, nullptr, nullptr);
  EXPECT_EQ(names_of(reinterpret_cast<dirent**>(found64), count, free).size(), 102u);
}

TEST_F(libc_handout, scandir_fails_as_libc_does) {
  const temporary_directory where;
  where.touch("file");
  for (const std::string& path : {where / "missing", where / "file"}) {
    dirent** found = nullptr;
    errno = 0;
    EXPECT_EQ(__real_scandir(path.c_str(), &found, nullptr, nullptr), -1);
    const int why = errno;
    errno = 0;
    EXPECT_EQ(scandir(path.c_str(), &found, nullptr, nullptr), -1);
    EXPECT_EQ(errno, why);
    errno = 0;
    EXPECT_EQ(scandirat(AT_FDCWD, path.c_str(), &found, nullptr, nullptr), -1);
    EXPECT_EQ(errno, why);
  }
  dirent** found = nullptr;
  errno = 0;
  EXPECT_EQ(scandirat(-1, "relative", &found, nullptr, nullptr), -1);
  EXPECT_EQ(errno, EBADF);
  EXPECT_GT(fail_each_allocation([&] {
              dirent** entries = nullptr;
              const int count = scandir(where.path().c_str(), &entries, nullptr, nullptr);
              const int why = errno;
              names_of(entries, count, free);
              errno = why;
              return count == 3;
            }),
            3);
}

int throwing(const dirent*) { throw std::runtime_error{"from a callback"}; }

TEST_F(libc_handout, scandir_leaks_nothing_when_a_callback_throws) {
  dirent** found = nullptr;
  EXPECT_THROW(static_cast<void>(scandir("/", &found, throwing, nullptr)), std::runtime_error);
}

// ---- temporary names -----------------------------------------------------------------------------------------------

TEST_F(libc_handout, tempnam_names_what_is_not_there) {
  const temporary_directory where;
  const char* before = std::getenv("TMPDIR");
  const std::string kept = before ? before : "";
  unsetenv("TMPDIR");
  const std::string named = take(tempnam(where.path().c_str(), "prefixed"));
  EXPECT_EQ(named.substr(0, where.path().size() + 6), where / "prefi");
  EXPECT_EQ(named.size(), where.path().size() + 1 + 5 + 6);
  EXPECT_FALSE(std::filesystem::exists(named));
  EXPECT_NE(take(tempnam(where.path().c_str(), "p")), take(tempnam(where.path().c_str(), "p")));
  EXPECT_EQ(take(tempnam("/no/such/place", nullptr)).substr(0, 9), "/tmp/file");
  EXPECT_EQ(take(tempnam((where.path() + "///").c_str(), "x")).substr(0, where.path().size() + 2), where / "x");
  setenv("TMPDIR", where.path().c_str(), 1);
  EXPECT_EQ(take(tempnam("/", "x")).substr(0, where.path().size() + 2), where / "x");
  unsetenv("TMPDIR");
  if (before) setenv("TMPDIR", kept.c_str(), 1);
}

// ---- stack traces --------------------------------------------------------------------------------------------------

TEST_F(libc_handout, backtrace_symbols_writes_what_libc_writes) {
  void* frames[64];
  int count = backtrace(frames, 60);
  ASSERT_GT(count, 3);
  frames[count++] = nullptr;
  frames[count++] = reinterpret_cast<void*>(8);
  frames[count++] = reinterpret_cast<void*>(&std::printf);
  frames[count++] = frames;
  char** expected = __real_backtrace_symbols(frames, count);
  for (auto* call : {+[](void*const*at, int n) { return backtrace_symbols(at, n); },
                     +[](void*const*at, int n) { return __backtrace_symbols(at, n); }}) {
    char** found = call(frames, count);
    ASSERT_TRUE(is_ours(found));
    EXPECT_EQ(live(), 1);
    for (int i = 0; i < count; ++i) EXPECT_STREQ(found[i], expected[i]);
    free(found);
  }
  __real_free(expected);
  char** none = backtrace_symbols(frames, 0);
  EXPECT_TRUE(is_ours(none));
  free(none);
  EXPECT_EQ(fail_each_allocation([&] {
              char** found = backtrace_symbols(frames, count);
              free(found);
              return found != nullptr;
            }),
            1);
}

// ---- scanf ---------------------------------------------------------------------------------------------------------

// What a scan left behind: its result, every block's content, every other target's bytes, and how far a stream got.
struct scanned {
  int result = 0;
  int error = 0;
  std::vector<std::string> blocks;
  std::vector<long long> numbers;
  std::string plain;
  long at = 0;
  bool operator==(const scanned&) const = default;
};

std::ostream& operator<<(std::ostream& out, const scanned& what) {
  out << "result " << what.result << " errno " << what.error << " at " << what.at << " plain '" << what.plain << "'";
  for (const auto& block : what.blocks) out << " [" << block << "]";
  for (auto number : what.numbers) out << " " << number;
  return out;
}

// One of each kind of directive, as text with its pointers. Characters of a block that is not a string are counted by
// `fixed`.
enum class target { none, number, small_text, block, wide_block, fixed_block, fixed_wide_block };

struct piece {
  std::string text;
  target to;
  int fixed = 0;
};

constexpr std::size_t most_targets = 12;

struct targets {
  std::array<long long, most_targets> numbers;
  std::array<std::array<char, 64>, most_targets> texts;
  std::array<void*, most_targets> blocks;
  std::array<void*, most_targets> pointers{};

  explicit targets(const std::vector<piece>& pieces) {
    numbers.fill(-9);
    for (auto& text : texts) text.fill('#');
    blocks.fill(reinterpret_cast<void*>(1));
    std::size_t next = 0;
    for (const auto& part : pieces) {
      if (part.to == target::none) continue;
      void* const to[] = {nullptr, &numbers[next], texts[next].data(), &blocks[next]};
      pointers[next] = to[std::min(static_cast<int>(part.to), 3)];
      ++next;
    }
  }
};

template <class Free>
scanned collect(targets& to, const std::vector<piece>& pieces, int result, int error, long at, const Free& release) {
  scanned what{result, error, {}, {}, {}, at};
  std::size_t next = 0;
  for (const auto& part : pieces) {
    if (part.to == target::none) continue;
    const std::size_t i = next++;
    if (part.to == target::number) what.numbers.push_back(to.numbers[i]);
    if (part.to == target::small_text) what.plain.append(to.texts[i].data(), to.texts[i].size());
    if (static_cast<int>(part.to) < static_cast<int>(target::block)) continue;
    void* block = to.blocks[i];
    if (block == nullptr || block == reinterpret_cast<void*>(1)) {
      what.blocks.emplace_back(block ? "(untouched)" : "(null)");
      continue;
    }
    const bool wide = part.to == target::wide_block || part.to == target::fixed_wide_block;
    const bool fixed = part.to == target::fixed_block || part.to == target::fixed_wide_block;
    std::size_t length = fixed  ? static_cast<std::size_t>(part.fixed)
                         : wide ? std::wcslen(static_cast<wchar_t*>(block)) + 1
                                : std::strlen(static_cast<char*>(block)) + 1;
    if (wide) length *= sizeof(wchar_t);
    // A fixed block may have been filled in part only, at the end of the input; it is cut to what was read.
    if (is_ours(block) && fixed) length = std::min(length, size_of(block));
    what.blocks.emplace_back(static_cast<char*>(block), length);
    release(block);
  }
  return what;
}

using text_scan = int (*)(const char*, const char*, va_list);
using stream_scan = int (*)(FILE*, const char*, va_list);
using wide_text_scan = int (*)(const wchar_t*, const wchar_t*, va_list);
using wide_stream_scan = int (*)(FILE*, const wchar_t*, va_list);

template <class Scan, class From, class Char>
int call(Scan scan, From from, const Char* format, ...) {
  va_list args;
  va_start(args, format);
  const int result = scan(from, format, args);
  va_end(args);
  return result;
}

template <class Scan, class From, class Char>
int scan_into(Scan scan, From from, const Char* format, targets& to) {
  auto& p = to.pointers;
  errno = 0;
  return call(scan, from, format, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9], p[10], p[11]);
}

std::string format_of(const std::vector<piece>& pieces) {
  std::string format;
  for (const auto& part : pieces) format += part.text;
  return format;
}

std::wstring widen(const std::string& text) {
  std::wstring wide(text.size() + 1, L'\0');
  wide.resize(std::mbstowcs(wide.data(), text.c_str(), wide.size()));
  return wide;
}

template <class Free>
scanned scan_text(text_scan scan, const std::string& input, const std::vector<piece>& pieces, const Free& release) {
  targets to{pieces};
  const int result = scan_into(scan, input.c_str(), format_of(pieces).c_str(), to);
  return collect(to, pieces, result, errno, 0, release);
}

template <class Free>
scanned scan_wide_text(wide_text_scan scan, const std::string& input, const std::vector<piece>& pieces,
                       const Free& release) {
  targets to{pieces};
  const int result = scan_into(scan, widen(input).c_str(), widen(format_of(pieces)).c_str(), to);
  return collect(to, pieces, result, errno, 0, release);
}

template <class Free>
scanned scan_stream(stream_scan scan, const std::string& input, const std::vector<piece>& pieces, const Free& release) {
  targets to{pieces};
  FILE* file = file_with(input);
  const int result = scan_into(scan, file, format_of(pieces).c_str(), to);
  const int error = errno;
  auto what = collect(to, pieces, result, error, std::ftell(file), release);
  std::fclose(file);
  return what;
}

template <class Free>
scanned scan_wide_stream(wide_stream_scan scan, const std::string& input, const std::vector<piece>& pieces,
                         const Free& release) {
  targets to{pieces};
  FILE* file = file_with(input);
  const int result = scan_into(scan, file, widen(format_of(pieces)).c_str(), to);
  const int error = errno;
  long left = 0;
  while (std::fgetwc(file) != WEOF) ++left;
  auto what = collect(to, pieces, result, error, left, release);
  std::fclose(file);
  return what;
}

int ours_text(const char* text, const char* format, va_list args) { return vsscanf(text, format, args); }
int ours_stream(FILE* stream, const char* format, va_list args) { return vfscanf(stream, format, args); }
int ours_wide_text(const wchar_t* text, const wchar_t* format, va_list args) { return vswscanf(text, format, args); }
int ours_wide_stream(FILE* stream, const wchar_t* format, va_list args) { return vfwscanf(stream, format, args); }

// The sanitizers look behind the characters that libc gives for "%mc", as if a zero ended them.
bool can_compare([[maybe_unused]] const std::vector<piece>& pieces) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return std::none_of(pieces.begin(), pieces.end(), [](const piece& each) {
    return each.to == target::fixed_block || each.to == target::fixed_wide_block;
  });
#else
  return true;
#endif
}

void expect_same(const std::string& input, const std::vector<piece>& pieces) {
  if (!can_compare(pieces)) return;
  const auto context = [&] { return "input '" + input + "' format '" + format_of(pieces) + "'"; };
  EXPECT_EQ(scan_text(ours_text, input, pieces, free), scan_text(__real___isoc99_vsscanf, input, pieces, __real_free))
      << context();
  EXPECT_EQ(scan_stream(ours_stream, input, pieces, free),
            scan_stream(__real___isoc99_vfscanf, input, pieces, __real_free))
      << context();
  EXPECT_EQ(scan_wide_text(ours_wide_text, input, pieces, free),
            scan_wide_text(__real___isoc99_vswscanf, input, pieces, __real_free))
      << "wide " << context();
  EXPECT_EQ(scan_wide_stream(ours_wide_stream, input, pieces, free),
            scan_wide_stream(__real___isoc99_vfwscanf, input, pieces, __real_free))
      << "wide " << context();
}

TEST_F(libc_handout, scanf_without_allocation_is_libcs) {
  expect_same("12 abc", {{"%lld", target::number}, {" %s", target::small_text}});
  expect_same("", {{"%lld", target::number}});
}

TEST_F(libc_handout, scanf_hands_out_words_characters_and_sets) {
  expect_same("  word next", {{"%ms", target::block}});
  expect_same("key=value;", {{"%m[a-z]", target::block}, {"=", target::none}, {"%m[^;]", target::block}});
  expect_same("]a-b", {{"%m[]a-]", target::block}});
  expect_same("abcdef", {{"%3ms", target::block}, {"%ms", target::block}});
  expect_same("abcdef", {{"%mc", target::fixed_block, 1}, {"%4mc", target::fixed_block, 4}, {"%ms", target::block}});
  expect_same("\u00e4\u00f6x \u20ac", {{"%mls", target::wide_block}, {"%ms", target::block}});
  expect_same("\u00e4\u00f6x", {{"%mlc", target::fixed_wide_block, 1}, {"%ml[^x]", target::wide_block}});
  expect_same("\u00e4\u00f6x", {{"%mS", target::wide_block}});
  expect_same("\u00e4\u00f6x", {{"%2mls", target::wide_block}, {"%ms", target::block}});
}

TEST_F(libc_handout, scanf_mixes_with_every_other_directive) {
  expect_same("12 word 0x1f 3% end", {{"%lld", target::number},
                                      {"%ms", target::block},
                                      {"%llx", target::number},
                                      {"%*d", target::none},
                                      {"%%", target::none},
                                      {"%lln", target::number},
                                      {"%ms", target::block},
                                      {"%lln", target::number}});
  expect_same("a b c", {{"%*ms", target::none}, {"%ms", target::block}, {"%s", target::small_text}});
}

TEST_F(libc_handout, scanf_stops_where_libc_stops) {
  expect_same("", {{"%ms", target::block}});
  expect_same("   ", {{"%ms", target::block}});
  expect_same("", {{"%m[a]", target::block}});
  expect_same("b", {{"%m[a]", target::block}});
  expect_same("", {{"%mc", target::fixed_block, 1}});
  expect_same("a", {{"x", target::none}, {"%ms", target::block}});
  expect_same("a 1", {{"%ms", target::block}, {"x", target::none}, {"%ms", target::block}});
  expect_same("a", {{"%ms", target::block}, {"%ms", target::block}});
  expect_same("a", {{"%ms", target::block}, {"%lld", target::number}});
  expect_same("a b", {{"%ms", target::block}, {"%lld", target::number}, {"%ms", target::block}});
  expect_same("a ", {{"%ms", target::block}, {" ", target::none}, {"%lln", target::number}});
  expect_same("a b", {{"%ms", target::block}, {"%", target::none}});
  // How much of the input goes before a directive that is none is not said anywhere.
  const std::vector<piece> unknown{{"%ms", target::block}, {"%y", target::none}, {"%ms", target::block}};
  EXPECT_EQ(scan_text(ours_text, "a b", unknown, free),
            scan_text(__real___isoc99_vsscanf, "a b", unknown, __real_free));
}

TEST_F(libc_handout, scanf_takes_positions) {
  targets to{{{"", target::block}, {"", target::number}, {"", target::block}}};
  EXPECT_EQ(scan_into(ours_text, "one 2 three", "%3$ms %2$lld %1$ms", to), 3);
  EXPECT_EQ(take(static_cast<char*>(to.blocks[0])), "three");
  EXPECT_EQ(take(static_cast<char*>(to.blocks[2])), "one");
  EXPECT_EQ(to.numbers[1], 2);
  errno = 0;
  EXPECT_EQ(scan_into(ours_text, "one", "%65$ms", to), EOF);
  EXPECT_EQ(errno, EINVAL);
}

TEST_F(libc_handout, scanf_takes_long_words_and_many_directives) {
  for (std::size_t length : {126u, 127u, 128u, 129u, 255u, 256u, 257u, 10000u}) {
    const std::string word(length, 'w');
    expect_same(word + " x", {{"%ms", target::block}, {"%ms", target::block}});
    expect_same(word + " x", {{"%200ms", target::block}, {"%ms", target::block}});
    expect_same(word, {{"%mls", target::wide_block}});
    std::string wide_word;
    for (std::size_t i = 0; i < length; ++i) wide_word += "\u20ac";
    expect_same(wide_word, {{"%ml[^x]", target::wide_block}});
    expect_same(wide_word, {{"%ms", target::block}});
  }
  std::string input;
  std::string format = "%ms";
  input = "word";
  for (int i = 0; i < 40; ++i) {
    input += " 7";
    format += " %*d";
  }
  targets to{{{"", target::block}, {"", target::number}}};
  EXPECT_EQ(scan_into(ours_text, (input + " 9").c_str(), (format + " %lld").c_str(), to), 2);
  EXPECT_EQ(take(static_cast<char*>(to.blocks[0])), "word");
  EXPECT_EQ(to.numbers[1], 9);
}

TEST_F(libc_handout, scanf_keeps_nul_bytes_of_a_stream) {
  FILE* file = file_with(std::string("a\0b;c\0", 6));
  char* set = nullptr;
  char* characters = nullptr;
  EXPECT_EQ(std::fscanf(file, "%m[^;];%2mc", &set, &characters), 2);
  EXPECT_EQ(std::string(set, 4), std::string("a\0b\0", 4));
  EXPECT_EQ(std::string(characters, 2), std::string("c\0", 2));
  free(set);
  free(characters);
  std::rewind(file);
  wchar_t* wide = nullptr;
  EXPECT_EQ(call(ours_stream, file, "%ml[^;]", &wide), 1);
  EXPECT_EQ(std::wstring(wide, 4), std::wstring(L"a\0b\0", 4));
  free(wide);
  std::fclose(file);
}

TEST_F(libc_handout, scanf_counts_in_every_size) {
  signed char tiny = -1;
  short small = -1;
  int plain = -1;
  long large = -1;
  std::intmax_t largest = -1;
  std::size_t size = 99;
  char* word = nullptr;
  EXPECT_EQ(std::sscanf("word", "%ms%hhn%hn%n%ln%jn%zn", &word, &tiny, &small, &plain, &large, &largest, &size), 1);
  EXPECT_EQ(tiny, 4);
  EXPECT_EQ(small, 4);
  EXPECT_EQ(plain, 4);
  EXPECT_EQ(large, 4);
  EXPECT_EQ(largest, 4);
  EXPECT_EQ(size, 4u);
  free(word);
}

TEST_F(libc_handout, scanf_takes_the_old_gnu_modifier_where_libc_does) {
  const std::vector<piece> pieces{{"%as", target::block}, {" %a[x]", target::block}, {" %aS", target::wide_block}};
  EXPECT_EQ(scan_text(__wrap___vsscanf, "word xx wide", pieces, free),
            scan_text(__real_vsscanf, "word xx wide", pieces, __real_free));
  FILE* file = file_with("word");
  char* word = nullptr;
  EXPECT_EQ(call(__wrap___vfscanf, file, "%as", &word), 1);
  EXPECT_EQ(take(word), "word");
  std::fclose(file);
  EXPECT_EQ(__wrap_sscanf("word", "%as", &word), 1);
  EXPECT_EQ(take(word), "word");
  // In C99's reading %a is a floating-point number, followed by an s.
  float number = 0;
  EXPECT_EQ(std::sscanf("1.5s", "%as", &number), 1);
  EXPECT_EQ(number, 1.5f);
}

TEST_F(libc_handout, scanf_of_c23_falls_back_where_libc_lacks_it) {
  char* word = nullptr;
  wchar_t* wide = nullptr;
  EXPECT_EQ(__wrap___isoc23_sscanf("word", "%ms", &word), 1);
  EXPECT_EQ(take(word), "word");
  EXPECT_EQ(__wrap___isoc23_swscanf(L"word", L"%mls", &wide), 1);
  EXPECT_EQ(take(wide), L"word");
  FILE* file = file_with("word word");
  EXPECT_EQ(__wrap___isoc23_fscanf(file, "%ms", &word), 1);
  EXPECT_EQ(take(word), "word");
  std::fclose(file);
  file = file_with("word word");
  EXPECT_EQ(__wrap___isoc23_fwscanf(file, L"%mls", &wide), 1);
  EXPECT_EQ(take(wide), L"word");
  std::fclose(file);
}

TEST_F(libc_handout, scanf_from_standard_input) {
  FILE* file = file_with("word 5 wide");
  const int saved = dup(0);
  ASSERT_EQ(dup2(fileno(file), 0), 0);
  char* word = nullptr;
  int number = 0;
  EXPECT_EQ(std::scanf("%ms %d", &word, &number), 2);
  EXPECT_EQ(number, 5);
  EXPECT_EQ(take(word), "word");
  EXPECT_EQ(
      call(
          +[](const char* format, const char*, va_list args) { return std::vscanf(format, args); }, "%ms", "", &word),
      1);
  EXPECT_EQ(take(word), "wide");
  dup2(saved, 0);
  close(saved);
  std::fclose(file);
}

// Bytes that are no characters: result, errno, blocks and the place in the stream must be libc's. Of a wide stream
// errno is not compared: whether skipping spaces leaves one behind depends on what follows in the format.
void expect_same_bytes(const std::string& input, const std::vector<piece>& pieces) {
  if (!can_compare(pieces)) return;
  const auto context = [&] { return testing::PrintToString(input) + " format '" + format_of(pieces) + "'"; };
  EXPECT_EQ(scan_text(ours_text, input, pieces, free), scan_text(__real___isoc99_vsscanf, input, pieces, __real_free))
      << context();
  EXPECT_EQ(scan_stream(ours_stream, input, pieces, free),
            scan_stream(__real___isoc99_vfscanf, input, pieces, __real_free))
      << context();
  auto found = scan_wide_stream(ours_wide_stream, input, pieces, free);
  auto expected = scan_wide_stream(__real___isoc99_vfwscanf, input, pieces, __real_free);
  found.error = expected.error = 0;
  EXPECT_EQ(found, expected) << "wide " << context();
}

TEST_F(libc_handout, scanf_reports_a_broken_encoding_as_libc_does) {
  for (const std::string broken : {"ok \xff\xfe", "\xff", "\xe2", "\xe2 a", "ok a\xe2\x82", "\xe2z and more of it"}) {
    for (const char* directive : {"%mls", "%mS", "%mlc", "%5mlc", "%mC"}) {
      const bool fixed = directive[std::strlen(directive) - 1] != 's' && directive[2] != 'S';
      const piece wide{directive, fixed ? target::fixed_wide_block : target::wide_block, fixed ? 1 : 0};
      expect_same_bytes(broken, {wide});
      expect_same_bytes(broken, {{"%ms", target::block}, wide});
      expect_same_bytes(broken, {wide, wide});
    }
  }
}

// libc leaves the place of what it could not decode unwritten.
TEST_F(libc_handout, scanf_sets_go_on_after_a_broken_character) {
  wchar_t* set = nullptr;
  errno = 0;
  EXPECT_EQ(call(ours_text, "a\xff-;", "%ml[^;]", &set), 1);
  EXPECT_EQ(errno, EILSEQ);
  EXPECT_EQ(take(set), L"a\ufffd-");
}

TEST_F(libc_handout, scanf_into_narrow_text_reports_what_cannot_be_encoded) {
  const wchar_t lone_surrogate[] = {L'o', L'k', L' ', static_cast<wchar_t>(0xd800), 0};
  char* words[2] = {nullptr, nullptr};
  errno = 0;
  EXPECT_EQ(call(ours_wide_text, static_cast<const wchar_t*>(lone_surrogate), L"%ms%ms", &words[0], &words[1]), 1);
  EXPECT_EQ(errno, EILSEQ);
  EXPECT_EQ(take(words[0]), "ok");
  EXPECT_EQ(words[1], nullptr);
  for (const wchar_t* format : {L"%ms", L"%mc", L"%m[^x]"}) {
    errno = 0;
    const int result = call(ours_wide_text, lone_surrogate + 3, format, &words[0]);
    const int error = errno;
    errno = 0;
    EXPECT_EQ(result, call(__real___isoc99_vswscanf, lone_surrogate + 3, format, &words[1]));
    EXPECT_EQ(error, errno);
    EXPECT_EQ(words[0], nullptr);
    EXPECT_EQ(words[1], nullptr);
  }
}

TEST_F(libc_handout, scanf_refuses_a_stream_of_the_other_width) {
  FILE* file = file_with("word");
  std::fwide(file, 1);
  char* word = nullptr;
  EXPECT_EQ(call(ours_stream, file, "%mc", &word), EOF);
  std::fclose(file);
  file = file_with("word");
  std::fwide(file, -1);
  EXPECT_EQ(call(ours_wide_stream, file, L"%mc", &word), EOF);
  EXPECT_EQ(std::getc(file), 'w');
  std::fclose(file);
}

TEST_F(libc_handout, scanf_takes_everything_back_when_memory_runs_out) {
  const std::string longer(1000, 'l');
  const std::string input = "one " + longer + " three";
  EXPECT_GT(fail_each_allocation([&] {
              char* words[3] = {nullptr, nullptr, nullptr};
              const int result = std::sscanf(input.c_str(), "%ms %ms %ms", &words[0], &words[1], &words[2]);
              const int why = errno;
              if (result == 3) {
                for (char* word : words) free(word);
                return true;
              }
              EXPECT_EQ(result, EOF);
              for (char* word : words) EXPECT_EQ(word, nullptr);
              errno = why;
              return false;
            }),
            3);
}

using comparison = void (*)(const std::string& input, const std::vector<piece>& pieces);

// Random formats over random inputs: result, errno, every target and the place in the stream must be libc's.
void compare_randomly(const std::vector<piece>& directives, const std::vector<const char*>& alphabet, int rounds,
                      comparison compare = expect_same) {
  std::mt19937 random{20240229};
  const auto pick = [&](std::size_t below) { return std::uniform_int_distribution<std::size_t>{0, below - 1}(random); };
  for (int round = 0; round < rounds && !testing::Test::HasFailure(); ++round) {
    std::vector<piece> pieces;
    const std::size_t count = 1 + pick(6);
    for (std::size_t i = 0; i < count; ++i) pieces.push_back(directives[pick(directives.size())]);
    std::string input;
    const std::size_t length = pick(14);
    for (std::size_t i = 0; i < length; ++i) input += alphabet[pick(alphabet.size())];
    compare(input, pieces);
  }
}

TEST_F(libc_handout, scanf_agrees_with_libc_on_random_formats) {
  compare_randomly({{"%ms", target::block},
                    {"%3ms", target::block},
                    {"%m[a-c]", target::block},
                    {"%2m[^ ]", target::block},
                    {"%mc", target::fixed_block, 1},
                    {"%mls", target::wide_block},
                    {"%ml[^b]", target::wide_block},
                    {"%2mls", target::wide_block},
                    {"%mlc", target::fixed_wide_block, 1},
                    {"%lld", target::number},
                    {"%2lld", target::number},
                    {"%5s", target::small_text},
                    {"%3[ab1]", target::small_text},
                    {"%*s", target::none},
                    {"%*ms", target::none},
                    {"%lln", target::number},
                    {" ", target::none},
                    {"a", target::none},
                    {"%%", target::none},
                    {"%*d", target::none},
                    {"%*2c", target::none}},
                   {"a", "b", "c", "1", "2", " ", "  ", "%", "-", "\n"}, 20000);
}

// Without the directives that can cut a character in two: libc's own answers to the second half are not defined.
TEST_F(libc_handout, scanf_agrees_with_libc_on_random_wide_formats) {
  compare_randomly({{"%ms", target::block},
                    {"%mls", target::wide_block},
                    {"%ml[^b]", target::wide_block},
                    {"%m[^a]", target::block},
                    {"%2mls", target::wide_block},
                    {"%mlc", target::fixed_wide_block, 1},
                    {"%lld", target::number},
                    {"%*s", target::none},
                    {"%lln", target::number},
                    {" ", target::none},
                    {"a", target::none}},
                   {"a", "b", "1", " ", "\u00e4", "\u20ac", "\u3000", "\U0001f600"}, 20000);
}

TEST_F(libc_handout, scanf_agrees_with_libc_on_random_bytes) {
  compare_randomly({{"%mls", target::wide_block},
                    {"%mS", target::wide_block},
                    {"%2mls", target::wide_block},
                    {"%mlc", target::fixed_wide_block, 1},
                    {"%mC", target::fixed_wide_block, 1},
                    {"%ms", target::block},
                    {"%mc", target::fixed_block, 1},
                    {"%m[^a]", target::block},
                    {"%3m[^ ]", target::block},
                    {"%lld", target::number},
                    {"%*s", target::none},
                    {"%*c", target::none},
                    {"%lln", target::number},
                    {" ", target::none},
                    {"a", target::none}},
                   {"a", "b", "1", " ", "\u00e4", "\u20ac", "\xff", "\xe2", "\x82", "\xc3", "\xa4", "\xf0\x9f"}, 20000,
                   expect_same_bytes);
}

// In libc a character of %ml[ that could not be decoded is what was in memory before, and errno is lost at the end of
// the input.
TEST_F(libc_handout, scanf_sets_agree_with_libc_on_random_bytes_but_for_what_libc_leaves_unwritten) {
  const auto compare = [](const std::string& input, const std::vector<piece>& pieces) {
    auto found = scan_text(ours_text, input, pieces, free);
    auto expected = scan_text(__real___isoc99_vsscanf, input, pieces, __real_free);
    found.blocks = expected.blocks = {};
    found.error = expected.error = 0;
    EXPECT_EQ(found, expected) << testing::PrintToString(input) << " " << format_of(pieces);
    found = scan_stream(ours_stream, input, pieces, free);
    expected = scan_stream(__real___isoc99_vfscanf, input, pieces, __real_free);
    found.blocks = expected.blocks = {};
    found.error = expected.error = 0;
    EXPECT_EQ(found, expected) << testing::PrintToString(input) << " " << format_of(pieces);
  };
  compare_randomly({{"%ml[^b]", target::wide_block},
                    {"%2ml[^b]", target::wide_block},
                    {"%ml[\u20aca]", target::wide_block},
                    {"%ms", target::block},
                    {"%*c", target::none},
                    {"%lln", target::number},
                    {" ", target::none},
                    {"a", target::none}},
                   {"a", "b", "1", " ", "\u00e4", "\u20ac", "\xff", "\xe2", "\x82", "\xc3", "\xa4"}, 20000, compare);
}

TEST_F(libc_handout, scanf_reads_sets_as_libc_does) {
  std::mt19937 random{20240229};
  const auto some_of = [&](const std::string& alphabet, std::size_t most) {
    std::string text;
    for (std::size_t left = random() % most; left > 0; --left) text += alphabet[random() % alphabet.size()];
    return text;
  };
  for (int round = 0; round < 20000 && !HasFailure(); ++round) {
    const std::string set = (round % 3 ? "%m[" : "%m[^") + some_of("abcz+,-.^-]", 8) + "]";
    expect_same(some_of("abcdz+,-.^] ", 6), {{set, target::block}, {"%mc", target::fixed_block, 1}});
  }
}

}  // namespace
