// What sanitizers report in a server's output, and that a test in whose server one did cannot pass. Internal to the
// kit.
#pragma once

#include <cstddef>
#include <string>

#include "process.h"

namespace redismodule::testing::detail {

// All from the first report at or after `from` on; empty without one.
std::string reports_in(const std::string& text, std::size_t from);

// The first report at or after `from`, to the end of the text or as many lines as one wants to read; empty without one.
// Known are those of AddressSanitizer, LeakSanitizer, ThreadSanitizer and UndefinedBehaviorSanitizer.
std::string find_report(const std::string& text, std::size_t from = 0);

// Ends the process in the way that lets a sanitizer in it look for leaks, where there is one; kills it otherwise.
void end_process(process& server) noexcept;

// Where the process's output, from `seen` on, has a report: shows it, and makes this process end with status 1 whatever
// its tests say. (The kit throws, but not out of a destructor, and a report may come as late as the server's exit.)
void refuse_reports(const process& server, std::size_t seen) noexcept;

// The same for a server that did not start. It left at once and freed nothing: that is no leak.
void refuse_reports_of_start(const process& server) noexcept;

}  // namespace redismodule::testing::detail
