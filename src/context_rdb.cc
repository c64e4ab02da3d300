// Data sets in files.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "redismodule/context.h"
#include "redismodule/unsupported.h"

namespace redismodule {
namespace {

// What RdbSave or RdbLoad does with a file. Whether it did; if not, why is in errno.
using stream_function = int (*)(abi::ModuleCtx*, abi::ModuleRdbStream*, int flags);
bool do_with_file(abi::ModuleCtx* ctx, const std::string& name, stream_function what) noexcept {
  abi::ModuleRdbStream* stream = api.RdbStreamCreateFromFile(name.c_str());
  errno = 0;
  const bool done = what(ctx, stream, 0) == abi::MODULE_OK;
  const int why = errno;
  api.RdbStreamFree(stream);
  errno = why;
  return done;
}

error_reply not_done(const std::string& file, std::string_view what, int why) {
  const std::string reason = why == 0 ? "the server does not say why" : std::generic_category().message(why);
  return error_reply{"ERR " + escaped(file) + " could not be " + std::string{what} + ": " + reason};
}

// As text that ends where it ends.
result<std::string> name_of(const text_argument& file) {
  std::string name{string_ref{file.raw()}.view()};
  if (!name.empty() && name.find('\0') == std::string::npos) return name;
  return error_reply{"ERR the name of a file is empty, or has a zero byte in it"};
}

struct file_closer {
  void operator()(std::FILE* open) const noexcept { std::fclose(open); }
};

// The servers empty the data set before they look.
result<void> check_rdb(const std::string& name) {
  const std::unique_ptr<std::FILE, file_closer> file{std::fopen(name.c_str(), "rbe")};
  if (file == nullptr) return not_done(name, "loaded", errno);
  char start[6]{};
  if (std::fread(start, 1, sizeof start, file.get()) == sizeof start) {
    const std::string_view magic{start, sizeof start};
    if (magic.substr(0, 5) == "REDIS" || magic == "VALKEY") return {};
  } else if (std::ferror(file.get()) != 0) {
    return not_done(name, "loaded", errno);
  }
  return error_reply{"ERR " + escaped(name) + " is no RDB"};
}

}  // namespace

result<void> context::rdb_save(const text_argument& file) {
  if (api.RdbSave == nullptr) return unsupported_error(abi::function::RdbSave);
  const result<std::string> name = name_of(file);
  if (!name) return name.error();
  // The servers write into the file of that name itself, and would leave half of one.
  const std::string unfinished = *name + ".temp-" + std::to_string(getpid());
  if (do_with_file(raw_, unfinished, api.RdbSave) && std::rename(unfinished.c_str(), name->c_str()) == 0) return {};
  const int why = errno;
  std::remove(unfinished.c_str());
  return not_done(*name, "saved", why);
}

result<void> context::rdb_load(const text_argument& file) {
  if (api.RdbLoad == nullptr) return unsupported_error(abi::function::RdbLoad);
  const result<std::string> name = name_of(file);
  if (!name) return name.error();
  if (const result<void> checked = check_rdb(*name); !checked) return checked.error();
  detail::close_open_keys();
  if (do_with_file(raw_, *name, api.RdbLoad)) return {};
  return not_done(*name, "loaded", errno);
}

}  // namespace redismodule
