// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/main/args.hpp"

namespace weir {

/// The command `state`: lists the checkpoints of a directory, shows one, compares two, or writes
/// the entries of one as JSON Lines. Prints to standard output; throws `weir::exception` for a
/// mistake.
void look_at_state(const args& values);

}  // namespace weir
