// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdio>
#include <functional>
#include <string>

namespace weir::net {

/// Takes one line about what happened, from any thread.
using log_function = std::function<void(const std::string& line)>;

/// Writes to standard error, as a runtime without a log function of its own does.
inline void log_to_stderr(const std::string& line) {
  std::fprintf(stderr, "weir: %s\n", line.c_str());
}

}  // namespace weir::net
