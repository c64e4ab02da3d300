#include "command_info.h"

namespace redismodule::detail {
namespace {

void set_find(abi::ModuleCommandKeySpec& spec, const key_shape& key) noexcept {
  spec.find_keys_type = abi::MODULE_KSPEC_FK_RANGE;
  switch (key.search) {
    case key_search::one: spec.fk.range = {0, 1, 0}; return;
    case key_search::all_left: spec.fk.range = {-1, key.step, 0}; return;
    case key_search::first_half: spec.fk.range = {-1, key.step, 2}; return;
    case key_search::counted: break;
  }
  spec.find_keys_type = abi::MODULE_KSPEC_FK_KEYNUM;
  spec.fk.keynum = {0, 1, key.step};
}

// `position`: of the parameter's first argument, 0 if it depends on the arguments before it.
abi::ModuleCommandKeySpec spec_of(const key_shape& key, int position) noexcept {
  abi::ModuleCommandKeySpec spec{};
  spec.flags = key.flags;
  if (*key.keyword != '\0') {
    // The word may be a value as well: the handler's callback has the last word.
    spec.flags |= abi::MODULE_CMD_KEY_INCOMPLETE;
    spec.begin_search_type = abi::MODULE_KSPEC_BS_KEYWORD;
    spec.bs.keyword = {key.keyword, position != 0 ? position : 1};
    set_find(spec, key);
    return spec;
  }
  if (position == 0) {
    spec.flags |= abi::MODULE_CMD_KEY_INCOMPLETE;
    spec.begin_search_type = abi::MODULE_KSPEC_BS_UNKNOWN;
    spec.find_keys_type = abi::MODULE_KSPEC_FK_UNKNOWN;
    return spec;
  }
  spec.begin_search_type = abi::MODULE_KSPEC_BS_INDEX;
  spec.bs.index.pos = position + key.offset;
  set_find(spec, key);
  return spec;
}

abi::ModuleCommandKeySpec spec_of(const key_spec& given) noexcept {
  abi::ModuleCommandKeySpec spec{};
  spec.flags = given.flags;
  spec.notes = given.notes;
  if (given.begin.unknown) {
    spec.begin_search_type = abi::MODULE_KSPEC_BS_UNKNOWN;
  } else if (given.begin.keyword != nullptr) {
    spec.begin_search_type = abi::MODULE_KSPEC_BS_KEYWORD;
    spec.bs.keyword = {given.begin.keyword, given.begin.index};
  } else {
    spec.begin_search_type = abi::MODULE_KSPEC_BS_INDEX;
    spec.bs.index.pos = given.begin.index;
  }
  const key_find& find = given.find;
  switch (find.how) {
    case key_find::kind::unknown: spec.find_keys_type = abi::MODULE_KSPEC_FK_UNKNOWN; return spec;
    case key_find::kind::count:
      spec.find_keys_type = abi::MODULE_KSPEC_FK_KEYNUM;
      spec.fk.keynum = {find.a, find.b, find.c};
      return spec;
    case key_find::kind::range: break;
  }
  spec.find_keys_type = abi::MODULE_KSPEC_FK_RANGE;
  spec.fk.range = {find.a, find.b, find.c};
  return spec;
}

}  // namespace

command_info::command_info(const command_definition& definition, const described_command& options)
    : words_{definition.synopsis} {
  split_words(definition.word_count);
  options.key_specs.size() != 0 ? describe_keys(options.key_specs) : describe_keys(definition);
  if (options.arguments.size() != 0) {
    for (const argument_docs& each : options.arguments) args_.push_back(argument(each));
  } else if (options.documented) {
    describe_arguments(definition);
  }
  args_.emplace_back();
  if (args_.size() > 1) info_.args = args_.data();
  describe_history(options.history);
  info_.version = abi::MODULE_COMMAND_INFO_VERSION;
  info_.summary = options.summary;
  info_.complexity = options.complexity;
  info_.since = options.since;
  info_.tips = options.tips;
  info_.arity = definition.least == definition.most ? definition.least : -definition.least;
}

void command_info::split_words(std::size_t count) {
  word_reader synopsis{words_.data()};
  word each = synopsis.next();
  for (std::size_t i = 0;; ++i) {
    if (*synopsis.text != '\0') ++synopsis.text;
    words_[static_cast<std::size_t>(each.begin - words_.data()) + each.size] = '\0';
    if (i == count) return;
    each = synopsis.next();
    names_.push_back(each.begin);
  }
}

void command_info::describe_arguments(const command_definition& definition) {
  for (std::size_t i = 0; i < definition.parameter_count; ++i) {
    const parameter_shape& parameter = definition.parameters[i];
    for (std::size_t j = 0; j < parameter.doc_count; ++j) args_.push_back(argument(parameter.docs[j]));
  }
}

abi::ModuleCommandArg command_info::argument(const argument_docs& docs) {
  abi::ModuleCommandArg arg{};
  arg.name = docs.name;
  arg.type = static_cast<abi::ModuleCommandArgType>(docs.type);
  arg.flags = static_cast<int>(docs.flags);
  arg.token = docs.token;
  arg.key_spec_index = docs.key_spec;
  arg.summary = docs.summary;
  arg.since = docs.since;
  arg.deprecated_since = docs.deprecated_since;
  arg.display_text = docs.display_text;
  if (docs.parts.size() == 0) return arg;
  std::vector<abi::ModuleCommandArg> list;
  for (const argument_docs& each : docs.parts) list.push_back(argument(each));
  list.emplace_back();
  arg.subargs = lists_.emplace_back(std::move(list)).data();
  return arg;
}

abi::ModuleCommandArg command_info::argument(const doc_shape& doc) {
  abi::ModuleCommandArg arg{};
  arg.type = doc.type;
  arg.token = doc.token;
  arg.flags = doc.flags;
  arg.key_spec_index = doc.type == abi::MODULE_ARG_TYPE_KEY ? next_key_++ : -1;
  // A block has no word of its own; those of its parts come in their order.
  if (doc.size != 0) arg.subargs = arguments(doc.parts, doc.size);
  arg.name = doc.name != nullptr ? doc.name : names_[next_name_++];
  return arg;
}

abi::ModuleCommandArg* command_info::arguments(const doc_shape* docs, std::size_t count) {
  std::vector<abi::ModuleCommandArg> list;
  for (std::size_t i = 0; i < count; ++i) list.push_back(argument(docs[i]));
  list.emplace_back();
  return lists_.emplace_back(std::move(list)).data();
}

void command_info::describe_keys(const command_definition& definition) {
  int position = definition.first;
  for (std::size_t i = 0; i < definition.parameter_count; ++i) {
    const parameter_shape& parameter = definition.parameters[i];
    for (std::size_t j = 0; j < parameter.key_count; ++j) keys_.push_back(spec_of(parameter.keys[j], position));
    position = position != 0 && has_fixed_size(parameter) ? position + parameter.least : 0;
  }
  if (keys_.empty()) return;
  keys_.emplace_back();
  info_.key_specs = keys_.data();
}

void command_info::describe_keys(std::initializer_list<key_spec> specs) {
  for (const key_spec& each : specs) keys_.push_back(spec_of(each));
  keys_.emplace_back();
  info_.key_specs = keys_.data();
}

void command_info::describe_history(std::initializer_list<history_entry> history) {
  if (history.size() == 0) return;
  for (const history_entry& each : history) history_.push_back({each.since, each.changes});
  history_.emplace_back();
  info_.history = history_.data();
}

}  // namespace redismodule::detail
