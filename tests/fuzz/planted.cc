// What a fuzzer of arguments must find: a fault for each command, behind some of the arguments.
#include <cstdlib>
#include <cstring>
#include <string>

#include "redismodule/redismodule.h"

namespace rm = redismodule;
namespace abi = redismodule::abi;

namespace {

std::string_view first(abi::ModuleString** argv, int argc) {
  return argc < 2 ? std::string_view{""} : rm::string_ref{argv[1]}.view();
}
bool is_long(abi::ModuleString** argv, int argc) { return first(argv, argc).size() > 8; }

int ok(abi::ModuleCtx* ctx) { return rm::api.ReplyWithSimpleString(ctx, "OK"); }

// What servers write as it is, line breaks and all: big numbers in RESP3, before those simple strings.
int forge(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) {
  const std::string_view text = first(argv, argc);
  const std::size_t end = text.find("\r\n");  // up to here it is a reply as declared
  const std::string forged = end == text.npos ? "1" : "1" + std::string{text.substr(end)};
  if (rm::api.ReplyWithBigNumber != nullptr) return rm::api.ReplyWithBigNumber(ctx, forged.data(), forged.size());
  return rm::api.ReplyWithSimpleString(ctx, forged.c_str());
}

int another_type(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) {
  return is_long(argv, argc) ? ok(ctx) : rm::api.ReplyWithLongLong(ctx, argc);
}

int twice(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) {
  if (is_long(argv, argc)) ok(ctx);
  return ok(ctx);
}

int crash(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) {
  if (first(argv, argc).find('\n') != std::string_view::npos) std::abort();
  return ok(ctx);
}

int leak(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc) {
  if (is_long(argv, argc)) std::memset(rm::api.Alloc(1024), 0, 1024);
  return ok(ctx);
}

int nothing(abi::ModuleCtx* ctx, abi::ModuleString**, int) { return ok(ctx); }

}  // namespace

REDISMODULE_MODULE(planted, 1, m) {
  m.raw_command("planted.forge", forge);
  m.raw_command("planted.type", another_type);
  m.raw_command("planted.twice", twice);
  m.raw_command("planted.crash", crash);
  m.raw_command("planted.leak", leak);
  m.raw_command("planted.nothing", nothing);
}
