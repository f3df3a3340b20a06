// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/graph/pipeline.hpp"
#include "weir/main/args.hpp"

namespace weir {

/// Repeats a recording of a journal and says what came of it: 0, or 1 if it differs from what was
/// recorded. Throws `weir::exception` for a mistake.
int repeat_journal(pipeline p, const args& values);

}  // namespace weir
