// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/shape.hpp"

#include <string>
#include <vector>

namespace weir::patterns {

/// Lists what makes a pattern illegal, a line each, that names the step.
[[nodiscard]] std::vector<std::string> find_mistakes(const shape& p);

/// Whether an item can be passed without taking an event.
[[nodiscard]] bool may_be_empty(const item& i);
/// Whether one repetition of a group may take no event.
[[nodiscard]] bool body_may_be_empty(const item& i);

/// Returns how messages call an item: "step 'a'", "the group of 'a'".
[[nodiscard]] std::string title(const item& i);

}  // namespace weir::patterns
