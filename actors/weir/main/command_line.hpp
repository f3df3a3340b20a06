// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/main/main.hpp"

#include <optional>
#include <string>

namespace weir {

/// What a command line asks for.
struct order {
  std::string command;  ///< "run", "replay", "repeat", "graph", "savepoint", "stop" or "state".
  args values;
};

/// Reads a program's command line. Nothing if it asked for help, which has been printed. Throws
/// `weir::exception` for a mistake.
std::optional<order> read_command_line(int argc, char** argv, const program& what);

}  // namespace weir
