#include "redismodule/context.h"

#include <cstddef>

#include "redismodule/detail/letters.h"
#include "redismodule/detail/line.h"

namespace redismodule {
namespace detail {
namespace {

const char* name_of(log_level level) noexcept {
  switch (level) {
    case log_level::debug: return "debug";
    case log_level::verbose: return "verbose";
    case log_level::notice: return "notice";
    case log_level::warning: break;
  }
  return "warning";
}

// The server cuts its lines at 1 KiB.
class log_buffer {
 public:
  void append(std::string_view text) noexcept {
    for (char byte : text) append(byte);
  }
  const char* c_str() noexcept {
    text_[size_] = '\0';
    return text_;
  }

 private:
  void append(char byte) noexcept {
    if (size_ + 5 > sizeof text_) return;
    if (!is_control(byte)) {
      text_[size_++] = byte;
      return;
    }
    for (char part : hex_escape(byte)) text_[size_++] = part;
  }

  std::size_t size_ = 0;
  char text_[1024];
};

}  // namespace

void log_line(abi::ModuleCtx* ctx, log_level level, std::string_view subject, std::string_view text) noexcept {
  log_buffer line;
  line.append(subject);
  if (!subject.empty()) line.append(": ");
  line.append(text);
  api.Log(ctx, name_of(level), "%s", line.c_str());
}

}  // namespace detail

void context::log(log_level level, std::string_view text) noexcept { detail::log_line(raw_, level, {}, text); }

}  // namespace redismodule
