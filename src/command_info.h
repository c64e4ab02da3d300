// A command as SetCommandInfo wants it described.
#pragma once

#include <string>
#include <vector>

#include "redismodule/command.h"

namespace redismodule::detail {

// What COMMAND INFO and COMMAND DOCS are told. The server copies it.
// Owns: all that info() points to, but for literals.
class command_info {
 public:
  command_info(const command_definition& definition, const described_command& options);
  command_info(const command_info&) = delete;
  command_info& operator=(const command_info&) = delete;

  const abi::ModuleCommandInfo& info() const noexcept { return info_; }
  // Zero-terminated.
  const char* name() const noexcept { return words_.c_str(); }

 private:
  void split_words(std::size_t count);
  void describe_arguments(const command_definition& definition);
  void describe_keys(const command_definition& definition);
  void describe_history(std::initializer_list<history_entry> history);
  void describe_keys(std::initializer_list<key_spec> specs);
  abi::ModuleCommandArg argument(const argument_docs& docs);
  abi::ModuleCommandArg argument(const doc_shape& doc);
  abi::ModuleCommandArg* arguments(const doc_shape* docs, std::size_t count);

  std::string words_;  // the synopsis, each word zero-terminated
  std::vector<const char*> names_;
  std::size_t next_name_ = 0;
  int next_key_ = 0;
  std::vector<std::vector<abi::ModuleCommandArg>> lists_;
  std::vector<abi::ModuleCommandArg> args_;
  std::vector<abi::ModuleCommandKeySpec> keys_;
  std::vector<abi::ModuleCommandHistoryEntry> history_;
  abi::ModuleCommandInfo info_{};
};

}  // namespace redismodule::detail
