// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/graph/draft.hpp"

#include <string>
#include <vector>

namespace weir::build {

/// Gives every stage a parallelism and every stage and operator a name, from its kind and position
/// where the user gave none.
void complete(graph_draft& draft);

/// Lists all mistakes of a completed draft, a line each.
[[nodiscard]] std::vector<std::string> find_mistakes(const graph_draft& draft);

/// Lists what works but should be known.
[[nodiscard]] std::vector<std::string> find_warnings(const graph_draft& draft);

}  // namespace weir::build
