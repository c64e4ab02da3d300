// Values and globals that the server defragments, in parts, with counts of what came of it.
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

// What INFO says. The older suites have one pair of figures for globals, the newer ones one for each kind.
struct figures {
  std::size_t datatype_attempts = 0, datatype_defragged = 0, datatype_raw_defragged = 0, datatype_resumes = 0;
  std::size_t datatype_wrong_cursor = 0, defrag_started = 0, defrag_ended = 0, global_attempts = 0;
  std::size_t global_defragged = 0, global_strings_attempts = 0, global_strings_defragged = 0;
  std::size_t global_dicts_resumes = 0, global_subdicts_resumes = 0, global_dicts_attempts = 0;
  std::size_t global_dicts_defragged = 0, global_dicts_items_defragged = 0;
} counted;
unsigned long last_cursor = 0;

// --- The data type ---

struct frag_object {
  static constexpr rm::type_info redis_type{.name = "frag_type"};
  std::vector<std::string> values;
  long long max_step = 0;
  static constexpr auto fields = rm::fields(rm::field<&frag_object::values>, rm::field<&frag_object::max_step>);

  bool defrag(rm::defragmenter& by) {
    std::size_t i = by.cursor().value_or(0);
    if (i > 0) ++counted.datatype_resumes;
    if (i != last_cursor) ++counted.datatype_wrong_cursor;
    const bool stopped = defrag_from(by, i);
    counted.datatype_attempts += by.offered();
    counted.datatype_defragged += by.moved();
    last_cursor = stopped ? i : 0;
    return stopped && by.set_cursor(i);
  }

  bool defrag_from(rm::defragmenter& by, std::size_t& i) {
    long long steps = 0;
    for (; i < values.size(); ++i) {
      by.whole(values[i]);
      if ((max_step != 0 && ++steps > max_step) || (i % 64 == 0 && by.should_stop())) return true;
    }
    move_raw(by);
    return false;
  }

  // Raw calls: the library has none of its own for blocks that are moved whether the server wants it or not.
  static void move_raw(rm::defragmenter& by) {
    if (rm::api.DefragAllocRaw == nullptr) return;
    rm::api.DefragFreeRaw(by.raw(), rm::api.DefragAllocRaw(by.raw(), 100));
    ++counted.datatype_raw_defragged;
  }
};

rm::result<void> create(rm::write<frag_object> key, std::size_t length, std::size_t size, long long max_step) {
  if (key->exists()) return rm::error_reply{"ERR key exists"};
  key->set({std::vector<std::string>(length, std::string(size, '\0')), max_step});
  return {};
}

// --- Globals ---

using dict = std::map<int, rm::string>;
std::vector<rm::string> strings;
std::vector<std::vector<dict>> dicts;

void create_globals(int count) {
  for (int i = 0; i < count; ++i) strings.push_back(rm::string::of(static_cast<long long>(i)));
  dicts.resize(static_cast<std::size_t>(count));
  for (auto& nested : dicts) {
    nested.resize(10);
    for (dict& inner : nested) {
      for (int i = 0; i < 10; ++i) inner.emplace(i, rm::string::of(static_cast<long long>(i)));
    }
  }
}

void fragment_globals() {
  for (std::size_t i = 1; i < strings.size(); i += 2) strings[i] = {};
  for (std::size_t i = 0; i < dicts.size(); ++i) {
    if (i % 2 == 1) dicts[i].clear();
    for (std::size_t j = 1; j < dicts[i].size(); j += 2) dicts[i][j].clear();
  }
}

// Where it was stopped: the strings come first.
enum class stage { strings, dicts } now = stage::strings;
std::size_t outer = 0, inner = 0;

bool defrag_strings(rm::defragmenter& by) {
  const bool stopped = by.value(strings);
  counted.global_strings_attempts += by.offered();
  counted.global_strings_defragged += by.moved();
  return stopped;
}

bool defrag_dicts(rm::defragmenter& by) {
  for (; outer < dicts.size(); ++outer, inner = 0) {
    for (; inner < dicts[outer].size(); ++inner) {
      if (by.value(dicts[outer][inner])) return true;
    }
    ++counted.global_dicts_attempts;
  }
  outer = 0;
  return false;
}

bool defrag_globals(rm::defragmenter& by) {
  if (now == stage::strings && defrag_strings(by)) return true;
  if (now == stage::dicts && outer + inner > 0) ++counted.global_dicts_resumes, ++counted.global_subdicts_resumes;
  now = stage::dicts;
  const std::size_t moved_before = by.moved();
  const bool stopped = defrag_dicts(by);
  counted.global_dicts_defragged += by.moved() != moved_before;
  counted.global_dicts_items_defragged += by.moved() - moved_before;
  counted.global_attempts += by.offered();
  counted.global_defragged += by.moved();
  if (!stopped) now = stage::strings;
  return stopped;
}

// --- Raw calls until there is a header for INFO ---

void say(rm::abi::ModuleInfoCtx* info, int) {
  rm::api.InfoAddSection(info, "stats");
  const auto add = [info](const char* name, std::size_t value) { rm::api.InfoAddFieldULongLong(info, name, value); };
#define SAY(name) add(#name, counted.name)
  SAY(datatype_attempts), SAY(datatype_defragged), SAY(datatype_raw_defragged), SAY(datatype_resumes);
  SAY(datatype_wrong_cursor), SAY(defrag_started), SAY(defrag_ended), SAY(global_attempts), SAY(global_defragged);
  SAY(global_strings_attempts), SAY(global_strings_defragged), SAY(global_dicts_resumes);
  SAY(global_subdicts_resumes), SAY(global_dicts_attempts), SAY(global_dicts_defragged);
  SAY(global_dicts_items_defragged);
#undef SAY
}

}  // namespace

REDISMODULE_MODULE(defragtest, 1, m) {
  const auto count = m.args().size() == 1 ? m.args()[0].integer() : std::nullopt;
  if (!count) throw rm::load_error{"the number of globals is to be given"};
  create_globals(static_cast<int>(*count));
  m.data_type<frag_object>();
  m.command<create>("frag.create key len size maxstep");
  m.command("frag.resetstats", [] { counted = {}; });
  m.command("frag.create_frag_global", [] { fragment_globals(); });
  m.defrag<defrag_globals>();
  if (rm::has(rm::abi::function::RegisterDefragCallbacks)) {
    m.around_defrag<[](rm::defragmenter&) { ++counted.defrag_started; },
                    [](rm::defragmenter&) { ++counted.defrag_ended; }>();
  }
  rm::api.RegisterInfoFunc(m.raw(), &say);
}
