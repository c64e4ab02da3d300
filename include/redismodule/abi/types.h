// The types of the module API: opaque ones, numbers, enumerations. They are our own, so that an official header of
// either family fits into the same source file.
#pragma once

#include <cstddef>
#include <cstdint>

namespace redismodule::abi {

// The release of a server, as a number that orders as releases do: two digits each of major, minor, patch.
enum class release : std::uint32_t { never = 0, unstable = 990'000 };

inline constexpr release never = release::never;
inline constexpr release unstable = release::unstable;

constexpr release from(unsigned major, unsigned minor, unsigned patch) noexcept {
  return static_cast<release>(major * 10'000 + minor * 100 + patch);
}

using std::int32_t;
using std::int64_t;
using std::size_t;
using std::uint16_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;
using ssize_t = std::ptrdiff_t;
using mstime_t = long long;  // milliseconds
using ustime_t = long long;  // microseconds

struct ModuleBlockedClient;
struct ModuleCallArgvBlockedHandle;
struct ModuleCallReply;
struct ModuleClusterInfo;
struct ModuleCommand;
struct ModuleCommandFilter;
struct ModuleCommandFilterCtx;
struct ModuleCtx;
struct ModuleDefragCtx;
struct ModuleDict;
struct ModuleDictIter;
struct ModuleDigest;
struct ModuleIO;
struct ModuleInfoCtx;
struct ModuleKey;
struct ModuleKeyOptCtx;
struct ModuleRdbStream;
struct ModuleScanCursor;
struct ModuleServerInfoData;
struct ModuleString;
struct ModuleType;
struct ModuleUser;
using ModuleScriptingEngineCtx = void;
using ModuleScriptingEngineServerRuntimeCtx = void;
using ModuleTimerID = uint64_t;

// Types of functions that only Redis's unstable branch has. No released header shows their layout, so the structs stay
// incomplete; the two that travel by value are int, as C passes an enumeration and an index. Check them against the
// header of the first release that has them.
struct ModuleBigCallbacks;
struct ModuleConfigIterator;
struct ModuleKeyMetaClassConfig;
struct ModuleSlotRangeArray;
enum ModuleConfigType : int {};
using ModuleKeyMetaClassId = int;

// Enumerations, with the underlying type that C gives them; their values are in constants.inc.
enum ModuleACLLogEntryReason : unsigned {};
enum ModuleAuthenticationResult : unsigned {};
enum ModuleCommandArgType : unsigned {};
enum ModuleKeySpecBeginSearchType : unsigned {};
enum ModuleKeySpecFindKeysType : unsigned {};
enum ModuleScriptingEngineDebuggerEnableRet : unsigned {};
enum ModuleScriptingEngineExecutionState : unsigned {};
enum ModuleScriptingEngineScriptFlag : unsigned {};
enum ModuleScriptingEngineSubsystemType : unsigned {};

}  // namespace redismodule::abi
