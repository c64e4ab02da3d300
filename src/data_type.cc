#include "redismodule/data_type.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "loading.h"
#include "redismodule/context.h"
#include "redismodule/module.h"
#include "saving.h"

namespace redismodule {
namespace detail {

std::size_t block_size(const void* block) noexcept { return malloc_usable_size(const_cast<void*>(block)); }

// Asked of the allocator itself. What is as large as this is not touched by that, and costs no memory.
std::size_t block_size_for(std::size_t bytes) noexcept {
  void* block = ::operator new(bytes, std::nothrow);
  if (block == nullptr) return bytes;
  const std::size_t size = block_size(block);
  ::operator delete(block);
  return size;
}

namespace {

// Parts of an AOF's restore commands. Servers can be told to take no more than 1 MiB in one argument.
constexpr std::size_t chunk_size = 512 * 1024;

pid_t server_process = 0;
int module_options = 0;
std::size_t registered_types = 0;
const data_type_state* states[most_data_types]{};
char* chunk_buffer = nullptr;
saving_to_string* string_save = nullptr;
int version_if_unsaid = 0;
int served_loads = 0;

bool in_child() noexcept { return getpid() != server_process; }

const char* reason_of_exception() noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return "out of memory";
  } catch (const std::exception&) {
    return "an exception";
  } catch (...) {
    return "an exception of unknown type";
  }
}

void log_io(abi::ModuleIO* io, const char* type, const char* what, const char* why) noexcept {
  api.LogIOError(io, "warning", "%s: %s: %s", type, what, why);
}

}  // namespace

// --- RDB ---

loading_for_served::loading_for_served() noexcept { ++served_loads; }
loading_for_served::~loading_for_served() { --served_loads; }
bool loads_for_served() noexcept { return served_loads != 0; }

unsaid_version::unsaid_version(int version) noexcept { version_if_unsaid = version; }
unsaid_version::~unsaid_version() { version_if_unsaid = 0; }

saving_to_string::saving_to_string() noexcept : outer_{std::exchange(string_save, this)} {}
saving_to_string::~saving_to_string() { string_save = outer_; }

void* load_for_server(abi::ModuleIO* io, int version, const data_type_state& type,
                      const object_functions& of) noexcept {
  if (version == 0) version = version_if_unsaid;
  if (version > type.version) {
    api.LogIOError(io, "warning", "%s: the value is of version %d, this module knows no later one than %d", type.name,
                   version, type.version);
    return nullptr;
  }
  try {
    rdb_reader from{io, version, type.version};
    void* value = of.load(from);
    if (value == nullptr) log_io(io, type.name, "a value was refused", from.why() != nullptr ? from.why() : "");
    return value;
  } catch (...) {
    log_io(io, type.name, "a value could not be loaded", reason_of_exception());
    return nullptr;
  }
}

namespace {

// A value that is written half would be lost, and more behind it. No function says so to the server, but reading from
// what is being written fails, and is remembered like a disk that is full: then the server itself says that it could
// not save, and keeps the file that it has.
void fail_save(abi::ModuleIO* io, const char* type, const char* why) noexcept {
  log_io(io, type, "a value cannot be saved, and so nothing is", why);
  if (string_save != nullptr && !in_child()) return string_save->fail();
  api.LoadUnsigned(io);
  if (api.IsIOError(io) == 0 && in_child()) _exit(1);
}

}  // namespace

void not_saved(abi::ModuleIO* io, const char* type) noexcept { fail_save(io, type, reason_of_exception()); }

void save_for_server(abi::ModuleIO* io, const void* raw, const data_type_state& type,
                     const object_functions& of) noexcept {
  try {
    rdb_writer to{io, type.written};
    of.save(to, raw);
    if (to.failed()) fail_save(io, type.name, to.why());
  } catch (...) {
    not_saved(io, type.name);
  }
}

// --- AOF ---

namespace {

struct rewrite_state {
  abi::ModuleIO* io;
  abi::ModuleString* key;
  const char* command;
  int version;
  std::uint64_t offset;
};

// <name>.restore key version offset last bytes
void emit_chunk(void* to, std::string_view bytes, bool is_last) {
  auto& state = *static_cast<rewrite_state*>(to);
  api.EmitAOF(state.io, state.command, "slllb", state.key, static_cast<long long>(state.version),
              static_cast<long long>(state.offset), static_cast<long long>(is_last), bytes.data(), bytes.size());
  state.offset += bytes.size();
}

message restore_command_of(std::string_view type) noexcept {
  message name;
  name.append(type).append(".restore");
  return name;
}

}  // namespace

void rewrite_for_server(abi::ModuleIO* io, abi::ModuleString* key, const void* raw, const data_type_state& type,
                        const object_functions& of) noexcept {
  try {
    if (chunk_buffer == nullptr) chunk_buffer = new char[chunk_size];
    const message command = restore_command_of(type.name);
    rewrite_state state{io, key, command.c_str(), type.written, 0};
    byte_sink bytes{chunk_buffer, chunk_size, &emit_chunk, &state};
    rdb_writer to{bytes, type.written};
    const value_place place{io, nullptr, key, -1};
    to.set_place(place);
    of.save(to, raw);
    if (to.failed()) return fail_save(io, type.name, to.why());
    bytes.finish();
  } catch (...) {
    fail_save(io, type.name, reason_of_exception());
  }
}

void rewrite_by_author(abi::ModuleIO* io, abi::ModuleString* key, const void* raw,
                       void (*rewrite)(aof_writer&, const void*)) noexcept {
  try {
    aof_writer to{io, string_ref{key}};
    rewrite(to, raw);
  } catch (...) {
    fail_save(io, "aof_rewrite", reason_of_exception());
  }
}

// --- Everything else ---

void digest_for_server(abi::ModuleDigest* raw_digest, const void* raw, const object_functions& of) noexcept {
  try {
    redismodule::digest to{raw_digest};
    of.digest(to, raw);
    to.end_sequence();
  } catch (...) {
    log_line(nullptr, log_level::warning, "digest", reason_of_exception());
  }
}

std::size_t size_for_server(const void* raw, std::size_t samples, const key_context& where,
                            const object_functions& of) noexcept {
  try {
    return of.size(raw, samples, where);
  } catch (...) {
    log_line(nullptr, log_level::warning, "mem_usage", reason_of_exception());
    return 0;
  }
}

std::size_t effort_is_unknown() noexcept {
  log_line(nullptr, log_level::warning, "free_effort", reason_of_exception());
  return 1;
}

void* not_copied() noexcept {
  log_line(nullptr, log_level::warning, "copy", reason_of_exception());
  return nullptr;
}

int defrag_for_server(abi::ModuleDefragCtx* ctx, bool (*function)(defragmenter&, void*), void* with) noexcept {
  try {
    defragmenter by{ctx};
    return function(by, with) ? 1 : 0;
  } catch (...) {
    log_line(nullptr, log_level::warning, "defrag", reason_of_exception());
    return 0;
  }
}

void unlink_for_server(const void* raw, const key_context& where,
                       void (*unlink)(const void*, const key_context&)) noexcept {
  try {
    unlink(raw, where);
  } catch (...) {
    log_line(nullptr, log_level::warning, "unlink", reason_of_exception());
  }
}

namespace {

value_place place_of(string_ref key, std::optional<int> database) noexcept {
  return {nullptr, nullptr, key.raw(), database.value_or(-1)};
}
// None where the server does not say.
std::optional<int> database_if_said(const key_context& of, std::optional<int> (key_context::*asked)() const) {
  return of.raw() == nullptr || api.GetDbIdFromOptCtx == nullptr ? std::nullopt : (of.*asked)();
}

std::string saved_bytes(const void* raw, const value_place& place, void (*save)(rdb_writer&, const void*), int version,
                        bool& good) {
  std::string bytes;
  char buffer[4096];
  const auto append = [](void* to, std::string_view more, bool) { *static_cast<std::string*>(to) += more; };
  byte_sink sink{buffer, sizeof buffer, append, &bytes};
  rdb_writer to{sink, version};
  to.set_place(place);
  save(to, raw);
  sink.finish();
  good = !to.failed();
  return bytes;
}

}  // namespace

void* copy_by_saving(const void* raw, const key_context& of, void (*save)(rdb_writer&, const void*),
                     void* (*load)(rdb_reader&), int version) {
  const value_place to_place = place_of(of.to_key(), database_if_said(of, &key_context::to_database));
  bool good = false;
  const std::string bytes =
      saved_bytes(raw, place_of(of.key(), database_if_said(of, &key_context::database)), save, version, good);
  if (!good) return nullptr;
  const auto whole = [](const void* all, std::size_t) {
    return std::string_view{*static_cast<const std::string*>(all)};
  };
  byte_source source{whole, &bytes, 1, bytes.size()};
  rdb_reader from{source, version, version};
  from.set_place(to_place);
  const loading_for_served scope;
  return load(from);
}

void digest_by_saving(digest& to, const void* raw, void (*save)(rdb_writer&, const void*), int version) {
  const bool is_said = api.GetKeyNameFromDigest != nullptr && api.GetDbIdFromDigest != nullptr;
  bool good = false;  // what cannot be saved has a digest of what there is of it
  to.add(saved_bytes(raw, is_said ? place_of(to.key(), to.database()) : value_place{}, save, version, good));
}

// --- Restoring from an AOF ---

namespace {

// What has come of a value so far. It is the key's value until the last part is there: of a data type of its own, so
// that whatever happens to the data set in between happens to it too.
struct restoring {
  std::string type;
  int version = 0;
  std::vector<string> chunks;
  std::uint64_t size = 0;
  static constexpr auto fields =
      redismodule::fields(field<&restoring::type>, field<&restoring::version>, field<&restoring::chunks>);
};

data_type_state restoring_state;

// Else the command of which a rewritten AOF consists would be none: parts have none of their own either.
bool is_of_this_module(const restoring& value) noexcept {
  return std::any_of(states, states + registered_types, [&](const data_type_state* each) {
    return each != &restoring_state && value.type == each->name && value.version >= 1 && value.version <= each->version;
  });
}

void* load_parts(rdb_reader& from) {
  new_object<restoring> loaded{static_cast<restoring*>(load_object<restoring>(from))};
  if (loaded.raw == nullptr) return nullptr;
  if (!is_of_this_module(*loaded.raw)) {
    from.refuse("parts of a value whose type or version this module does not know");
    return nullptr;
  }
  if (loaded.raw->chunks.empty()) {
    from.refuse("parts of a value that are none");
    return nullptr;
  }
  for (const string& each : loaded.raw->chunks) loaded.raw->size += each.size();
  return loaded.release();
}

constexpr object_functions restoring_functions{&save_object<restoring>, &load_parts, &destroy_object<restoring>,
                                               &digest_object<restoring>, &size_of_object<restoring>};

void* load_restoring(abi::ModuleIO* io, int version) {
  return load_for_server(io, version, restoring_state, restoring_functions);
}
void save_restoring(abi::ModuleIO* io, void* raw) { save_for_server(io, raw, restoring_state, restoring_functions); }
void digest_restoring(abi::ModuleDigest* to, void* raw) { digest_for_server(to, raw, restoring_functions); }
std::size_t size_restoring(const void* raw) { return size_for_server(raw, 0, {}, restoring_functions); }
void free_restoring(void* raw) { destroy_object<restoring>(raw); }

// The same commands again, without the last one. What was not made by them may have larger parts.
void rewrite_restoring(abi::ModuleIO* io, abi::ModuleString* key, void* raw) {
  const auto& value = *static_cast<restoring*>(raw);
  const message command = restore_command_of(value.type);
  rewrite_state state{io, key, command.c_str(), value.version, 0};
  for (const string& each : value.chunks) {
    std::string_view rest = each.view();
    do {
      emit_chunk(&state, rest.substr(0, chunk_size), false);
      rest.remove_prefix(std::min(rest.size(), chunk_size));
    } while (!rest.empty());
  }
}

// As there is one such type for each module, its name is made from the module's.
struct made_name {
  char text[10];
};
made_name name_of_restoring(std::string_view module) noexcept {
  constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char each : module) hash = (hash ^ static_cast<unsigned char>(each)) * 0x100000001b3u;
  made_name name{};
  for (int i = 0; i < 9; ++i, hash >>= 6) name.text[i] = letters[hash & 63];
  return name;
}

struct restore_arguments {
  int version;
  std::uint64_t offset;
  bool is_last;
  string_ref bytes;
};

bool read_arguments(abi::ModuleString** argv, restore_arguments& into) noexcept {
  const auto version = string_ref{argv[2]}.integer();
  const auto offset = string_ref{argv[3]}.unsigned_integer();
  const auto is_last = string_ref{argv[4]}.unsigned_integer();
  if (!version || *version < 1 || *version > most_versions || !offset || !is_last || *is_last > 1) return false;
  into = {static_cast<int>(*version), *offset, *is_last == 1, string_ref{argv[5]}};
  return true;
}

// The key, for the length of a command.
class restored_key {
 public:
  restored_key(abi::ModuleCtx* ctx, abi::ModuleString* name) noexcept : raw_{api.OpenKey(ctx, name, write_mode)} {}
  restored_key(const restored_key&) = delete;
  restored_key& operator=(const restored_key&) = delete;
  ~restored_key() { api.CloseKey(raw_); }

  bool is_empty() const noexcept { return api.KeyType(raw_) == abi::MODULE_KEYTYPE_EMPTY; }
  // What has come so far of a value of this type and version; null where that is none.
  restoring* so_far(std::string_view type, int version) const noexcept {
    if (api.ModuleTypeGetType(raw_) != restoring_state.type) return nullptr;
    auto* value = static_cast<restoring*>(api.ModuleTypeGetValue(raw_));
    return value->type == type && value->version == version ? value : nullptr;
  }
  bool set(abi::ModuleType* type, void* value) noexcept {
    return api.ModuleTypeSetValue(raw_, type, value) == abi::MODULE_OK;
  }

 private:
  abi::ModuleKey* raw_;
};

// From what has come before, if anything has, and the last part.
void* load_restored(const restoring* before, const value_place& place, const restore_arguments& arguments,
                    const data_type_state& type, const object_functions& of, const char*& why) {
  const string_ref last = arguments.bytes;
  std::vector<std::string_view> pieces;
  std::uint64_t size = last.size();
  if (before != nullptr) {
    size += before->size;
    for (const string& each : before->chunks) pieces.push_back(each.view());
  }
  pieces.push_back(last.view());
  const auto at = [](const void* all, std::size_t i) { return static_cast<const std::string_view*>(all)[i]; };
  byte_source source{at, pieces.data(), pieces.size(), size};
  rdb_reader from{source, arguments.version, type.version};
  from.set_place(place);
  const loading_for_served scope;
  void* value = of.load(from);
  if (value != nullptr && !source.at_end()) {
    of.destroy(value);
    value = nullptr;
    from.refuse("more data than the value has");
  }
  why = from.why() != nullptr ? from.why() : "";
  return value;
}

int keep_part(restored_key& key, restoring* before, const restore_arguments& arguments, const data_type_state& type) {
  restoring* into = before;
  new_object<restoring> made{nullptr};
  if (into == nullptr) {
    made.raw = into = new restoring{};
    into->type = type.name;
    into->version = arguments.version;
  }
  into->chunks.push_back(string::retain(arguments.bytes));
  into->size += arguments.bytes.size();
  if (made.raw == nullptr) return abi::MODULE_OK;
  if (!key.set(restoring_state.type, made.raw)) return abi::MODULE_ERR;
  static_cast<void>(made.release());
  return abi::MODULE_OK;
}

// An error changes nothing: what has come so far stays, here and on replicas, until the key is removed.
const char* restore_part(abi::ModuleCtx* ctx, abi::ModuleString** argv, const data_type_state& type,
                         const object_functions& of) {
  restore_arguments arguments{};
  if (!read_arguments(argv, arguments)) return "ERR version, offset or last part is not one";
  if (arguments.version > type.version) return "ERR the value is of a later version than this module knows";
  close_open_keys();
  restored_key key{ctx, argv[1]};
  restoring* before = key.so_far(type.name, arguments.version);
  if (before == nullptr && !key.is_empty()) return "BUSYKEY Target key name already exists.";
  if (arguments.offset != (before == nullptr ? 0 : before->size)) return "ERR parts of the value are missing before it";
  if (!arguments.is_last)
    return keep_part(key, before, arguments, type) == abi::MODULE_OK ? nullptr : "ERR the server did not take it";
  const char* why = "";
  const value_place place{nullptr, ctx, argv[1], api.GetSelectedDb(ctx)};
  void* value = load_restored(before, place, arguments, type, of, why);
  if (value == nullptr) {
    log_line(ctx, log_level::warning, type.name, why);
    return "ERR Bad data format";
  }
  if (key.set(type.type, value)) return nullptr;
  of.destroy(value);
  return "ERR the server did not take it";
}

// Servers go on where a command of an AOF answers an error, and the next rewrite would lose the value for good. They do
// not go on where a value in an RDB, or a command that they do not know, cannot be read, and neither do we. The
// commands that follow are about the value too, so that keeping its bytes aside would lose those.
bool loads_aof(abi::ModuleCtx* ctx) noexcept {
  return (static_cast<unsigned>(api.GetContextFlags(ctx)) & abi::MODULE_CTX_FLAGS_LOADING) != 0;
}
[[noreturn]] void end_server(abi::ModuleCtx* ctx, const char* type, const char* error) noexcept {
  log_line(ctx, log_level::warning, type, error);
  log_line(ctx, log_level::warning, type,
           "a value in the AOF cannot be loaded. Terminating the server, which would lose it; the file stays as it is");
  std::exit(1);
}

}  // namespace

int restore_for_server(abi::ModuleCtx* ctx, abi::ModuleString** argv, int argc, const data_type_state& type,
                       const object_functions& of) noexcept {
  if (argc != 6) return api.WrongArity(ctx);
  const char* error = nullptr;
  try {
    error = restore_part(ctx, argv, type, of);
  } catch (const std::bad_alloc&) {
    log_line(ctx, log_level::warning, type.name, "out of memory");
    error = "OOM out of memory, the command was not completed";
  } catch (...) {
    log_line(ctx, log_level::warning, type.name, reason_of_exception());
    error = "ERR Bad data format";
  }
  if (error != nullptr && loads_aof(ctx)) end_server(ctx, type.name, error);
  if (error != nullptr) return api.ReplyWithError(ctx, error);
  api.ReplicateVerbatim(ctx);
  return api.ReplyWithSimpleString(ctx, "OK");
}

// --- Registration ---

namespace {

[[noreturn]] void refuse_type(const char* name, std::string_view why) {
  message text;
  text.append("data type '").append(name).append("' ").append(why);
  throw load_error{text.view()};
}

// As much of the methods as the server knows: Redis 6.0 does not say, and knows the second version.
std::uint64_t methods_version() noexcept {
  constexpr int before_it_was_said = 2;
  const int known = api.GetTypeMethodVersion != nullptr ? api.GetTypeMethodVersion() : before_it_was_said;
  return static_cast<std::uint64_t>(std::min<int>(known, abi::MODULE_TYPE_METHOD_VERSION));
}

void create_type(abi::ModuleCtx* ctx, abi::ModuleTypeMethods methods, data_type_state& state) {
  methods.version = methods_version();
  state.type = api.CreateDataType(ctx, state.name, state.written, &methods);
  if (state.type == nullptr) refuse_type(state.name, "was refused by the server: its name is taken");
}

// So that keys know it.
void number_type(data_type_state& state) {
  if (registered_types == most_data_types) refuse_type(state.name, "is one too many");
  data_types[registered_types] = state.type;
  states[registered_types] = &state;
  state.wanted = static_cast<key_type>(first_data_type + registered_types++);
}

// Who is kept from RESTORE is kept from this too, where the server lets a module say so.
void categorize_as_restore(abi::ModuleCtx* ctx, const char* command) noexcept {
  if (api.SetCommandACLCategories == nullptr || api.GetCommand == nullptr) return;
  abi::ModuleCommand* created = api.GetCommand(ctx, command);
  if (created != nullptr) api.SetCommandACLCategories(created, "write dangerous");
}

void create_restoring(abi::ModuleCtx* ctx, const char* module) {
  static made_name name;
  name = name_of_restoring(module);
  abi::ModuleTypeMethods methods{};
  methods.rdb_load = &load_restoring;
  methods.rdb_save = &save_restoring;
  methods.aof_rewrite = &rewrite_restoring;
  methods.mem_usage = &size_restoring;
  methods.digest = &digest_restoring;
  methods.free = &free_restoring;
  restoring_state = {name.text, nullptr, 1, 1, restoring_state.wanted};
  create_type(ctx, methods, restoring_state);
  number_type(restoring_state);
}

}  // namespace

bool leaves_empty_aux_out() noexcept { return methods_version() >= 5; }

void create_type(abi::ModuleCtx* ctx, const type_info& info, int written, abi::ModuleTypeMethods methods,
                 data_type_state& state) {
  const int version = written == 0 ? info.version : written;
  if (version < 1 || version > info.version) refuse_type(info.name.c_str(), "cannot be written in that version");
  server_process = getpid();
  state = {info.name.c_str(), nullptr, info.version, version, state.wanted};
  create_type(ctx, methods, state);
}

void say_options(abi::ModuleCtx* ctx, bool async_loading, bool slot_migration) noexcept {
  module_options |= abi::MODULE_OPTIONS_HANDLE_IO_ERRORS;
  if (async_loading) module_options |= abi::MODULE_OPTIONS_HANDLE_REPL_ASYNC_LOAD;
  if (slot_migration && server().family == server_family::valkey)
    module_options |= abi::MODULE_OPTIONS_HANDLE_ATOMIC_SLOT_MIGRATION;
  api.SetModuleOptions(ctx, module_options);
}

void forget_data_types() noexcept {
  registered_types = 0;
  module_options = 0;
  strings_are_given_back_soon(false);
  restoring_state = {};
  delete[] std::exchange(chunk_buffer, nullptr);
}

}  // namespace detail

void module_builder::add_data_type(const detail::data_type_definition& definition, const data_type_options& options) {
  using namespace detail;
  if (restoring_state.type == nullptr) create_restoring(ctx_, name_);
  abi::ModuleTypeMethods methods = definition.methods;
  if (!options.defrag) methods.defrag = nullptr;
  strings_are_given_back_soon(true);  // values are freed in the server's other threads
  create_type(ctx_, definition.info, options.written_version, methods, definition.state);
  number_type(definition.state);
  say_options(ctx_, options.async_loading, options.slot_migration);
  const message restore = restore_command_of(definition.state.name);
  add_raw_command(restore.c_str(), definition.restore, "write deny-oom", 1, 1, 1);
  categorize_as_restore(ctx_, restore.c_str());
}

}  // namespace redismodule
