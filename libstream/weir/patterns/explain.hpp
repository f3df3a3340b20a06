// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/automaton.hpp"

#include <string>
#include <vector>

namespace weir::patterns {

/// Describes the compiled machine: each state, what it waits for and where that leads, then the
/// warnings. For people; the form may change.
[[nodiscard]] std::string explain(const automaton& a);

/// Draws the machine for Mermaid, as a state diagram.
[[nodiscard]] std::string to_mermaid(const automaton& a);

/// Lists where partial matches can grow without bound, a line each, that names the step.
[[nodiscard]] std::vector<std::string> growth_warnings(const automaton& a);

}  // namespace weir::patterns
