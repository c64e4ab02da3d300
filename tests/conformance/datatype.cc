// A data type of a number and a text: saved, copied, made of a string, exchanged between keys, and loaded slowly.
#include <chrono>
#include <memory>
#include <thread>
#include <tuple>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

using namespace std::chrono_literals;

namespace {

bool loads_slowly = false;
bool is_loading_slowly = false;
int loaded_version = 0;

// Yield: a raw call until there is a header for blocking.
void wait_while_slow(rm::abi::ModuleCtx* ctx) {
  for (is_loading_slowly = loads_slowly; loads_slowly; std::this_thread::sleep_for(1ms))
    rm::api.Yield(ctx, rm::abi::MODULE_YIELD_FLAG_CLIENTS, "Slow module operation");
  is_loading_slowly = false;
}

}  // namespace

struct data {
  static constexpr rm::type_info redis_type{.name = "test___dt", .version = 4};
  long long number = 0;
  rm::string text;

  void rdb_save(rm::rdb_writer& to) const {
    to.save_signed(number);
    to.save_string(text);
  }
  static rm::result<data> rdb_load(rm::rdb_reader& from) {
    loaded_version = from.version();
    const auto number = from.load_signed();
    auto text = from.load_server_string();
    if (!text) return text.error();
    wait_while_slow(from.raw_context());
    return data{*number, std::move(*text)};
  }
  rm::result<data> copy(const rm::key_context& of) const {
    if (number == 42) return rm::error_reply{"ERR answers to ultimate questions cannot be copied"};
    return data{number, rm::string::format("{}/{}/{}", text, of.key(), of.to_key())};
  }
};

namespace {

rm::result<int> restore(rm::write<data> key, rm::string_ref bytes, int version) {
  auto value = rm::load<data>(bytes, version);
  if (!value) return rm::error_reply{"Invalid data"};
  key->set(std::move(*value));
  return loaded_version;
}

std::optional<std::tuple<long long, rm::string_ref>> get(rm::read<data> key) {
  if (!*key) return std::nullopt;
  return std::tuple{(*key)->number, (*key)->text.borrow()};
}

// A key of another type is an error in other words than WRONGTYPE.
rm::result<void> swap(rm::context& ctx, rm::key_name<rm::access::update> one, rm::string_ref other) {
  auto first = ctx.open<rm::write<data>>(one);
  auto second = ctx.open<rm::write<data>>(other);
  if (!first || !second) return rm::error_reply{"ERR failed"};
  auto of_first = (*first)->exchange(std::make_unique<data>());
  (*first)->exchange((*second)->exchange(std::move(of_first)));
  return {};
}

// A raw call, since the library has none where it is not allowed.
rm::result<void> create_too_late(rm::context& ctx) {
  rm::abi::ModuleTypeMethods methods{};
  methods.version = rm::abi::MODULE_TYPE_METHOD_VERSION;
  if (rm::api.CreateDataType(ctx.raw(), "too__late", 1, &methods) == nullptr) return {};
  return rm::error_reply{"UNEXPECTEDOK"};
}

}  // namespace

REDISMODULE_MODULE(datatype, 1, m) {
  m.data_type<data>();
  m.command("datatype.set key number text", [](rm::write<data> key, long long number, rm::string_ref text) {
    key->set({number, rm::string::retain(text)});
  });
  m.command<get>("datatype.get key");
  m.command("datatype.dump key", [](rm::read<data> key) { return rm::dump(key->value()); });
  m.command<restore>("datatype.restore key bytes version");
  m.command<swap>("datatype.swap key other");
  m.command<create_too_late>("block.create.datatype.outside.onload");
  m.command("datatype.slow_loading yes", [](bool yes) { loads_slowly = yes; }, {.flags = rm::flags::allow_loading});
  m.command("datatype.is_in_slow_loading", [] { return is_loading_slowly; }, {.flags = rm::flags::allow_loading});
}
