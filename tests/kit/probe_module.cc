// The smallest module that the kit's tests need, straight on the server's C interface: it answers the arguments it was
// loaded with and its environment, refuses to load when told to, ends the server in two ways, blocks, and leaves behind
// one of each that a watch on leaks must find.
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using command_function = int (*)(void* ctx, void** argv, int argc);

struct functions {
  int (*SetModuleAttribs)(void* ctx, const char* name, int version, int api_version);
  int (*CreateCommand)(void* ctx, const char* name, command_function function, const char* flags, int, int, int);
  const char* (*StringPtrLen)(const void* text, std::size_t* length);
  int (*ReplyWithArray)(void* ctx, long length);
  int (*ReplyWithStringBuffer)(void* ctx, const char* text, std::size_t length);
  void (*Log)(void* ctx, const char* level, const char* format, ...);
  int (*ReplyWithLongLong)(void* ctx, long long value);
  int (*ReplyWithError)(void* ctx, const char* text);
  int (*StringToLongLong)(const void* text, long long* value);
  void* (*Alloc)(std::size_t size);
  unsigned long long (*CreateTimer)(void* ctx, long long period, void (*callback)(void* ctx, void* data), void* data);
  void* (*BlockClient)(void* ctx, command_function reply, command_function timeout, void (*free)(void*, void*),
                       long long timeout_ms);
} server;

std::vector<std::string>& load_arguments() {
  static std::vector<std::string> arguments;
  return arguments;
}

template <class Function>
void find(void* ctx, const char* name, Function& function) {
  // A context begins with the function that finds all others.
  const auto get_api = *static_cast<int (**)(const char*, void*)>(ctx);
  get_api(name, &function);
}

int answer_arguments(void* ctx, void**, int) {
  server.ReplyWithArray(ctx, static_cast<long>(load_arguments().size()));
  for (const std::string& argument : load_arguments()) {
    server.ReplyWithStringBuffer(ctx, argument.data(), argument.size());
  }
  return 0;
}

int answer_variable(void* ctx, void** argv, int) {
  const char* value = std::getenv(server.StringPtrLen(argv[1], nullptr));
  const std::string_view text = value != nullptr ? value : "";
  return server.ReplyWithStringBuffer(ctx, text.data(), text.size());
}

int crash(void*, void**, int) {
  std::raise(SIGSEGV);
  return 0;
}

int end_silently(void*, void**, int) { std::_Exit(7); }

int time_out(void* ctx, void**, int) { return server.ReplyWithError(ctx, "ERR timed out"); }

// kit_probe.block <milliseconds>
int block(void* ctx, void** argv, int) {
  long long limit = 0;
  server.StringToLongLong(argv[1], &limit);
  server.BlockClient(ctx, time_out, time_out, nullptr, limit);
  return 0;
}

long long timers = 0;

void leave_memory(void*) { std::memset(server.Alloc(65536), 1, 65536); }

void leave_timer(void* ctx) {
  ++timers;
  server.CreateTimer(
      ctx, 3'600'000, [](void*, void*) {}, nullptr);
}

void leave_thread(void*) {
  std::thread{[] {
    ::prctl(PR_SET_NAME, "kit_left_over");
    for (;;) ::pause();
  }}.detach();
}

// As jemalloc's own: at first without a name, so with that of who started it.
void leave_thread_named_late(void*) {
  std::thread{[] {
    ::usleep(300'000);
    ::prctl(PR_SET_NAME, "jemalloc_bg_thd");
    for (;;) ::pause();
  }}.detach();
}

void leave_descriptor(void*) { static_cast<void>(::open("/dev/full", O_RDONLY | O_CLOEXEC)); }

void leave_child(void*) {
  if (::fork() != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NAME, "kit_left_child");
  // The server's sockets are not its own: a client that is cut off should see it.
  for (int fd = 3; fd < 1024; ++fd) ::close(fd);
  for (;;) ::pause();
}

struct leftover {
  std::string_view name;
  void (*leave)(void* ctx);
};

constexpr leftover leftovers[] = {{"memory", leave_memory},         {"timer", leave_timer},
                                  {"thread", leave_thread},         {"thread-named-late", leave_thread_named_late},
                                  {"descriptor", leave_descriptor}, {"child", leave_child}};

// kit_probe.leave <what>
int leave_behind(void* ctx, void** argv, int) {
  const std::string_view wanted = server.StringPtrLen(argv[1], nullptr);
  for (const leftover& each : leftovers) {
    if (each.name != wanted) continue;
    each.leave(ctx);
    return server.ReplyWithLongLong(ctx, 1);
  }
  return server.ReplyWithError(ctx, "ERR no such thing to leave");
}

// What a module built with FAULTS answers to `live`, here of the timers alone.
int answer_live(void* ctx, void**, int) {
  server.ReplyWithArray(ctx, 2);
  server.ReplyWithStringBuffer(ctx, "timers", 6);
  return server.ReplyWithLongLong(ctx, timers);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int RedisModule_OnLoad(void* ctx, void** argv, int argc) {
  find(ctx, "RedisModule_SetModuleAttribs", server.SetModuleAttribs);
  find(ctx, "RedisModule_CreateCommand", server.CreateCommand);
  find(ctx, "RedisModule_StringPtrLen", server.StringPtrLen);
  find(ctx, "RedisModule_ReplyWithArray", server.ReplyWithArray);
  find(ctx, "RedisModule_ReplyWithStringBuffer", server.ReplyWithStringBuffer);
  find(ctx, "RedisModule_Log", server.Log);
  find(ctx, "RedisModule_ReplyWithLongLong", server.ReplyWithLongLong);
  find(ctx, "RedisModule_ReplyWithError", server.ReplyWithError);
  find(ctx, "RedisModule_StringToLongLong", server.StringToLongLong);
  find(ctx, "RedisModule_Alloc", server.Alloc);
  find(ctx, "RedisModule_CreateTimer", server.CreateTimer);
  find(ctx, "RedisModule_BlockClient", server.BlockClient);
  server.SetModuleAttribs(ctx, "kit_probe", 1, 1);
  load_arguments().clear();
  for (int i = 0; i < argc; ++i) {
    std::size_t length = 0;
    const char* text = server.StringPtrLen(argv[i], &length);
    load_arguments().emplace_back(text, length);
    if (load_arguments().back() == "refuse") {
      server.Log(ctx, "warning", "kit_probe was told to refuse");
      return 1;
    }
    if (load_arguments().back() == "tells") server.CreateCommand(ctx, "kit_probe.fault", answer_live, "", 0, 0, 0);
  }
  server.CreateCommand(ctx, "kit_probe.arguments", answer_arguments, "", 0, 0, 0);
  server.CreateCommand(ctx, "kit_probe.variable", answer_variable, "", 0, 0, 0);
  server.CreateCommand(ctx, "kit_probe.crash", crash, "", 0, 0, 0);
  server.CreateCommand(ctx, "kit_probe.exit", end_silently, "", 0, 0, 0);
  server.CreateCommand(ctx, "kit_probe.block", block, "", 0, 0, 0);
  server.CreateCommand(ctx, "kit_probe.leave", leave_behind, "", 0, 0, 0);
  return 0;
}
