// The smallest module that the kit's tests need, straight on the server's C interface: it answers the arguments it was
// loaded with and its environment, refuses to load when told to, and ends the server in two ways.
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
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

}  // namespace

extern "C" __attribute__((visibility("default"))) int RedisModule_OnLoad(void* ctx, void** argv, int argc) {
  find(ctx, "RedisModule_SetModuleAttribs", server.SetModuleAttribs);
  find(ctx, "RedisModule_CreateCommand", server.CreateCommand);
  find(ctx, "RedisModule_StringPtrLen", server.StringPtrLen);
  find(ctx, "RedisModule_ReplyWithArray", server.ReplyWithArray);
  find(ctx, "RedisModule_ReplyWithStringBuffer", server.ReplyWithStringBuffer);
  find(ctx, "RedisModule_Log", server.Log);
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
  }
  server.CreateCommand(ctx, "kit_probe.arguments", answer_arguments, "", 0, 0, 0);
  server.CreateCommand(ctx, "kit_probe.variable", answer_variable, "", 0, 0, 0);
  server.CreateCommand(ctx, "kit_probe.crash", crash, "", 0, 0, 0);
  server.CreateCommand(ctx, "kit_probe.exit", end_silently, "", 0, 0, 0);
  return 0;
}
